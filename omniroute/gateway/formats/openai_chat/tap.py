"""Watches a Chat Completions stream that passes through.

Once content was seen, whole blocks of events pass without being parsed: what matters is found by
byte strings that JSON escapes inside of text, so that no content can contain them.
"""

from __future__ import annotations

import re
from typing import Any

from omniroute.gateway.errors import UpstreamError
from omniroute.gateway.formats import Head
from omniroute.gateway.translation import answers, blocks, vendor_errors
from omniroute.gateway.translation.renaming import Renaming
from omniroute.gateway.usage import Usage

from . import usage

_FAULT = re.compile(rb'"error"|(?:\A|[\r\n])(?:event|error):')
_SAID = re.compile(
    rb'"(?:content|text|reasoning_content|reasoning|arguments|refusal)": ?"((?:[^"\\]|\\.)*)"'
)
_CONTENT = ("content", "reasoning_content", "reasoning", "refusal", "tool_calls", "function_call")
_MEDIA = ("audio", "images", "reasoning_details")
_DONE = b"[DONE]"


class Tap:
    def __init__(self, head: Head, upstream_model: str) -> None:
        self.ready = False
        self.done = False
        self.error: UpstreamError | None = None
        self.usage: Usage | None = None
        self.output_bytes = 0
        self._blocks = blocks.Blocks()
        self._finished = False
        self._counted: list[dict[str, Any]] = []
        self._swallow = not head.include_usage
        self._renaming = Renaming(b'"model":', upstream_model, head.model)

    def feed(self, chunk: bytes) -> bytes:
        block = self._blocks.feed(chunk)
        if not block:
            return b""
        if self._passes(block):
            return self._plain(block)
        forward: list[bytes] = []
        plain: list[bytes] = []
        for raw in blocks.split(block):
            if self._passes(raw):
                plain.append(raw)
                continue
            forward += [self._plain(b"".join(plain)), self._event(raw)]
            plain.clear()
        forward.append(self._plain(b"".join(plain)))
        self._count()
        return b"".join(forward)

    def _passes(self, block: bytes) -> bool:
        """Whether nothing in these events needs to be looked at."""
        return self.ready and not self._finished and self.error is None and not _matters(block)

    def _plain(self, block: bytes) -> bytes:
        if not block:
            return b""
        self.output_bytes += _said(block)
        return self._renaming.block(block)

    def close(self) -> bytes:
        rest = self._blocks.close()
        forward = b""
        if answers.whole(blocks.fields(rest)[1]):
            forward = self._event(rest)
            self._count()
        self.done = self.done or self._finished
        return forward.rstrip(b"\r\n") + b"\n\n" if forward else b""

    def _event(self, raw: bytes) -> bytes:
        """What to forward of one event: nothing of an error, nor of what follows it."""
        if self.error is not None:
            return b""
        name, data = blocks.fields(raw)
        if data == _DONE:
            self.done = self._finished or self.ready
            return raw
        if not data or (name == b"error" and self._finished):
            return raw
        if name == b"error":
            return self._fail(vendor_errors.read(200, data))
        chunk = answers.event(data)
        error = None if self._finished else vendor_errors.inside(chunk)
        if error is not None:
            return self._fail(error)
        if self._look(chunk) and self._swallow:
            return b""
        self.output_bytes += sum(map(len, _SAID.findall(raw)))
        return self._renaming.event(raw, chunk.get("model"))

    def _fail(self, error: UpstreamError) -> bytes:
        self.error = error
        return b""

    def _look(self, chunk: dict[str, Any]) -> bool:
        """Notes what the chunk tells; whether it tells nothing but the usage."""
        choices = chunk.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict):
                self._finished = self._finished or bool(choice.get("finish_reason"))
                self.ready = self.ready or _has_content(choice.get("delta"))
        counts = isinstance(chunk.get("usage"), dict)
        if counts or "x_groq" in chunk or self._finished:
            self._counted.append(chunk)
        return counts and not choices

    def _count(self) -> None:
        """Reads the usage of what was looked at: only the last one that tells it counts."""
        for chunk in reversed(self._counted):
            found = usage.of(chunk)
            if found is not None:
                self.usage = found
                break
        self._counted.clear()


def _matters(block: bytes) -> bool:
    """Whether a block may hold the usage, a finish, an error or the end."""
    return (
        b'_tokens"' in block
        or b'finish_reason":"' in block
        or b'finish_reason": "' in block
        or _DONE in block
        or (b"error" in block and _FAULT.search(block) is not None)
    )


def _said(block: bytes) -> int:
    """About how many bytes of content a block holds, judged by its last event."""
    count = block.count(b"\ndata:") + block.startswith(b"data:")
    last = block[max(0, block.rfind(b"\ndata:")) :]
    said = sum(map(len, _SAID.findall(last)))
    if not said:
        return sum(map(len, _SAID.findall(block)))
    return max(said, len(block) - count * (len(last) - said))


def _has_content(delta: object) -> bool:
    if not isinstance(delta, dict):
        return False
    if any(delta.get(key) for key in _CONTENT):
        return True
    return any(isinstance(delta.get(key), dict | list) and delta[key] for key in _MEDIA)
