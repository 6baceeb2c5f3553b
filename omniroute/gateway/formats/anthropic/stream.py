"""A provider's stream into the hub's events.

Grammar: message_start, then blocks one after another, message_delta, message_stop. The type in the
data decides, not the `event:` line, which some hosts leave out. Only message_stop ends an answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from omniroute.gateway import ir, sse
from omniroute.gateway.errors import InvalidRequest, UpstreamFailure
from omniroute.gateway.formats.anthropic import counts, stops
from omniroute.gateway.formats.anthropic.name import FORMAT_NAME
from omniroute.gateway.formats.anthropic.opened import Opened
from omniroute.gateway.translation import answers, vendor_errors
from omniroute.gateway.translation.fields import Fields, filed

_MESSAGE = ("id", "type", "role", "model", "content", "stop_reason", "stop_sequence", "usage")


class Reader:
    def __init__(self) -> None:
        self._parser = sse.Parser()
        self._open: dict[int, Opened] = {}
        self._next = 0
        self._usage: dict[str, Any] = {}
        self._delta: dict[str, Any] = {}
        self._calls = False
        self._done = False
        self._handlers: dict[str, Callable[[Fields], list[ir.Event]]] = {
            "message_start": self._start,
            "content_block_start": self._block_start,
            "content_block_delta": self._block_delta,
            "content_block_stop": self._block_stop,
            "message_delta": self._message_delta,
            "message_stop": self._message_stop,
        }

    def feed(self, chunk: bytes) -> list[ir.Event]:
        return self._read(self._parser.feed(chunk))

    def close(self) -> list[ir.Event]:
        try:
            return self._read(self._parser.close())
        except UpstreamFailure:
            return []  # the stream broke off inside an event: incomplete, whatever it was

    def _read(self, events: list[sse.Event]) -> list[ir.Event]:
        read: list[ir.Event] = []
        for event in events:
            if self._done or event.data == b"[DONE]":
                continue
            try:
                read += self._event(event)
            except InvalidRequest as exc:
                raise UpstreamFailure("protocol", exc.message) from exc
        return read

    def _event(self, event: sse.Event) -> list[ir.Event]:
        data = answers.event(event.data)
        kind = data.get("type")
        kind = kind if isinstance(kind, str) else event.name.decode("utf-8", "replace")
        handler = self._handlers.get(kind)
        if handler is not None:
            return handler(Fields(data))
        error = vendor_errors.inside(data)
        if error is None and kind == "error":
            error = vendor_errors.of(data)
        if error is None:
            return []  # a ping, or something newer than this reader
        self._done = True
        return [ir.Failure(error=error)]

    def _start(self, data: Fields) -> list[ir.Event]:
        message = data.inner("message")
        usage = message.raw.get("usage")
        self._usage = counts.merge(None, usage)
        return [
            ir.Start(
                id=message.text("id") or "",
                model=message.text("model") or "",
                usage=counts.read(usage),
                extra=message.extras(FORMAT_NAME, _MESSAGE),
            )
        ]

    def _block_start(self, data: Fields) -> list[ir.Event]:
        opened = Opened(self._next, data.inner("content_block"))
        self._next += 1
        self._calls = self._calls or isinstance(opened.part, ir.ToolCall)
        self._open[_index(data)] = opened
        return opened.start()

    def _block_delta(self, data: Fields) -> list[ir.Event]:
        opened = self._open.get(_index(data))
        if opened is None:
            raise UpstreamFailure("protocol", "a delta outside of a block")
        return opened.delta(data.inner("delta"))

    def _block_stop(self, data: Fields) -> list[ir.Event]:
        opened = self._open.pop(_index(data), None)
        return [] if opened is None else opened.stop()

    def _message_delta(self, data: Fields) -> list[ir.Event]:
        delta, reported = data.child("delta"), data.child("usage")
        self._delta |= delta.raw if delta else {}
        if "context_management" in data.raw:
            self._delta["context_management"] = data.raw["context_management"]
        if reported is None:
            return []
        self._usage = counts.merge(self._usage, reported.raw)
        usage = counts.read(self._usage)
        return [] if usage is None else [ir.UsageReport(usage=usage)]

    def _message_stop(self, _: Fields) -> list[ir.Event]:
        self._done = True
        ended = [event for opened in self._open.values() for event in opened.stop()]
        reason, sequence = self._delta.get("stop_reason"), self._delta.get("stop_sequence")
        fields = Fields(self._delta).rest(("stop_reason", "stop_sequence")) | stops.unusual(reason)
        finish = ir.Finish(
            reason=stops.read(reason, self._calls),
            stop_sequence=sequence if isinstance(sequence, str) else None,
            extra=filed(FORMAT_NAME, fields),
        )
        return [*ended, finish]


def _index(data: Fields) -> int:
    index = data.integer("index")
    if index is None:
        raise data.fault("index", "be a number")
    return index
