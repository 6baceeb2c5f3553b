"""The parts of one answer, whole or in chunks, with an id for every call.

Text goes on from chunk to chunk until something else comes. What carries a signature is a part of
its own: it must come back exactly as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from secrets import token_hex
from typing import Any

from omniroute.gateway import ir
from omniroute.gateway.errors import InvalidRequest, UpstreamFailure
from omniroute.gateway.formats.gemini import parts
from omniroute.gateway.formats.gemini.partial import Streamed, is_streamed
from omniroute.gateway.formats.gemini.spelling import FORMAT_NAME
from omniroute.gateway.translation import answers
from omniroute.gateway.translation.fields import Fields
from omniroute.gateway.translation.naming import minted


class Answer:
    """`seed` is what the ids of calls without one are made from."""

    def __init__(self, seed: str) -> None:
        self.called = False
        self.empty = True
        self._seed = seed or token_hex(12)
        self._count = 0
        self._ids = {""}
        self._open: Streamed | None = None

    def read(self, candidate: dict[str, Any]) -> list[ir.Part]:
        content = answers.mapping(candidate.get("content"), "content")
        found: list[ir.Part] = []
        try:
            for raw in answers.sequence(content.get("parts"), "parts"):
                found += self._parts(answers.mapping(raw, "part"))
        except InvalidRequest as exc:
            raise UpstreamFailure("protocol", exc.message) from exc
        found = [part for part in found if not is_nothing(part)]
        self.empty = self.empty and not found
        return found

    def close(self, reason: str) -> list[ir.Part]:
        """The call that was still being streamed when the answer ended, unless it was cut."""
        if self._open is None or reason != "STOP":
            return []
        return [self._finished(self._open)]

    def _parts(self, raw: dict[str, Any]) -> Iterator[ir.Part]:
        call = raw.get("functionCall")
        if not isinstance(call, dict):
            yield parts.read(Fields(raw, "part"))
            return
        if self._open is not None and call.get("name"):
            yield self._finished(self._open)
        if self._open is None:
            if not is_streamed(call):
                yield self._called(raw)
                return
            self._open = Streamed()
        if self._open.add(raw, call):
            yield self._finished(self._open)

    def _finished(self, streamed: Streamed) -> ir.ToolCall:
        self._open = None
        return self._called(streamed.part())

    def _called(self, raw: dict[str, Any]) -> ir.ToolCall:
        """A call, whose id is its own in this answer."""
        part = parts.call(Fields(raw, "part"))
        self.called = True
        given = part.id
        while given in self._ids:
            self._count += 1
            given = minted(self._seed, self._count)
        self._ids.add(given)
        return replace(part, id=given)


def is_nothing(part: ir.Part) -> bool:
    return part in (ir.Text(text=""), ir.Thinking(text="", origin=FORMAT_NAME))


def joined(found: Iterable[ir.Part]) -> tuple[ir.Part, ...]:
    """Parts with neighbours that are one made one."""
    result: list[ir.Part] = []
    texts: list[list[str]] = []
    for part in found:
        text = part.text if isinstance(part, ir.Text | ir.Thinking) else ""
        if result and _goes_on(result[-1], part):
            result[-1] = part
            texts[-1].append(text)
        else:
            result.append(part)
            texts.append([text])
    return tuple(
        replace(part, text="".join(pieces)) if isinstance(part, ir.Text | ir.Thinking) else part
        for part, pieces in zip(result, texts, strict=True)
    )


def _goes_on(last: ir.Part, part: ir.Part) -> bool:
    match last, part:
        case ir.Text(), ir.Text():
            return not last.extra and not part.extra
        case ir.Thinking(origin="gemini", signature=None), ir.Thinking(origin="gemini"):
            return not last.extra
        case _:
            return False
