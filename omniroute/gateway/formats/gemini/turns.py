"""A conversation in the order that the API demands.

User and model take turns, the user first; what only another API understands stays behind.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from omniroute.gateway import ir
from omniroute.gateway.errors import InvalidRequest, Unsupported
from omniroute.gateway.formats.gemini.spelling import FORMAT_NAME
from omniroute.gateway.translation import turns
from omniroute.gateway.translation.fields import own
from omniroute.gateway.translation.pairing import Spell
from omniroute.gateway.translation.turns import Turn

_BEGINNING = "[The conversation begins with the model's turn.]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    system: list[ir.Text]
    turns: list[Turn]


def arrange(messages: Iterable[ir.Message], spell: Spell, losses: set[str]) -> Conversation:
    messages = tuple(messages)
    for message in messages:
        _note(message, losses)
    system, alternating = turns.arrange(
        messages, lambda part, role: _carries(part, role, losses), losses.add
    )
    found, pairing = turns.paired(alternating, spell)
    losses.update(pairing.losses)
    system, found = turns.answerable(system, found, losses.add)
    if not found:
        raise InvalidRequest("The request has no message with content.", param="messages")
    if found[0].role == "assistant":
        found.insert(0, Turn(role="user", parts=[ir.Text(text=_BEGINNING)]))
    return Conversation(system=system, turns=found)


def _note(message: ir.Message, losses: set[str]) -> None:
    """Names what stands beside the content for the eyes of another API, and stays behind."""
    parts = (part for part in message.parts if not isinstance(part, ir.Opaque))
    others = [part.extra for part in parts if part.extra]
    for extra in [*others, message.extra]:
        for owner, fields in extra.items():
            if isinstance(fields, dict) and (owner != FORMAT_NAME or extra is message.extra):
                losses.update(f"messages.{name}" for name in fields)


def _carries(part: ir.Part, role: str, losses: set[str]) -> bool:
    match part:
        case ir.Text(text=text) | ir.Refusal(text=text):
            return bool(text or "thoughtSignature" in own(part.extra, FORMAT_NAME))
        case ir.Thinking(origin=origin, text=text, signature=signature):
            if origin == FORMAT_NAME and (text or signature):
                return True
            losses.add("messages.thinking")
            return False
        case ir.Opaque(format=owner) if owner != FORMAT_NAME:
            if role == "user":
                raise Unsupported(
                    "A message holds a kind of content that only another API understands.",
                    param="messages",
                )
            losses.add("messages.content")
            return False
        case _:
            return True
