"""Tool definitions and the choice among them, in both directions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from omniroute.gateway import ir
from omniroute.gateway.formats.anthropic import schema
from omniroute.gateway.formats.anthropic.name import FORMAT_NAME
from omniroute.gateway.formats.anthropic.notes import Notes
from omniroute.gateway.translation import freeform
from omniroute.gateway.translation.fields import Fields, own
from omniroute.gateway.translation.naming import full_name

_CHOICES: dict[str, ir.ToolChoice] = {
    "auto": ir.ToolChoice(mode="auto"),
    "any": ir.ToolChoice(mode="required"),
    "none": ir.ToolChoice(mode="none"),
}


def read_tools(body: Fields) -> tuple[ir.Tool, ...]:
    """The tools of a request, with those that the conversation has brought on its way."""
    return tuple(_read_tool(tool) for tool in (*body.objects("tools"), *_brought(body)))


def _brought(body: Fields) -> Iterator[Fields]:
    for message in body.objects("messages"):
        if message.raw.get("role") != "system" or not isinstance(message.raw.get("content"), list):
            continue
        for block in message.objects("content"):
            tool = block.child("tool") if block.raw.get("type") == "tool_addition" else None
            if tool is not None and tool.raw.get("type") == "tool_definition":
                yield tool.inner("definition")


def _read_tool(tool: Fields) -> ir.Tool:
    kind = tool.text("type")
    if kind not in (None, "custom"):
        return ir.Tool(name=tool.text("name") or str(kind), hosted=tool.raw)
    return ir.Tool(
        name=tool.given("name"),
        description=tool.text("description") or "",
        schema=tool.inner("input_schema").raw,
        strict=tool.flag("strict"),
        extra=tool.extras(FORMAT_NAME, ("name", "description", "input_schema", "strict")),
    )


def read_choice(body: Fields) -> tuple[ir.ToolChoice | None, bool | None]:
    """The choice, and whether several calls at a time are allowed (None: nothing was said)."""
    choice = body.child("tool_choice")
    if choice is None:
        return None, None
    kind = choice.given("type")
    alone = choice.flag("disable_parallel_tool_use")
    parallel = None if alone is None else not alone
    if kind == "tool":
        return ir.ToolChoice(mode="named", names=(choice.given("name"),)), parallel
    if kind not in _CHOICES:
        raise choice.fault("type", "be one of auto, any, tool, none")
    return _CHOICES[kind], parallel


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
        return dict(tool.hosted)
    written: dict[str, Any] = {"name": notes.names.of(full_name(tool))}
    description, given = tool.description, tool.schema
    if tool.freeform is not None:
        description, given = freeform.described(tool), freeform.schema()
    if description:
        written["description"] = description
    written["input_schema"], changed = schema.tool_input(given)
    if changed:
        notes.lose(f"tools.{tool.name}.schema")
    if tool.strict:
        written["strict"] = True
    return {**written, **own(tool.extra, FORMAT_NAME)}


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
                    return {"type": "tool", "name": notes.names.of(full_name(tool))}
            notes.lose("tool_choice")
            return None
        case "required":
            return {"type": "any"}
        case "allowed":
            return {"type": "any" if choice.required else "auto"}
        case mode:
            return {"type": mode}
