"""A provider's stream -> events. Bytes may be split anywhere, also inside a character.

The type in the data decides, not the `event:` line, which some hosts leave out. Only `completed`
and `incomplete` end an answer; a `[DONE]`, which OpenRouter adds, ends nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from omniroute.gateway import ir, sse
from omniroute.gateway.translation import answers, vendor_errors

from . import counts, ending
from .opened import Data, Opened, opened

_DONE = b"[DONE]"
_BEGUN = frozenset({"created", "queued", "in_progress"})
_ENDED = frozenset({"completed", "incomplete", "failed"})
# What an item is that was never announced.
_GUESSES = {"output_text": "message", "refusal": "message", "reasoning_text": "reasoning"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Announced:
    """An item that is not done yet, and its place among all items."""

    place: int
    kind: object
    item: Opened


class Reader:
    def __init__(self) -> None:
        self._sse = sse.Parser()
        self._begun = self._ended = False
        self._next = 0
        self._count = 0  # items so far
        self._open: dict[int | str, _Announced] = {}
        self._ids: dict[str, int | str] = {}  # item id -> what the item is filed under
        self._kinds: set[type[ir.Part]] = set()

    def feed(self, chunk: bytes) -> list[ir.Event]:
        out: list[ir.Event] = []
        for event in self._sse.feed(chunk):
            out += self._event(event)
        return out

    def close(self) -> list[ir.Event]:
        out: list[ir.Event] = []
        for event in self._sse.close():
            if answers.whole(event.data):
                out += self._event(event)
        return out

    def _event(self, event: sse.Event) -> list[ir.Event]:
        if self._ended or event.data == _DONE:
            return []
        data = answers.event(event.data)
        kind = answers.name(data.get("type")) or event.name.decode("utf-8", "replace")
        out = self._told(kind.removeprefix("response."), data)
        self._kinds.update(type(one.part) for one in out if isinstance(one, ir.PartStart))
        return out

    def _told(self, kind: str, data: Data) -> list[ir.Event]:
        if kind in _BEGUN:
            return self._begin(answers.mapping(data.get("response"), "response"))
        if kind in _ENDED:
            return self._end(kind, answers.mapping(data.get("response"), "response"))
        if kind == "error" or (not kind and data.get("error")):
            return self._fail(data)
        return [*self._begin({}), *self._content(kind, data)]

    def _begin(self, response: Data) -> list[ir.Event]:
        if self._begun:
            return []
        self._begun = True
        found = answers.name(response.get("id")), answers.name(response.get("model"))
        return [ir.Start(id=found[0], model=found[1])]

    def _content(self, kind: str, data: Data) -> list[ir.Event]:
        if kind == "output_item.added":
            return self._announce(data, answers.mapping(data.get("item"), "item"))
        if kind == "output_item.done":
            return self._item_done(data, answers.mapping(data.get("item"), "item"))
        known = self._open.get(self._key(data, data.get("item_id")))
        if known is not None:
            return known.item.event(kind, data)
        guess = _GUESSES.get(kind.partition(".")[0])
        if guess is None:
            return []
        item = {"type": guess, "id": data.get("item_id")}
        return [*self._announce(data, item), *self._content(kind, data)]

    def _key(self, data: Data, item_id: object) -> int | str:
        """What an item is filed under: its output index, or else its id."""
        index, known = data.get("output_index"), answers.name(item_id)
        return index if isinstance(index, int) else self._ids.get(known, known)

    def _announce(self, data: Data, item: Data) -> list[ir.Event]:
        key = self._key(data, item.get("id"))
        ended = self._open.pop(key).item.done({}) if key in self._open else []
        found = opened(item, self._take_index)
        self._open[key] = _Announced(place=self._count, kind=item.get("type"), item=found)
        self._ids[answers.name(item.get("id"))] = key
        self._count += 1
        return [*ended, *found.start()]

    def _item_done(self, data: Data, item: Data) -> list[ir.Event]:
        key = self._key(data, item.get("id"))
        events = [] if key in self._open else self._announce(data, item)
        return [*events, *self._open.pop(key).item.done(item)]

    def _take_index(self) -> int:
        self._next += 1
        return self._next - 1

    def _end(self, kind: str, response: Data) -> list[ir.Event]:
        if kind == "failed" or response.get("error") or response.get("status") == "failed":
            return self._fail({"error": response.get("error")})
        out = [*self._begin(response), *self._missed(response)]
        self._ended = True
        usage = counts.of(response)
        kinds = self._kinds | {type(one.part) for one in out if isinstance(one, ir.PartStart)}
        finish = ir.Finish(reason=ending.read(response, kind, kinds))
        return [*out, *([ir.UsageReport(usage=usage)] if usage else []), finish]

    def _missed(self, response: Data) -> list[ir.Event]:
        """Ends what is open, and tells of the items that only the terminal event holds."""
        items = [
            answers.mapping(item, "item")
            for item in answers.sequence(response.get("output"), "output")
        ]
        out: list[ir.Event] = []
        for known in self._open.values():
            same = (item for item in items[known.place :][:1] if item.get("type") == known.kind)
            out += known.item.done(next(same, {}))
        for item in items[self._count :]:
            found = opened(item, self._take_index)
            out += [*found.start(), *found.done(item)]
        return out

    def _fail(self, told: dict[str, Any]) -> list[ir.Event]:
        self._ended = True
        return [ir.Failure(error=vendor_errors.of(told))]
