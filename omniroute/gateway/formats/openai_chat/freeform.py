"""Freeform tools where only functions are known: one string parameter named `input`.

The hub keeps a grammar flat, as Responses spells it: {"type": "grammar", "syntax", "definition"};
Chat Completions nests the last two.
"""

from __future__ import annotations

from typing import Any

import orjson

from omniroute.gateway import ir

from .naming import full_name


def wrapped(raw: str) -> str:
    """Raw input as the arguments of the function that stands in for the tool."""
    return orjson.dumps({"input": raw}).decode()


def unwrapped(arguments: str) -> str:
    """The raw input out of such arguments; what is not wrapped is taken as it is."""
    try:
        value = orjson.loads(arguments)
    except orjson.JSONDecodeError:
        return arguments
    raw = value.get("input") if isinstance(value, dict) else None
    return raw if isinstance(raw, str) else arguments


def stand_in(tool: ir.Tool, name: str) -> dict[str, Any]:
    """The function that a server without freeform tools gets instead of `tool`."""
    definition = tool.freeform.get("definition") if isinstance(tool.freeform, dict) else None
    description = tool.description
    if isinstance(definition, str) and definition:
        syntax = tool.freeform.get("syntax") or "grammar"
        description = f"{description}\n\n`input` must follow this {syntax} grammar:\n{definition}"
    schema = {
        "type": "object",
        "properties": {"input": {"type": "string", "description": "The tool's whole input."}},
        "required": ["input"],
        "additionalProperties": False,
    }
    function: dict[str, Any] = {"name": name, "parameters": schema}
    if description:
        function["description"] = description.strip()
    return {"type": "function", "function": function}


def flat(grammar: dict[str, Any]) -> dict[str, Any]:
    inner = grammar.get("grammar")
    if grammar.get("type") != "grammar" or not isinstance(inner, dict):
        return grammar
    return {"type": "grammar", **inner}


def nested(grammar: dict[str, Any]) -> dict[str, Any]:
    if grammar.get("type") != "grammar" or "grammar" in grammar:
        return grammar
    return {"type": "grammar", "grammar": {k: v for k, v in grammar.items() if k != "type"}}


def names(request: ir.Request | None) -> frozenset[str]:
    """The tools of a request whose input is raw text."""
    if request is None:
        return frozenset()
    return frozenset(full_name(tool) for tool in request.tools if tool.freeform is not None)
