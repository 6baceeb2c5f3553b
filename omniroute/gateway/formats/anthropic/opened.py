"""One block of a provider's stream, from its start to its stop, as events of the hub."""

from __future__ import annotations

from typing import Any

import orjson

from omniroute.gateway import ir
from omniroute.gateway.errors import InvalidRequest
from omniroute.gateway.formats.anthropic.blocks import read_block
from omniroute.gateway.formats.anthropic.name import FORMAT_NAME
from omniroute.gateway.translation.fields import Fields, dumped, own

_TEXTS = {
    "text_delta": "text",
    "thinking_delta": "thinking",
    "input_json_delta": "partial_json",
}


class Opened:
    """Raises InvalidRequest for what is not a block or a delta."""

    def __init__(self, index: int, block: Fields) -> None:
        self.index = index
        self.part = read_block(block)
        self._value = dict(block.raw)
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

    def delta(self, delta: Fields) -> list[ir.Event]:
        kind = delta.text("type") or ""
        if isinstance(self.part, ir.Opaque):
            self._absorb(kind, delta)
            return []
        if kind == "signature_delta":
            signature = delta.given("signature")
            return [ir.PartDelta(index=self.index, signature=signature)]
        if kind == "citations_delta" and isinstance(self.part, ir.Text):
            # A delta's fields replace earlier ones, so each brings the whole list.
            self._citations.append(delta.raw.get("citation"))
            fields = {**own(self.part.extra, FORMAT_NAME), "citations": [*self._citations]}
            return [ir.PartDelta(index=self.index, extra={FORMAT_NAME: fields})]
        text = delta.given(_TEXTS[kind]) if kind in _TEXTS else ""
        self._streamed = self._streamed or bool(text)
        return [ir.PartDelta(index=self.index, text=text)] if text else []

    def _absorb(self, kind: str, delta: Fields) -> None:
        """Adds a delta to a block that the hub takes only whole."""
        if kind == "input_json_delta":
            self._json.append(delta.given("partial_json"))
        elif kind == "compaction_delta":
            content = Fields(self._value).text("content") or ""
            self._value["content"] = content + (delta.text("content") or "")

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
