"""Deltas of one choice -> part events of the hub. A whole message is one big delta.

Text, reasoning and refusal take turns; tool calls stay open beside them until the end, because
parallel calls may arrive interleaved.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Literal

from omniroute.gateway import ir
from omniroute.gateway.translation import answers

from . import content, reasoning
from .calls import Calls
from .name import FORMAT_NAME
from .think import ThinkTags

Kind = Literal["text", "thinking", "refusal"]


class Parts:
    """`seed` is what the ids of calls without one are made from."""

    def __init__(self, *, seed: str = "", inline_think: bool = False) -> None:
        self.refused = False
        self.empty = True
        self._next = 0
        self._open: tuple[Kind, int, str] | None = None  # kind, index, origin of reasoning
        self._tags = ThinkTags() if inline_think else None
        self._calls = Calls(seed, self._take_index)
        self._out: list[ir.Event] = []

    @property
    def called(self) -> bool:
        return self._calls.any

    @property
    def complete(self) -> bool:
        """Whether every tool call's arguments could be a whole JSON text."""
        return self._calls.complete

    def delta(self, delta: dict[str, Any]) -> list[ir.Event]:
        for piece in reasoning.pieces(delta):
            self._reason(piece)
        self._content(delta.get("content"))
        refusal = answers.text(delta.get("refusal"), "refusal")
        if refusal:
            self.refused = True
            self._text("refusal", refusal)
        for image in answers.sequence(delta.get("images"), "images"):
            self._image(image)
        calls = self._calls.delta(delta)
        if calls:
            self._stop()
            self._out += calls
        return self._flush()

    def close(self) -> list[ir.Event]:
        if self._tags is not None:
            for thought, text in self._tags.close():
                self._text("thinking" if thought else "text", text)
        self._stop()
        self._out += self._calls.close()
        return self._flush()

    def _flush(self) -> list[ir.Event]:
        out, self._out = self._out, []
        self.empty = self.empty and not out
        return out

    def _content(self, value: object) -> None:
        if isinstance(value, list):  # Mistral
            for item in value:
                self._item(answers.mapping(item, "content item"))
        elif self._tags is None:
            self._text("text", answers.text(value, "content"))
        else:
            for thought, text in self._tags.feed(answers.text(value, "content")):
                self._text("thinking" if thought else "text", text)

    def _item(self, item: dict[str, Any]) -> None:
        match item.get("type"):
            case "text":
                self._text("text", answers.text(item.get("text"), "content text"))
            case "thinking":
                self._text("thinking", content.thought(item))
            case "image_url":
                self._image(item)
            case _:
                self._whole(ir.Opaque(format=FORMAT_NAME, value=item))

    def _text(self, kind: Kind, text: str, origin: str = FORMAT_NAME) -> None:
        if text:
            self._out.append(ir.PartDelta(index=self._switch(kind, origin), text=text))

    def _reason(self, piece: reasoning.Piece) -> None:
        if piece.text:
            self._text("thinking", piece.text, piece.origin)
            return
        continues = self._open is not None and self._open[0] == "thinking"
        if piece.data and not (continues and piece.origin == "openai_responses"):
            sealed = ir.Thinking(redacted=piece.data, origin=piece.origin, extra=piece.extra)
            self._whole(sealed)
            return
        index = self._switch("thinking", piece.origin)
        signature = piece.signature or piece.data
        self._out.append(ir.PartDelta(index=index, signature=signature, extra=piece.extra))
        self._stop()

    def _image(self, value: object) -> None:
        source = answers.mapping(answers.mapping(value, "image").get("image_url"), "image_url")
        url = answers.text(source.get("url"), "image url")
        if url:
            self._whole(ir.Image(source=content.source(url)))

    def _whole(self, part: ir.Part) -> None:
        self._stop()
        index = self._take_index()
        self._out += (ir.PartStart(index=index, part=part), ir.PartStop(index=index))

    def _switch(self, kind: Kind, origin: str) -> int:
        if self._open is not None and self._open[0] == kind and self._open[2] == origin:
            return self._open[1]
        self._stop()
        index = self._take_index()
        self._open = (kind, index, origin)
        self._out.append(ir.PartStart(index=index, part=_beginning(kind, origin)))
        return index

    def _stop(self) -> None:
        if self._open is not None:
            self._out.append(ir.PartStop(index=self._open[1]))
            self._open = None

    def _take_index(self) -> int:
        self._next += 1
        return self._next - 1


def fold(events: Iterable[ir.Event]) -> tuple[ir.Part, ...]:
    """The parts that a stream's events amount to, in the order of their beginning."""
    parts: dict[int, ir.Part] = {}
    texts: dict[int, list[str]] = {}
    for event in events:
        match event:
            case ir.PartStart(index=index, part=part):
                parts[index], texts[index] = part, []
            case ir.PartDelta(index=index, text=text, signature=signature, extra=extra):
                texts[index].append(text)
                part = parts[index]
                if isinstance(part, ir.Thinking) and signature:
                    parts[index] = replace(part, signature=signature, extra=extra)
    return tuple(_filled(part, "".join(texts[index])) for index, part in sorted(parts.items()))


def _filled(part: ir.Part, text: str) -> ir.Part:
    match part:
        case ir.ToolCall():
            return replace(part, arguments=text)
        case ir.Text() | ir.Refusal():
            return replace(part, text=text)
        case ir.Thinking(redacted=None):
            return replace(part, text=text)
        case _:
            return part


def _beginning(kind: Kind, origin: str) -> ir.Part:
    if kind == "thinking":
        return ir.Thinking(origin=origin)
    return ir.Text(text="") if kind == "text" else ir.Refusal(text="")
