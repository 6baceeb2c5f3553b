"""The piecewise JSON array that `streamGenerateContent` gives without `alt=sse`, both ways.

Every byte is looked at once, however the stream is cut.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from omniroute.gateway import sse
from omniroute.gateway.errors import UpstreamFailure

# One event may hold a whole picture.
MAX_EVENT_BYTES = 20 << 20

_OUTSIDE = re.compile(rb'["{}]')
_INSIDE = re.compile(rb'["\\]')


class Splitter:
    """The objects of a JSON array (or one after another), each as soon as it is complete."""

    def __init__(self) -> None:
        self._object = bytearray()  # from its brace to what was looked at
        self._depth = 0
        self._in_string = False
        self._escaped = False

    def feed(self, chunk: bytes) -> list[bytes]:
        found: list[bytes] = []
        start = 0
        for token, at in self._tokens(chunk):
            if token == b"{":
                start = start if self._depth else at
                self._depth += 1
            elif self._depth:
                self._depth -= 1
                if not self._depth:
                    found.append(bytes(self._object) + chunk[start : at + 1])
                    self._object.clear()
        if self._depth:
            self._object += chunk[start:]
            if len(self._object) > MAX_EVENT_BYTES:
                raise UpstreamFailure("too_large", "event")
        return found

    def _tokens(self, chunk: bytes) -> Iterator[tuple[bytes, int]]:
        """The braces outside of strings, and where they stand."""
        at = int(self._escaped)
        self._escaped = self._escaped and not chunk
        while (match := (_INSIDE if self._in_string else _OUTSIDE).search(chunk, at)) is not None:
            token, at = match[0], match.end()
            if token == b"\\":
                self._escaped = at == len(chunk)
                at += 1
            elif token == b'"':
                self._in_string = not self._in_string
            else:
                yield token, match.start()


class ArrayStream:
    """What a writer or a tap says in server-sent events, as the pieces of one JSON array."""

    stream_content_type = "application/json"

    def __init__(self) -> None:
        self._parser = sse.Parser(MAX_EVENT_BYTES)
        self._begun = False

    def feed(self, chunk: bytes) -> bytes:
        """A chunk of nothing but white space, which keeps a stream open, becomes a line end."""
        said = b"".join([self._piece(event) for event in self._parser.feed(chunk)])
        return said or (b"\n" if chunk and not chunk.strip() else b"")

    def close(self) -> bytes:
        rest = b"".join([self._piece(event) for event in self._parser.close()])
        return rest + (b"\n]" if self._begun else b"[]")

    def _piece(self, event: sse.Event) -> bytes:
        mark, self._begun = (b"\n," if self._begun else b"["), True
        return mark + event.data
