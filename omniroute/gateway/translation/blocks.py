"""A stream of server-sent events in blocks of whole events, as a tap looks at it.

Bytes stay as they came. A block passes without being split where nothing in it matters.
"""

from __future__ import annotations

import re

from omniroute.gateway import sse
from omniroute.gateway.errors import UpstreamFailure

_BOUNDARIES = (b"\n\n", b"\n\r\n", b"\r\r")
_BOUNDARY = re.compile(rb"\n\r?\n|\r\r")
_WHOLE = (b"\n\n", b"\n\r\n")


class Blocks:
    """Feed bytes split anywhere; get all events that are complete. The rest waits."""

    def __init__(self, max_event_bytes: int = sse.MAX_EVENT_BYTES) -> None:
        self._max = max_event_bytes
        self._tail = bytearray()

    def feed(self, chunk: bytes) -> bytes:
        tail = self._tail
        if not tail and chunk.endswith(_WHOLE):
            return chunk
        start = max(0, len(tail) - 2)
        tail += chunk
        end = max(
            at + len(boundary) if (at := tail.rfind(boundary, start)) >= 0 else 0
            for boundary in _BOUNDARIES
        )
        block = bytes(tail[:end])
        del tail[:end]
        if len(tail) > self._max:
            raise UpstreamFailure("too_large", "event")
        return block

    def close(self) -> bytes:
        """What came behind the last whole event."""
        rest = bytes(self._tail)
        self._tail.clear()
        return rest


def split(block: bytes) -> list[bytes]:
    """The events of a block, each with the blank line that ends it."""
    if b"\r" not in block:
        return [event + b"\n\n" for event in block.split(b"\n\n")[:-1]]
    ends = [match.end() for match in _BOUNDARY.finditer(block)]
    return [block[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def fields(event: bytes) -> tuple[bytes, bytes]:
    """The name and the data of one event, both empty for a comment."""
    if event.startswith(b"data:") and event.find(b"\n") == len(event) - 2:
        return b"", event[5:].strip()
    parser = sse.Parser(len(event))
    found = [*parser.feed(event), *parser.close()]
    return (found[-1].name, found[-1].data.strip()) if found else (b"", b"")
