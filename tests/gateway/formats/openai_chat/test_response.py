"""Whole answers, in both directions."""

from __future__ import annotations

from typing import Any

import pytest
from openai.types.chat import ChatCompletion

from omniroute.gateway import ir
from omniroute.gateway.errors import UpstreamError, UpstreamFailure
from omniroute.gateway.formats import Head
from omniroute.gateway.formats.openai_chat import FORMAT
from omniroute.gateway.usage import Usage

from .wire import HEAD, request


def answer(finish: Any = "stop", choice: Any = None, **message: Any) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_700_000_001,
        "model": "upstream-model",
        "choices": [
            {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}
            | (choice or {})
        ],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
    }


def call(id_: Any = "a", name: str = "f", arguments: Any = "{}") -> dict[str, Any]:
    return {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}


def read(**message: Any) -> ir.Response:
    return FORMAT.read_response(answer(**message))


def test_it_reads_a_whole_answer():
    body = {
        **answer("tool_calls", content="Hi", reasoning_content="hm", tool_calls=[call()]),
        "system_fingerprint": "fp",
        "service_tier": None,
    }
    assert FORMAT.read_response(body) == ir.Response(
        id="chatcmpl-1",
        model="upstream-model",
        created=1_700_000_001,
        parts=(
            ir.Thinking(text="hm", origin="openai_chat"),
            ir.Text(text="Hi"),
            ir.ToolCall(id="a", name="f", arguments="{}"),
        ),
        finish="tool_calls",
        usage=Usage(input=10, output=5),
        extra={"openai_chat": {"system_fingerprint": "fp"}},
    )


@pytest.mark.parametrize(
    ("message", "parts", "finish"),
    [
        ({"content": ""}, (), "stop"),
        ({"content": None, "tool_calls": []}, (), "stop"),
        ({"content": None, "refusal": "No."}, (ir.Refusal(text="No."),), "refusal"),
        (
            {"tool_calls": [call(arguments=None)], "finish": ""},
            (ir.ToolCall(id="a", name="f", arguments="{}"),),
            "tool_calls",
        ),
        (
            {"tool_calls": [call(), call(name="g")]},
            (
                ir.ToolCall(id="a", name="f", arguments="{}"),
                ir.ToolCall(id="a", name="g", arguments="{}"),
            ),
            "tool_calls",
        ),
        (
            {"content": "x", "finish": "length", "tool_calls": [call(arguments='{"a')]},
            (ir.Text(text="x"), ir.ToolCall(id="a", name="f", arguments='{"a')),
            "length",
        ),
        (
            {"content": [{"type": "thinking", "thinking": "t"}, {"type": "text", "text": "x"}]},
            (ir.Thinking(text="t", origin="openai_chat"), ir.Text(text="x")),
            "stop",
        ),
        (
            {
                "content": "",
                "reasoning_details": [
                    {"text": "t", "signature": "s", "format": "anthropic-claude-v1"},
                    {"data": "e", "format": "anthropic-claude-v1"},
                ],
                "function_call": {"name": "", "arguments": ""},
            },
            (
                ir.Thinking(text="t", signature="s", origin="anthropic"),
                ir.Thinking(redacted="e", origin="anthropic"),
            ),
            "stop",
        ),
    ],
)
def test_it_reads_what_the_vendors_write(message, parts, finish):
    response = read(**message)
    assert response.parts == parts
    assert response.finish == finish


def test_it_gives_an_id_to_a_call_without_one():
    first, second = read(tool_calls=[call(""), call(None)]).parts
    assert first.id.startswith("call_")
    assert first.id != second.id
    body = answer(tool_calls=[call("")])
    assert FORMAT.read_response(body) == FORMAT.read_response(body)
    del body["id"]
    assert FORMAT.read_response(body).parts != FORMAT.read_response(body).parts


def test_it_takes_a_choice_without_a_message_for_an_empty_answer():
    body = answer("content_filter")
    del body["choices"][0]["message"]
    assert FORMAT.read_response(body).parts == ()
    assert FORMAT.read_response(body).finish == "content_filter"


def test_it_tells_the_stop_string_and_takes_odd_envelopes():
    body = {**answer(content="x", choice={"stop_reason": "END"}), "created": True, "id": 5}
    response = FORMAT.read_response(body)
    assert (response.finish, response.stop_sequence) == ("stop_sequence", "END")
    assert (response.created, response.id) == (None, "")


def test_it_tells_inline_reasoning_apart_where_the_provider_writes_it():
    body = answer(content="<think>hm</think>\n\nYes")
    assert FORMAT.read_response(body, inline_think=True).parts == (
        ir.Thinking(text="hm", origin="openai_chat"),
        ir.Text(text="Yes"),
    )


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "x",
        {},
        {"choices": []},
        {"choices": "x"},
        {"choices": [3]},
        {"choices": [{"message": 3}]},
        {"choices": [{"message": {"content": 3}}]},
        {"choices": [{"message": {"tool_calls": [3]}}]},
        {"choices": [{"message": {"tool_calls": [{"id": "a", "function": {}}]}}]},
    ],
)
def test_it_takes_a_malformed_answer_for_a_protocol_fault(body):
    with pytest.raises(UpstreamFailure) as caught:
        FORMAT.read_response(body)
    assert caught.value.kind == "protocol"


def test_it_takes_an_error_inside_a_200_for_an_error():
    body = {**answer(content=""), "error": {"message": "Slow down", "code": 429}}
    with pytest.raises(UpstreamError, match="Slow down") as caught:
        FORMAT.read_response(body)
    assert (caught.value.status, caught.value.kind) == (429, "rate_limit")
    assert FORMAT.read_response({**answer(content="x"), "error": None}).finish == "stop"


WHOLE = ir.Response(
    id="msg_1",
    model="claude",
    parts=(
        ir.Thinking(text="hm", signature="s", origin="anthropic"),
        ir.Text(text="a"),
        ir.Opaque(format="anthropic", value={"type": "web_search_tool_result"}),
        ir.Text(text="b"),
        ir.ToolCall(id="t", name="f", arguments=""),
        ir.ToolCall(id="u", name="g", arguments="{}", extra={"gemini": {"thoughtSignature": "g"}}),
    ),
    finish="tool_calls",
    usage=Usage(input=1, cache_read=2, cache_write_5m=3, cache_write_1h=4, output=5),
    extra={"anthropic": {"container": "c"}, "openai_chat": {"system_fingerprint": "fp"}},
)
WRITTEN = {
    "system_fingerprint": "fp",
    "id": "chatcmpl-0190",
    "object": "chat.completion",
    "created": 1_700_000_000,
    "model": "my-alias",
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "ab",
                "refusal": None,
                "reasoning_content": "hm",
                "reasoning_details": [
                    {
                        "type": "reasoning.text",
                        "text": "hm",
                        "signature": "omniroute:s",
                        "format": "anthropic-claude-v1",
                        "index": 0,
                    }
                ],
                "tool_calls": [
                    {
                        "id": "t",
                        "type": "function",
                        "function": {"name": "f", "arguments": "{}"},
                    },
                    {
                        "id": "u",
                        "type": "function",
                        "function": {"name": "g", "arguments": "{}"},
                        "extra_content": {"google": {"thought_signature": "omniroute:g"}},
                    },
                ],
            },
            "logprobs": None,
            "finish_reason": "tool_calls",
        }
    ],
    "usage": {
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "total_tokens": 15,
        "prompt_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 7},
        "completion_tokens_details": {"reasoning_tokens": 0},
    },
}


def test_it_writes_a_whole_answer():
    written = FORMAT.write_response(WHOLE, HEAD)
    assert written == WRITTEN
    ChatCompletion.model_validate(written, strict=True)


def write(*parts: ir.Part, finish: ir.FinishReason = "stop", head: Head = HEAD) -> dict[str, Any]:
    response = ir.Response(id="x", model="y", parts=parts, finish=finish, created=7)
    body = FORMAT.write_response(response, head)
    assert "usage" not in body
    assert body["created"] == 7
    return body["choices"][0]


@pytest.mark.parametrize(
    ("parts", "finish", "word"),
    [
        ((ir.Text(text="x"),), "stop", "stop"),
        ((ir.Text(text="x"),), "stop_sequence", "stop"),
        ((ir.Text(text="x"),), "pause", "stop"),
        ((ir.Text(text="x"),), "length", "length"),
        ((ir.Text(text="x"),), "tool_calls", "stop"),
        ((ir.ToolCall(id="a", name="f"),), "stop", "tool_calls"),
        ((ir.ToolCall(id="a", name="f"),), "length", "length"),
        ((), "refusal", "content_filter"),
        ((ir.Refusal(text="No."),), "refusal", "stop"),
        ((), "content_filter", "content_filter"),
        ((), "error", "error"),
    ],
)
def test_it_writes_a_finish_that_agrees_with_the_answer(parts, finish, word):
    assert write(*parts, finish=finish)["finish_reason"] == word


def test_it_writes_no_text_as_null_only_beside_a_call_or_a_refusal():
    assert write()["message"]["content"] == ""
    assert write(ir.ToolCall(id="a", name="f"))["message"]["content"] is None
    refused = write(ir.Refusal(text="No."))["message"]
    assert (refused["content"], refused["refusal"]) == (None, "No.")


def test_it_writes_the_reasoning_of_every_owner_under_its_name():
    message = write(
        ir.Thinking(text="a", origin="openai_chat"),
        ir.Thinking(text="b", signature="e", origin="openai_responses"),
        ir.Thinking(signature="e2", origin="openai_responses"),
        ir.Thinking(
            redacted="x",
            origin="openai_chat",
            extra={"openai_chat": {"format": "xai-responses-v1"}},
        ),
    )["message"]
    sealed = {"type": "reasoning.encrypted", "format": "openai-responses-v1"}
    assert message["reasoning_content"] == "ab"
    assert message["reasoning_details"] == [
        {"type": "reasoning.text", "text": "a", "format": "unknown", "index": 0},
        {
            "type": "reasoning.summary",
            "summary": "b",
            "format": "openai-responses-v1",
            "index": 1,
        },
        {**sealed, "data": "omniroute:e", "index": 2},
        {**sealed, "data": "omniroute:e2", "index": 3},
        {"type": "reasoning.encrypted", "data": "x", "format": "xai-responses-v1", "index": 4},
    ]
    plain = write(ir.Thinking(text="a", origin="gemini"))["message"]
    assert plain["reasoning_content"] == "a"
    assert "reasoning_details" not in plain


def test_it_gives_a_freeform_call_to_its_client_as_raw_text():
    head = Head(
        id="1",
        model="m",
        created=1,
        request=request(tools=(ir.Tool(name="patch", freeform={}),)),
    )
    tool_calls = write(
        ir.ToolCall(id="a", name="patch", arguments='{"input":"*** Begin"}'),
        ir.ToolCall(id="b", name="patch", arguments="raw", freeform=True),
        ir.ToolCall(id="c", name="patch", arguments='{"other":1}'),
        ir.ToolCall(id="d", name="patch", arguments="{broken"),
        ir.ToolCall(id="e", name="patch", arguments="[1]"),
        head=head,
    )["message"]["tool_calls"]
    assert [entry["custom"] for entry in tool_calls] == [
        {"name": "patch", "input": raw}
        for raw in ("*** Begin", "raw", '{"other":1}', "{broken", "[1]")
    ]
    assert {entry["type"] for entry in tool_calls} == {"custom"}


def test_it_writes_the_images_that_the_model_made():
    message = write(
        ir.Image(source=ir.Source(media_type="image/png", data="QQ==")),
        ir.Image(source=ir.Source(url="https://x.example/a.png")),
    )["message"]
    assert [image["image_url"]["url"] for image in message["images"]] == [
        "data:image/png;base64,QQ==",
        "https://x.example/a.png",
    ]


def test_it_puts_the_clients_name_into_a_native_answer():
    body = answer(content="x")
    FORMAT.rename(body, "my-alias")
    assert body["model"] == "my-alias"
    FORMAT.rename([], "my-alias")


def test_it_finds_the_usage_of_a_native_answer():
    assert FORMAT.response_usage(answer()) == Usage(input=10, output=5)
    assert FORMAT.response_usage([]) is None
    assert FORMAT.response_usage({"choices": "x"}) is None
    assert FORMAT.response_usage({"choices": ["x"]}) is None
