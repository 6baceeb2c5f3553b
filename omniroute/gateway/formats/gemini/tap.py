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
from omniroute.gateway.errors import UpstreamError
from omniroute.gateway.formats import Head
from omniroute.gateway.formats.gemini import counts, finish
from omniroute.gateway.formats.gemini.array import MAX_EVENT_BYTES, Splitter
from omniroute.gateway.formats.gemini.response import candidate_of
from omniroute.gateway.translation import answers, blocks, vendor_errors
from omniroute.gateway.translation.renaming import Renaming
from omniroute.gateway.usage import Usage

_SAID = re.compile(rb'"text"\s*:\s*"((?:[^"\\]|\\.)*)"')
_USAGE = b'"usageMetadata"'
_MATTERS = (b'"finishReason"', b'"error"', b'"promptFeedback"', b'"functionCall"')


class Tap:
    def __init__(self, head: Head, upstream_model: str) -> None:
        self.ready = False
        self.done = False
        self.error: UpstreamError | None = None
        self.output_bytes = 0
        self._renaming = Renaming(b'"modelVersion": ', upstream_model, head.model)
        self._blocks = blocks.Blocks(MAX_EVENT_BYTES)
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
        for raw in reversed(blocks.split(counted)):
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
            return self._renaming.block(block)
        return b"".join([self._event(raw) for raw in blocks.split(block)])

    def close(self) -> bytes:
        rest = self._blocks.close()
        data = blocks.fields(rest)[1]
        forward = self._event(rest.rstrip(b"\r\n") + b"\n\n") if answers.whole(data) else b""
        if self.error is not None:
            return b""
        self.done = self._finished
        return forward + bytes(self._held)

    def _whole(self, chunk: bytes) -> bytes:
        """All events that are complete; what an array begins with is none."""
        if not self._begun:
            start = chunk.lstrip()[:1]
            self._begun = bool(start)
            if start in (b"[", b"{"):
                self._array = Splitter()
                return self._events(chunk)
        return self._blocks.feed(chunk)

    def _events(self, chunk: bytes) -> bytes:
        """The pieces of JSON where events were asked for: an array, or an error alone."""
        assert self._array is not None  # noqa: S101  (for the type checker: callers have looked)
        objects = map(answers.event, self._array.feed(chunk))
        return b"".join([sse.encode(orjson.dumps(one)) for one in objects])

    def _event(self, raw: bytes) -> bytes:
        """What to forward of one event: nothing of an error, nor of what follows it."""
        if self.error is not None:
            return b""
        data = blocks.fields(raw)[1]
        if data == b"[DONE]":  # no client of this format knows it
            return b""
        if data:
            chunk = answers.event(data)
            self._look(chunk)
            if self.error is not None:
                return b""
            if "usageMetadata" in chunk:
                self._counted = raw
            raw = self._renaming.event(raw, chunk.get("modelVersion"))
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


def _usage(raw: bytes) -> Usage | None:
    data = blocks.fields(raw)[1]
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
