"""A conversation in the order that the API demands.

Leading system text apart; only user and model, who take turns, the user first; every call is
answered in the very next turn of the user, results first and in the order of the calls.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from omniroute.gateway import ir
from omniroute.gateway.errors import InvalidRequest, Unsupported
from omniroute.gateway.formats.gemini.spelling import FORMAT_NAME
from omniroute.gateway.translation.fields import own
from omniroute.gateway.translation.pairing import Pairing, Spell

_BEGINNING = "[The conversation begins with the model's turn.]"


@dataclass(slots=True, kw_only=True)
class Turn:
    role: Literal["user", "model"]
    parts: list[ir.Part] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    system: list[ir.Text]
    turns: list[Turn]


def arrange(messages: Iterable[ir.Message], spell: Spell, losses: set[str]) -> Conversation:
    system: list[ir.Text] = []
    turns: list[Turn] = []
    for message in messages:
        _note(message, losses)
        if message.role == "system" and not turns:
            system += _system_text(message, losses)
        elif message.role == "system":
            losses.add("messages.role")
            turns.append(Turn(role="user", parts=_quoted(_system_text(message, losses))))
        else:
            role: Literal["user", "model"] = "model" if message.role == "assistant" else "user"
            parts = [part for part in message.parts if _carries(part, message.role, losses)]
            turns.append(Turn(role=role, parts=parts))
    turns = _merged(_paired(_merged(turns), spell, losses))
    if not turns and system:  # other APIs answer to a system prompt alone
        losses.add("messages.role")
        turns, system = [Turn(role="user", parts=[*system])], []
    if not turns:
        raise InvalidRequest("The request has no message with content.", param="messages")
    if turns[0].role == "model":
        turns.insert(0, Turn(role="user", parts=[ir.Text(text=_BEGINNING)]))
    return Conversation(system=system, turns=turns)


def _note(message: ir.Message, losses: set[str]) -> None:
    """Names what stands beside the content for the eyes of another API, and stays behind."""
    parts = (part for part in message.parts if not isinstance(part, ir.Opaque))
    others = [part.extra for part in parts if part.extra]
    for extra in [*others, message.extra]:
        for owner, fields in extra.items():
            if isinstance(fields, dict) and (owner != FORMAT_NAME or extra is message.extra):
                losses.update(f"messages.{name}" for name in fields)


def _system_text(message: ir.Message, losses: set[str]) -> list[ir.Text]:
    texts: list[ir.Text] = []
    for part in message.parts:
        if isinstance(part, ir.Text):
            texts.append(part)
        elif isinstance(part, ir.Opaque):
            losses.add("messages.content")
        else:
            raise Unsupported("A system message may hold only text.", param="messages")
    return [text for text in texts if text.text]


def _quoted(texts: list[ir.Text]) -> list[ir.Part]:
    """System text in mid-conversation speaks through the user's turn, marked as what it is."""
    return [replace(text, text=f"<system>\n{text.text}\n</system>") for text in texts]


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


def _merged(turns: list[Turn]) -> list[Turn]:
    merged: list[Turn] = []
    for turn in turns:
        if not turn.parts:
            continue
        if merged and merged[-1].role == turn.role:
            merged[-1].parts += turn.parts
        else:
            merged.append(turn)
    return merged


def _paired(turns: list[Turn], spell: Spell, losses: set[str]) -> list[Turn]:
    """`turns` with results moved right behind the calls that they answer."""
    pairing = Pairing((turn.parts for turn in turns), spell)
    paired: list[Turn] = []
    answers: list[ir.ToolResult] = []
    for position, turn in enumerate(turns):
        if turn.role == "user":
            others = [part for part in turn.parts if not isinstance(part, ir.ToolResult)]
            paired.append(Turn(role="user", parts=[*answers, *others]))
            answers = []
        else:
            parts, answers = pairing.answer(position, turn.parts)
            paired.append(Turn(role="model", parts=parts))
    if answers:
        paired.append(Turn(role="user", parts=[*answers]))
    losses.update(pairing.losses)
    return paired
