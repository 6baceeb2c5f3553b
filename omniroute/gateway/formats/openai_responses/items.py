"""A client's `input` -> the hub's messages.

Everything that the model said in one turn is one assistant message; the results of its calls stand
in one user message behind it. What only the provider's own store can resolve is refused here, where
the request is on its way to another provider.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from omniroute.gateway import ir
from omniroute.gateway.errors import InvalidRequest, Unsupported
from omniroute.gateway.translation import carrier
from omniroute.gateway.translation.fields import Fields, dumped

from . import content, thoughts
from .name import FORMAT_NAME
from .tools import Names

_ADVICE = "Send the whole conversation in `input` instead, with `store` set to false."
_SEALED = frozenset({"compaction", "compaction_summary", "context_compaction"})

Speaker = Literal["model", "tools"]


def read(body: Fields, names: Names) -> tuple[ir.Message, ...]:
    turns = _Turns()
    instructions = body.text("instructions")
    if instructions:
        turns.system(instructions)
    value = body.raw.get("input")
    if isinstance(value, str):
        turns.say("user", content.read(body, "input"))
    elif isinstance(value, list):
        for item in body.objects("input"):
            _read_item(item, turns, names)
    else:
        raise body.fault("input", "be a string or an array of items")
    messages = turns.all()
    if not messages:
        raise body.fault("input", "not be empty")
    return messages


class _Turns:
    """Puts together what belongs to one turn."""

    def __init__(self) -> None:
        self._messages: list[ir.Message] = []
        self._speaker: Speaker = "model"
        self._parts: list[ir.Part] = []

    def system(self, instructions: str) -> None:
        extra = {FORMAT_NAME: {"instructions": True}}
        self._messages.append(
            ir.Message(role="system", parts=(ir.Text(text=instructions),), extra=extra)
        )

    def add(self, speaker: Speaker, parts: Iterable[ir.Part]) -> None:
        if speaker != self._speaker:
            self._close()
            self._speaker = speaker
        self._parts += parts

    def say(self, role: ir.Role, parts: tuple[ir.Part, ...]) -> None:
        self._close()
        if parts:
            self._messages.append(ir.Message(role=role, parts=parts))

    def all(self) -> tuple[ir.Message, ...]:
        self._close()
        return tuple(self._messages)

    def _close(self) -> None:
        parts, self._parts = carrier.unpacked(self._parts), []
        if parts:
            role: ir.Role = "assistant" if self._speaker == "model" else "user"
            self._messages.append(ir.Message(role=role, parts=parts))


def _read_item(item: Fields, turns: _Turns, names: Names) -> None:
    kind = item.text("type") or ("message" if "role" in item.raw else "item_reference")
    match kind:
        case "message":
            _message(item, turns)
        case "function_call" | "custom_tool_call":
            turns.add("model", [_call(item, kind, names)])
        case "function_call_output" | "custom_tool_call_output":
            parts = content.read(item, "output")
            turns.add("tools", [ir.ToolResult(call_id=item.needed("call_id"), parts=parts)])
        case "reasoning":
            turns.add("model", [thoughts.read(item)])
        case "additional_tools":
            return  # read where the tools are
        case "item_reference":
            raise InvalidRequest(
                f"`{item.path('id')}` points at an item that another provider holds. {_ADVICE}",
                param="input",
                code="item_not_found",
            )
        case "compaction_trigger":
            raise Unsupported(
                "This provider cannot compact a conversation. Ask the model for a summary instead, "
                "as Codex does for a provider of its configuration file.",
                param="input",
            )
        case _ if kind in _SEALED:
            raise Unsupported(
                f"The conversation holds a `{kind}` that only the provider which made it can read. "
                "Send the conversation itself, or its summary as text.",
                param="input",
            )
        case _:
            dumped(item.raw, item.path("type"))
            turns.add("model", [ir.Opaque(format=FORMAT_NAME, value=item.raw)])


def _message(item: Fields, turns: _Turns) -> None:
    role = item.needed("role")
    parts = content.read(item, "content")
    match role:
        case "assistant":
            phase = item.text("phase")
            turns.add("model", (_phased(part, phase) for part in parts))
        case "user":
            turns.say("user", parts)
        case "system" | "developer":
            turns.say("system", parts)
        case _:
            raise item.fault("role", "be system, developer, user or assistant")


def _phased(part: ir.Part, phase: str | None) -> ir.Part:
    if phase is None or not isinstance(part, ir.Text):
        return part
    return content.with_extra(part, phase=phase)


def _call(item: Fields, kind: str, names: Names) -> ir.ToolCall:
    name = names.full(item.text("namespace"), item.needed("name"))
    call_id = item.needed("call_id")
    if kind == "custom_tool_call":
        return ir.ToolCall(id=call_id, name=name, arguments=item.text("input") or "", freeform=True)
    told = item.raw.get("arguments")
    if isinstance(told, dict):
        told = dumped(told, item.path("arguments"))
    elif told is not None:
        told = item.given("arguments")
    return ir.ToolCall(id=call_id, name=name, arguments=told or "{}")
