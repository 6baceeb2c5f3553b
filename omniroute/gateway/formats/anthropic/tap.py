"""Watches a stream that passes through: hundreds of events in a few microseconds each hundred.

Of a content event only the length of its text is taken, measured from where the text begins in the
first delta of its block. Only events that hold a word of the others are parsed.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from omniroute.gateway import sse
from omniroute.gateway.errors import UpstreamError
from omniroute.gateway.formats import Head
from omniroute.gateway.formats.anthropic import counts
from omniroute.gateway.translation import blocks, vendor_errors
from omniroute.gateway.usage import Usage

_MODEL = re.compile(rb'("model"\s*:\s*)"(?:[^"\\]|\\.)*+"')
_START, _MESSAGE, _ERROR = b"content_block_start", b"message_", b"error"
_CONTENT = ("text", "thinking", "partial_json", "signature", "content")


class Tap:
    def __init__(self, head: Head) -> None:
        self.ready = False
        self.done = False
        self.error: UpstreamError | None = None
        self.usage: Usage | None = None
        self.output_bytes = 0
        self._model = head.model
        self._blocks = blocks.Blocks()
        self._reported: dict[str, Any] = {}
        self._overhead: int | None = None  # what a delta has before the end of its text, but text

    def feed(self, chunk: bytes) -> bytes:
        block = self._blocks.feed(chunk)
        return self._watch(block) if block else b""

    def close(self) -> bytes:
        """A last event without its blank line is completed; the rest of a cut one is not sent."""
        rest = self._blocks.close()
        content = rest.rstrip(b"\r\n")
        if not content:
            return rest
        event = content + b"\n\n"
        return self._inspect(event) if _parse(event) is not None else b""

    def _watch(self, block: bytes) -> bytes:
        overhead = self._overhead
        if (
            overhead is None
            or b"\r" in block
            or _START in block
            or _MESSAGE in block
            or _ERROR in block
        ):
            return b"".join([self._look(event) for event in blocks.split(block)])
        quotes = [event.rfind(b'"') for event in block.split(b"\n\n")]
        self.output_bytes += sum([quote - overhead for quote in quotes if quote > overhead])
        return block

    def _look(self, event: bytes) -> bytes:
        overhead = self._overhead
        if overhead is None or _START in event or _MESSAGE in event or _ERROR in event:
            return self._inspect(event)
        self.output_bytes += max(event.rfind(b'"') - overhead, 0)
        return event

    def _inspect(self, event: bytes) -> bytes:
        data = _parse(event)
        if data is None:
            return event
        match data.get("type"):
            case "message_start":
                return self._message_start(event, data)
            case "content_block_start":
                self._block_start(data.get("content_block"))
            case "content_block_delta":
                self._block_delta(event, data.get("delta"))
            case "message_delta":
                self._report(data.get("usage"))
            case "message_stop":
                self.done = True
            case _ if (error := vendor_errors.inside(data)) is not None:
                self.error = error
        return event

    def _message_start(self, event: bytes, data: dict[str, Any]) -> bytes:
        message = data.get("message")
        if not isinstance(message, dict):
            return event
        self._report(message.get("usage"))
        if message.get("model") == self._model:
            return event
        name = orjson.dumps(self._model)
        renamed = _MODEL.sub(lambda match: match[1] + name, event, count=1)
        wanted = {**data, "message": {**message, "model": self._model}}
        if _parse(renamed) == wanted:
            return renamed
        return sse.encode(orjson.dumps(wanted), b"message_start")

    def _report(self, usage: object) -> None:
        self._reported = counts.merge(self._reported, usage)
        self.usage = counts.read(self._reported)

    def _block_start(self, block: object) -> None:
        """Text and thinking begin empty; every other kind of block is content as such."""
        self._overhead = None
        fields = block if isinstance(block, dict) else {}
        plain = fields.get("type") in ("text", "thinking")
        if not plain or fields.get("text") or fields.get("thinking"):
            self.ready = True

    def _block_delta(self, event: bytes, delta: object) -> None:
        fields = delta if isinstance(delta, dict) else {}
        texts = [fields[key] for key in _CONTENT if isinstance(fields.get(key), str)]
        if texts and not any(texts):
            return
        self.ready = True
        size = len(orjson.dumps(texts[0])) - 2 if texts else 0
        self.output_bytes += size
        self._overhead = event.rfind(b'"') - size


def _parse(event: bytes) -> dict[str, Any] | None:
    """The data of one event, with its type; None when it has none that can be read."""
    name, data = blocks.fields(event)
    try:
        fields = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(fields, dict):
        return None
    return fields if "type" in fields else {**fields, "type": name.decode("utf-8", "replace")}
