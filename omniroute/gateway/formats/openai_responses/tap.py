"""Watches a Responses stream that passes through.

Once content was seen, whole blocks of events pass without being parsed. Only events that hold the
response object or an error matter then, and they are found by byte strings that JSON escapes inside
of text, so that no content can contain them.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from omniroute.gateway.errors import UpstreamError
from omniroute.gateway.formats import Head
from omniroute.gateway.translation import answers, blocks, vendor_errors
from omniroute.gateway.usage import Usage

from . import counts

_MODEL = re.compile(rb'("model"\s*:\s*)("(?:[^"\\]++|\\.)*+")')
_SAID = re.compile(rb'"delta": ?"((?:[^"\\]++|\\.)*+)')
_SILENT = ("message", "reasoning")  # items that are nothing yet when they are announced


class Tap:
    def __init__(self, head: Head) -> None:
        self.ready = False
        self.done = False
        self.error: UpstreamError | None = None
        self.usage: Usage | None = None
        self.output_bytes = 0
        self._blocks = blocks.Blocks()
        self._model = head.model

    def feed(self, chunk: bytes) -> bytes:
        block = self._blocks.feed(chunk)
        if self.ready and self.error is None and not _matters(block):
            self.output_bytes += _said(block)
            return block
        return b"".join([self._event(raw) for raw in blocks.split(block)])

    def close(self) -> bytes:
        """A last event without its blank line is completed; the rest of a cut one is not sent."""
        rest = self._blocks.close().rstrip(b"\r\n")
        return self._event(rest + b"\n\n") if answers.whole(blocks.fields(rest)[1]) else b""

    def _event(self, raw: bytes) -> bytes:
        """What to forward of one event: nothing of an error, nor of what follows it."""
        if self.error is not None:
            return b""
        if self.done or (self.ready and not _matters(raw)):
            self.output_bytes += _said(raw)
            return raw
        name, text = blocks.fields(raw)
        if not text or text == b"[DONE]":
            return raw
        data = answers.event(text)
        kind = answers.name(data.get("type")) or name.decode("utf-8", "replace")
        response = data.get("response")
        if kind == "error" or (data.get("error") and not data.get("type")):
            self.error = vendor_errors.of(data)
            return b""
        if isinstance(response, dict):
            return self._told(raw, kind, response)
        self.ready = self.ready or _has_content(kind, data)
        self.output_bytes += _said(raw)
        return raw

    def _told(self, raw: bytes, kind: str, response: dict[str, Any]) -> bytes:
        if kind == "response.failed" or response.get("error"):
            self.error = vendor_errors.of({"error": response.get("error")})
            return b""
        if kind in ("response.completed", "response.incomplete"):
            self.done = True
            self.usage = counts.of(response)
        return self._renamed(raw, response.get("model"))

    def _renamed(self, raw: bytes, model: object) -> bytes:
        """The event with the model's name exchanged: of several that look alike, the right one."""
        wanted = orjson.dumps(self._model)
        places = [m for m in _MODEL.finditer(raw) if orjson.loads(m[2]) == model]
        for place in places:
            renamed = raw[: place.start(2)] + wanted + raw[place.end(2) :]
            if len(places) == 1 or _model(renamed) == self._model:
                return renamed
        return raw


def _matters(block: bytes) -> bool:
    """Whether a block may hold the response object or an error."""
    return (
        b'"response":' in block
        or b'"error"' in block
        or b"event: error" in block
        or b"event:error" in block
    )


def _said(block: bytes) -> int:
    return sum(map(len, _SAID.findall(block)))


def _model(raw: bytes) -> object:
    return answers.event(blocks.fields(raw)[1])["response"].get("model")


def _has_content(kind: str, data: dict[str, Any]) -> bool:
    if kind.endswith(".delta"):
        return bool(data.get("delta"))
    item = data.get("item")
    if not isinstance(item, dict):
        return False
    return item.get("type") not in _SILENT or bool(item.get("content") or item.get("summary"))
