"""Tool definitions and `tool_choice`, in both directions.

A tool of a namespace is called `namespace__name` everywhere but here. `strict` is on at OpenAI when
it is left out, so it is always said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from omniroute.gateway import ir
from omniroute.gateway.snapshot import Provider
from omniroute.gateway.translation import freeform
from omniroute.gateway.translation.fields import Fields, dumped
from omniroute.gateway.translation.naming import Spelling, full_name
from omniroute.gateway.translation.openai import parameters

from .name import FORMAT_NAME, own

_FUNCTION = frozenset({"type", "name", "description", "parameters", "strict"})
_CUSTOM = frozenset({"type", "name", "description", "format"})
_BRINGERS = frozenset({"additional_tools", "tool_search_output"})


class Names:
    """What calls of a tool are named, by its namespace and its name in it."""

    def __init__(self, tools: Iterable[ir.Tool] = ()) -> None:
        self._known = {(tool.namespace, tool.name) for tool in tools}

    def full(self, namespace: str | None, name: str) -> str:
        """A deferred tool that a search has found is its own namespace, which is no name's part."""
        if not namespace or ((namespace, name) not in self._known and namespace == name):
            return name
        return f"{namespace}__{name}"


def read(body: Fields) -> tuple[ir.Tool, ...]:
    """The tools of a request, with those that the conversation has brought on its way."""
    found = [tool for described in body.objects("tools") for tool in _read(described)]
    known = set(map(full_name, found))
    items = body.objects("input") if isinstance(body.raw.get("input"), list) else ()
    for item in items:
        if item.raw.get("type") not in _BRINGERS:
            continue
        for tool in (tool for described in item.objects("tools") for tool in _read(described)):
            if full_name(tool) not in known:
                known.add(full_name(tool))
                found.append(tool)
    return tuple(found)


def _read(tool: Fields) -> Iterator[ir.Tool]:
    kind = tool.needed("type")
    dumped(tool.raw, tool.path("type"))
    if kind != "namespace":
        yield _read_one(tool, kind, None)
        return
    name, purpose = tool.needed("name"), tool.text("description")
    for inner in tool.objects("tools"):
        yield _read_one(inner, inner.text("type") or "function", name, purpose or "")
        purpose = None  # what all of them are for, said once


def _read_one(tool: Fields, kind: str, namespace: str | None, purpose: str = "") -> ir.Tool:
    if kind not in ("function", "custom"):
        return ir.Tool(name=kind, hosted=tool.raw, namespace=namespace)
    description = f"{purpose}\n\n{tool.text('description') or ''}".strip()
    if kind == "custom":
        grammar = tool.child("format")
        return ir.Tool(
            name=tool.needed("name"),
            description=description,
            freeform=grammar.raw if grammar else {},
            namespace=namespace,
            extra=tool.extras(FORMAT_NAME, _CUSTOM),
        )
    return ir.Tool(
        name=tool.needed("name"),
        description=description,
        schema=parameters.read(tool),
        strict=tool.flag("strict"),
        namespace=namespace,
        extra=tool.extras(FORMAT_NAME, _FUNCTION),
    )


def read_choice(body: Fields, names: Names) -> ir.ToolChoice | None:
    value = body.raw.get("tool_choice")
    match value:
        case None:
            return None
        case "auto" | "none" | "required":
            return ir.ToolChoice(mode=value)
        case str():
            raise body.fault("tool_choice", "be auto, none, required or an object")
    choice = body.inner("tool_choice")
    # OpenAI's own echo of the choice leaves the type out.
    if choice.raw.get("type") == "allowed_tools" or "tools" in choice.raw:
        allowed = tuple(_pointed(tool, names) for tool in choice.objects("tools"))
        required = choice.text("mode") == "required"
        return ir.ToolChoice(mode="allowed", names=allowed, required=required)
    return ir.ToolChoice(mode="named", names=(_pointed(choice, names),))


def _pointed(choice: Fields, names: Names) -> str:
    """The name of the tool that is pointed at; a hosted one is named by its type."""
    kind = choice.needed("type")
    if kind not in ("function", "custom"):
        return kind
    return names.full(choice.text("namespace"), choice.needed("name"))


def write(
    request: ir.Request, provider: Provider, names: Spelling, losses: set[str]
) -> dict[str, Any]:
    """The body fields `tools`, `tool_choice` and `parallel_tool_calls`."""
    same = request.format == FORMAT_NAME
    choice = request.tool_choice
    offered = [tool for tool in request.tools if same or _fits(tool, losses)]
    if not offered:
        if choice is not None and choice.mode != "none":
            losses.add("tool_choice")
        return {}
    custom = provider.freeform_tools
    written: dict[str, Any] = {
        "tools": [
            write_tool(tool, names.of(full_name(tool)), same_format=same, custom=custom)
            for tool in offered
        ]
    }
    if choice is not None:
        chosen = _write_choice(choice, offered, names.of, custom=custom)
        if chosen is None:
            losses.add("tool_choice")
        else:
            written["tool_choice"] = chosen
    if request.parallel_tool_calls is not None:
        written["parallel_tool_calls"] = request.parallel_tool_calls
    return written


def _fits(tool: ir.Tool, losses: set[str]) -> bool:
    if tool.hosted is not None:
        losses.add(f"tools.{full_name(tool)}")
        return False
    losses.update(f"tools.{name}" for fields in tool.extra.values() for name in fields)
    return True


def write_tool(
    tool: ir.Tool, name: str, *, same_format: bool = True, custom: bool = True
) -> dict[str, Any]:
    """`custom` tells whether the reader knows freeform tools."""
    if tool.hosted is not None:
        return dict(tool.hosted)
    told = own(tool.extra) if same_format else {}
    if tool.freeform is not None and custom:
        written = {"type": "custom", "name": name, "description": tool.description}
        return {**written, **({"format": tool.freeform} if tool.freeform else {}), **told}
    stands_in = tool.freeform is not None
    return {
        "type": "function",
        "name": name,
        "description": freeform.described(tool) if stands_in else tool.description,
        "parameters": freeform.schema() if stands_in else parameters.write(tool.schema),
        "strict": tool.strict or False,
        **told,
    }


def _write_choice(
    choice: ir.ToolChoice, offered: Iterable[ir.Tool], spell: Callable[[str], str], *, custom: bool
) -> str | dict[str, Any] | None:
    if choice.mode not in ("named", "allowed"):
        return choice.mode
    pointed = [
        _pointer(tool, spell(full_name(tool)), custom=custom)
        for tool in offered
        if full_name(tool) in choice.names
    ]
    if not pointed:
        return None
    if choice.mode == "named":
        return pointed[0]
    mode = "required" if choice.required else "auto"
    return {"type": "allowed_tools", "mode": mode, "tools": pointed}


def _pointer(tool: ir.Tool, name: str, *, custom: bool) -> dict[str, Any]:
    if tool.hosted is not None:
        label = tool.hosted.get("server_label")
        return {"type": tool.name, **({"server_label": label} if label else {})}
    return {"type": "custom" if tool.freeform is not None and custom else "function", "name": name}


def echo(offered: Iterable[ir.Tool]) -> list[dict[str, Any]]:
    """The tools as the client sent them, those of one namespace together again."""
    echoed: list[dict[str, Any]] = []
    spaces: dict[str, list[dict[str, Any]]] = {}
    for tool in offered:
        written = write_tool(tool, tool.name)
        if tool.namespace is None:
            echoed.append(written)
        elif tool.namespace in spaces:
            spaces[tool.namespace].append(written)
        else:
            inner = spaces[tool.namespace] = [written]
            named = {"name": tool.namespace, "description": "", "tools": inner}
            echoed.append({"type": "namespace", **named})
    return echoed


def echo_choice(request: ir.Request) -> str | dict[str, Any]:
    choice = request.tool_choice
    written = choice and _write_choice(choice, request.tools, str, custom=True)
    return written or "auto"
