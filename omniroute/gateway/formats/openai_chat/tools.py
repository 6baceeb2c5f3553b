"""Tool definitions and `tool_choice`, in both directions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from omniroute.gateway import ir
from omniroute.gateway.snapshot import Provider
from omniroute.gateway.translation import freeform
from omniroute.gateway.translation.fields import Fields, own
from omniroute.gateway.translation.naming import Spelling, full_name
from omniroute.gateway.translation.openai import parameters

from .name import FORMAT_NAME


def read(body: Fields) -> tuple[ir.Tool, ...]:
    tools = [_read_tool(tool) for tool in body.objects("tools")]
    tools += [_read_function(function, ir.NO_EXTRA) for function in body.objects("functions")]
    return tuple(tools)


def _read_tool(tool: Fields) -> ir.Tool:
    kind = tool.text("type") or "function"
    match kind:
        case "function":
            extra: dict[str, Any] = {}
            if tool.raw.get("cache_control") is not None:
                extra["anthropic"] = {"cache_control": tool.inner("cache_control").raw}
            return _read_function(tool.inner("function"), extra or ir.NO_EXTRA)
        case "custom":
            custom = tool.inner("custom")
            grammar = custom.child("format")
            return ir.Tool(
                name=custom.needed("name"),
                description=custom.text("description") or "",
                freeform=_flat(grammar.raw) if grammar else {},
            )
        case _:
            return ir.Tool(name=kind, hosted=tool.raw)


def _read_function(function: Fields, extra: ir.Extra) -> ir.Tool:
    return ir.Tool(
        name=function.needed("name"),
        description=function.text("description") or "",
        schema=parameters.read(function),
        strict=function.flag("strict"),
        extra=extra,
    )


def read_choice(body: Fields) -> ir.ToolChoice | None:
    name = "tool_choice" if body.raw.get("tool_choice") is not None else "function_call"
    value = body.raw.get(name)
    match value:
        case None:
            return None
        case "auto" | "none" | "required":
            return ir.ToolChoice(mode=value)
        case "any":  # Mistral
            return ir.ToolChoice(mode="required")
        case str():
            raise body.fault(name, "be auto, none, required or an object")
    choice = body.inner(name)
    kind = choice.text("type")
    if kind == "allowed_tools":
        return _read_allowed(choice.inner("allowed_tools"))
    if name == "tool_choice":
        choice = choice.inner("custom" if kind == "custom" else "function")
    return ir.ToolChoice(mode="named", names=(choice.needed("name"),))


def _read_allowed(allowed: Fields) -> ir.ToolChoice:
    names = tuple(
        tool.inner("custom" if tool.text("type") == "custom" else "function").needed("name")
        for tool in allowed.objects("tools")
    )
    return ir.ToolChoice(mode="allowed", names=names, required=allowed.text("mode") == "required")


def write(
    request: ir.Request, provider: Provider, names: Spelling, losses: set[str]
) -> dict[str, Any]:
    """The body fields `tools`, `tool_choice` and `parallel_tool_calls`."""
    choice = request.tool_choice
    offered = list(_offered(request, losses))
    if not offered:
        if choice is not None and choice.mode != "none":
            losses.add("tool_choice")
        return {}
    fields: dict[str, Any] = {
        "tools": [_write_tool(tool, request, provider, names) for tool in offered]
    }
    if choice is not None:
        written = _write_choice(choice, offered, provider, names)
        if written is None:
            losses.add("tool_choice")
        else:
            fields["tool_choice"] = written
    if request.parallel_tool_calls is not None:
        fields["parallel_tool_calls"] = request.parallel_tool_calls
    return fields


def _offered(request: ir.Request, losses: set[str]) -> Iterable[ir.Tool]:
    """The tools that can be sent. Few servers know `allowed_tools`: the others are left out."""
    choice = request.tool_choice
    for tool in request.tools:
        if choice is not None and choice.mode == "allowed" and full_name(tool) not in choice.names:
            continue
        if tool.hosted is not None and request.format != FORMAT_NAME:
            losses.add(f"tools.{full_name(tool)}")
            continue
        if request.format != FORMAT_NAME:
            foreign = (fields for owner, fields in tool.extra.items() if owner != FORMAT_NAME)
            losses.update(f"tools.{name}" for fields in foreign for name in fields)
        yield tool


def _write_tool(
    tool: ir.Tool, request: ir.Request, provider: Provider, names: Spelling
) -> dict[str, Any]:
    name = names.of(full_name(tool))
    if tool.hosted is not None:
        return dict(tool.hosted)
    if tool.freeform is not None:
        if not provider.freeform_tools:
            return _stand_in(tool, name)
        return {"type": "custom", "custom": _custom(tool, name)}
    function: dict[str, Any] = {"name": name}
    if tool.description:
        function["description"] = tool.description
    function["parameters"] = parameters.write(tool.schema)
    if tool.strict is not None:
        function["strict"] = tool.strict
    written = {"type": "function", "function": function}
    mark = own(tool.extra, "anthropic").get("cache_control")
    return {**written, "cache_control": mark} if mark and request.format == FORMAT_NAME else written


def _custom(tool: ir.Tool, name: str) -> dict[str, Any]:
    custom: dict[str, Any] = {"name": name}
    if tool.description:
        custom["description"] = tool.description
    if tool.freeform:
        custom["format"] = _nested(tool.freeform)
    return custom


def _stand_in(tool: ir.Tool, name: str) -> dict[str, Any]:
    """The function that a server without freeform tools gets instead of `tool`."""
    function: dict[str, Any] = {"name": name, "parameters": freeform.schema()}
    description = freeform.described(tool)
    if description:
        function["description"] = description
    return {"type": "function", "function": function}


def _flat(grammar: dict[str, Any]) -> dict[str, Any]:
    """A grammar as the hub keeps it; Chat Completions nests what it consists of."""
    inner = grammar.get("grammar")
    if grammar.get("type") != "grammar" or not isinstance(inner, dict):
        return grammar
    return {"type": "grammar", **inner}


def _nested(grammar: dict[str, Any]) -> dict[str, Any]:
    if grammar.get("type") != "grammar" or "grammar" in grammar:
        return grammar
    return {"type": "grammar", "grammar": {k: v for k, v in grammar.items() if k != "type"}}


def _write_choice(
    choice: ir.ToolChoice, offered: list[ir.Tool], provider: Provider, names: Spelling
) -> str | dict[str, Any] | None:
    match choice.mode:
        case "allowed":
            return "required" if choice.required else "auto"
        case "named":
            named = next((tool for tool in offered if full_name(tool) in choice.names), None)
            if named is None or named.hosted is not None:
                return None
            custom = named.freeform is not None and provider.freeform_tools
            kind = "custom" if custom else "function"
            return {"type": kind, kind: {"name": names.of(full_name(named))}}
        case mode:
            return mode
