"""Tool names and call ids within what a target takes, and the way back.

Deterministic, so that the same history makes the same bytes and prompt caches stay warm, and
bijective within one request: two originals never share a spelling.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from string import ascii_letters, digits

from omniroute.gateway import ir

_ALPHABET = digits + ascii_letters


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """What a target takes, and how another word is made of an original and the number of tries."""

    fits: re.Pattern[str]
    make: Callable[[str, int], str]


def _digest(text: str, salt: int) -> str:
    return sha256(f"{salt}:{text}".encode("utf-8", "surrogatepass")).hexdigest()


def _short(original: str, salt: int) -> str:
    """A readable beginning and a digest of the whole."""
    stem = re.sub(r"[^a-zA-Z0-9_-]", "_", original)[:55]
    return f"{stem}_{_digest(original, salt)[:8]}"


def _begun(original: str, salt: int) -> str:
    if re.match(r"[a-zA-Z_]", original):
        return _short(original, salt)
    return _short(f"_{original}", salt)


def _nine(original: str, salt: int) -> str:
    number = int(_digest(original, salt), 16)
    picked = []
    for _ in range(9):
        number, rest = divmod(number, len(_ALPHABET))
        picked.append(_ALPHABET[rest])
    return "".join(picked)


def minted(seed: str, number: int) -> str:
    """A call id made of `seed`: the same for the same answer."""
    return f"call_{_digest(seed, number)[:24]}"


NAMES = Style(fits=re.compile(r"[a-zA-Z0-9_-]{1,64}"), make=_short)
GEMINI_NAMES = Style(fits=re.compile(r"[a-zA-Z_][a-zA-Z0-9_-]{0,63}"), make=_begun)
IDS = Style(fits=re.compile(r"[a-zA-Z0-9_.:-]{1,64}"), make=minted)
MISTRAL_IDS = Style(fits=re.compile(r"[a-zA-Z0-9]{9}"), make=_nine)


class Spelling:
    """Originals that fit stay as they are, none of `known` has to give way to another's spelling;
    `back` leads from other spellings to the originals."""

    def __init__(self, style: Style, known: Iterable[str] = ()) -> None:
        self.back: dict[str, str] = {}
        self._style = style
        self._sent: dict[tuple[str, int], str] = {}
        self._taken: set[str] = set()
        for original in known:
            if style.fits.fullmatch(original):
                self.of(original)

    def of(self, original: str, occurrence: int = 0) -> str:
        """The word to send, always the same one; a later `occurrence` of an id gets its own."""
        key = (original, occurrence)
        if key not in self._sent:
            text = f"{original}#{occurrence}" if occurrence else original
            sent, salt = original, 0
            while sent in self._taken or not self._style.fits.fullmatch(sent):
                sent, salt = self._style.make(text, salt), salt + 1
            self._taken.add(sent)
            self._sent[key] = sent
            if sent != original:
                self.back[sent] = original
        return self._sent[key]


def full_name(tool: ir.Tool) -> str:
    """The name that calls use: a tool of a namespace is told apart by it."""
    return f"{tool.namespace}__{tool.name}" if tool.namespace else tool.name


def names(request: ir.Request, style: Style = NAMES) -> Spelling:
    """The names of a request's tools and of the calls in its history."""
    return Spelling(
        style, [*map(full_name, request.tools), *(call.name for call in calls(request))]
    )


def ids(request: ir.Request, style: Style = IDS) -> Spelling:
    """The ids of the calls in a request's history."""
    return Spelling(style, [call.id for call in calls(request)])


def calls(request: ir.Request) -> Iterable[ir.ToolCall]:
    parts = (part for message in request.messages for part in message.parts)
    return (part for part in parts if isinstance(part, ir.ToolCall))
