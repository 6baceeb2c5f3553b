"""A small request in each client's dialect, with the tools that the recorded answer calls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tests.recorded import Json, Recording

_TEXT = "Go on."


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """`name` is the heading in the matrix; `framed` asks Gemini for an array instead of events."""

    name: str
    api: str
    framed: bool = False


DIALECTS = (
    Dialect(name="Chat completions", api="openai_chat"),
    Dialect(name="Messages", api="anthropic"),
    Dialect(name="Responses", api="openai_responses"),
    Dialect(name="Gemini", api="gemini"),
    Dialect(name="Gemini, as an array", api="gemini", framed=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    name: str
    description: str = ""
    schema: Json


def question(dialect: Dialect, model: str, recording: Recording) -> tuple[str, Json]:
    """The path and the body."""
    tools = _called(recording)
    match dialect.api:
        case "openai_chat":
            return "/v1/chat/completions", _chat(model, tools, stream=recording.streamed)
        case "anthropic":
            return "/v1/messages", _messages(model, tools, stream=recording.streamed)
        case "openai_responses":
            return "/v1/responses", _responses(model, tools, stream=recording.streamed)
    method = "generateContent"
    if recording.streamed:
        method = f"streamGenerateContent{'' if dialect.framed else '?alt=sse'}"
    return f"/v1beta/models/{quote(model)}:{method}", _gemini(tools)


def _chat(model: str, tools: list[Tool], *, stream: bool) -> Json:
    functions = [
        {"name": tool.name, "description": tool.description, "parameters": tool.schema}
        for tool in tools
    ]
    return {
        "model": model,
        "messages": [{"role": "user", "content": _TEXT}],
        **({"stream": True, "stream_options": {"include_usage": True}} if stream else {}),
        **_given("tools", [{"type": "function", "function": function} for function in functions]),
    }


def _messages(model: str, tools: list[Tool], *, stream: bool) -> Json:
    written = [
        {"name": tool.name, "description": tool.description, "input_schema": tool.schema}
        for tool in tools
    ]
    return {
        "model": model,
        "max_tokens": 4096,
        "messages": [{"role": "user", "content": _TEXT}],
        "stream": stream,
        **_given("tools", written),
    }


def _responses(model: str, tools: list[Tool], *, stream: bool) -> Json:
    written = [
        {
            "type": "function",
            "name": tool.name,
            "description": tool.description,
            "parameters": tool.schema,
            "strict": False,
        }
        for tool in tools
    ]
    return {"model": model, "input": _TEXT, "stream": stream, **_given("tools", written)}


def _gemini(tools: list[Tool]) -> Json:
    declared = [
        {"name": tool.name, "description": tool.description, "parametersJsonSchema": tool.schema}
        for tool in tools
    ]
    return {
        "contents": [{"role": "user", "parts": [{"text": _TEXT}]}],
        **_given("tools", [{"functionDeclarations": declared}] if declared else []),
    }


def _given(field: str, values: list[Any]) -> Json:
    return {field: values} if values else {}


def _called(recording: Recording) -> list[Tool]:
    """As the recorded request defines them; some answers call what was never defined."""
    defined = {tool.name: tool for tool in _defined(recording.request)}
    names = dict.fromkeys(name for name, _ in recording.told.calls)
    return [defined.get(name) or Tool(name=name, schema=_schema({})) for name in names]


def _defined(request: Json) -> Iterator[Tool]:
    """The tools of a recorded request of any API; those of vendors have no name or no schema."""
    tools = request.get("tools") or []
    for tool in [*([tools] if isinstance(tools, dict) else tools), *request.get("functions", ())]:
        declared = tool.get("functionDeclarations") or tool.get("function_declarations")
        inside = f"{tool['name']}__" if tool.get("type") == "namespace" else ""
        for one in declared or tool.get("tools") or [tool.get("function", tool)]:
            if "name" in one:
                yield Tool(
                    name=inside + one["name"],
                    description=one.get("description") or "",
                    schema=_schema(one),
                )


def _schema(tool: Json) -> Json:
    names = ("parameters", "input_schema", "parametersJsonSchema", "parameters_json_schema")
    found = next((tool[name] for name in names if tool.get(name)), {})
    lowered: Json = _lowered({"type": "object", "properties": {}, **found})
    return lowered


def _lowered(value: Any) -> Any:
    """JSON Schema's types, where Gemini's are written in capitals."""
    if isinstance(value, list):
        return [_lowered(item) for item in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("type")
    told = {"type": kind.lower()} if isinstance(kind, str) else {}
    return {key: _lowered(item) for key, item in value.items()} | told
