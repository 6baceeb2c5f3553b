"""The hub's messages -> `messages` for a provider, turn by turn.

Assistant messages that follow each other are one turn. Every call gets exactly one `tool` message
right behind its turn; media in results follow in a user message, where servers look at them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from typing import Any

from omniroute.gateway import ir
from omniroute.gateway.errors import InvalidRequest, Unsupported
from omniroute.gateway.snapshot import Model, Provider
from omniroute.gateway.translation import freeform
from omniroute.gateway.translation.fields import filed, own
from omniroute.gateway.translation.naming import Spelling
from omniroute.gateway.translation.pairing import Pairing

from . import calls, content, reasoning
from .name import FORMAT_NAME

_BILLING = "x-anthropic-billing-header:"
_FORGOTTEN = "[The reasoning was not recorded.]"  # its absence is answered 400


class History:
    """Writes the messages of one request; `losses` gathers what could not be carried."""

    def __init__(
        self,
        request: ir.Request,
        provider: Provider,
        model: Model,
        *,
        names: Spelling,
        ids: Spelling,
    ) -> None:
        self.losses: set[str] = set()
        self._same = request.format == FORMAT_NAME
        self._provider = provider
        self._images = model.images
        self._names = names
        self._runs = [
            (spoken, _merged(run) if spoken else list(run))
            for spoken, run in groupby(request.messages, key=_is_spoken)
        ]
        turns = ([part for message in run for part in message.parts] for _, run in self._runs)
        self._pairing = Pairing(turns, ids.of)

    def write(self) -> list[dict[str, Any]]:
        written: list[dict[str, Any]] = []
        for position, (spoken, run) in enumerate(self._runs):
            for message in run:
                written += self._spoken(position, message) if spoken else self._said(message)
        self.losses.update(self._pairing.losses)
        if not written:
            raise InvalidRequest("The request has no message with content.", param="messages")
        return written

    def _spoken(self, position: int, message: ir.Message) -> Iterator[dict[str, Any]]:
        """An assistant's message, and the results of its calls right behind it."""
        parts, results = self._pairing.answer(position, message.parts)
        kept = self._known(parts)
        if kept:
            yield from self._assistant(replace(message, parts=tuple(kept)))
        for result in results:
            named = {"name": result.name} if result.name and self._same else {}
            content = self._result_text(result)
            told = {"role": "tool", "tool_call_id": result.call_id, "content": content}
            yield {**told, **named, **own(result.extra, FORMAT_NAME)}

    def _result_text(self, result: ir.ToolResult) -> str | list[dict[str, Any]]:
        said: list[ir.Part] = [
            part for part in result.parts if isinstance(part, ir.Text | ir.Opaque)
        ]
        attached = len(said) < len(result.parts)
        if result.is_error:
            said = _marked_as_error(said)
        if attached:
            said.append(ir.Text(text="[See the attachment in the next message.]"))
        return content.write_all(said, same_format=self._same)

    def _said(self, message: ir.Message) -> Iterator[dict[str, Any]]:
        parts: list[ir.Part] = []
        answered = False
        for part in message.parts:
            if isinstance(part, ir.ToolResult):
                answered = True
                if self._pairing.took(part):
                    parts += _attachments(part)
            else:
                parts.append(part)
        if answered and not parts:
            return
        role = "user"
        if message.role == "system":
            role = self._provider.system_role
            parts = [
                part for part in self._known(parts) if not _is_billing(part) and not _is_empty(part)
            ]
            if not parts:
                return
        yield {"role": role, "content": self._content(parts), **own(message.extra, FORMAT_NAME)}

    def _known(self, parts: list[ir.Part]) -> list[ir.Part]:
        """Without what only another vendor understands, such as the logs of tools that it ran."""
        known = [p for p in parts if not isinstance(p, ir.Opaque) or p.format == FORMAT_NAME]
        if len(known) < len(parts):
            self.losses.add("messages.content")
        return known

    def _content(self, parts: list[ir.Part]) -> str | list[dict[str, Any]]:
        if not self._images and any(isinstance(part, ir.Image) for part in parts):
            raise Unsupported("This model does not take images.", param="messages")
        if not self._same and any("cache_control" in _anthropic(part) for part in parts):
            self.losses.add("cache_control")
        return content.write_all(parts, same_format=self._same)

    def _assistant(self, message: ir.Message) -> Iterator[dict[str, Any]]:
        said: list[ir.Part] = []
        refusals: list[str] = []
        for part in message.parts:
            if isinstance(part, ir.Refusal) and self._same:
                refusals.append(part.text)
            elif not isinstance(part, ir.Thinking | ir.ToolCall) and not _is_empty(part):
                said.append(part)
        made = [part for part in message.parts if isinstance(part, ir.ToolCall)]
        thoughts = [part for part in message.parts if isinstance(part, ir.Thinking)]
        if not said and not made and not refusals:
            self.losses.update(["thinking"] if thoughts else [])
            return
        written: dict[str, Any] = {"role": "assistant", "content": None}
        if said:
            written["content"] = self._content(said)
        if refusals:
            written["refusal"] = "".join(refusals)
        if made:
            written["tool_calls"] = [self._call(call) for call in made]
        if made and self._provider.replay_reasoning:
            written |= {"reasoning_content": _FORGOTTEN, **reasoning.returned(thoughts)}
        elif thoughts:
            self.losses.add("thinking")
        yield {**written, **own(message.extra, FORMAT_NAME)}

    def _call(self, call: ir.ToolCall) -> dict[str, Any]:
        name = self._names.of(call.name)
        written: dict[str, Any] = {"id": call.id, "type": "function"}
        if call.freeform and self._provider.freeform_tools:
            written |= {"type": "custom", "custom": {"name": name, "input": call.arguments}}
        else:
            arguments = freeform.wrapped(call.arguments) if call.freeform else call.arguments
            written["function"] = {"name": name, "arguments": arguments or "{}"}
        return calls.signed(written, call.extra) if self._same else written


def _marked_as_error(parts: list[ir.Part]) -> list[ir.Part]:
    match parts:
        case [ir.Text(text=text), *rest]:
            return [ir.Text(text=f"Error: {text}"), *rest]
        case _:
            return [ir.Text(text="Error"), *parts]


def _is_empty(part: ir.Part) -> bool:
    """A text that says nothing; Gemini's may carry a signature, which is nobody else's."""
    return isinstance(part, ir.Text) and not part.text


def _is_spoken(message: ir.Message) -> bool:
    return message.role == "assistant"


def _merged(run: Iterable[ir.Message]) -> list[ir.Message]:
    """One message where a call is among several: its results must follow at once."""
    messages = list(run)
    if not any(isinstance(part, ir.ToolCall) for message in messages for part in message.parts):
        return messages
    parts = tuple(part for message in messages for part in message.parts)
    fields: dict[str, Any] = {}
    for message in messages:
        fields |= own(message.extra, FORMAT_NAME)
    return [ir.Message(role="assistant", parts=parts, extra=filed(FORMAT_NAME, fields))]


def _attachments(result: ir.ToolResult) -> list[ir.Part]:
    media = [part for part in result.parts if not isinstance(part, ir.Text | ir.Opaque)]
    if not media:
        return []
    return [ir.Text(text=f"Attachment to the result of call {result.call_id}:"), *media]


def _is_billing(part: ir.Part) -> bool:
    """Claude Code's first system block changes with every request and would spoil prompt caches."""
    return isinstance(part, ir.Text) and part.text.startswith(_BILLING)


def _anthropic(part: ir.Part) -> dict[str, Any]:
    return {} if isinstance(part, ir.Opaque) else own(part.extra, "anthropic")
