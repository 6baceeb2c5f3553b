"""Watches a stream that passes through.

Once content was seen, whole blocks of events pass without being parsed: what matters is found by
names that JSON escapes inside of text. The end is held back until the body has ended, because only
then the answer is complete.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from omniroute.gateway import sse
from omniroute.gateway.errors import UpstreamError, UpstreamFailure
from omniroute.gateway.formats import Head
from omniroute.gateway.formats.gemini import counts, finish
from omniroute.gateway.formats.gemini.array import MAX_EVENT_BYTES, Splitter
from omniroute.gateway.formats.gemini.response import candidate_of
from omniroute.gateway.translation import answers, vendor_errors
from omniroute.gateway.usage import Usage

_BOUNDARIES = (b"\r\n\r\n", b"\n\n", b"\r\r")
_BOUNDARY = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_MODEL = re.compile(rb'("modelVersion"\s*:\s*)("(?:[^"\\]|\\.)*")')
_SAID = re.compile(rb'"text"\s*:\s*"((?:[^"\\]|\\.)*)"')
_USAGE = b'"usageMetadata"'
_MATTERS = (b'"finishReason"', b'"error"', b'"promptFeedback"', b'"functionCall"')


class Tap:
    def __init__(self, head: Head, upstream_model: str) -> None:
        self.ready = False
        self.done = False
        self.error: UpstreamError | None = None
        self.output_bytes = 0
        self._wanted = orjson.dumps(head.model)
        self._old = b'"modelVersion": ' + orjson.dumps(upstream_model)
        self._new = b'"modelVersion": ' + self._wanted
        self._tail = bytearray()
        self._begun = False
        self._array: Splitter | None = None
        self._finished = False
        self._held = bytearray()  # the end, which must wait
        self._counted = b""  # the last block that tells the usage, not yet read
        self._usage: Usage | None = None

    @property
    def usage(self) -> Usage | None:
        """Told in nearly every event; only the last one is worth reading."""
        counted, self._counted = self._counted, b""
        for raw in reversed(_split(counted)):
            found = _usage(raw)
            if found is not None:
                self._usage = found
                break
        return self._usage

    @usage.setter
    def usage(self, usage: Usage | None) -> None:
        self._counted, self._usage = b"", usage

    def feed(self, chunk: bytes) -> bytes:
        block = self._whole(chunk) if self._array is None else self._events(chunk)
        if not block:
            return b""
        if self.ready and not self._finished and not any(name in block for name in _MATTERS):
            if _USAGE in block:
                self._counted = block
            self.output_bytes += sum(map(len, _SAID.findall(block)))
            return block.replace(self._old, self._new)
        return b"".join([self._event(raw) for raw in _split(block)])

    def close(self) -> bytes:
        rest = bytes(self._tail)
        self._tail.clear()
        data = _data(rest)
        forward = self._event(rest.rstrip(b"\r\n") + b"\n\n") if answers.whole(data) else b""
        if self.error is not None:
            return b""
        self.done = self._finished
        return forward + bytes(self._held)

    def _whole(self, chunk: bytes) -> bytes:
        """All events that are complete; the rest waits."""
        tail = self._tail
        if not self._begun:
            tail += chunk
            start = bytes(tail.lstrip()[:1])
            if start in (b"[", b"{"):
                self._array, whole = Splitter(), bytes(tail)
                tail.clear()
                return self._events(whole)
            self._begun, chunk = bool(start), b""
        elif not tail and chunk.endswith((b"\r\n\r\n", b"\n\n")):
            return chunk
        start_at = max(0, len(tail) - 3) if chunk else 0
        tail += chunk
        end = max(
            at + len(boundary) if (at := tail.rfind(boundary, start_at)) >= 0 else 0
            for boundary in _BOUNDARIES
        )
        block = bytes(tail[:end])
        del tail[:end]
        if len(tail) > MAX_EVENT_BYTES:
            raise UpstreamFailure("too_large", "event")
        return block

    def _events(self, chunk: bytes) -> bytes:
        """The pieces of JSON where events were asked for: an array, or an error alone."""
        assert self._array is not None  # noqa: S101  (for the type checker: callers have looked)
        objects = map(answers.event, self._array.feed(chunk))
        return b"".join([sse.encode(orjson.dumps(one)) for one in objects])

    def _event(self, raw: bytes) -> bytes:
        """What to forward of one event: nothing of an error, nor of what follows it."""
        if self.error is not None:
            return b""
        data = _data(raw)
        if data == b"[DONE]":  # no client of this format knows it
            return b""
        if data:
            chunk = answers.event(data)
            self._look(chunk)
            if self.error is not None:
                return b""
            if "usageMetadata" in chunk:
                self._counted = raw
            raw = self._renamed(raw, chunk.get("modelVersion"))
        if not self._finished:
            return raw
        self._held += raw
        return b""

    def _look(self, chunk: dict[str, Any]) -> None:
        if not self._finished:
            self.error = vendor_errors.inside(chunk)
        candidate, reason = candidate_of(chunk)
        for part in _parts(candidate):
            self.output_bytes += _size(part)
            self.ready = self.ready or _is_content(part)
        if reason and finish.is_broken(reason) and not self.ready:
            self.error = finish.fault(reason, (candidate or {}).get("finishMessage"))
        self._finished = self._finished or bool(reason)

    def _renamed(self, raw: bytes, model: object) -> bytes:
        if isinstance(model, str) and self._old not in raw:
            for match in _MODEL.finditer(raw):
                if orjson.loads(match[2]) == model:
                    self._old, self._new = match[0], match[1] + self._wanted
                    break
        return raw.replace(self._old, self._new)


def _split(block: bytes) -> list[bytes]:
    """The events of a block of whole events, each with its end."""
    ends = [match.end() for match in _BOUNDARY.finditer(block)]
    return [block[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def _data(raw: bytes) -> bytes:
    """The data of one event, empty for a comment."""
    parser = sse.Parser(MAX_EVENT_BYTES)
    events = [*parser.feed(raw), *parser.close()]
    return events[-1].data.strip() if events else b""


def _usage(raw: bytes) -> Usage | None:
    data = _data(raw)
    body = orjson.loads(data) if answers.whole(data) else None
    return counts.read(body.get("usageMetadata")) if isinstance(body, dict) else None


def _parts(candidate: dict[str, Any] | None) -> list[Any]:
    content = candidate.get("content") if candidate is not None else None
    parts = content.get("parts") if isinstance(content, dict) else None
    return parts if isinstance(parts, list) else []


def _is_content(part: Any) -> bool:
    """Whether a part says anything: text that is not empty, or something else than text."""
    if not isinstance(part, dict):
        return False
    return bool(part.get("text")) or bool(part.keys() - {"text", "thought", "thoughtSignature"})


def _size(part: Any) -> int:
    if not isinstance(part, dict):
        return 0
    said = part.get("text")
    call = part.get("functionCall")
    return len(said) if isinstance(said, str) else len(orjson.dumps(call)) if call else 0
