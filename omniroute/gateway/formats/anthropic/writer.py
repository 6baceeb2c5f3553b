"""The hub's events into a stream for Anthropic clients.

Blocks open on their first content, stand one after another, and are always closed; exactly one
message_delta carries the final usage; `event:` lines are always there. Clients fail without.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson

from omniroute.gateway import ir, sse
from omniroute.gateway.errors import GatewayError, UpstreamFailure
from omniroute.gateway.formats import Head
from omniroute.gateway.formats.anthropic import carrier, counts, errors, parts, stops
from omniroute.gateway.formats.anthropic.fields import FORMAT_NAME, own
from omniroute.gateway.formats.anthropic.response import call_fallback, message_id
from omniroute.gateway.serialise import Serialiser
from omniroute.gateway.usage import Usage

_SERVER_CALLS = ("server_tool_use", "mcp_tool_use")


class Writer:
    def __init__(self, head: Head) -> None:
        self._head = head
        self._serialiser = Serialiser()
        self._usage = Usage(input=head.prompt_estimate, basis="estimated")
        self._begun = False
        self._ended = False
        self._calls = False
        self._blocks = 0
        self._part: ir.Part | None = None  # the part that is open in the hub's stream
        self._opened = False  # whether its block is open on the wire
        self._said = False  # whether that block has had a delta
        self._signature: str | None = None
        self._extra: ir.Extra = {}
        self._citations = 0

    def write(self, event: ir.Event) -> bytes:
        return b"".join(self._write(one) for one in self._serialiser.push(event))

    def close(self) -> bytes:
        return b""

    def _write(self, event: ir.Event) -> bytes:
        if self._ended:
            return b""
        match event:
            case ir.Start():
                return self._start(event.usage, own(event.extra))
            case ir.UsageReport(usage=usage):
                self._usage = usage
                return b""
            case ir.Failure(error=error):
                return self._fail(error)
        begin = b"" if self._begun else self._start(None, {})
        match event:
            case ir.PartStart(part=part):
                return begin + self._part_start(part)
            case ir.PartDelta():
                return begin + self._part_delta(event)
            case ir.PartStop():
                return begin + self._part_stop()
            case ir.Finish():
                return begin + self._finish(event)

    def _start(self, usage: Usage | None, fields: dict[str, Any]) -> bytes:
        if self._begun:
            return b""
        self._begun = True
        if usage is not None and usage.prompt:
            self._usage = usage
        message = {
            "id": message_id(self._head),
            "type": "message",
            "role": "assistant",
            "model": self._head.model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": counts.write(self._usage),
            **fields,
        }
        return _event("message_start", message=message)

    def _fail(self, error: GatewayError) -> bytes:
        self._ended = True
        return errors.stream_error(error, self._head.id)

    def _part_start(self, part: ir.Part) -> bytes:
        self._part, self._opened, self._said = part, False, False
        self._signature, self._extra, self._citations = None, {}, 0
        luggage = carrier.luggage(part)
        if luggage is None:
            return self._begin(part)
        carried = ir.Thinking(origin=FORMAT_NAME)
        self._part = carried
        written = self._say("signature_delta", signature=luggage) + self._part_stop()
        self._part = part
        return written + self._begin(part)

    def _begin(self, part: ir.Part) -> bytes:
        match part:
            case ir.ToolCall():
                self._calls = True
                block = parts.call_block(part, part.name) | {"input": {}}
                block["id"] = parts.call_id(part.id, call_fallback(self._head, self._blocks))
                return self._open(block)
            case ir.Thinking(redacted=str()) if part.origin == FORMAT_NAME:
                return self._open(parts.thinking_block(part))
            case ir.Opaque(format=name, value=value):
                return self._opaque(value) if name == FORMAT_NAME else b""
            case ir.Image() | ir.Document() | ir.Audio() | ir.ToolResult():
                return self._say("text_delta", text=parts.unshown(part))
            case ir.Thinking(text=text, signature=signature, extra=extra):
                self._signature, self._extra = signature, extra
                return self._say("thinking_delta", thinking=text) if text else b""
            case ir.Text(text=text) | ir.Refusal(text=text):
                return self._say("text_delta", text=text) if text else b""

    def _part_delta(self, delta: ir.PartDelta) -> bytes:
        written = b""
        match self._part:
            case ir.ToolCall() if delta.text:
                written = self._say("input_json_delta", partial_json=delta.text)
            case ir.Thinking():
                self._signature = delta.signature or self._signature
                self._extra = {**self._extra, **delta.extra}
                if delta.text:
                    written = self._say("thinking_delta", thinking=delta.text)
            case ir.Text() | ir.Refusal() if delta.text:
                written = self._say("text_delta", text=delta.text)
        if isinstance(self._part, ir.Text) and delta.extra:
            written += self._cite(own(delta.extra).get("citations"))
        return written

    def _part_stop(self) -> bytes:
        part, self._part = self._part, None
        written = b""
        if isinstance(part, ir.ToolCall) and not self._said:
            written = self._say("input_json_delta", partial_json="{}")
        if isinstance(part, ir.Thinking):
            written = self._sign(part)
        if not self._opened:
            return written
        self._opened = False
        self._blocks += 1
        return written + _event("content_block_stop", index=self._blocks - 1)

    def _sign(self, part: ir.Thinking) -> bytes:
        """A thinking block's signature: last in its block; ours for thinking of another family."""
        signature = self._signature
        if part.origin != FORMAT_NAME:
            if not self._opened and signature is None and part.redacted is None:
                return b""
            signature = carrier.signature_of(replace(part, signature=signature, extra=self._extra))
        return self._say("signature_delta", signature=signature) if signature else b""

    def _cite(self, citations: object) -> bytes:
        """Citations come as the whole list so far; the client wants each of them once."""
        if not isinstance(citations, list):
            return b""
        new, self._citations = citations[self._citations :], len(citations)
        return b"".join(self._say("citations_delta", citation=citation) for citation in new)

    def _opaque(self, value: dict[str, Any]) -> bytes:
        """A block of a same-format provider: whole, but for a call's input, which is a delta."""
        if value.get("type") not in _SERVER_CALLS:
            return self._open(value)
        given = orjson.dumps(value.get("input") or {}).decode()
        return self._open({**value, "input": {}}) + self._say(
            "input_json_delta", partial_json=given
        )

    def _open(self, block: dict[str, Any]) -> bytes:
        self._opened = True
        return _event("content_block_start", index=self._blocks, content_block=block)

    def _say(self, kind: str, **fields: Any) -> bytes:
        opening = b""
        if not self._opened:
            block: dict[str, Any] = {"type": "text", "text": ""}
            if isinstance(self._part, ir.Thinking):
                block = {"type": "thinking", "thinking": "", "signature": ""}
            opening = self._open(block)
        self._said = True
        delta = {"type": kind, **fields}
        return opening + _event("content_block_delta", index=self._blocks, delta=delta)

    def _finish(self, event: ir.Finish) -> bytes:
        self._ended = True
        delta = {
            "stop_reason": stops.write(event.reason, self._calls),
            "stop_sequence": event.stop_sequence,
            **own(event.extra),
        }
        usage = counts.write(self._usage)
        return _event("message_delta", delta=delta, usage=usage) + _event("message_stop")


def _event(name: str, **fields: Any) -> bytes:
    try:
        data = orjson.dumps({"type": name, **fields})
    except orjson.JSONEncodeError as exc:
        raise UpstreamFailure("protocol", "an event that is nested too deeply") from exc
    return sse.encode(data, name.encode())
