"""Parts as they come -> part events. Plain text and thoughts stay open for more of the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

from omniroute.gateway import ir
from omniroute.gateway.formats.gemini.spelling import FORMAT_NAME


class Opened:
    def __init__(self) -> None:
        self._next = 0
        self._open: Literal["text", "thinking"] | None = None

    def all(self, parts: Iterable[ir.Part]) -> list[ir.Event]:
        return [event for part in parts for event in self._part(part)]

    def close(self) -> list[ir.Event]:
        if self._open is None:
            return []
        self._open = None
        return [ir.PartStop(index=self._next - 1)]

    def _part(self, part: ir.Part) -> list[ir.Event]:
        match part:
            case ir.Text(text=text, extra=extra) if not extra:
                begun = self._begin("text")
                return [*begun, ir.PartDelta(index=self._next - 1, text=text)]
            case ir.Text(text=text):
                return self._whole(replace(part, text=""), text)
            case ir.Thinking(text=text, signature=signature, extra=extra):
                begun = self._begin("thinking")
                at = self._next - 1
                delta = ir.PartDelta(index=at, text=text, signature=signature, extra=extra)
                return [*begun, delta, *(self.close() if signature or extra else ())]
            case ir.ToolCall(arguments=arguments):
                return self._whole(replace(part, arguments=""), arguments)
            case _:
                return self._whole(part, "")

    def _begin(self, kind: Literal["text", "thinking"]) -> list[ir.Event]:
        """Opens a part of this kind, unless it is open."""
        if self._open == kind:
            return []
        events = self.close()
        begun: ir.Part = ir.Text(text="")
        if kind == "thinking":
            begun = ir.Thinking(origin=FORMAT_NAME)
        self._open = kind
        return [*events, ir.PartStart(index=self._take(), part=begun)]

    def _whole(self, part: ir.Part, text: str) -> list[ir.Event]:
        events = self.close()
        index = self._take()
        events.append(ir.PartStart(index=index, part=part))
        if text:
            events.append(ir.PartDelta(index=index, text=text))
        return [*events, ir.PartStop(index=index)]

    def _take(self) -> int:
        self._next += 1
        return self._next - 1
