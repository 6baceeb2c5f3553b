"""A conversation in the order that the API demands.

Leading system text apart; roles alternate; every tool call is answered in the very next user turn,
results first and in the order of the calls; no part that Anthropic would refuse.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from omniroute.gateway import ir
from omniroute.gateway.errors import InvalidRequest, Unsupported
from omniroute.gateway.formats.anthropic.name import FORMAT_NAME
from omniroute.gateway.formats.anthropic.notes import Notes
from omniroute.gateway.translation import callids
from omniroute.gateway.translation.pairing import Pairing


@dataclass(slots=True, kw_only=True)
class Turn:
    role: Literal["user", "assistant"]
    parts: list[ir.Part]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    system: list[ir.Text]
    turns: list[Turn]

    @property
    def resumable(self) -> bool:
        """Whether a model that thinks by budget can go on: its open tool turn must begin with the
        thinking that led to it."""
        if len(self.turns) < 2 or not any(_is_result(part) for part in self.turns[-1].parts):
            return True
        return isinstance(self.turns[-2].parts[0], ir.Thinking)


def _is_result(part: ir.Part) -> bool:
    return isinstance(part, ir.ToolResult)


def arrange(messages: Iterable[ir.Message], notes: Notes) -> History:
    system: list[ir.Text] = []
    turns: list[Turn] = []
    for message in messages:
        if message.role != "system":
            turns.append(Turn(role=message.role, parts=_carried(message, notes)))
        elif not turns:
            system += _system_text(message, notes)
        else:
            notes.lose("messages.role")
            turns.append(Turn(role="user", parts=_quoted(_system_text(message, notes))))
    turns = _merged(turns)
    for turn in turns:
        _end_on_content(turn, notes)
    turns = _merged(_paired(_merged(turns), notes))
    if not turns and system:  # other APIs answer to a system prompt alone
        notes.lose("messages.role")
        turns, system = [Turn(role="user", parts=[*system])], []
    if not turns:
        raise InvalidRequest("messages: at least one message must have content", param="messages")
    _trim(turns[-1])
    return History(system=system, turns=turns)


def _system_text(message: ir.Message, notes: Notes) -> list[ir.Text]:
    texts: list[ir.Text] = []
    for part in message.parts:
        if isinstance(part, ir.Text):
            texts.append(part)
        elif isinstance(part, ir.Opaque):
            notes.lose("messages.content")
        else:
            raise Unsupported("A system message may hold only text.", param="messages")
    return [text for text in texts if text.text.strip()]


def _quoted(texts: list[ir.Text]) -> list[ir.Part]:
    """System text in mid-conversation speaks through the user's turn, marked as what it is."""
    return [replace(text, text=f"<system>\n{text.text}\n</system>") for text in texts]


def _carried(message: ir.Message, notes: Notes) -> list[ir.Part]:
    return [part for part in message.parts if _carries(part, message.role, notes)]


def _carries(part: ir.Part, role: str, notes: Notes) -> bool:
    match part:
        case ir.Text(text=text) | ir.Refusal(text=text):
            return bool(text.strip())
        case ir.Thinking(origin=origin, signature=signature, redacted=redacted):
            own = origin == FORMAT_NAME and bool(signature or redacted)
            if not own:
                notes.lose("messages.thinking")
            return own
        case ir.Opaque(format=name):
            if name == FORMAT_NAME:
                return True
            if role == "user":
                raise Unsupported(
                    "A message holds a kind of content that only another API understands.",
                    param="messages",
                )
            notes.lose("messages.content")
            return False
        case ir.Audio():
            raise Unsupported("This provider takes no audio.", param="messages")
        case ir.Image() if role == "assistant":
            raise Unsupported(
                "This provider takes no images in assistant messages.", param="messages"
            )
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


def _paired(turns: list[Turn], notes: Notes) -> list[Turn]:
    """`turns` with results moved behind their calls; turns alternate, and parts may become none."""
    pairing = Pairing((turn.parts for turn in turns), callids.encode)
    paired: list[Turn] = []
    answers: list[ir.ToolResult] = []
    for position, turn in enumerate(turns):
        if turn.role == "user":
            others = [part for part in turn.parts if not _is_result(part)]
            paired.append(replace(turn, parts=[*answers, *others]))
            answers = []
        else:
            parts, answers = pairing.answer(position, turn.parts)
            paired.append(replace(turn, parts=parts))
    if answers:
        paired.append(Turn(role="user", parts=[*answers]))
    notes.ids.update(pairing.ids)
    notes.lose(*pairing.losses)
    return paired


def _end_on_content(turn: Turn, notes: Notes) -> None:
    """The API refuses an assistant's turn that ends in thinking."""
    while turn.parts and isinstance(turn.parts[-1], ir.Thinking):
        turn.parts.pop()
        notes.lose("messages.thinking")


def _trim(turn: Turn) -> None:
    """The beginning of an answer that the client wrote must not end in white space."""
    last = turn.parts[-1]
    if turn.role == "assistant" and isinstance(last, ir.Text):
        turn.parts[-1] = replace(last, text=last.text.rstrip())
