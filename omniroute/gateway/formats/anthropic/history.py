"""A conversation in the order that the API demands.

Roles alternate, and there is no part that Anthropic would refuse.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from omniroute.gateway import ir
from omniroute.gateway.errors import InvalidRequest, Unsupported
from omniroute.gateway.formats.anthropic.name import FORMAT_NAME
from omniroute.gateway.formats.anthropic.notes import Notes
from omniroute.gateway.translation import callids, turns
from omniroute.gateway.translation.turns import Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    system: list[ir.Text]
    turns: list[Turn]

    @property
    def resumable(self) -> bool:
        """Whether a model that thinks by budget can go on: its open tool turn must begin with the
        thinking that led to it."""
        if len(self.turns) < 2:
            return True
        answering = any(isinstance(part, ir.ToolResult) for part in self.turns[-1].parts)
        return not answering or isinstance(self.turns[-2].parts[0], ir.Thinking)


def arrange(messages: Iterable[ir.Message], notes: Notes) -> History:
    system, found = turns.arrange(
        messages, lambda part, role: _carries(part, role, notes), notes.lose
    )
    for turn in found:
        _end_on_content(turn, notes)
    found, pairing = turns.paired(turns.merged(found), callids.encode)
    notes.ids.update(pairing.ids)
    notes.lose(*pairing.losses)
    system, found = turns.answerable(system, found, notes.lose)
    if not found:
        raise InvalidRequest("messages: at least one message must have content", param="messages")
    _trim(found[-1])
    return History(system=system, turns=found)


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
