"""A provider's stream into the hub's events.

Grammar: message_start, then blocks one after another, message_delta, message_stop. The type in the
data decides, not the `event:` line, which some hosts leave out. Only message_stop ends an answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from omniroute.gateway import ir, sse
from omniroute.gateway.errors import InvalidRequest, UpstreamFailure
from omniroute.gateway.formats.anthropic import counts, faults, stops
from omniroute.gateway.formats.anthropic.fields import (
    FORMAT_NAME,
    extra,
    optional,
    own,
    required,
)
from omniroute.gateway.formats.anthropic.opened import Data, Opened

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
        self._handlers: dict[str, Callable[[Data], list[ir.Event]]] = {
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
        data = _load(event.data)
        kind = data.get("type")
        kind = kind if isinstance(kind, str) else event.name.decode("utf-8", "replace")
        handler = self._handlers.get(kind)
        if handler is not None:
            return handler(data)
        error = faults.find(data) or (data if kind == "error" else None)
        if error is None:
            return []  # a ping, or something newer than this reader
        self._done = True
        return [ir.Failure(error=faults.fault(error))]

    def _start(self, data: Data) -> list[ir.Event]:
        message = required(data, "message", dict)
        self._usage = counts.merge(None, message.get("usage"))
        return [
            ir.Start(
                id=optional(message, "id", str) or "",
                model=optional(message, "model", str) or "",
                usage=counts.read(message.get("usage")),
                extra=extra(message, *_MESSAGE),
            )
        ]

    def _block_start(self, data: Data) -> list[ir.Event]:
        opened = Opened(self._next, required(data, "content_block", dict))
        self._next += 1
        self._calls = self._calls or isinstance(opened.part, ir.ToolCall)
        self._open[required(data, "index", int)] = opened
        return opened.start()

    def _block_delta(self, data: Data) -> list[ir.Event]:
        opened = self._open.get(required(data, "index", int))
        if opened is None:
            raise UpstreamFailure("protocol", "a delta outside of a block")
        return opened.delta(required(data, "delta", dict))

    def _block_stop(self, data: Data) -> list[ir.Event]:
        opened = self._open.pop(required(data, "index", int), None)
        return [] if opened is None else opened.stop()

    def _message_delta(self, data: Data) -> list[ir.Event]:
        self._delta |= optional(data, "delta", dict) or {}
        if "context_management" in data:
            self._delta["context_management"] = data["context_management"]
        reported = optional(data, "usage", dict)
        if reported is None:
            return []
        self._usage = counts.merge(self._usage, reported)
        usage = counts.read(self._usage)
        return [] if usage is None else [ir.UsageReport(usage=usage)]

    def _message_stop(self, _: Data) -> list[ir.Event]:
        self._done = True
        ended = [event for opened in self._open.values() for event in opened.stop()]
        reason, sequence = self._delta.get("stop_reason"), self._delta.get("stop_sequence")
        fields = own(extra(self._delta, "stop_reason", "stop_sequence")) | stops.unusual(reason)
        finish = ir.Finish(
            reason=stops.read(reason, self._calls),
            stop_sequence=sequence if isinstance(sequence, str) else None,
            extra={FORMAT_NAME: fields} if fields else ir.NO_EXTRA,
        )
        return [*ended, finish]


def _load(data: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as exc:
        raise UpstreamFailure("protocol", "an event that is not JSON") from exc
    if not isinstance(value, dict):
        raise UpstreamFailure("protocol", "an event that is not an object")
    return value
