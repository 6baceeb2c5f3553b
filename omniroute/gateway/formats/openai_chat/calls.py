"""The tool calls of one answer, put together from fragments that follow no rule but their order.

Seen in the wild: `index` missing, or the same for two calls; `id` missing or empty; the name again
in every fragment, or empty; the whole call in one fragment; arguments as an object.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any

import orjson

from omniroute.gateway import ir
from omniroute.gateway.errors import UpstreamFailure
from omniroute.gateway.translation import answers, carrier
from omniroute.gateway.translation.fields import own
from omniroute.gateway.translation.naming import minted


@dataclass(slots=True, kw_only=True)
class _Call:
    """A call that may still wait for its name; what arrives before that is held."""

    id: str = ""
    name: str = ""
    freeform: bool = False
    index: int | None = None
    closed: bool = False
    written: list[str] = field(default_factory=list)


class Calls:
    """`take_index` numbers the part of a call when it begins."""

    def __init__(self, seed: str, take_index: Callable[[], int]) -> None:
        self._seed = seed
        self._take_index = take_index
        self._calls: list[_Call] = []
        self._by_index: dict[int, _Call] = {}

    @property
    def any(self) -> bool:
        return any(call.index is not None for call in self._calls)

    @property
    def complete(self) -> bool:
        return all(call.freeform or _is_json("".join(call.written)) for call in self._calls)

    def delta(self, delta: dict[str, Any]) -> list[ir.Event]:
        entries = [
            answers.mapping(entry, "tool call")
            for entry in answers.sequence(delta.get("tool_calls"), "tool_calls")
        ]
        legacy = answers.mapping(delta.get("function_call"), "function_call")
        if legacy.get("name") or legacy.get("arguments"):
            entries.append({"index": 0, "function": legacy})
        signature = google_signature(delta)
        events: list[ir.Event] = []
        for entry in entries:
            events += self._fragment(entry, google_signature(entry) or signature)
            signature = ""
        return events

    def close(self) -> list[ir.Event]:
        """Ends every call. Fragments that come later are not part of the answer."""
        events: list[ir.Event] = []
        for call in self._calls:
            if call.index is None and (call.id or call.written):
                raise UpstreamFailure("protocol", "a tool call without a name")
            if call.index is None or call.closed:
                continue
            call.closed = True
            if not call.freeform and not call.written:
                events.append(ir.PartDelta(index=call.index, text="{}"))
            events.append(ir.PartStop(index=call.index))
        return events

    def _fragment(self, entry: dict[str, Any], signature: str) -> list[ir.Event]:
        function = answers.mapping(entry.get("function"), "function")
        custom = answers.mapping(entry.get("custom"), "custom")
        freeform = bool(custom) and (entry.get("type") == "custom" or not function)
        name = answers.text((custom if freeform else function).get("name"), "tool name")
        call = self._find(entry.get("index"), answers.name(entry.get("id")), name)
        events: list[ir.Event] = []
        if call.index is None:
            call.name, call.freeform = name, freeform
            events += self._begin(call, signature)
        more = (
            answers.text(custom.get("input"), "tool input")
            if call.freeform
            else answers.arguments(function.get("arguments"))
        )
        if more and not call.closed:
            call.written.append(more)
            if call.index is not None:
                events.append(ir.PartDelta(index=call.index, text=more))
        return events

    def _begin(self, call: _Call, signature: str) -> list[ir.Event]:
        if not call.name:
            return []
        call.id = call.id or minted(self._seed, self._calls.index(call))
        call.index = self._take_index()
        extra = {"gemini": {"thoughtSignature": signature}} if signature else ir.NO_EXTRA
        part = ir.ToolCall(id=call.id, name=call.name, freeform=call.freeform, extra=extra)
        events: list[ir.Event] = [ir.PartStart(index=call.index, part=part)]
        held = "".join(call.written)
        return [*events, ir.PartDelta(index=call.index, text=held)] if held else events

    def _find(self, index: object, id_: str, name: str) -> _Call:
        """The call that a fragment belongs to; a new one when it can be none of the known."""
        if isinstance(index, int):
            known = self._by_index.get(index)
            other = known is not None and known.name and name and id_ and id_ != known.id
        else:
            known = next((call for call in self._calls if id_ and call.id == id_), None)
            if known is None and not id_ and not name and self._calls:
                known = self._calls[-1]
            other = False
        if known is None or other:
            known = _Call()
            self._calls.append(known)
            if isinstance(index, int):
                self._by_index[index] = known
        known.id = known.id or id_
        return known


def google_signature(holder: dict[str, Any]) -> str:
    """The thought signature in Google's `extra_content`, on a message or on a call."""
    extra = holder.get("extra_content")
    google = extra.get("google") if isinstance(extra, dict) else None
    told = google.get("thought_signature") if isinstance(google, dict) else None
    return carrier.unmarked(answers.name(told))


def _is_json(arguments: str) -> bool:
    try:
        orjson.loads(arguments or "{}")
    except orjson.JSONDecodeError:
        return False
    return True


def signed(entry: dict[str, Any], extra: ir.Extra) -> dict[str, Any]:
    """A call's entry with its thought signature, for who speaks this format and made it."""
    signature = _thought_signature(extra)
    return _with_signature(entry, signature) if signature else entry


def carried(entry: dict[str, Any], extra: ir.Extra) -> dict[str, Any]:
    """A call's entry with the thought signature that its client has to send back, marked so that it
    returns to its owner only."""
    signature = _thought_signature(extra)
    return _with_signature(entry, carrier.marked(signature)) if signature else entry


def _thought_signature(extra: ir.Extra) -> str:
    return answers.name(own(extra, "gemini").get("thoughtSignature"))


def _with_signature(entry: dict[str, Any], signature: str) -> dict[str, Any]:
    return {**entry, "extra_content": {"google": {"thought_signature": signature}}}


def random_seed() -> str:
    """For answers without an id, so that their calls still get ids of their own."""
    return token_hex(12)
