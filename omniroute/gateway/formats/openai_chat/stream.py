"""A provider's stream -> events. Bytes may be split anywhere, also inside a character.

`[DONE]` ends a stream, and so does its end once a `finish_reason` was seen, because several servers
leave `[DONE]` out. A `[DONE]` alone counts only when nothing is visibly half-written. An error that
follows the finish takes nothing back: the answer is whole.
"""

from __future__ import annotations

from typing import Any

from omniroute.gateway import ir, sse
from omniroute.gateway.errors import UpstreamError
from omniroute.gateway.translation import answers, vendor_errors
from omniroute.gateway.usage import Usage

from . import calls, finish, usage
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
            if not self._ended and answers.whole(event.data):
                out += self._event(event)
        if not self._ended and self._reason is not None:
            out += self._finish(self._reason)
        return out

    def _event(self, event: sse.Event) -> list[ir.Event]:
        if event.data == _DONE:
            return self._done()
        if event.name == b"error":
            error = vendor_errors.read(200, event.data)
            return [] if self._reason is not None else self._fail(error)
        return self._chunk(answers.event(event.data))

    def _chunk(self, chunk: dict[str, Any]) -> list[ir.Event]:
        error = None if self._reason is not None else vendor_errors.inside(chunk)
        if error is not None:
            return self._fail(error)
        out: list[ir.Event] = []
        for entry in answers.sequence(chunk.get("choices"), "choices"):
            choice = answers.mapping(entry, "choice")
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
            seed = answers.name(chunk.get("id"))
            out.append(ir.Start(id=seed, model=answers.name(chunk.get("model"))))
            self._parts = Parts(seed=seed or calls.random_seed(), inline_think=self._inline_think)
        out += self._parts.delta(answers.mapping(choice.get("delta"), "delta"))
        reason = answers.name(choice.get("finish_reason"))
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
