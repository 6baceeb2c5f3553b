"""One output item of a provider's stream, from its first event to its last, as events of the hub.

Every kind of item may come with deltas, or only with what its done events hold. What was streamed
is never said twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

from omniroute.gateway import ir
from omniroute.gateway.errors import UpstreamFailure
from omniroute.gateway.translation.answers import arguments, mapping, sequence, text

from . import output, thoughts
from .name import FORMAT_NAME

Data = dict[str, Any]
TakeIndex = Callable[[], int]


class Opened(Protocol):
    def start(self) -> list[ir.Event]:
        """What the announced item is already known to be."""
        ...

    def event(self, kind: str, data: Data) -> list[ir.Event]:
        """`kind` is the event's type without `response.`."""
        ...

    def done(self, item: Data) -> list[ir.Event]:
        """`item` is the whole item, or empty when its done event never came."""
        ...


def opened(item: Data, take_index: TakeIndex) -> Opened:
    match item.get("type"):
        case "message":
            return _Message(take_index)
        case "reasoning":
            return _Reasoning(take_index)
        case "function_call" | "custom_tool_call":
            return _Call(item, take_index)
        case _:
            return _Whole(item, take_index)


class _Content:
    """One content of a message; it begins with its first text."""

    def __init__(self, take_index: TakeIndex) -> None:
        self.kind: type[ir.Part] | None = None
        self.ended = False
        self._take_index = take_index
        self._index = 0

    def more(self, part: ir.Text | ir.Refusal) -> list[ir.Event]:
        if not part.text or self.ended:
            return []
        begun: list[ir.Event] = []
        if self.kind is None:
            self.kind, self._index = type(part), self._take_index()
            begun = [ir.PartStart(index=self._index, part=type(part)(text=""))]
        return [*begun, ir.PartDelta(index=self._index, text=part.text)]

    def rest(self, part: ir.Text | ir.Refusal) -> list[ir.Event]:
        """All of the text, for a content that did not stream."""
        return self.more(part) if self.kind is None else []

    def end(self, part: ir.Part | None) -> list[ir.Event]:
        if self.ended:
            return []
        events = self.rest(part) if isinstance(part, ir.Text | ir.Refusal) else []
        self.ended = True
        if self.kind is None:
            return events
        if isinstance(part, ir.Text) and part.extra:
            events.append(ir.PartDelta(index=self._index, extra=part.extra))
        return [*events, ir.PartStop(index=self._index)]


class _Message:
    def __init__(self, take_index: TakeIndex) -> None:
        self._take_index = take_index
        self._contents: dict[int, _Content] = {}

    def start(self) -> list[ir.Event]:
        return []

    def event(self, kind: str, data: Data) -> list[ir.Event]:
        content = self._at(data.get("content_index"))
        match kind:
            case "output_text.delta":
                return content.more(ir.Text(text=text(data.get("delta"), "delta")))
            case "refusal.delta":
                return content.more(ir.Refusal(text=text(data.get("delta"), "delta")))
            case "output_text.done":
                return content.rest(ir.Text(text=text(data.get("text"), "text")))
            case "refusal.done":
                return content.rest(ir.Refusal(text=text(data.get("refusal"), "refusal")))
            case "content_part.done":
                return content.end(output.read_content(mapping(data.get("part"), "part")))
            case _:
                return []

    def done(self, item: Data) -> list[ir.Event]:
        parts = [mapping(part, "content part") for part in sequence(item.get("content"), "content")]
        events: list[ir.Event] = []
        for index, part in enumerate(parts):
            found = output.read_content(part)
            if isinstance(found, ir.Opaque):
                events += _whole(found, self._take_index)
            else:
                events += self._at(index).end(found)
        return events + [event for one in self._contents.values() for event in one.end(None)]

    def _at(self, index: object) -> _Content:
        key = index if isinstance(index, int) else 0
        if key not in self._contents:
            self._contents[key] = _Content(self._take_index)
        return self._contents[key]


class _Reasoning:
    """A summary, or the reasoning itself; of an item that streams both, the first is enough."""

    def __init__(self, take_index: TakeIndex) -> None:
        self._take_index = take_index
        self._index: int | None = None
        self._source = ""
        self._section: object = None
        self._spoken = False

    def start(self) -> list[ir.Event]:
        return []

    def event(self, kind: str, data: Data) -> list[ir.Event]:
        what, _, step = kind.rpartition(".")
        if what == "reasoning_summary_text":
            source, section = "summary", data.get("summary_index")
        elif what in ("reasoning_text", "reasoning"):
            source, section = "text", data.get("content_index")
        else:
            return []
        if self._source not in ("", source):
            return []
        if step == "delta":
            return self._say(source, section, text(data.get("delta"), "delta"))
        streamed = self._spoken and section == self._section
        return [] if streamed else self._say(source, section, text(data.get("text"), "text"))

    def done(self, item: Data) -> list[ir.Event]:
        part = thoughts.read_answer(item)
        events = [] if self._spoken else self._say("", None, part.text)
        if part.signature:
            events += self._more(ir.PartDelta(index=0, signature=part.signature))
        return events if self._index is None else [*events, ir.PartStop(index=self._index)]

    def _say(self, source: str, section: object, said: str) -> list[ir.Event]:
        if not said:
            return []
        if self._spoken and section != self._section:
            said = thoughts.BREAK + said
        self._source, self._section, self._spoken = source, section, True
        return self._more(ir.PartDelta(index=0, text=said))

    def _more(self, delta: ir.PartDelta) -> list[ir.Event]:
        begun: list[ir.Event] = []
        if self._index is None:
            self._index = self._take_index()
            begun = [ir.PartStart(index=self._index, part=ir.Thinking(origin=FORMAT_NAME))]
        return [*begun, replace(delta, index=self._index)]


class _Call:
    """A tool call; some servers tell its name only at the end."""

    def __init__(self, item: Data, take_index: TakeIndex) -> None:
        self._take_index = take_index
        self._index: int | None = None
        self._held: list[str] = []
        self._spoken = False
        self._item = item

    def start(self) -> list[ir.Event]:
        """Nothing as long as the name is not known."""
        part = output.read_call(self._item)
        if not part.name:
            return []
        self._index = self._take_index()
        held, self._held = "".join(self._held), []
        begun = ir.PartStart(index=self._index, part=replace(part, arguments=""))
        return [begun, *self._say(held)]

    def event(self, kind: str, data: Data) -> list[ir.Event]:
        match kind:
            case "function_call_arguments.delta" | "custom_tool_call_input.delta":
                return self._say(text(data.get("delta"), "delta"))
            case "function_call_arguments.done":
                return [] if self._spoken else self._say(arguments(data.get("arguments")))
            case "custom_tool_call_input.done":
                return [] if self._spoken else self._say(text(data.get("input"), "input"))
            case _:
                return []

    def done(self, item: Data) -> list[ir.Event]:
        self._item = {**self._item, **item}
        events = [] if self._index is not None else self.start()
        if self._index is None:
            raise UpstreamFailure("protocol", "a tool call without a name")
        if not self._spoken:
            part = output.read_call(self._item)
            events += self._say(part.arguments or ("" if part.freeform else "{}"))
        return [*events, ir.PartStop(index=self._index)]

    def _say(self, more: str) -> list[ir.Event]:
        if not more:
            return []
        self._spoken = True
        if self._index is None:
            self._held.append(more)
            return []
        return [ir.PartDelta(index=self._index, text=more)]


class _Whole:
    """What the hub has no word for; it comes when it is complete."""

    def __init__(self, item: Data, take_index: TakeIndex) -> None:
        self._item = item
        self._take_index = take_index

    def start(self) -> list[ir.Event]:
        return []

    def event(self, kind: str, data: Data) -> list[ir.Event]:
        return []

    def done(self, item: Data) -> list[ir.Event]:
        return _whole(ir.Opaque(format=FORMAT_NAME, value=item or self._item), self._take_index)


def _whole(part: ir.Opaque, take_index: TakeIndex) -> list[ir.Event]:
    index = take_index()
    return [ir.PartStart(index=index, part=part), ir.PartStop(index=index)]
