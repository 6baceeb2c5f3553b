"""Server-sent events as bytes, in both directions (WHATWG HTML, section 9.2).

Lines end with LF, CRLF or CR and nothing else. An event is bounded; a longer one is an error.
Every byte is looked at once, however the stream is cut into chunks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from omniroute.gateway.errors import UpstreamFailure

MAX_EVENT_BYTES = 1 << 20
_LINE_END = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its `event:` name (empty when absent) and its joined `data:` lines."""

    name: bytes
    data: bytes


class Parser:
    """Feed bytes split anywhere; get whole events. `close()` gives one without its blank line."""

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max = max_event_bytes
        self._partial = bytearray()
        self._name = b""
        self._data: list[bytes] = []
        self._size = 0
        self._first = True
        self._after_cr = False

    def feed(self, chunk: bytes) -> list[Event]:
        lines = self._lines(chunk)
        events = [event for line in lines if (event := self._line(line)) is not None]
        if len(self._partial) + self._size > self._max:
            raise UpstreamFailure("too_large", "event")
        return events

    def close(self) -> list[Event]:
        last = (self._unmarked(bytes(self._partial)), b"")
        self._partial.clear()
        return [event for line in last if (event := self._line(line)) is not None]

    def _lines(self, chunk: bytes) -> list[bytes]:
        if self._after_cr and chunk:
            # A CR ended a line at once; an LF right behind it belongs to the same line end.
            chunk = chunk.removeprefix(b"\n")
            self._after_cr = False
        lines = chunk.split(b"\n") if b"\r" not in chunk else _LINE_END.split(chunk)
        self._after_cr = chunk.endswith(b"\r")
        rest = lines.pop()
        if lines and self._partial:
            lines[0] = bytes(self._partial) + lines[0]
            self._partial.clear()
        if lines and self._first:
            lines[0] = self._unmarked(lines[0])
        self._partial += rest
        return lines

    def _unmarked(self, line: bytes) -> bytes:
        """The stream's first line may begin with a byte order mark."""
        first, self._first = self._first, False
        return line.removeprefix(_BOM) if first else line

    def _line(self, line: bytes) -> Event | None:
        if not line:
            return self._dispatch()
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._add(value)
        elif field == b"event":
            self._name = value
        elif field == b"error":  # llama.cpp's way to report a fault
            self._name, self._data, self._size = b"error", [], 0
            self._add(value)
        return None

    def _add(self, value: bytes) -> None:
        self._data.append(value)
        self._size += len(value) + 1
        if self._size - 1 > self._max:
            raise UpstreamFailure("too_large", "event")

    def _dispatch(self) -> Event | None:
        name, data = self._name, self._data
        self._name, self._data, self._size = b"", [], 0
        return Event(name, b"\n".join(data)) if data else None


def encode(data: bytes, name: bytes = b"") -> bytes:
    """One event on the wire. `data` must hold no line end (JSON from orjson never does)."""
    if name:
        return b"event: " + name + b"\ndata: " + data + b"\n\n"
    return b"data: " + data + b"\n\n"
