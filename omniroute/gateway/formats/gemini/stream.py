"""A provider's stream -> events. Server-sent events or a JSON array, split at any byte.

The end of the body after a `finishReason` is the terminal event; without one the stream is
incomplete.
"""

from __future__ import annotations

from typing import Any

from omniroute.gateway import ir, sse
from omniroute.gateway.formats.gemini import counts, finish
from omniroute.gateway.formats.gemini.answer import Answer
from omniroute.gateway.formats.gemini.array import MAX_EVENT_BYTES, Splitter
from omniroute.gateway.formats.gemini.opened import Opened
from omniroute.gateway.formats.gemini.response import RESPONSE, candidate_of, extra_of
from omniroute.gateway.translation import answers, vendor_errors
from omniroute.gateway.usage import Usage

_BOM = b"\xef\xbb\xbf"


class Frames:
    """The JSON texts of a stream in either form, which its first byte tells."""

    def __init__(self) -> None:
        self._parser: sse.Parser | None = None
        self._splitter: Splitter | None = None
        self._head = b""

    def feed(self, chunk: bytes) -> list[bytes]:
        if self._parser is not None:
            return [event.data for event in self._parser.feed(chunk)]
        if self._splitter is not None:
            return self._splitter.feed(chunk)
        self._head += chunk
        begun = self._head.removeprefix(_BOM).lstrip()
        if not begun or _BOM.startswith(self._head):
            return []
        if begun[:1] in (b"[", b"{"):
            self._splitter = Splitter()
        else:
            self._parser = sse.Parser(MAX_EVENT_BYTES)
        return self.feed(begun)

    def close(self) -> list[bytes]:
        """An event that was not ended by a blank line, if it is there to its last byte."""
        events = self._parser.close() if self._parser is not None else []
        return [event.data for event in events if answers.whole(event.data)]


class Reader:
    """The hub carries one candidate: the first."""

    def __init__(self) -> None:
        self._frames = Frames()
        self._answer: Answer | None = None
        self._opened = Opened()
        self._reason = ""
        self._usage: Usage | None = None
        self._told: dict[str, Any] = {}  # what is said of the answer as a whole
        self._candidate: dict[str, Any] = {}
        self._failed = False

    def feed(self, chunk: bytes) -> list[ir.Event]:
        return [event for data in self._frames.feed(chunk) for event in self._chunk(data)]

    def close(self) -> list[ir.Event]:
        out = [event for data in self._frames.close() for event in self._chunk(data)]
        if not self._reason or self._failed or self._answer is None:
            return out
        answer = self._answer
        if finish.is_broken(self._reason) and answer.empty:
            error = finish.fault(self._reason, self._candidate.get("finishMessage"))
            return [*out, ir.Failure(error=error)]
        out += self._opened.all(answer.close(self._reason))
        out += self._opened.close()
        reason = finish.read(self._reason, called=answer.called)
        return [*out, ir.Finish(reason=reason, extra=extra_of(self._told, self._candidate))]

    def _chunk(self, data: bytes) -> list[ir.Event]:
        if self._failed or data == b"[DONE]":
            return []
        chunk = answers.event(data)
        error = vendor_errors.inside(chunk)
        if error is not None:
            self._failed = True
            return [ir.Failure(error=error)]
        out = self._begin(chunk)
        out += self._content(chunk)
        usage = counts.read(chunk.get("usageMetadata"))
        if usage is not None and usage != self._usage:
            self._usage = usage
            out.append(ir.UsageReport(usage=usage))
        return out

    def _begin(self, chunk: dict[str, Any]) -> list[ir.Event]:
        self._told |= {key: value for key, value in chunk.items() if key not in RESPONSE}
        if self._answer is not None:
            return []
        seed = answers.name(chunk.get("responseId"))
        self._answer = Answer(seed)
        return [ir.Start(id=seed, model=answers.name(chunk.get("modelVersion")))]

    def _content(self, chunk: dict[str, Any]) -> list[ir.Event]:
        candidate, reason = candidate_of(chunk)
        self._reason = reason or self._reason
        if candidate is None or self._answer is None:
            return []
        self._candidate |= candidate
        return self._opened.all(self._answer.read(candidate))
