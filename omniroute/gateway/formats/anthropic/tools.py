"""Tool definitions and the choice among them, in both directions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from omniroute.gateway import ir
from omniroute.gateway.formats.anthropic import schema
from omniroute.gateway.formats.anthropic.fields import (
    FORMAT_NAME,
    dumped,
    extra,
    optional,
    own,
    path,
    required,
    typed,
    wrong,
)
from omniroute.gateway.formats.anthropic.notes import Notes

_CHOICES: dict[str, ir.ToolChoice] = {
    "auto": ir.ToolChoice(mode="auto"),
    "any": ir.ToolChoice(mode="required"),
    "none": ir.ToolChoice(mode="none"),
}


def read_tools(body: Mapping[str, Any]) -> tuple[ir.Tool, ...]:
    tools = optional(body, "tools", list) or []
    return tuple(_read_tool(tool, path("tools", n)) for n, tool in enumerate(tools))


def _read_tool(value: Any, where: str) -> ir.Tool:
    tool = typed(value, dict, where)
    kind = optional(tool, "type", str, where)
    if kind not in (None, "custom"):
        return ir.Tool(name=optional(tool, "name", str, where) or str(kind), hosted=tool)
    return ir.Tool(
        name=required(tool, "name", str, where),
        description=optional(tool, "description", str, where) or "",
        schema=required(tool, "input_schema", dict, where),
        strict=optional(tool, "strict", bool, where),
        extra=extra(tool, "name", "description", "input_schema", "strict"),
    )


def read_choice(body: Mapping[str, Any]) -> tuple[ir.ToolChoice | None, bool | None]:
    """The choice, and whether several calls at a time are allowed (None: nothing was said)."""
    choice = optional(body, "tool_choice", dict)
    if choice is None:
        return None, None
    kind = required(choice, "type", str, "tool_choice")
    alone = optional(choice, "disable_parallel_tool_use", bool, "tool_choice")
    parallel = None if alone is None else not alone
    if kind == "tool":
        name = required(choice, "name", str, "tool_choice")
        return ir.ToolChoice(mode="named", names=(name,)), parallel
    if kind not in _CHOICES:
        raise wrong("tool_choice.type", "one of auto, any, tool, none")
    return _CHOICES[kind], parallel


def full_name(tool: ir.Tool) -> str:
    return f"{tool.namespace}__{tool.name}" if tool.namespace else tool.name


def offered(request: ir.Request, notes: Notes) -> list[ir.Tool]:
    """The tools that this API can be given: hosted ones only if they are its own, and only those
    that the choice allows."""
    tools: list[ir.Tool] = []
    for tool in request.tools:
        if tool.hosted is not None and request.format != FORMAT_NAME:
            notes.lose(f"tools.{tool.name}")
        else:
            tools.append(tool)
    choice = request.tool_choice
    if choice is not None and choice.mode == "allowed":
        tools = [tool for tool in tools if full_name(tool) in choice.names]
    return tools


def write_tool(tool: ir.Tool, notes: Notes) -> dict[str, Any]:
    if tool.hosted is not None:
        return dict(typed(tool.hosted, dict, "tools"))
    written: dict[str, Any] = {"name": notes.names.send(full_name(tool))}
    description, given = tool.description, tool.schema
    if tool.freeform is not None:
        description, given = _freeform(tool)
    if description:
        written["description"] = description
    written["input_schema"], changed = schema.tool_input(given)
    if changed:
        notes.lose(f"tools.{tool.name}.schema")
    if tool.strict:
        written["strict"] = True
    return {**written, **own(tool.extra)}


def _freeform(tool: ir.Tool) -> tuple[str, dict[str, Any]]:
    """A tool that takes raw text becomes one with a single string; its grammar is told in words."""
    description = tool.description
    if tool.freeform:
        grammar = dumped(tool.freeform, "tools")
        description = f"{description}\n\nThe input must follow this format: {grammar}".strip()
    properties = {"input": {"type": "string", "description": "The raw input of the tool."}}
    return description, {"type": "object", "properties": properties, "required": ["input"]}


def write_choice(
    request: ir.Request, tools: list[ir.Tool], notes: Notes, *, forcible: bool
) -> dict[str, Any] | None:
    """`forcible` is False where the model refuses to be forced: beside manual thinking."""
    choice = request.tool_choice
    if not tools:
        if choice is not None and choice.mode not in ("auto", "none"):
            notes.lose("tool_choice")
        return None
    written = _choice(choice, tools, notes)
    if written is not None and written["type"] in ("any", "tool") and not forcible:
        notes.lose("tool_choice")
        written = {"type": "auto"}
    if request.parallel_tool_calls is False and (written or {}).get("type") != "none":
        return {**(written or {"type": "auto"}), "disable_parallel_tool_use": True}
    return written


def _choice(
    choice: ir.ToolChoice | None, tools: list[ir.Tool], notes: Notes
) -> dict[str, Any] | None:
    if choice is None:
        return None
    match choice.mode:
        case "named":
            for tool in tools:
                if choice.names and choice.names[0] in (tool.name, full_name(tool)):
                    return {"type": "tool", "name": notes.names.send(full_name(tool))}
            notes.lose("tool_choice")
            return None
        case "required":
            return {"type": "any"}
        case "allowed":
            return {"type": "any" if choice.required else "auto"}
        case mode:
            return {"type": mode}
