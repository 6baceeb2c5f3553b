"""One block of a stream towards a client, from a part's start to its stop.

The block opens on its first content; a part that never has any makes no block.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson

from omniroute.gateway import ir, sse
from omniroute.gateway.errors import UpstreamFailure
from omniroute.gateway.formats.anthropic import parts
from omniroute.gateway.formats.anthropic.name import FORMAT_NAME
from omniroute.gateway.translation import carrier
from omniroute.gateway.translation.fields import own

_SERVER_CALLS = ("server_tool_use", "mcp_tool_use")


class Block:
    def __init__(self, index: int, part: ir.Part) -> None:
        self.opened = False
        self._index = index
        self._part = part
        self._said = False
        self._signature = part.signature if isinstance(part, ir.Thinking) else None
        self._extra: ir.Extra = {} if isinstance(part, ir.Opaque) else part.extra
        self._citations = 0

    def start(self, call_id: str) -> bytes:
        """`call_id` is for a call whose provider gave it none."""
        match self._part:
            case ir.Text(text=text) | ir.Refusal(text=text):
                return self._say("text_delta", text=text) if text else b""
            case ir.Thinking(text=text) if self._is_thinking:
                return self._say("thinking_delta", thinking=text) if text else b""
            case ir.Thinking() as part:
                return self._open(parts.thinking_block(part))
            case ir.ToolCall() as part:
                block = parts.call_block(part, part.name)
                return self._open({**block, "id": parts.call_id(part.id, call_id), "input": {}})
            case ir.Opaque(format=name, value=value):
                return self._opaque(value) if name == FORMAT_NAME else b""
            case part:
                return self._say("text_delta", text=parts.unshown(part))

    def delta(self, delta: ir.PartDelta) -> bytes:
        text = delta.text
        match self._part:
            case ir.ToolCall():
                return self._say("input_json_delta", partial_json=text) if text else b""
            case ir.Text() | ir.Refusal():
                said = self._say("text_delta", text=text) if text else b""
                return said + self._cite(own(delta.extra, FORMAT_NAME).get("citations"))
            case ir.Thinking() if self._is_thinking:
                self._signature = delta.signature or self._signature
                self._extra = {**self._extra, **delta.extra}
                return self._say("thinking_delta", thinking=text) if text else b""
            case _:
                return b""  # came whole

    def stop(self) -> bytes:
        last = b""
        if isinstance(self._part, ir.ToolCall) and not self._said:
            last = self._say("input_json_delta", partial_json="{}")
        elif isinstance(self._part, ir.Thinking) and self._is_thinking:
            last = self._sign(self._part)
        return last + framed("content_block_stop", index=self._index) if self.opened else b""

    @property
    def _is_thinking(self) -> bool:
        """Not the sealed kind, which comes whole; of other families that is thinking as well."""
        part = self._part
        return isinstance(part, ir.Thinking) and (
            part.redacted is None or part.origin != FORMAT_NAME
        )

    def _sign(self, part: ir.Thinking) -> bytes:
        """The signature, last in its block; ours for thinking of another family."""
        if not self.opened and not self._signature and part.redacted is None:
            return b""
        signed = replace(part, signature=self._signature, extra=self._extra)
        signature = carrier.signature_of(signed, FORMAT_NAME)
        return self._say("signature_delta", signature=signature) if signature else b""

    def _cite(self, citations: object) -> bytes:
        """Citations come as the whole list so far; the client wants each of them once."""
        if not isinstance(citations, list):
            return b""
        new, self._citations = citations[self._citations :], len(citations)
        return b"".join(self._say("citations_delta", citation=citation) for citation in new)

    def _opaque(self, value: dict[str, Any]) -> bytes:
        """Whole, but for the input of a call: clients expect that in deltas."""
        if value.get("type") not in _SERVER_CALLS:
            return self._open(value)
        opening = self._open({**value, "input": {}})
        given = orjson.dumps(value.get("input") or {}).decode()
        return opening + self._say("input_json_delta", partial_json=given)

    def _open(self, block: dict[str, Any]) -> bytes:
        self.opened = True
        return framed("content_block_start", index=self._index, content_block=block)

    def _say(self, kind: str, **fields: Any) -> bytes:
        self._said = True
        said = framed("content_block_delta", index=self._index, delta={"type": kind, **fields})
        if self.opened:
            return said
        if isinstance(self._part, ir.Thinking):
            return self._open({"type": "thinking", "thinking": "", "signature": ""}) + said
        return self._open({"type": "text", "text": ""}) + said


def framed(name: str, **fields: Any) -> bytes:
    try:
        data = orjson.dumps({"type": name, **fields})
    except orjson.JSONEncodeError as exc:
        raise UpstreamFailure("protocol", "an event that is nested too deeply") from exc
    return sse.encode(data, name.encode())
