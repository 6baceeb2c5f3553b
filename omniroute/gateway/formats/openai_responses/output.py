"""Items of a provider's answer -> parts."""

from __future__ import annotations

from typing import Any

from omniroute.gateway import ir
from omniroute.gateway.translation.answers import arguments, mapping, name, sequence, text

from . import content, thoughts
from .name import FORMAT_NAME
from .tools import Names

_NAMES = Names()


def read(item: dict[str, Any]) -> list[ir.Part]:
    match item.get("type"):
        case "message":
            parts = sequence(item.get("content"), "content")
            return [read_content(mapping(part, "content part")) for part in parts]
        case "reasoning":
            return [thoughts.read_answer(item)]
        case "function_call" | "custom_tool_call":
            return [read_call(item)]
        case _:
            return [ir.Opaque(format=FORMAT_NAME, value=item)]


def read_content(part: dict[str, Any]) -> ir.Text | ir.Refusal | ir.Opaque:
    match part.get("type"):
        case "output_text" | "text":
            rest = {key: value for key, value in part.items() if key not in ("type", "text")}
            extra = content.without_empty({FORMAT_NAME: rest})
            return ir.Text(text=text(part.get("text"), "text"), extra=extra)
        case "refusal":
            return ir.Refusal(text=text(part.get("refusal"), "refusal"))
        case _:
            return ir.Opaque(format=FORMAT_NAME, value=part)


def read_call(item: dict[str, Any]) -> ir.ToolCall:
    """The name stays empty where the item does not tell it (yet)."""
    freeform = item.get("type") == "custom_tool_call"
    written = (
        text(item.get("input"), "tool input") if freeform else arguments(item.get("arguments"))
    )
    return ir.ToolCall(
        id=name(item.get("call_id")) or name(item.get("id")),
        name=_NAMES.full(name(item.get("namespace")), text(item.get("name"), "tool name")),
        arguments=written,
        freeform=freeform,
    )
