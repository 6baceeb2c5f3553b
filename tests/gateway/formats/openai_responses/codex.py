"""A request as Codex makes it in the middle of a session, in shape; the texts are ours."""

from __future__ import annotations

from typing import Any

from omniroute.gateway.formats import FORMATS, Head, Wire
from omniroute.gateway.formats.openai_responses import FORMAT
from omniroute.gateway.snapshot import Model, Provider
from omniroute.gateway.translation.stream import Translation

from .wire import HEAD

OTHERS = sorted(FORMATS.keys() - {"openai_responses", "openai_completions"})

_NAMES = ("shell", "update_plan", "view_image", "read_file", "list_dir", "grep", "web_fetch")
_SCHEMA = {
    "type": "object",
    "properties": {"command": {"type": "string"}, "timeout": {"type": "number"}},
    "required": ["command"],
    "additionalProperties": False,
}


def _function(name: str) -> dict[str, Any]:
    described = {"description": f"Does {name}.", "strict": False, "parameters": _SCHEMA}
    return {"type": "function", "name": name, **described}


TOOLS = [
    *map(_function, _NAMES),
    {
        "type": "custom",
        "name": "apply_patch",
        "description": "Edits files.",
        "format": {"type": "grammar", "syntax": "lark", "definition": "start: patch"},
    },
    {
        "type": "namespace",
        "name": "multi_agent_v1",
        "description": "Works with other agents.",
        "tools": [_function("spawn"), _function("wait")],
    },
    {"type": "web_search", "external_web_access": False},
    {"type": "image_generation", "output_format": "png"},
]
HISTORY: list[dict[str, Any]] = [
    {
        "type": "message",
        "role": "developer",
        "id": "msg_d",
        "content": [{"type": "input_text", "text": "You are careful."}],
    },
    {
        "type": "message",
        "role": "user",
        "id": "msg_u",
        "content": [{"type": "input_text", "text": "Fix it. " * 500}],
        "internal_chat_message_metadata_passthrough": {"turn_id": "secret-turn"},
    },
    {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"type": "summary_text", "text": "First look."}],
        "encrypted_content": "gAAAA-first==",
    },
    {
        "type": "message",
        "role": "assistant",
        "id": "msg_a",
        "content": [{"type": "output_text", "text": "Looking."}],
    },
    {
        "type": "function_call",
        "id": "fc_1",
        "call_id": "call_1",
        "name": "shell",
        "arguments": '{"command":"ls"}',
    },
    {
        "type": "function_call",
        "id": "fc_2",
        "call_id": "call_2",
        "name": "spawn",
        "namespace": "multi_agent_v1",
        "arguments": '{"command":"go"}',
    },
    {"type": "function_call_output", "call_id": "call_1", "output": "a.py"},
    {"type": "function_call_output", "call_id": "call_2", "output": "started"},
    {
        "type": "custom_tool_call",
        "id": "ctc_1",
        "call_id": "call_3",
        "name": "apply_patch",
        "input": "*** Begin Patch\n*** End Patch",
        "status": "completed",
    },
    {"type": "custom_tool_call_output", "call_id": "call_3", "output": "Done"},
]
REQUEST: dict[str, Any] = {
    "model": "my-alias",
    "input": HISTORY,
    "tools": TOOLS,
    "tool_choice": "auto",
    "parallel_tool_calls": True,
    "reasoning": {"effort": "medium", "summary": "auto"},
    "store": False,
    "stream": True,
    "include": ["reasoning.encrypted_content"],
    "prompt_cache_key": "session-1",
    "client_metadata": {"x-codex-installation-id": "secret-install"},
}


def provider(name: str, **facts: Any) -> Provider:
    """A provider that speaks the format `name`."""
    named = {"id": "any", "alias": "any", "name": "Any", "base_url": "http://any"}
    return Provider(**{**named, "format": name, **facts})


def sent(name: str, **fields: Any) -> Wire:
    """The request on its way to a provider of the format `name`."""
    asked = FORMAT.read_request({**REQUEST, **fields})
    return FORMATS[name].write_request(asked, provider(name), Model(id="real-model"))


def head(**fields: Any) -> Head:
    asked = FORMAT.read_request({**REQUEST, **fields})
    return Head(id=HEAD.id, model=HEAD.model, created=HEAD.created, request=asked)


def answered(name: str, stream: bytes, wire: Wire | None = None, of: Head | None = None) -> bytes:
    """What a client of this format gets for a stream of a provider of the format `name`."""
    pipe = Translation(FORMATS[name].reader(), FORMAT.writer(of or head()), wire or Wire(body={}))
    return pipe.feed(stream) + pipe.close()
