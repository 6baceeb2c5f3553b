"""Tool definitions and the choice among them, in both directions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from omniroute.gateway import ir
from omniroute.gateway.formats.gemini import jsonschema, schema
from omniroute.gateway.formats.gemini.history import listed
from omniroute.gateway.formats.gemini.spelling import FORMAT_NAME
from omniroute.gateway.translation import freeform
from omniroute.gateway.translation.fields import Fields, own
from omniroute.gateway.translation.naming import Spelling, full_name

_FUNCTIONS = "functionDeclarations"
_MODELLED = ("name", "description", "parameters", "parametersJsonSchema")
_NO_ARGUMENTS = {"type": "object", "properties": {}}
_ROOT = ("type", "$ref", "anyOf", "oneOf", "allOf")


def read(body: Fields) -> tuple[ir.Tool, ...]:
    """Functions, and Google's own tools, each of which is one field of an entry."""
    tools: list[ir.Tool] = []
    for entry in listed(body, "tools"):
        tools += map(_function, listed(entry, _FUNCTIONS))
        hosted = entry.rest((_FUNCTIONS,))
        tools += (ir.Tool(name=name, hosted={name: value}) for name, value in hosted.items())
    return tuple(tools)


def _function(declared: Fields) -> ir.Tool:
    full, subset = declared.child("parametersJsonSchema"), declared.child("parameters")
    given: Any = dict(_NO_ARGUMENTS)
    if full is not None:
        given = full.raw
    elif subset is not None:
        given = jsonschema.from_gemini(subset.raw)
    return ir.Tool(
        name=declared.needed("name"),
        description=declared.text("description") or "",
        schema=given,
        extra=declared.extras(FORMAT_NAME, _MODELLED),
    )


def read_choice(config: Fields | None) -> ir.ToolChoice | None:
    """The choice in a `toolConfig`."""
    calling = config.child("functionCallingConfig") if config is not None else None
    if calling is None:
        return None
    names = calling.texts("allowedFunctionNames")
    match (calling.text("mode") or "").upper():
        case "NONE":
            return ir.ToolChoice(mode="none")
        case "ANY" if len(names) == 1:
            return ir.ToolChoice(mode="named", names=names)
        case "ANY" if names:
            return ir.ToolChoice(mode="allowed", names=names, required=True)
        case "ANY":
            return ir.ToolChoice(mode="required")
        case "VALIDATED" if names:
            return ir.ToolChoice(mode="allowed", names=names)
        case "" | "MODE_UNSPECIFIED":
            return None
        case "AUTO" | "VALIDATED":
            return ir.ToolChoice(mode="auto")
        case _:
            raise calling.fault("mode", "be AUTO, ANY, VALIDATED or NONE")


class Tools:
    """What is written of a request's tools; `full` tells whether JSON Schema is taken."""

    def __init__(
        self, request: ir.Request, names: Spelling, losses: set[str], *, full: bool
    ) -> None:
        self._request = request
        self._names = names
        self._losses = losses
        self._describe: Callable[[Any], dict[str, Any]] = _full if full else _subset
        self._offered = [tool for tool in request.tools if self._can(tool)]
        self.functions = [tool for tool in self._offered if tool.hosted is None]

    def write(self) -> dict[str, Any]:
        """The body fields `tools` and `toolConfig`."""
        functions = self.functions
        entries: list[dict[str, Any]] = []
        for tool in self._offered:
            if tool.hosted is not None:
                entries.append(dict(tool.hosted))
            elif tool is functions[0]:
                entries.append({_FUNCTIONS: [self._declared(each) for each in functions]})
        if self._request.parallel_tool_calls is False and functions:
            self._losses.add("parallel_tool_calls")
        written: dict[str, Any] = {"tools": entries} if entries else {}
        calling = self._calling()
        return {**written, "toolConfig": {"functionCallingConfig": calling}} if calling else written

    def _can(self, tool: ir.Tool) -> bool:
        same = self._request.format == FORMAT_NAME
        if tool.hosted is not None and not same:
            self._losses.add(f"tools.{tool.name}")
            return False
        if not same:
            foreign = (fields for fields in tool.extra.values() if isinstance(fields, dict))
            self._losses.update(f"tools.{name}" for fields in foreign for name in fields)
        return True

    def _declared(self, tool: ir.Tool) -> dict[str, Any]:
        description, given = tool.description, tool.schema
        if tool.freeform is not None:
            description, given = freeform.described(tool), freeform.schema()
        declared: dict[str, Any] = {"name": self._names.of(full_name(tool))}
        if description:
            declared["description"] = description
        return {**declared, **self._describe(given), **own(tool.extra, FORMAT_NAME)}

    def _calling(self) -> dict[str, Any]:
        choice = self._request.tool_choice
        if not self.functions:
            if choice is not None and choice.mode not in ("auto", "none"):
                self._losses.add("tool_choice")
            return {}
        match choice:
            case ir.ToolChoice(mode="none"):
                return {"mode": "NONE"}
            case ir.ToolChoice(mode="required"):
                return {"mode": "ANY"}
            case ir.ToolChoice(mode="named" | "allowed"):
                return self._limited(choice)
            case _ if any(tool.strict for tool in self.functions):
                return {"mode": "VALIDATED"}
            case None:
                return {}
            case _:
                return {"mode": "AUTO"}

    def _limited(self, choice: ir.ToolChoice) -> dict[str, Any]:
        """Only some of the functions; a list of names needs a mode that does not mean "any"."""
        known = [full_name(tool) for tool in self.functions if _is_named(tool, choice.names)]
        if not known:
            self._losses.add("tool_choice")
            return {}
        mode = "ANY" if choice.mode == "named" or choice.required else "VALIDATED"
        return {"mode": mode, "allowedFunctionNames": [self._names.of(name) for name in known]}


def _is_named(tool: ir.Tool, names: tuple[str, ...]) -> bool:
    return tool.name in names or full_name(tool) in names


def _full(given: Any) -> dict[str, Any]:
    """Every parameter as JSON Schema describes it, if there are any."""
    if not isinstance(given, dict):
        return {}
    if given in (_NO_ARGUMENTS, {"type": "object"}):
        return {}
    if not any(keyword in given for keyword in _ROOT):
        given = {"type": "object", **given}
    return {"parametersJsonSchema": jsonschema.for_gemini(given)}


def _subset(given: Any) -> dict[str, Any]:
    found = schema.parameters(given)
    return {} if found is None else {"parameters": found}
