"""The hub's messages -> `messages` for a provider, turn by turn.

A turn is a run of assistant messages and what follows it. Every call gets exactly one `tool`
message right behind it; media in results follow in a user message, where servers look at them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from omniroute.gateway import ir
from omniroute.gateway.errors import Unsupported
from omniroute.gateway.snapshot import Model, Provider

from . import calls, content, freeform, reasoning
from .naming import Spelling
from .params import FORMAT_NAME, owned

_BILLING = "x-anthropic-billing-header:"
_FORGOTTEN = "[The reasoning was not recorded.]"  # its absence is answered 400
_UNANSWERED = "[No result was given for this call.]"


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
        self._messages = request.messages
        self._same = request.format == FORMAT_NAME
        self._provider = provider
        self._images = model.images
        self._names, self._ids = names, ids

    def write(self) -> list[dict[str, Any]]:
        written: list[dict[str, Any]] = []
        asked: list[ir.ToolCall] = []
        for spoken, run in groupby(self._messages, key=_is_spoken):
            if spoken:
                asked = []
                for message in _merged(run):
                    asked += [part for part in message.parts if isinstance(part, ir.ToolCall)]
                    written += self._assistant(message)
            else:
                written += self._turn(list(run), asked)
                asked = []
        return [*written, *self._results((), asked)]

    def _turn(
        self, messages: list[ir.Message], asked: list[ir.ToolCall]
    ) -> Iterator[dict[str, Any]]:
        results = [
            part
            for message in messages
            for part in message.parts
            if isinstance(part, ir.ToolResult)
        ]
        yield from self._results(results, asked)
        known = {call.id for call in asked}
        for message in messages:
            yield from self._said(message, known)

    def _results(
        self, results: Iterable[ir.ToolResult], asked: list[ir.ToolCall]
    ) -> Iterator[dict[str, Any]]:
        waiting = {call.id: call for call in asked}
        for result in results:
            if waiting.pop(result.call_id, None) is None:
                self.losses.add("tool_result")
                continue
            named = {"name": result.name} if result.name and self._same else {}
            own = owned(result.extra)
            yield {**self._tool(result.call_id, self._result_text(result)), **named, **own}
        for call_id in waiting:
            self.losses.add("tool_call")
            yield self._tool(call_id, _UNANSWERED)

    def _tool(self, call_id: str, text: str | list[dict[str, Any]]) -> dict[str, Any]:
        return {"role": "tool", "tool_call_id": self._ids.of(call_id), "content": text}

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

    def _said(self, message: ir.Message, known: set[str]) -> Iterator[dict[str, Any]]:
        parts: list[ir.Part] = []
        answered = False
        for part in message.parts:
            if isinstance(part, ir.ToolResult):
                answered = True
                if part.call_id in known:
                    parts += _attachments(part)
            else:
                parts.append(part)
        if answered and not parts:
            return
        role = "user"
        if message.role == "system":
            role = self._provider.system_role
            parts = [part for part in parts if not _is_billing(part)]
            if message.parts and not parts:
                return
        yield {"role": role, "content": self._content(parts), **self._extra(message)}

    def _content(self, parts: list[ir.Part]) -> str | list[dict[str, Any]]:
        if not self._images and any(isinstance(part, ir.Image) for part in parts):
            raise Unsupported("This model does not take images.", param="messages")
        if not self._same and any("cache_control" in _anthropic(part) for part in parts):
            self.losses.add("cache_control")
        return content.write_all(parts, same_format=self._same)

    def _extra(self, message: ir.Message) -> dict[str, Any]:
        return dict(owned(message.extra))

    def _assistant(self, message: ir.Message) -> Iterator[dict[str, Any]]:
        said: list[ir.Part] = []
        refusals: list[str] = []
        for part in message.parts:
            if isinstance(part, ir.Refusal) and self._same:
                refusals.append(part.text)
            elif not isinstance(part, ir.Thinking | ir.ToolCall):
                said.append(part)
        made = [part for part in message.parts if isinstance(part, ir.ToolCall)]
        thoughts = [part for part in message.parts if isinstance(part, ir.Thinking)]
        if not said and not made and not refusals and message.parts:
            self.losses.add("thinking")
            return
        written: dict[str, Any] = {"role": "assistant", "content": None}
        if said or not (made or refusals):
            written["content"] = self._content(said)
        if refusals:
            written["refusal"] = "".join(refusals)
        if made:
            written["tool_calls"] = [self._call(call) for call in made]
        if made and self._provider.replay_reasoning:
            written |= {"reasoning_content": _FORGOTTEN, **reasoning.write(thoughts)}
        elif thoughts:
            self.losses.add("thinking")
        yield {**written, **self._extra(message)}

    def _call(self, call: ir.ToolCall) -> dict[str, Any]:
        name = self._names.of(call.name)
        written: dict[str, Any] = {"id": self._ids.of(call.id), "type": "function"}
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


def _is_spoken(message: ir.Message) -> bool:
    return message.role == "assistant"


def _merged(run: Iterable[ir.Message]) -> list[ir.Message]:
    """One message where a call is among several: its results must follow at once."""
    messages = list(run)
    if not any(isinstance(part, ir.ToolCall) for message in messages for part in message.parts):
        return messages
    parts = tuple(part for message in messages for part in message.parts)
    own = {key: value for message in messages for key, value in owned(message.extra).items()}
    return [
        ir.Message(role="assistant", parts=parts, extra={FORMAT_NAME: own} if own else ir.NO_EXTRA)
    ]


def _attachments(result: ir.ToolResult) -> list[ir.Part]:
    media = [part for part in result.parts if not isinstance(part, ir.Text | ir.Opaque)]
    if not media:
        return []
    return [ir.Text(text=f"Attachment to the result of call {result.call_id}:"), *media]


def _is_billing(part: ir.Part) -> bool:
    """Claude Code's first system block changes with every request and would spoil prompt caches."""
    return isinstance(part, ir.Text) and part.text.startswith(_BILLING)


def _anthropic(part: ir.Part) -> dict[str, Any]:
    return {} if isinstance(part, ir.Opaque) else owned(part.extra, "anthropic")
