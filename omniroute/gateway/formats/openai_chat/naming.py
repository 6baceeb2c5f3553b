"""Tool names and call ids that every Chat Completions server takes, and the way back.

Deterministic, so that the same history makes the same bytes and prompt caches stay warm, and
bijective within one request: two originals never share a spelling.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from hashlib import sha256
from string import ascii_letters, digits
from typing import Literal

from omniroute.gateway import ir

_NOT_NAME = re.compile(r"[^a-zA-Z0-9_-]")
_ALPHABET = digits + ascii_letters


class Spelling:
    """Originals that fit stay as they are; `back` leads from other spellings to the originals."""

    def __init__(
        self, fits: str, make: Callable[[str, int], str], originals: Iterable[str] = ()
    ) -> None:
        self.back: dict[str, str] = {}
        self._fits = re.compile(rf"(?:{fits})\Z")
        self._make = make
        self._sent: dict[str, str] = {}
        self._kept = frozenset(original for original in originals if self._fits.match(original))

    def of(self, original: str) -> str:
        if self._fits.match(original):
            return original
        if original not in self._sent:
            salt = 0
            while (sent := self._make(original, salt)) in self.back or sent in self._kept:
                salt += 1
            self._sent[original], self.back[sent] = sent, original
        return self._sent[original]


def full_name(tool: ir.Tool) -> str:
    """The name that calls use: a tool of a namespace is told apart by it."""
    return f"{tool.namespace}__{tool.name}" if tool.namespace else tool.name


def names(request: ir.Request) -> Spelling:
    calls = [part.name for part in _parts(request) if isinstance(part, ir.ToolCall)]
    known = [*map(full_name, request.tools), *calls]
    return Spelling(r"[a-zA-Z0-9_-]{1,64}", _short_name, known)


def ids(request: ir.Request, style: Literal["any", "mistral9"]) -> Spelling:
    calls = [part.id for part in _parts(request) if isinstance(part, ir.ToolCall)]
    if style == "mistral9":
        return Spelling(r"[a-zA-Z0-9]{9}", _nine, calls)
    return Spelling(r"[a-zA-Z0-9_.:-]{1,64}", minted, calls)


def minted(seed: str, number: int) -> str:
    """A call id made of `seed`: the same for the same answer."""
    return f"call_{_digest(seed, number)[:24]}"


def _short_name(original: str, salt: int) -> str:
    return f"{_NOT_NAME.sub('_', original)[:55]}_{_digest(original, salt)[:8]}"


def _nine(original: str, salt: int) -> str:
    number = int(_digest(original, salt), 16)
    picked = []
    for _ in range(9):
        number, rest = divmod(number, len(_ALPHABET))
        picked.append(_ALPHABET[rest])
    return "".join(picked)


def _digest(text: str, salt: int) -> str:
    return sha256(f"{salt}:{text}".encode("utf-8", "surrogatepass")).hexdigest()


def _parts(request: ir.Request) -> Iterable[ir.Part]:
    return (part for message in request.messages for part in message.parts)
