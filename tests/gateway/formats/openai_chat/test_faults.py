"""Requests that are wrong."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniroute.gateway.errors import InvalidRequest
from omniroute.gateway.formats.openai_chat import FORMAT

from .wire import body


def _message(**fields: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", **fields}]}


def _assistant(**fields: Any) -> dict[str, Any]:
    return {"messages": [{"role": "assistant", **fields}]}


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": None}, "model"),
        ({"model": ""}, "model"),
        ({"model": 3}, "model"),
        ({"messages": []}, "messages"),
        ({"messages": "Hi"}, "messages"),
        ({"messages": ["Hi"]}, "messages[0]"),
        (_message(role=None), "messages[0].role"),
        (_message(role="wizard"), "messages[0].role"),
        (_message(content=5), "messages[0].content"),
        (_message(content=["x"]), "messages[0].content[0]"),
        (_message(content=[{"text": "x"}]), "messages[0].content[0].type"),
        (_message(content=[{"type": "text", "text": 1}]), "messages[0].content[0].text"),
        (
            _message(content=[{"type": "text", "text": "x", "cache_control": 1}]),
            "messages[0].content[0].cache_control",
        ),
        (_message(content=[{"type": "image_url"}]), "messages[0].content[0].image_url"),
        (
            _message(
                content=[{"type": "image_url", "image_url": {"url": "data:image/svg+xml,<s/>"}}]
            ),
            "messages[0].content[0].image_url.url",
        ),
        (_message(content=[{"type": "file", "file": {}}]), "messages[0].content[0].file.file_data"),
        (
            _message(content=[{"type": "input_audio", "input_audio": {"data": ""}}]),
            "messages[0].content[0].input_audio.data",
        ),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].tool_call_id"),
        ({"messages": [{"role": "function", "content": "x"}]}, "messages[0].name"),
        (_assistant(reasoning_details=[3]), "messages[0].reasoning_details"),
        (_assistant(content=[{"type": "thinking", "thinking": 3}]), "messages[0].content"),
        (_assistant(tool_calls=[{"function": {"name": "f"}}]), "messages[0].tool_calls[0].id"),
        (_assistant(tool_calls=[{"id": "a"}]), "messages[0].tool_calls[0].function"),
        (
            _assistant(tool_calls=[{"id": "a", "function": {"name": "f", "arguments": {}}}]),
            "messages[0].tool_calls[0].function.arguments",
        ),
        (_assistant(function_call="f"), "messages[0].function_call"),
        ({"stream": "yes"}, "stream"),
        ({"stream_options": True}, "stream_options"),
        ({"max_tokens": "9"}, "max_tokens"),
        ({"max_tokens": True}, "max_tokens"),
        ({"max_tokens": 1.5}, "max_tokens"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"max_completion_tokens": 1e300}, "max_completion_tokens"),
        ({"temperature": float("nan"), "seed": float("nan")}, "seed"),
        ({"temperature": "hot"}, "temperature"),
        ({"stop": 3}, "stop"),
        ({"stop": ["a", 3]}, "stop"),
        ({"logit_bias": []}, "logit_bias"),
        ({"tools": {}}, "tools"),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"tools": [{"type": "function", "function": {"name": ""}}]}, "tools[0].function.name"),
        (
            {"tools": [{"function": {"name": "f", "parameters": "x"}}]},
            "tools[0].function.parameters",
        ),
        ({"tool_choice": "maybe"}, "tool_choice"),
        ({"tool_choice": 3}, "tool_choice"),
        ({"tool_choice": {"type": "function"}}, "tool_choice.function"),
        ({"function_call": {}}, "function_call.name"),
        ({"response_format": {"type": "xml"}}, "response_format.type"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "a"}}},
            "response_format.json_schema.schema",
        ),
        ({"reasoning_effort": "huge"}, "reasoning_effort"),
        ({"reasoning": {"effort": "huge"}}, "reasoning.effort"),
        ({"thinking": {"type": "deep"}}, "thinking.type"),
        ({"metadata": "x"}, "metadata"),
    ],
)
def test_it_names_the_field_that_is_wrong(fields, param):
    with pytest.raises(InvalidRequest) as caught:
        FORMAT.read_request(body(**fields))
    assert caught.value.param == param
    assert param in caught.value.message


@pytest.mark.parametrize("value", [None, [], "x", 3, True])
def test_it_refuses_what_is_no_object(value):
    with pytest.raises(InvalidRequest, match="JSON object"):
        FORMAT.read_request(value)


KEYS = """role content type text image_url url file tool_calls function name arguments id
tool_call_id custom input reasoning reasoning_details format signature data cache_control
input_audio extra_content google thinking"""
FIELDS = """messages tools tool_choice functions function_call response_format stop reasoning
thinking stream_options max_tokens temperature metadata logit_bias n"""
MESSAGE = """content tool_calls function_call refusal name tool_call_id reasoning_content reasoning
reasoning_details"""
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS.split()), inner, max_size=4)
    ),
    max_leaves=12,
)
ROLES = st.sampled_from(["system", "developer", "user", "assistant", "tool", "function", "x"])


@given(
    fields=st.dictionaries(st.sampled_from(FIELDS.split()), JSON, max_size=4),
    messages=st.lists(
        st.dictionaries(st.sampled_from(MESSAGE.split()), JSON, max_size=4), min_size=1, max_size=4
    ),
    roles=st.lists(ROLES, min_size=4, max_size=4),
)
def test_it_never_fails_in_another_way_whatever_the_client_sends(fields, messages, roles):
    spoken = [{"role": role, **message} for role, message in zip(roles, messages, strict=False)]
    with suppress(InvalidRequest):
        FORMAT.read_request({"model": "m", "messages": spoken, **fields})
