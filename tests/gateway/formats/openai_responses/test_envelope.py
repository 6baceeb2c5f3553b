"""The response object around an answer: what it tells again, how it ended, what it cost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from omniroute.gateway import ir
from omniroute.gateway.formats import Head
from omniroute.gateway.formats.openai_responses import FORMAT
from omniroute.gateway.usage import Usage

from . import grammar
from .wire import COUNTS, HEAD, answer, head, said, streamed, written

USAGE = Usage(input=30, cache_read=60, cache_write_5m=10, output=20, reasoning=5)
START = ir.Start(id="x", model="upstream-model")
FUNCTION = {"type": "function", "name": "look", "description": "", "parameters": {}, "strict": True}
CUSTOM = {"type": "custom", "name": "apply_patch", "description": "", "format": {"type": "text"}}
SPACES = {
    "type": "namespace",
    "name": "agents",
    "description": "",
    "tools": [
        {
            "type": "function",
            "name": "spawn",
            "description": "",
            "parameters": {"type": "object", "properties": {}},
            "strict": False,
        },
        {"type": "custom", "name": "tell", "description": ""},
    ],
}


def response(*parts: ir.Part | str, **fields: Any) -> dict[str, Any]:
    return grammar.checked(answer(*parts, **fields))


def test_it_tells_again_what_was_asked_for():
    schema = {"type": "json_schema", "name": "x", "schema": {"type": "object"}, "strict": True}
    asked = {
        "instructions": "Be brief.",
        "tools": [FUNCTION, SPACES, CUSTOM, {"type": "web_search"}],
        "tool_choice": {"type": "function", "name": "look"},
        "parallel_tool_calls": False,
        "text": {"format": schema, "verbosity": "low"},
        "reasoning": {"effort": "low", "summary": "auto"},
        "temperature": 0.5,
        "top_p": 0.9,
        "top_logprobs": 2,
        "max_output_tokens": 100,
        "max_tool_calls": 7,
        "metadata": {"a": "b"},
        "prompt_cache_key": "k",
        "safety_identifier": "s",
        "service_tier": "flex",
        "truncation": "auto",
    }
    found = response("Hi", of=head(**asked))
    assert {key: found[key] for key in asked} == {
        **asked,
        "tools": [
            {**FUNCTION, "parameters": {"type": "object", "properties": {}}},
            *asked["tools"][1:],
        ],
    }
    assert (found["model"], found["created_at"], found["store"]) == (
        "my-alias",
        HEAD.created,
        False,
    )
    assert found["id"] == "resp_0193aabb"
    assert found["completed_at"] >= found["created_at"]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("none", "none"),
        ("required", "required"),
        ({"type": "function", "name": "gone"}, "auto"),
        (
            {"mode": "auto", "tools": [{"type": "function", "name": "look"}]},
            {
                "type": "allowed_tools",
                "mode": "auto",
                "tools": [{"type": "function", "name": "look"}],
            },
        ),
    ],
)
def test_it_tells_the_choice_among_tools_again(asked, told):
    assert response("Hi", of=head(tools=[FUNCTION], tool_choice=asked))["tool_choice"] == told


def test_it_tells_defaults_where_nothing_was_asked():
    for of in (HEAD, head()):
        found = response("Hi", of=of)
        assert (found["tool_choice"], found["tools"], found["metadata"]) == ("auto", [], {})
        assert found["text"] == {"format": {"type": "text"}, "verbosity": "medium"}
        assert found["reasoning"] == {"effort": None, "summary": None}
        assert (found["temperature"], found["top_p"], found["instructions"]) == (1.0, 1.0, None)
        assert found["parallel_tool_calls"] is True
        assert found["truncation"] == "disabled"
    zero = response("Hi", of=head(temperature=0, text={"format": {"type": "json_object"}}))
    assert (zero["temperature"], zero["text"]["format"]) == (0, {"type": "json_object"})
    loose = {"type": "json_schema", "schema": {}}
    found = response("Hi", of=head(text={"format": loose}))["text"]["format"]
    assert found == {"type": "json_schema", "name": "answer", "schema": {}, "strict": False}


def test_it_says_system_messages_are_no_instructions():
    asked = FORMAT.read_request(
        {
            "model": "m",
            "input": [{"role": "developer", "content": "x"}, {"role": "user", "content": "Hi"}],
        }
    )
    assert response("Hi", of=replace(HEAD, request=asked))["instructions"] is None


@pytest.mark.parametrize("early", [True, False])
def test_it_reports_the_last_usage(early):
    told = [replace(START, usage=USAGE)] if early else [START, ir.UsageReport(usage=USAGE)]
    stream = written([*told, *streamed(said("Hi")), ir.Finish(reason="stop")])
    assert grammar.checked(stream)["usage"] == COUNTS
    whole = ir.Response(id="x", model="y", parts=said("Hi"), finish="stop", usage=USAGE)
    assert FORMAT.write_response(whole, HEAD)["usage"] == COUNTS


def test_it_estimates_the_usage_where_the_provider_told_none():
    """Some clients loop without end when there is none."""
    usage = response("x" * 400)["usage"]
    assert (usage["input_tokens"], usage["output_tokens"]) == (77, 100)
    whole = ir.Response(id="x", model="y", parts=said("x" * 400), finish="stop")
    usage = FORMAT.write_response(whole, HEAD)["usage"]
    assert usage["input_tokens"] == 77
    assert usage["output_tokens"] >= 100


@pytest.mark.parametrize(
    ("reason", "status", "details"),
    [
        ("stop", "completed", None),
        ("stop_sequence", "completed", None),
        ("tool_calls", "completed", None),
        ("length", "incomplete", {"reason": "max_output_tokens"}),
        ("pause", "incomplete", {"reason": "max_output_tokens"}),
        ("content_filter", "incomplete", {"reason": "content_filter"}),
        ("refusal", "incomplete", {"reason": "content_filter"}),
    ],
)
def test_it_says_why_an_answer_ended(reason, status, details):
    found = response("Hi", reason=reason)
    assert (found["status"], found["incomplete_details"]) == (status, details)
    assert found["output"][0]["status"] == status
    assert (found["completed_at"] is not None) is (status == "completed")


def test_it_is_made_for_one_client_each():
    other = Head(id="1", model="other", created=1)
    found = grammar.checked(answer("Hi", of=other))
    assert (found["model"], found["created_at"], found["id"]) == ("other", 1, "resp_1")
