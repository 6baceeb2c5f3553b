"""Reasoning items, in both directions.

`encrypted_content` is the one thing that every client sends back. For reasoning of another family
it holds what that family wants back, its text included; for our own it is the provider's and stays
byte for byte. `summary` must always be there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from omniroute.gateway import ir
from omniroute.gateway.translation import carrier
from omniroute.gateway.translation.answers import mapping, name, sequence, text
from omniroute.gateway.translation.fields import Fields

from .name import FORMAT_NAME, own

BREAK = "\n\n"  # between the sections of a summary, which the hub does not tell apart


def read(item: Fields) -> ir.Thinking:
    """The reasoning in a client's history."""
    sections = [part.given("text") for part in item.objects("summary")]
    sections = sections or [part.given("text") for part in item.objects("content")]
    said, signature = BREAK.join(sections), item.text("encrypted_content")
    found = carrier.thinking(said, signature, ir.NO_EXTRA, FORMAT_NAME)
    carried = own(found.extra).get("text")
    if not isinstance(carried, str):
        return found
    rest = {owner: told for owner, told in found.extra.items() if owner != FORMAT_NAME}
    return replace(found, text=carried, extra=rest)


def read_answer(item: dict[str, Any]) -> ir.Thinking:
    """The reasoning in a provider's answer."""
    sections = _texts(item.get("summary")) or _texts(item.get("content"))
    signature = name(item.get("encrypted_content")) or None
    return ir.Thinking(text=BREAK.join(sections), signature=signature, origin=FORMAT_NAME)


def _texts(value: object) -> list[str]:
    parts = (mapping(part, "reasoning part") for part in sequence(value, "reasoning"))
    return [text(part.get("text"), "reasoning text") for part in parts]


def sealed(part: ir.Thinking) -> str | None:
    """What a client is given as `encrypted_content`."""
    if part.origin == FORMAT_NAME:
        return part.signature or part.redacted
    if part.text:
        part = replace(part, extra={**part.extra, FORMAT_NAME: {"text": part.text}})
    return carrier.signature_of(part, FORMAT_NAME)


def item(part: ir.Thinking, item_id: str) -> dict[str, Any]:
    """The whole item of an answer to a client."""
    return {
        "id": item_id,
        "type": "reasoning",
        "summary": _summary(part.text),
        "encrypted_content": sealed(part),
    }


def luggage_item(part: ir.Part, item_id: str) -> dict[str, Any] | None:
    """The item before a part that carries what must come back with it."""
    signature = carrier.luggage(part)
    if signature is None:
        return None
    return {"id": item_id, "type": "reasoning", "summary": [], "encrypted_content": signature}


def write(part: ir.Thinking) -> dict[str, Any] | None:
    """The item in a history for a provider; None for what is not its own or not sealed."""
    signature = part.signature or part.redacted
    if part.origin != FORMAT_NAME or not signature:
        return None
    summary = _summary(part.text)
    return {"type": "reasoning", "summary": summary, "encrypted_content": signature}


def _summary(said: str) -> list[dict[str, str]]:
    return [{"type": "summary_text", "text": said}] if said else []
