"""A caller's own request and answer, where the provider speaks the Responses API as well."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from omniroute.gateway import ir
from omniroute.gateway.errors import InvalidRequest
from omniroute.gateway.formats.openai_responses import FORMAT
from omniroute.gateway.snapshot import Model, Provider
from omniroute.gateway.usage import Usage

from .wire import HEAD, body, message, provider, response

MODEL = Model(id="real-model")
OPENAI = provider(id="openai")
NOTED = {
    "role": "user",
    "content": "Hi",
    "internal_chat_message_metadata_passthrough": {"turn": 1},
}


def passed(value: dict[str, Any], to: Provider = OPENAI, model: Model = MODEL) -> Any:
    return FORMAT.passthrough(value, to, model)


def test_it_replaces_the_model_and_nothing_else():
    value = body(
        {"type": "item_reference", "id": "msg_1"},
        {"type": "reasoning", "summary": [], "encrypted_content": "gAAAA"},
        NOTED,
        store=True,
        previous_response_id="resp_1",
        conversation="conv_1",
        background=True,
        include=["file_search_call.results"],
        client_metadata={"a": "b"},
        made_up={"a": [1]},
        tools=[{"type": "function", "name": "f"}],
        stream=True,
    )
    found = passed(value)
    assert found == {**value, "model": "real-model"}
    assert all(found[key] is value[key] for key in value if key != "model")
    assert value["model"] == "m"


def test_it_accepts_input_that_is_only_text():
    assert passed(body()) == {"model": "real-model", "input": "Hi"}
    assert passed({"model": "m"}) == {"model": "real-model"}
    with pytest.raises(InvalidRequest):
        passed("x")  # type: ignore[arg-type]


def test_it_drops_what_the_provider_or_the_model_refuses():
    value = body(temperature=1, top_p=1, store=True, stream=True)
    to = provider(id="openai", drop_params=("temperature", "model", "input", "stream"))
    found = passed(value, to, replace(MODEL, drop_params=("store",)))
    assert found == {"model": "real-model", "input": "Hi", "top_p": 1, "stream": True}


def test_it_tells_other_vendors_nothing_of_a_clients_installation():
    """Codex's own fields are for Codex's own maker."""
    value = body(
        NOTED, {"role": "user", "content": "x"}, "odd", client_metadata={"install": "secret"}
    )
    for maker in ("openai", "codex"):
        assert passed(value, provider(id=maker)) == {**value, "model": "real-model"}
    found = passed(value, provider(id="deepseek"))
    assert "secret" not in str(found)
    assert found["input"][0] == {"role": "user", "content": "Hi"}
    assert found["input"][1] is value["input"][1]
    assert found["input"][2] == "odd"


def test_it_leaves_out_reasoning_that_belongs_to_another_family():
    thinking = ir.Thinking(text="Hm.", signature="s", origin="anthropic")
    signed = ir.ToolCall(
        id="call_1", name="f", arguments="{}", extra={"gemini": {"thoughtSignature": "s"}}
    )
    told = ir.Response(id="x", model="y", parts=(thinking, signed), finish="tool_calls")
    output = FORMAT.write_response(told, HEAD)["output"]
    assert [item["type"] for item in output] == ["reasoning", "reasoning", "function_call"]
    found = passed(body({"role": "user", "content": "Hi"}, *output))
    assert [item.get("type") for item in found["input"]] == [None, "function_call"]


def test_it_renames_and_counts_a_whole_answer():
    answer = response("completed", message("x"))
    assert FORMAT.is_answer(answer)
    assert FORMAT.response_usage(answer) == Usage(
        input=30, cache_read=60, cache_write_5m=10, output=20, reasoning=5
    )
    FORMAT.rename(answer, "my-alias")
    assert answer["model"] == "my-alias"
    assert FORMAT.response_usage("x") is None
    FORMAT.rename("x", "my-alias")


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (response("queued"), True),
        (response("incomplete", message("x"), incomplete_details={"reason": "x"}), True),
        (response("failed"), False),
        (response("completed", error={"message": "x"}), False),
        ({"error": {"message": "x"}}, False),
        ({"output": None}, False),
        ([], False),
    ],
)
def test_it_tells_answers_from_errors(body, answer):
    assert FORMAT.is_answer(body) is answer


def test_it_says_where_it_is_and_what_it_forwards():
    assert FORMAT.path("m", stream=True) == FORMAT.path("m", stream=False) == "/responses"
    assert FORMAT.count_path("m") == "/responses/input_tokens"
    assert FORMAT.write_count(7) == {"object": "response.input_tokens", "input_tokens": 7}
    assert FORMAT.stream_content_type.startswith("text/event-stream")
    assert FORMAT.keepalive.startswith(b":")
    assert FORMAT.keepalive.endswith(b"\n\n")
    assert FORMAT.streams_json is False
    assert FORMAT.framing("alt=sse") is None


def test_it_forwards_what_finds_the_prompt_cache_and_no_identity():
    assert FORMAT.forwarded == {b"session_id", b"session-id"}
    assert FORMAT.request_headers({"session_id": "s"}) == {"session_id": "s"}
    assert FORMAT.request_headers(None) == {}
