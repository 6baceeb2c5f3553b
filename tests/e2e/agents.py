"""Requests as coding agents send them, written from what is known of their wire: first turns, and
second turns that bring an answer's calls back with their results."""

from __future__ import annotations

import json
from typing import Any

LONG = "mcp__continuous_integration_server__list_all_failed_jobs_of_a_pipeline_run"
GRAMMAR = 'start: begin_patch hunk+ end_patch\nbegin_patch: "*** Begin Patch" LF\n'
DRAFT = "https://json-schema.org/draft/2020-12/schema"
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
SESSION = "5f3b9c1e-8a54-4c0a-9d0e-27d1c6a1b2c3"


def _object(required: list[str] | None = None, **properties: Any) -> dict[str, Any]:
    needed = {"required": required} if required else {}
    fixed = {"$schema": DRAFT, "type": "object", "additionalProperties": False}
    return {**fixed, "properties": properties, **needed}


# Ten tools that together use every keyword that was seen in such requests.
SCHEMAS: dict[str, dict[str, Any]] = {
    "Bash": _object(
        ["command"],
        command={"type": "string", "minLength": 1},
        timeout={"type": "number", "exclusiveMinimum": 0, "maximum": 600000},
        mode={"const": "foreground"},
    ),
    "Read": _object(
        ["file_path"],
        file_path={"type": "string", "pattern": "^/", "description": "An absolute path"},
        offset={"type": ["integer", "null"], "minimum": 0, "default": 0},
        pages={"type": "string", "format": "uri-reference"},
    ),
    "Edit": _object(
        ["edits"],
        edits={
            "type": "array",
            "minItems": 1,
            "maxItems": 50,
            "uniqueItems": True,
            "items": {"$ref": "#/$defs/edit"},
        },
    )
    | {"$defs": {"edit": _object(["old", "new"], old={"type": "string"}, new={"type": "string"})}},
    "TodoWrite": _object(
        todos={
            "type": "array",
            "items": _object(
                state={"type": "string", "enum": ["pending", "done"]},
                rank={"type": "integer", "enum": [1, 2, 3]},
            ),
        },
    ),
    "WebFetch": _object(["url"], url={"type": "string", "format": "uri"}),
    "Task": _object(
        answers={
            "type": "object",
            "propertyNames": {"type": "string", "maxLength": 40},
            "additionalProperties": {"type": "string"},
        },
        isolation={"anyOf": [{"type": "string"}, {"type": "null"}]},
    ),
    "Search": _object(
        filter={"oneOf": [{"type": "string"}, _object(glob={"type": "string"})]},
        all={"allOf": [{"type": "object"}, _object(deep={"type": "boolean"})]},
    ),
    "Wait": {"$schema": DRAFT, "type": "object"},
    "DeferredTool": _object(anything={}),
    LONG: _object(tags={"type": "array"}, where={"not": {"type": "null"}}),
}


def claude_code(model: str) -> dict[str, Any]:
    cached = {"cache_control": {"type": "ephemeral"}}
    tools = [
        {"name": name, "description": f"Does {name}.", "input_schema": schema}
        for name, schema in SCHEMAS.items()
    ]
    tools[0]["eager_input_streaming"] = True
    tools[8]["defer_loading"] = True
    tools[9]["cache_control"] = {"type": "ephemeral", "ttl": "1h"}
    who = {"device_id": "d" * 64, "account_uuid": "", "session_id": SESSION}
    return {
        "model": model,
        "max_tokens": 64000,
        "stream": True,
        "system": [
            {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1; cch=0a1b2;"},
            {"type": "text", "text": "You are a coding agent.", **cached},
            {"type": "text", "text": "Work carefully.", **cached},
        ],
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "<system-reminder>Be brief.</system-reminder>"},
                    {"type": "text", "text": "Fix the failing test.", **cached},
                ],
            },
            {"role": "system", "content": "The working directory is /src."},
        ],
        "tools": tools,
        "thinking": {"type": "adaptive", "display": "summarized"},
        "output_config": {"effort": "high"},
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        "metadata": {"user_id": json.dumps(who)},
    }


CLAUDE_HEADERS = {
    "anthropic-version": "2023-06-01",
    "anthropic-beta": "claude-code-20250219,interleaved-thinking-2025-05-14,effort-2025-11-24",
    "x-app": "cli",
    "x-claude-code-session-id": SESSION,
}


def claude_goes_on(first: dict[str, Any], blocks: list[dict[str, Any]]) -> dict[str, Any]:
    """The first result is an error, the second one a picture."""
    uses = [block["id"] for block in blocks if block["type"] == "tool_use"]
    image = {"type": "base64", "media_type": "image/png", "data": PIXEL}
    contents: list[dict[str, Any]] = [
        {"content": "exit code 1", "is_error": True},
        {"content": [{"type": "text", "text": "shot"}, {"type": "image", "source": image}]},
    ]
    results = [
        {"type": "tool_result", "tool_use_id": use, **content}
        for use, content in zip(uses, contents, strict=True)
    ]
    told = [
        {"role": "assistant", "content": blocks},
        {"role": "user", "content": results},
        {"role": "system", "content": [{"type": "text", "text": "Two files have changed."}]},
    ]
    return {**first, "messages": [*first["messages"], *told]}


def codex(model: str) -> dict[str, Any]:
    def function(name: str) -> dict[str, Any]:
        described = {"name": name, "description": f"Does {name}.", "strict": False}
        return {"type": "function", **described, "parameters": SCHEMAS["Bash"]}

    agents = [function("spawn_agent"), function("wait_agent")]
    space = {"type": "namespace", "name": "multi_agent_v1", "description": "Agents that help."}
    grammar = {"type": "grammar", "syntax": "lark", "definition": GRAMMAR}
    patch = {"type": "custom", "name": "apply_patch", "description": "Edits files."}

    def message(role: str, text: str, **more: Any) -> dict[str, Any]:
        content = [{"type": "input_text", "text": text}]
        return {"type": "message", "role": role, "content": content, **more}

    return {
        "model": model,
        "stream": True,
        "store": False,
        "input": [
            message("developer", "You are a coding agent.", id="msg_0a1b"),
            message("user", "<environment_context>/src</environment_context>"),
            message("user", "Fix the failing test.", internal_chat_message_metadata_passthrough={}),
        ],
        "tools": [
            function("exec_command"),
            function("update_plan"),
            {**patch, "format": grammar},
            {**space, "tools": agents},
            {"type": "web_search", "external_web_access": True},
            {"type": "image_generation", "output_format": "png"},
        ],
        "tool_choice": "auto",
        "parallel_tool_calls": True,
        "reasoning": {"effort": "high", "summary": "auto"},
        "include": ["reasoning.encrypted_content"],
        "prompt_cache_key": SESSION,
        "text": {"verbosity": "low"},
        "client_metadata": {"x-codex-installation-id": SESSION},
    }


CODEX_HEADERS = {"session-id": SESSION, "originator": "codex_exec", "x-codex-turn-state": "t"}


def codex_goes_on(first: dict[str, Any], items: list[dict[str, Any]]) -> dict[str, Any]:
    """Plain reasoning text is not returned, sealed reasoning is, without its id."""
    told: list[dict[str, Any]] = []
    for item in items:
        kept = {name: value for name, value in item.items() if name not in ("id", "status")}
        told.append(kept)
        if "call_id" in item:
            kind = f"{item['type']}_output"
            told.append({"type": kind, "call_id": item["call_id"], "output": f"of {item['name']}"})
    more = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Go on"}]}
    return {**first, "input": [*first["input"], *told, more]}


def gemini_cli() -> dict[str, Any]:
    functions = [
        {"name": name, "description": f"Does {name}.", "parametersJsonSchema": schema}
        for name, schema in SCHEMAS.items()
        if name != LONG
    ]
    return {
        "systemInstruction": {"role": "user", "parts": [{"text": "You are a coding agent."}]},
        "contents": [
            {"role": "user", "parts": [{"text": "This is the context."}]},
            {"role": "user", "parts": [{"text": "Fix the failing test."}]},
        ],
        "tools": [{"functionDeclarations": functions}],
        "generationConfig": {
            "temperature": 1,
            "topP": 0.95,
            "topK": 64,
            "thinkingConfig": {"includeThoughts": True, "thinkingBudget": 8192},
        },
    }


def gemini_goes_on(first: dict[str, Any], parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Thoughts are not returned; the signatures of the other parts are."""
    kept = [part for part in parts if not part.get("thought")]
    calls = [part["functionCall"] for part in kept if "functionCall" in part]
    results = [
        {
            "functionResponse": {
                **({"id": call["id"]} if "id" in call else {}),
                "name": call["name"],
                "response": {"output": f"of {call['name']}"},
            }
        }
        for call in calls
    ]
    told = [{"role": "model", "parts": kept}, {"role": "user", "parts": results}]
    return {**first, "contents": [*first["contents"], *told]}


def opencode(model: str) -> dict[str, Any]:
    return {
        "model": model,
        "max_tokens": 32000,
        "top_p": 1,
        "reasoning_effort": "high",
        "messages": [
            {"role": "system", "content": "You are a coding agent."},
            {"role": "developer", "content": [{"type": "text", "text": "Work carefully."}]},
            {"role": "user", "content": [{"type": "text", "text": "Fix the failing test."}]},
        ],
        "tools": [
            {
                "type": "function",
                "function": {"name": name, "description": f"Does {name}.", "parameters": schema},
            }
            for name, schema in SCHEMAS.items()
            if name != LONG
        ],
        "tool_choice": "auto",
        "stream": True,
        "stream_options": {"include_usage": True},
        "store": False,
    }


def opencode_goes_on(first: dict[str, Any], message: dict[str, Any]) -> dict[str, Any]:
    results = [
        {
            "role": "tool",
            "tool_call_id": call["id"],
            "content": [{"type": "text", "text": f"of {call['function']['name']}"}],
        }
        for call in message["tool_calls"]
    ]
    return {**first, "messages": [*first["messages"], message, *results]}
