"""Server-sent events as bytes, in both directions (WHATWG HTML, section 9.2).

Lines end with LF, CRLF or CR and nothing else. An event is bounded; a longer one is an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from omniroute.gateway.errors import UpstreamFailure

MAX_EVENT_BYTES = 1 << 20
_LINE_END = re.compile(rb"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its `event:` name (empty when absent) and its joined `data:` lines."""

    name: bytes
    data: bytes


class Parser:
    """Feed bytes split anywhere; get whole events. `close()` gives a last one without blank line."""

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max = max_event_bytes
        self._tail = b""
        self._name = b""
        self._data: list[bytes] = []
        self._size = 0
        self._first = True

    def feed(self, chunk: bytes) -> list[Event]:
        events: list[Event] = []
        for line in self._lines(chunk):
            event = self._line(line)
            if event is not None:
                events.append(event)
        return events

    def close(self) -> list[Event]:
        events = [event for line in (self._tail, b"") if (event := self._line(line)) is not None]
        self._tail = b""
        return events

    def _lines(self, chunk: bytes) -> Iterator[bytes]:
        buffer = self._tail + chunk
        if self._first and len(buffer) >= 3:
            self._first = False
            buffer = buffer.removeprefix(b"\xef\xbb\xbf")
        # A trailing CR may be the first half of CRLF: it waits for the next chunk.
        usable = len(buffer) - 1 if buffer.endswith(b"\r") else len(buffer)
        start = 0
        for match in _LINE_END.finditer(buffer, 0, usable):
            yield buffer[start : match.start()]
            start = match.end()
        self._tail = buffer[start:]
        if len(self._tail) + self._size > self._max:
            raise UpstreamFailure("too_large", "event")

    def _line(self, line: bytes) -> Event | None:
        if not line:
            return self._dispatch()
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._data.append(value)
            self._size += len(value)
            if self._size > self._max:
                raise UpstreamFailure("too_large", "event")
        elif field == b"event":
            self._name = value
        elif field == b"error":  # llama.cpp's way to report a fault
            self._name, self._data = b"error", [value]
        return None

    def _dispatch(self) -> Event | None:
        name, data = self._name, self._data
        self._name, self._data, self._size = b"", [], 0
        return Event(name, b"\n".join(data)) if data else None


def encode(data: bytes, name: bytes = b"") -> bytes:
    """One event on the wire. `data` must hold no line end (JSON from orjson never does)."""
    if name:
        return b"event: " + name + b"\ndata: " + data + b"\n\n"
    return b"data: " + data + b"\n\n"
