"""One output item towards a client, from its first event to its last.

An item is announced once, its deltas come before its done events, and those say everything again.
Whether an item is complete is only known from what follows it, so `close` comes late.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal, Protocol

from omniroute.gateway import ir
from omniroute.gateway.translation import freeform

from . import thoughts

Said = list[tuple[str, dict[str, Any]]]  # events: the end of the name, and the fields
Status = Literal["completed", "incomplete"]


class Item(Protocol):
    value: dict[str, Any]  # the whole item, once it is closed

    def joins(self, part: ir.Part) -> bool:
        """Whether `part` goes on in this item."""
        ...

    def begin(self, part: ir.Part) -> Said: ...
    def delta(self, delta: ir.PartDelta) -> Said: ...
    def stop(self) -> Said: ...
    def close(self, status: Status) -> Said: ...


class MessageItem:
    """Text and refusals; each part is one content of the message."""

    def __init__(self, index: int, item_id: str) -> None:
        self.value: dict[str, Any] = {"id": item_id, "type": "message", "role": "assistant"}
        self._at = {"item_id": item_id, "output_index": index}
        self._contents: list[dict[str, Any]] = []
        self._texts: list[str] = []
        self._refuses = False

    def joins(self, part: ir.Part) -> bool:
        return isinstance(part, ir.Text | ir.Refusal)

    def begin(self, part: ir.Part) -> Said:
        said: Said = []
        if not self._contents:
            said = [_added(self._at, {**self.value, "status": "in_progress", "content": []})]
        self._refuses, self._texts = isinstance(part, ir.Refusal), []
        said.append(("content_part.added", {**self._place(), "part": self._content("")}))
        text = part.text if isinstance(part, ir.Text | ir.Refusal) else ""
        return said + self.delta(ir.PartDelta(index=0, text=text))

    def delta(self, delta: ir.PartDelta) -> Said:
        if not delta.text:
            return []
        self._texts.append(delta.text)
        if self._refuses:
            return [("refusal.delta", {**self._place(), "delta": delta.text})]
        fields = {**self._place(), "delta": delta.text, "logprobs": []}
        return [("output_text.delta", fields)]

    def stop(self) -> Said:
        text = "".join(self._texts)
        content, place = self._content(text), self._place()
        self._contents.append(content)
        if self._refuses:
            done = ("refusal.done", {**place, "refusal": text})
        else:
            done = ("output_text.done", {**place, "text": text, "logprobs": []})
        return [done, ("content_part.done", {**place, "part": content})]

    def close(self, status: Status) -> Said:
        self.value |= {"status": status, "content": self._contents}
        return [_done(self._at, self.value)]

    def _place(self) -> dict[str, Any]:
        return {**self._at, "content_index": len(self._contents)}

    def _content(self, text: str) -> dict[str, Any]:
        if self._refuses:
            return {"type": "refusal", "refusal": text}
        return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


class ReasoningItem:
    """Reasoning of any origin, shown as a summary and carried in sealed form."""

    def __init__(self, index: int, item_id: str) -> None:
        self.value: dict[str, Any] = {"id": item_id, "type": "reasoning", "summary": []}
        self._at = {"item_id": item_id, "output_index": index}
        self._place = {**self._at, "summary_index": 0}
        self._part = ir.Thinking()
        self._texts: list[str] = []

    def joins(self, part: ir.Part) -> bool:
        return False

    def begin(self, part: ir.Part) -> Said:
        assert isinstance(part, ir.Thinking)  # noqa: S101  (for the type checker)
        self._part = part
        said = [_added(self._at, {**self.value, "encrypted_content": None})]
        return said + self.delta(ir.PartDelta(index=0, text=part.text))

    def delta(self, delta: ir.PartDelta) -> Said:
        part = self._part
        signature = delta.signature or part.signature
        self._part = replace(part, signature=signature, extra={**part.extra, **delta.extra})
        if not delta.text:
            return []
        opening: Said = []
        if not self._texts:
            part_added = {**self._place, "part": {"type": "summary_text", "text": ""}}
            opening = [("reasoning_summary_part.added", part_added)]
        self._texts.append(delta.text)
        return [*opening, ("reasoning_summary_text.delta", {**self._place, "delta": delta.text})]

    def stop(self) -> Said:
        text = "".join(self._texts)
        self.value = thoughts.item(replace(self._part, text=text), self.value["id"])
        if not text:
            return []
        part = {"type": "summary_text", "text": text}
        return [
            ("reasoning_summary_text.done", {**self._place, "text": text}),
            ("reasoning_summary_part.done", {**self._place, "part": part}),
        ]

    def close(self, status: Status) -> Said:
        return [_done(self._at, self.value)]


class CallItem:
    """A tool call; `raw` where the client takes its input as raw text."""

    def __init__(self, index: int, named: dict[str, Any], *, raw: bool) -> None:
        self.value: dict[str, Any] = {**named, "status": "in_progress"}
        self._at = {"item_id": named["id"], "output_index": index}
        self._event = "custom_tool_call_input" if raw else "function_call_arguments"
        self._field = "input" if raw else "arguments"
        self._raw = raw
        self._wrapped = False
        self._texts: list[str] = []

    def joins(self, part: ir.Part) -> bool:
        return False

    def begin(self, part: ir.Part) -> Said:
        assert isinstance(part, ir.ToolCall)  # noqa: S101  (for the type checker)
        self._wrapped = self._raw and not part.freeform
        said = [_added(self._at, {**self.value, self._field: ""})]
        return said + self.delta(ir.PartDelta(index=0, text=part.arguments))

    def delta(self, delta: ir.PartDelta) -> Said:
        if not delta.text:
            return []
        self._texts.append(delta.text)
        return [] if self._wrapped else self._more(delta.text)

    def stop(self) -> Said:
        return []

    def close(self, status: Status) -> Said:
        text = "".join(self._texts)
        said: Said = []
        if self._wrapped:
            text = freeform.unwrapped(text)
            said = self._more(text) if text else []
        elif not self._raw and not text and status == "completed":
            text = "{}"
            said = self._more(text)
        self.value |= {"status": status, self._field: text}
        done = (f"{self._event}.done", {**self._at, self._field: text})
        return [*said, done, _done(self._at, self.value)]

    def _more(self, text: str) -> Said:
        return [(f"{self._event}.delta", {**self._at, "delta": text})]


class WholeItem:
    """What comes in one piece."""

    def __init__(self, index: int, value: dict[str, Any]) -> None:
        self.value = value
        self._at = {"output_index": index}

    def joins(self, part: ir.Part) -> bool:
        return False

    def begin(self, part: ir.Part) -> Said:
        return [_added(self._at, self.value)]

    def delta(self, delta: ir.PartDelta) -> Said:
        return []

    def stop(self) -> Said:
        return []

    def close(self, status: Status) -> Said:
        return [_done(self._at, self.value)]


def _added(at: dict[str, Any], value: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "output_item.added", {"output_index": at["output_index"], "item": value}


def _done(at: dict[str, Any], value: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "output_item.done", {"output_index": at["output_index"], "item": value}
