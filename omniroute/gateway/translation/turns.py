"""A conversation of turns, for APIs where only user and assistant speak, one after the other.

Leading system text stands apart; every call is answered in the very next turn of the user, results
first and in the order of the calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

from omniroute.gateway import ir
from omniroute.gateway.errors import Unsupported
from omniroute.gateway.translation.pairing import Pairing, Spell

Carries = Callable[[ir.Part, ir.Role], bool]
Lose = Callable[[str], None]


@dataclass(slots=True, kw_only=True)
class Turn:
    role: Literal["user", "assistant"]
    parts: list[ir.Part]


def arrange(
    messages: Iterable[ir.Message], carries: Carries, lose: Lose
) -> tuple[list[ir.Text], list[Turn]]:
    """The system text, and the turns with the parts that the API `carries`."""
    system: list[ir.Text] = []
    turns: list[Turn] = []
    for message in messages:
        if message.role != "system":
            parts = [part for part in message.parts if carries(part, message.role)]
            turns.append(Turn(role=message.role, parts=parts))
        elif not turns:
            system += _system_text(message, lose)
        else:
            lose("messages.role")
            turns.append(Turn(role="user", parts=_quoted(_system_text(message, lose))))
    return system, merged(turns)


def answerable(
    system: list[ir.Text], turns: list[Turn], lose: Lose
) -> tuple[list[ir.Text], list[Turn]]:
    """Other APIs answer to a system prompt alone: here the user says it."""
    if turns or not system:
        return system, turns
    lose("messages.role")
    return [], [Turn(role="user", parts=[*system])]


def merged(turns: Iterable[Turn]) -> list[Turn]:
    found: list[Turn] = []
    for turn in turns:
        if not turn.parts:
            continue
        if found and found[-1].role == turn.role:
            found[-1].parts += turn.parts
        else:
            found.append(turn)
    return found


def paired(turns: list[Turn], spell: Spell) -> tuple[list[Turn], Pairing]:
    """`turns`, which alternate, with results moved right behind the calls that they answer."""
    pairing = Pairing((turn.parts for turn in turns), spell)
    found: list[Turn] = []
    answers: list[ir.ToolResult] = []
    for position, turn in enumerate(turns):
        if turn.role == "user":
            others = [part for part in turn.parts if not isinstance(part, ir.ToolResult)]
            found.append(replace(turn, parts=[*answers, *others]))
            answers = []
        else:
            parts, answers = pairing.answer(position, turn.parts)
            found.append(replace(turn, parts=parts))
    if answers:
        found.append(Turn(role="user", parts=[*answers]))
    return merged(found), pairing


def _system_text(message: ir.Message, lose: Lose) -> list[ir.Text]:
    texts: list[ir.Text] = []
    for part in message.parts:
        if isinstance(part, ir.Text):
            texts.append(part)
        elif isinstance(part, ir.Opaque):
            lose("messages.content")
        else:
            raise Unsupported("A system message may hold only text.", param="messages")
    return [text for text in texts if text.text.strip()]


def _quoted(texts: list[ir.Text]) -> list[ir.Part]:
    """System text in mid-conversation speaks through the user's turn, marked as what it is."""
    return [replace(text, text=f"<system>\n{text.text}\n</system>") for text in texts]
