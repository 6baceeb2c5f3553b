"""Reasoning in Chat Completions, which no standard fixes: four fields, one meaning.

`reasoning_details` says who made a signature by its `format`; that is the hub's `origin`. Text that
stands in several fields at once is one text. What another family signed is marked for the client,
so that it can be told from what the client's own providers said (see `luggage`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from omniroute.gateway import ir
from omniroute.gateway.translation import answers, carrier
from omniroute.gateway.translation.fields import own

from .name import FORMAT_NAME

FIELDS = ("reasoning_content", "reasoning", "reasoning_details")

_FORMATS = {
    "anthropic": "anthropic-claude-v1",
    "gemini": "google-gemini-v1",
    "openai_responses": "openai-responses-v1",
}
_ORIGINS = {spelling: origin for origin, spelling in _FORMATS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One step of reasoning: more text, or the signature or the sealed data that ends it."""

    origin: str
    text: str = ""
    signature: str = ""
    data: str = ""
    extra: ir.Extra = field(default_factory=dict)


def pieces(message: dict[str, Any]) -> list[Piece]:
    """What a message or a delta says of reasoning, in order, each text once."""
    details = [
        piece
        for entry in answers.sequence(message.get("reasoning_details"), "reasoning_details")
        for piece in _detail(answers.mapping(entry, "reasoning detail"))
    ]
    if any(piece.text for piece in details):
        return details
    text = _plain(message, "reasoning_content") or _plain(message, "reasoning")
    if not text:
        return details
    signed = next((piece.origin for piece in details if piece.signature), FORMAT_NAME)
    return [Piece(origin=signed, text=text), *details]


def format_of(part: ir.Thinking) -> str:
    told = own(part.extra, FORMAT_NAME).get("format")
    if isinstance(told, str) and told:
        return told
    return _FORMATS.get(part.origin or "", "unknown")


def foreign(part: ir.Thinking) -> bool:
    """Whether a known vendor made it, whose signature may follow."""
    return part.origin in _FORMATS


def carried(part: ir.Thinking) -> ir.Thinking:
    """`part` as a client gets it."""
    if not foreign(part):
        return part
    signature = carrier.marked(part.signature) if part.signature else None
    redacted = carrier.marked(part.redacted) if part.redacted else None
    return replace(part, signature=signature, redacted=redacted)


def write(parts: Iterable[ir.Thinking]) -> dict[str, Any]:
    """The message fields for `parts`; `reasoning_details` only when something is signed."""
    thoughts = list(parts)
    fields: dict[str, Any] = {}
    text = "".join(part.text for part in thoughts)
    if text:
        fields["reasoning_content"] = text
    if any(part.signature or part.redacted for part in thoughts):
        details = [entry for part in thoughts for entry in _entries(part)]
        fields["reasoning_details"] = [
            {**entry, "index": index} for index, entry in enumerate(details)
        ]
    return fields


def returned(parts: Iterable[ir.Thinking]) -> dict[str, Any]:
    """The message fields for a provider that wants reasoning back: of others only the text."""
    bare = (
        replace(part, signature=None, redacted=None) if foreign(part) else part for part in parts
    )
    return write(bare)


def text_entry(part: ir.Thinking, text: str) -> dict[str, Any]:
    kind, key = _words(part)
    return {"type": kind, key: text, "format": format_of(part)}


def signature_entry(part: ir.Thinking, signature: str) -> dict[str, Any]:
    if part.origin == "openai_responses":
        return sealed_entry(part, signature)
    return {"type": "reasoning.text", "signature": signature, "format": format_of(part)}


def sealed_entry(part: ir.Thinking, data: str) -> dict[str, Any]:
    return {"type": "reasoning.encrypted", "data": data, "format": format_of(part)}


def _entries(part: ir.Thinking) -> list[dict[str, Any]]:
    if part.redacted:
        return [sealed_entry(part, part.redacted)]
    if not part.signature:
        return [text_entry(part, part.text)]
    signature = signature_entry(part, part.signature)
    if part.origin != "openai_responses":
        return [{**signature, "text": part.text}]
    return [text_entry(part, part.text), signature] if part.text else [signature]


def _words(part: ir.Thinking) -> tuple[str, str]:
    if part.origin == "openai_responses":
        return "reasoning.summary", "summary"
    return "reasoning.text", "text"


def _plain(message: dict[str, Any], field: str) -> str:
    value = message.get(field)
    return value if isinstance(value, str) else ""


def _detail(entry: dict[str, Any]) -> list[Piece]:
    spelling = _once(answers.name(entry.get("format")))
    origin = _ORIGINS.get(spelling, FORMAT_NAME)
    extra = (
        {FORMAT_NAME: {"format": spelling}} if spelling and origin == FORMAT_NAME else ir.NO_EXTRA
    )
    text = answers.text(entry.get("text"), "reasoning text")
    text = text or answers.text(entry.get("summary"), "reasoning summary")
    signature = carrier.unmarked(answers.text(entry.get("signature"), "reasoning signature"))
    data = carrier.unmarked(answers.text(entry.get("data"), "reasoning data"))
    found = []
    if text:
        found.append(Piece(origin=origin, text=text))
    if signature:
        found.append(Piece(origin=origin, signature=signature, extra=extra))
    if data:
        found.append(Piece(origin=origin, data=data, extra=extra))
    return found


def _once(spelling: str) -> str:
    """OpenAI's own SDK strings the formats of all deltas together."""
    once = (known for known in _ORIGINS if spelling and not spelling.replace(known, ""))
    return next(once, spelling)
