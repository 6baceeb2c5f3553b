"""Freeform tools where only functions are known: one string parameter named `input`.

The hub keeps a grammar flat, as Responses spells it: {"type": "grammar", "syntax", "definition"}.
"""

from __future__ import annotations

from typing import Any

import orjson

from omniroute.gateway import ir
from omniroute.gateway.translation.fields import dumped
from omniroute.gateway.translation.naming import full_name


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


def described(tool: ir.Tool) -> str:
    """The description of the function that stands in for a freeform tool: its grammar in words."""
    grammar = tool.freeform if isinstance(tool.freeform, dict) else {}
    definition = grammar.get("definition")
    told = ""
    if isinstance(definition, str) and definition:
        syntax = grammar.get("syntax")
        rules = f"{syntax} grammar" if syntax else "grammar"
        told = f"`input` must follow this {rules}:\n{definition}"
    elif grammar and grammar.get("type") != "text":
        told = f"`input` must follow this format: {dumped(grammar, 'tools')}"
    return f"{tool.description}\n\n{told}".strip()


def schema() -> dict[str, Any]:
    """The parameters of such a function."""
    return {
        "type": "object",
        "properties": {"input": {"type": "string", "description": "The tool's whole input."}},
        "required": ["input"],
        "additionalProperties": False,
    }


def names(request: ir.Request | None) -> frozenset[str]:
    """The tools of a request whose input is raw text."""
    if request is None:
        return frozenset()
    return frozenset(full_name(tool) for tool in request.tools if tool.freeform is not None)
