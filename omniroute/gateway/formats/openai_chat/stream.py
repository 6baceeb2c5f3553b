"""A provider's stream -> events. Bytes may be split anywhere, also inside a character.

`[DONE]` ends a stream, and so does its end once a `finish_reason` was seen, because several servers
leave `[DONE]` out. A `[DONE]` alone counts only when nothing is visibly half-written. An error that
follows the finish takes nothing back: the answer is whole.
"""

from __future__ import annotations

from typing import Any

import orjson

from omniroute.gateway import ir, sse
from omniroute.gateway.errors import UpstreamError, UpstreamFailure
from omniroute.gateway.usage import Usage

from . import calls, errors, finish, shape, usage
from .parts import Parts

_DONE = b"[DONE]"


class Reader:
    """The hub carries one choice: the first."""

    def __init__(self, *, inline_think: bool = False) -> None:
        self._sse = sse.Parser()
        self._inline_think = inline_think
        self._begun = False
        self._parts = Parts()
        self._reason: str | None = None
        self._matched: object = None
        self._usage: Usage | None = None
        self._ended = False

    def feed(self, chunk: bytes) -> list[ir.Event]:
        out: list[ir.Event] = []
        for event in self._sse.feed(chunk):
            if not self._ended:
                out += self._event(event)
        return out

    def close(self) -> list[ir.Event]:
        out: list[ir.Event] = []
        for event in self._sse.close():
            if not self._ended and _is_whole(event):
                out += self._event(event)
        if not self._ended and self._reason is not None:
            out += self._finish(self._reason)
        return out

    def _event(self, event: sse.Event) -> list[ir.Event]:
        if event.data == _DONE:
            return self._done()
        if event.name == b"error":
            return [] if self._reason is not None else self._fail(errors.event(event.data))
        try:
            chunk = orjson.loads(event.data)
        except orjson.JSONDecodeError as exc:
            raise UpstreamFailure("protocol", "an event is not JSON") from exc
        return self._chunk(shape.mapping(chunk, "event"))

    def _chunk(self, chunk: dict[str, Any]) -> list[ir.Event]:
        if chunk.get("error") and self._reason is None:
            return self._fail(errors.inside(chunk))
        out: list[ir.Event] = []
        for entry in shape.sequence(chunk.get("choices"), "choices"):
            choice = shape.mapping(entry, "choice")
            if not choice.get("index"):
                out += self._choice(chunk, choice)
        found = usage.of(chunk)
        if found is not None and found != self._usage:
            self._usage = found
            out.append(ir.UsageReport(usage=found))
        return out

    def _choice(self, chunk: dict[str, Any], choice: dict[str, Any]) -> list[ir.Event]:
        out: list[ir.Event] = []
        if not self._begun:
            self._begun = True
            seed = shape.name(chunk.get("id"))
            out.append(ir.Start(id=seed, model=shape.name(chunk.get("model"))))
            self._parts = Parts(seed=seed or calls.random_seed(), inline_think=self._inline_think)
        out += self._parts.delta(shape.mapping(choice.get("delta"), "delta"))
        reason = shape.name(choice.get("finish_reason"))
        if reason and self._reason is None:
            self._reason, self._matched = reason, choice.get("stop_reason")
            out += self._parts.close()
        return out

    def _fail(self, error: UpstreamError) -> list[ir.Event]:
        self._ended = True
        return [ir.Failure(error=error)]

    def _done(self) -> list[ir.Event]:
        if self._reason is not None:
            return self._finish(self._reason)
        self._ended = True
        if self._parts.empty or not self._parts.complete:
            return []
        return self._finish("")

    def _finish(self, reason: str) -> list[ir.Event]:
        self._ended = True
        rest = self._parts.close()
        word, matched = finish.read(
            reason,
            called=self._parts.called,
            refused=self._parts.refused,
            matched=self._matched,
        )
        return [*rest, ir.Finish(reason=word, stop_sequence=matched)]


def _is_whole(event: sse.Event) -> bool:
    """Whether an event that was not ended by a blank line is there to its last byte."""
    if event.data == _DONE:
        return True
    try:
        orjson.loads(event.data)
    except orjson.JSONDecodeError:
        return False
    return True
