"""The hub's messages -> `input` for a provider.

Items stand alone here, so the rules are about pairs: every call has one output right behind its
turn and every output its call, and reasoning comes before what it led to. Ids of items are left
out, because nobody but the provider's store could resolve them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from omniroute.gateway import ir
from omniroute.gateway.errors import InvalidRequest, Unsupported
from omniroute.gateway.snapshot import Model, Provider
from omniroute.gateway.translation import freeform
from omniroute.gateway.translation.naming import Spelling
from omniroute.gateway.translation.pairing import Pairing

from . import content, thoughts
from .name import FORMAT_NAME, own

Item = dict[str, Any]


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
        self._messages = request.messages
        self._system_role = provider.system_role
        self._custom = provider.freeform_tools
        self._images = model.images
        self._names = names
        self._pairing = Pairing((message.parts for message in request.messages), ids.of)

    def write(self) -> tuple[str, list[Item]]:
        """`instructions` and `input`. A system prompt alone is something to answer."""
        first = next((n for n, m in enumerate(self._messages) if not _is_plain_system(m)), None)
        leading = self._messages[:first]
        items = [item for n in range(len(leading), len(self._messages)) for item in self._turn(n)]
        self.losses.update(self._pairing.losses)
        if items:
            return "\n\n".join(_texts(leading)), items
        alone = [self._said(self._system_role, m.parts) for m in leading if any(_texts([m]))]
        if not alone:
            raise InvalidRequest("The conversation is empty.", param="messages")
        return "", alone

    def _turn(self, position: int) -> Iterator[Item]:
        message = self._messages[position]
        self._note(message.parts)
        if message.role == "assistant":
            sent, answers = self._pairing.answer(position, message.parts)
            yield from self._assistant(sent)
            raw = {part.id for part in sent if isinstance(part, ir.ToolCall) and part.freeform}
            for result in answers:
                yield self._output(result, freeform=result.call_id in raw)
            return
        parts: list[ir.Part] = [p for p in message.parts if not isinstance(p, ir.ToolResult)]
        if message.role == "system":
            parts = [part for part in self._known(parts) if part != ir.Text(text="")]
        if parts:
            yield self._said(self._system_role if message.role == "system" else "user", parts)

    def _known(self, parts: list[ir.Part]) -> list[ir.Part]:
        """System text without what only another vendor understands."""
        known = [p for p in parts if not isinstance(p, ir.Opaque) or p.format == FORMAT_NAME]
        if len(known) < len(parts):
            self.losses.add("input")
        return known

    def _note(self, parts: Iterable[ir.Part]) -> None:
        for part in parts:
            if isinstance(part, ir.Opaque):
                continue
            if not self._same and "cache_control" in part.extra.get("anthropic", {}):
                self.losses.add("cache_control")

    def _said(self, role: str, parts: Iterable[ir.Part]) -> Item:
        return {"type": "message", "role": role, "content": [self._content(part) for part in parts]}

    def _content(self, part: ir.Part) -> Item:
        if isinstance(part, ir.Image) and not self._images:
            raise Unsupported("This model takes no images.", param="input")
        return content.write(part, same_format=self._same)

    def _assistant(self, parts: list[ir.Part]) -> list[Item]:
        items: list[Item] = []
        for part in parts:
            item = self._item(part)
            if item is None:
                self.losses.add("thinking" if isinstance(part, ir.Thinking) else "input")
            elif item and not _continues(items, item):
                items.append(item)
        while items and items[-1]["type"] == "reasoning":
            items.pop()
            self.losses.add("thinking")
        return items

    def _item(self, part: ir.Part) -> Item | None:
        """Nothing for empty text; None for what only another provider could understand."""
        match part:
            case ir.Text(text="") | ir.Refusal(text=""):
                return {}
            case ir.Text() | ir.Refusal():
                said = [content.write_said(part, same_format=self._same)]
                item: Item = {"type": "message", "role": "assistant", "content": said}
                phase = own(part.extra).get("phase")
                return {**item, "phase": phase} if phase else item
            case ir.Thinking():
                return thoughts.write(part)
            case ir.ToolCall():
                return self._call(part)
            case ir.Opaque(format=owner, value=value):
                return _anonymous(value) if owner == FORMAT_NAME else None
            case _:
                raise Unsupported(
                    "This provider takes no media in assistant messages.", param="input"
                )

    def _call(self, call: ir.ToolCall) -> Item:
        named = {"call_id": call.id, "name": self._names.of(call.name)}
        if call.freeform and self._custom:
            return {"type": "custom_tool_call", **named, "input": call.arguments}
        text = freeform.wrapped(call.arguments) if call.freeform else call.arguments
        return {"type": "function_call", **named, "arguments": text or "{}"}

    def _output(self, result: ir.ToolResult, *, freeform: bool) -> Item:
        kind = "custom_tool_call_output" if freeform and self._custom else "function_call_output"
        parts = _marked(result.parts) if result.is_error else result.parts
        written = [self._content(part) for part in parts]
        if any(one["type"] == "input_audio" for one in written):
            raise Unsupported("This provider takes no audio in tool results.", param="input")
        plain = all(one.keys() == {"type", "text"} for one in written)
        told = "".join(one["text"] for one in written) if plain and len(written) < 2 else written
        return {"type": kind, "call_id": result.call_id, "output": told}


def _is_plain_system(message: ir.Message) -> bool:
    return message.role == "system" and all(isinstance(part, ir.Text) for part in message.parts)


def _texts(messages: Iterable[ir.Message]) -> Iterator[str]:
    parts = (part for message in messages for part in message.parts)
    return (part.text for part in parts if isinstance(part, ir.Text) and part.text)


def _continues(items: list[Item], item: Item) -> bool:
    """Adds more text of the same phase to the message that was the last item."""
    if not items or item["type"] != "message" or items[-1].get("phase") != item.get("phase"):
        return False
    if items[-1]["type"] != "message":
        return False
    items[-1]["content"] += item["content"]
    return True


def _anonymous(item: Item) -> Item:
    return {key: value for key, value in item.items() if key != "id"}


def _marked(parts: tuple[ir.Part, ...]) -> tuple[ir.Part, ...]:
    """The API has no field for a failed call, so the text says it."""
    match parts:
        case (ir.Text(text=text), *rest):
            return (ir.Text(text=f"Error: {text}"), *rest)
        case _:
            return (ir.Text(text="Error"), *parts)
