"""What gateways got wrong before, where one file of the format alone does not show it."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from omniroute.gateway.errors import GatewayError
from omniroute.gateway.formats import FORMATS
from omniroute.gateway.formats.openai_responses import FORMAT
from omniroute.gateway.snapshot import Model

from . import streams
from .codex import HISTORY, OTHERS, REQUEST, TOOLS, answered, head, provider, sent
from .grammar import checked, events
from .wire import SEALED, body, function_call, message, response

ENDINGS = {
    "openai_chat": streams.chat({"content": "Hi "}, {"content": "you"}),
    "anthropic": streams.anthropic(streams.text_block("Hi ", "you"), reason="end_turn"),
}
CALLS = {
    "openai_chat": streams.chat(
        streams.fragment(0, id="a", type="function", name="shell", arguments='{"command"'),
        streams.fragment(1, id="b", type="function", name="grep", arguments="{"),
        streams.fragment(0, arguments=':"ls"}'),
        streams.fragment(1, arguments="}"),
        finish="tool_calls",
    ),
    "anthropic": streams.anthropic(
        streams.text_block("On it."),
        streams.tool_block("a", "shell", "", '{"command"', ':"ls"}'),
        streams.tool_block("b", "grep"),
        reason="tool_use",
    ),
}


@pytest.mark.parametrize("name", ENDINGS)
def test_it_completes_once_with_output_and_total_tokens(name):
    stream = answered(name, ENDINGS[name])
    assert [one["type"] for one in events(stream)].count("response.completed") == 1
    found = checked(stream)
    assert found["output"][0]["content"][0]["text"] == "Hi you"
    assert found["usage"]["total_tokens"] == 15


@pytest.mark.parametrize("name", ENDINGS)
def test_it_never_completes_an_answer_that_died(name):
    """The relay then ends it with `response.failed`, which Codex retries."""
    whole = ENDINGS[name]
    end = whole.index({"openai_chat": b'"stop"', "anthropic": b'"message_stop"'}[name])
    for cut in range(0, end, 7):
        assert b"response.completed" not in answered(name, whole[:cut])
    told = FORMAT.stream_error(GatewayError("It broke."), "id")
    assert told is not None
    assert told.startswith(b"event: response.failed\n")


@pytest.mark.parametrize("name", CALLS)
def test_it_announces_each_of_parallel_calls_once_and_one_after_another(name):
    found = checked(answered(name, CALLS[name]))["output"]
    calls = [item for item in found if item["type"] == "function_call"]
    assert [(c["call_id"], c["name"], orjson.loads(c["arguments"])) for c in calls] == [
        ("a", "shell", {"command": "ls"}),
        ("b", "grep", {}),
    ]


@pytest.mark.parametrize("name", OTHERS)
def test_it_serves_a_codex_request_at_every_provider(name):
    """With tools, reasoning and a long input, not only a bare one."""
    body = sent(name).body
    raw = orjson.dumps(body).decode()
    assert raw.count("Fix it. ") == 500
    assert all(text in raw for text in ("You are careful.", "Looking.", "a.py", "started"))
    assert "multi_agent_v1__spawn" in raw


@pytest.mark.parametrize("name", OTHERS)
def test_it_leaks_nothing_of_the_client_to_another_provider(name):
    wire = sent(name)
    raw = orjson.dumps(wire.body).decode()
    for secret in ("secret-install", "secret-turn", "client_metadata", "gAAAA", "rs_1", "fc_1"):
        assert secret not in raw
    assert "store" not in wire.body
    assert "include" not in wire.body


@pytest.mark.parametrize("name", OTHERS)
def test_it_flattens_or_drops_every_tool_and_sends_none_without_a_name(name):
    wire = sent(name)
    raw = orjson.dumps(wire.body).decode()
    assert '"name":""' not in raw
    assert '"namespace"' not in raw
    assert "image_generation" not in raw
    assert {"tools.web_search", "tools.image_generation"} <= set(wire.losses)
    assert raw.count('"name":"multi_agent_v1__') >= 2


@pytest.mark.parametrize("name", OTHERS)
def test_it_drops_a_choice_that_pointed_at_a_dropped_tool(name):
    wire = sent(name, tool_choice={"type": "web_search"})
    assert "tool_choice" in wire.losses
    assert "web_search" not in orjson.dumps(wire.body).decode()


def test_it_carries_a_freeform_tool_around_the_whole_circle():
    """The provider gets a function with one string; the client gets its raw text back."""
    wire = sent("openai_chat")
    tool = next(t for t in wire.body["tools"] if t["function"]["name"] == "apply_patch")
    assert tool["function"]["parameters"]["required"] == ["input"]
    calls = [c for m in wire.body["messages"] for c in m.get("tool_calls", ())]
    [past] = [c for c in calls if c["function"]["name"] == "apply_patch"]
    assert orjson.loads(past["function"]["arguments"]) == {"input": HISTORY[-2]["input"]}
    results = [m for m in wire.body["messages"] if m["role"] == "tool"]
    assert results[-1] == {"role": "tool", "tool_call_id": "call_3", "content": "Done"}
    stream = streams.chat(
        streams.fragment(0, id="c", type="function", name="apply_patch", arguments='{"inp'),
        streams.fragment(0, arguments='ut":"*** Begin\\n"}'),
        finish="tool_calls",
    )
    [item] = checked(answered("openai_chat", stream, wire))["output"]
    assert (item["type"], item["input"]) == ("custom_tool_call", "*** Begin\n")
    again = FORMAT.read_request(body(item))
    assert again.messages[0].parts[0].freeform


def test_it_gives_a_call_of_a_namespace_back_as_one():
    stream = streams.chat(
        streams.fragment(0, id="c", type="function", name="multi_agent_v1__wait", arguments="{}"),
        finish="tool_calls",
    )
    [item] = checked(answered("openai_chat", stream, sent("openai_chat")))["output"]
    assert (item["namespace"], item["name"]) == ("multi_agent_v1", "wait")


def test_it_makes_one_chat_message_of_text_and_calls_of_one_turn():
    found = [m for m in sent("openai_chat").body["messages"] if m["role"] == "assistant"]
    assert found[0]["content"] == "Looking."
    assert [c["id"] for c in found[0]["tool_calls"]] == ["call_1", "call_2"]


ORPHANS = [
    [function_call(), {"role": "user", "content": "So?"}],
    [{"type": "function_call_output", "call_id": "gone", "output": "x"}],
    [function_call(), {"type": "function_call_output", "call_id": "other", "output": "x"}],
]


@pytest.mark.parametrize("name", [*OTHERS, "openai_responses"])
@pytest.mark.parametrize("items", ORPHANS)
def test_it_repairs_or_drops_calls_and_results_without_each_other(name, items):
    first = {"role": "user", "content": "Hi"}
    asked = FORMAT.read_request(body(first, *items, tools=TOOLS[:1]))
    wire = FORMATS[name].write_request(asked, provider(name), Model(id="m"))
    raw = orjson.dumps(wire.body).decode()
    assert '"gone"' not in raw
    assert '"other"' not in raw
    assert raw.count('"call_1"') in (0, 2)
    assert wire.losses


def test_it_sends_sealed_reasoning_on_and_strips_ids():
    """With nothing stored a provider answers 404 to an id, and forgets what is not sealed."""
    items = sent("openai_responses").body["input"]
    assert [i["encrypted_content"] for i in items if i["type"] == "reasoning"] == ["gAAAA-first=="]
    assert all("id" not in item for item in items)


@pytest.mark.parametrize(
    ("name", "stream"),
    [
        ("openai_chat", streams.chat({"content": "Hi"}, finish="length")),
        ("anthropic", streams.anthropic(streams.text_block("Hi"), reason="max_tokens")),
    ],
)
def test_it_never_completes_an_answer_that_the_limit_has_cut(name, stream):
    found = checked(answered(name, stream))
    assert found["status"] == "incomplete"
    assert found["incomplete_details"] == {"reason": "max_output_tokens"}


@pytest.mark.parametrize(
    ("name", "stream"),
    [
        (
            "openai_chat",
            streams.chat(
                streams.fragment(0, id="a", type="function", name="shell", arguments='{"comm'),
                finish="length",
            ),
        ),
        (
            "anthropic",
            streams.anthropic(streams.tool_block("a", "shell", '{"comm'), reason="max_tokens"),
        ),
    ],
)
def test_it_marks_the_call_that_the_limit_has_cut(name, stream):
    """Nobody may run it."""
    [item] = checked(answered(name, stream))["output"]
    assert (item["status"], item["arguments"]) == ("incomplete", '{"comm')


def test_it_keeps_what_changes_with_each_request_away_from_a_prompt_cache():
    """Claude Code's first system block is a billing header."""
    asked = FORMATS["anthropic"].read_request(
        {
            "model": "m",
            "max_tokens": 10,
            "system": [
                {"type": "text", "text": "x-anthropic-billing-header: cc_version=1; cch=2"},
                {"type": "text", "text": "You are careful."},
            ],
            "messages": [{"role": "user", "content": "Hi"}],
        }
    )
    wire = FORMAT.write_request(asked, provider("openai_responses"), Model(id="m"))
    assert wire.body["instructions"] == "You are careful."


def test_it_sends_the_same_bytes_for_the_same_conversation():
    """Prompt caches live of that; and the key of the client's session stays."""
    first, second = sent("openai_responses"), sent("openai_responses")
    assert orjson.dumps(first.body) == orjson.dumps(second.body)
    assert first.body["prompt_cache_key"] == "session-1"
    more = [*HISTORY, {"role": "user", "content": "Go on"}]
    longer = sent("openai_responses", input=more).body["input"]
    assert longer[: len(first.body["input"])] == first.body["input"]


@pytest.mark.parametrize("name", OTHERS)
def test_it_keeps_optional_properties_optional(name):
    """A tool is strict only where its client said so."""
    raw = orjson.dumps(sent(name).body).decode()
    assert '"strict":true' not in raw
    written = sent("openai_responses").body["tools"]
    assert all(tool["strict"] is False for tool in written if tool["type"] == "function")


def test_it_says_system_to_a_provider_that_knows_no_developer():
    assert sent("openai_chat").body["messages"][0]["role"] == "system"
    later = [HISTORY[1], HISTORY[0]]
    assert sent("openai_responses", input=later).body["input"][1]["role"] == "system"


@pytest.mark.parametrize("name", ENDINGS)
def test_it_takes_an_empty_completion_for_an_answer(name):
    empty = {
        "openai_chat": streams.chat({"content": ""}),
        "anthropic": streams.anthropic(reason="end_turn"),
    }
    found = checked(answered(name, empty[name]))
    assert (found["status"], len(found["output"])) == ("completed", 1)


def test_it_reports_an_unfinished_usage_once():
    stream = streams.chat({"content": "x"}, usage=False)
    usage = checked(answered("openai_chat", stream))["usage"]
    assert usage["total_tokens"] > 0


def test_it_carries_cached_tokens_both_ways():
    counts = {
        "input_tokens": 5,
        "cache_read_input_tokens": 90,
        "cache_creation_input_tokens": 5,
        "output_tokens": 7,
    }
    told = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [{"type": "text", "text": "x"}],
        "stop_reason": "end_turn",
        "usage": counts,
    }
    read = FORMATS["anthropic"].read_response(told)
    usage = FORMAT.write_response(read, head())["usage"]
    assert usage["input_tokens"] == 100
    assert usage["input_tokens_details"] == {"cached_tokens": 90, "cache_write_tokens": 5}
    back = FORMATS["anthropic"].write_response(
        FORMAT.read_response(response("completed", message("x"), usage=usage)), head()
    )
    assert {key: back["usage"][key] for key in counts} == counts


def test_it_names_the_model_that_the_client_asked_for():
    found = checked(answered("openai_chat", ENDINGS["openai_chat"]))
    assert found["model"] == REQUEST["model"]


def test_it_passes_images_in_results_on_to_every_provider():
    picture = {"type": "input_image", "image_url": "data:image/png;base64,QUJD"}
    output: Any = [{"type": "input_text", "text": "seen"}, picture]
    asked = [
        HISTORY[1],
        function_call(name="shell"),
        {"type": "function_call_output", "call_id": "call_1", "output": output},
    ]
    for name in [*OTHERS, "openai_responses"]:
        assert "QUJD" in orjson.dumps(sent(name, input=asked).body).decode()


def test_it_says_nothing_of_reasoning_to_whom_it_does_not_belong():
    for name in OTHERS:
        assert SEALED not in orjson.dumps(sent(name).body).decode()
