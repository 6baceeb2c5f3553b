"""One block of a provider's stream, from its start to its stop, as events of the hub."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from omniroute.gateway import ir
from omniroute.gateway.errors import InvalidRequest
from omniroute.gateway.formats.anthropic.blocks import read_block
from omniroute.gateway.formats.anthropic.fields import (
    FORMAT_NAME,
    dumped,
    optional,
    own,
    required,
)

Data = Mapping[str, Any]
_TEXTS = {
    "text_delta": "text",
    "thinking_delta": "thinking",
    "input_json_delta": "partial_json",
}


class Opened:
    """Raises InvalidRequest for what is not a block or a delta."""

    def __init__(self, index: int, block: dict[str, Any]) -> None:
        self.index = index
        self.part = read_block(block, "content_block")
        self._value = dict(block)
        self._streamed = False
        self._json: list[str] = []
        self._citations: list[Any] = []

    def start(self) -> list[ir.Event]:
        """The part's empty beginning; what the block already holds follows as a delta."""
        match self.part:
            case ir.Opaque():
                return []  # comes whole, when its deltas are in
            case ir.Text(text=text, extra=extra):
                return self._begin(ir.Text(text="", extra=extra), text)
            case ir.Thinking(redacted=None, text=text, signature=signature, extra=extra):
                return self._begin(ir.Thinking(origin=FORMAT_NAME, extra=extra), text, signature)
            case ir.ToolCall(id=call_id, name=name, extra=extra):
                return self._begin(ir.ToolCall(id=call_id, name=name, extra=extra))
            case part:
                return self._begin(part)

    def _begin(self, part: ir.Part, text: str = "", signature: str | None = None) -> list[ir.Event]:
        events: list[ir.Event] = [ir.PartStart(index=self.index, part=part)]
        if text or signature:
            events.append(ir.PartDelta(index=self.index, text=text, signature=signature))
        return events

    def delta(self, delta: Data) -> list[ir.Event]:
        kind = optional(delta, "type", str) or ""
        if isinstance(self.part, ir.Opaque):
            self._absorb(kind, delta)
            return []
        if kind == "signature_delta":
            signature = required(delta, "signature", str)
            return [ir.PartDelta(index=self.index, signature=signature)]
        if kind == "citations_delta" and isinstance(self.part, ir.Text):
            # A delta's fields replace earlier ones, so each brings the whole list.
            self._citations.append(delta.get("citation"))
            fields = {**own(self.part.extra), "citations": [*self._citations]}
            return [ir.PartDelta(index=self.index, extra={FORMAT_NAME: fields})]
        text = required(delta, _TEXTS[kind], str) if kind in _TEXTS else ""
        self._streamed = self._streamed or bool(text)
        return [ir.PartDelta(index=self.index, text=text)] if text else []

    def _absorb(self, kind: str, delta: Data) -> None:
        """Adds a delta to a block that the hub takes only whole."""
        if kind == "input_json_delta":
            self._json.append(required(delta, "partial_json", str))
        elif kind == "compaction_delta":
            content = optional(self._value, "content", str) or ""
            self._value["content"] = content + (optional(delta, "content", str) or "")

    def stop(self) -> list[ir.Event]:
        stop = ir.PartStop(index=self.index)
        if isinstance(self.part, ir.Opaque):
            return [ir.PartStart(index=self.index, part=self._whole()), stop]
        if isinstance(self.part, ir.ToolCall) and not self._streamed:
            # A call without arguments streams none; some hosts put all of them into the start.
            return [ir.PartDelta(index=self.index, text=self.part.arguments or "{}"), stop]
        return [stop]

    def _whole(self) -> ir.Opaque:
        text = "".join(self._json)
        if text:
            try:
                self._value["input"] = orjson.loads(text)
            except orjson.JSONDecodeError as exc:
                raise InvalidRequest("content_block.input: is not JSON") from exc
        dumped(self._value, "content_block")
        return ir.Opaque(format=FORMAT_NAME, value=self._value)
