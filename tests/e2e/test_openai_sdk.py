"""The official openai SDK as client, towards upstreams of both formats."""

from __future__ import annotations

import json
from collections.abc import Iterator

import openai
import pytest

from tests.product import Product
from tests.upstream import FakeUpstream, chat_events, messages_events, reply, sse

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "The weather of a city",
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string"}},
                "required": ["city"],
            },
        },
    }
]
QUESTION = [{"role": "user", "content": "How is the weather in Bern and Rome?"}]


@pytest.fixture
def client(product: Product, key: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{product.url}/v1", api_key=key, max_retries=0) as made:
        yield made


@pytest.mark.parametrize("model", ["oai/some-model", "ant/some-model"])
def test_it_answers(client: openai.OpenAI, product: Product, model: str) -> None:
    raw = client.chat.completions.with_raw_response.create(model=model, messages=QUESTION)
    answer = raw.parse()
    assert answer.choices[0].message.content == "Hello from upstream"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.model == model
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (12, 5)
    assert answer.usage.prompt_tokens_details is not None
    assert answer.usage.prompt_tokens_details.cached_tokens == 4
    row = product.log_of(raw.headers["x-omniroute-request-id"])
    assert row["status"] == 200
    assert (row["inputTokens"], row["cacheReadTokens"], row["outputTokens"]) == (8, 4, 5)
    assert row["costUsd"] is None  # an endpoint of one's own is unpriced, not free


@pytest.mark.parametrize("model", ["oai/some-model", "ant/some-model"])
@pytest.mark.parametrize("usage", [True, False])
def test_it_streams(client: openai.OpenAI, product: Product, model: str, usage: bool) -> None:
    options = {"stream_options": {"include_usage": True}} if usage else {}
    with client.chat.completions.with_streaming_response.create(
        model=model, messages=QUESTION, stream=True, **options
    ) as raw:
        chunks = list(raw.parse())
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == "Hello from upstream"
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert {c.model for c in chunks} == {model}
    reported = [c.usage for c in chunks if c.usage]
    assert len(reported) == (1 if usage else 0)
    if usage:
        assert (reported[0].prompt_tokens, reported[0].completion_tokens) == (12, 5)
    row = product.log_of(raw.headers["x-omniroute-request-id"])
    assert (row["outcome"], row["outputTokens"]) == ("ok", 5)


def _tool_replies() -> dict[str, object]:
    calls = [("call_a", "Bern"), ("call_b", "Rome")]
    chat = {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [
            {
                "index": 0,
                "finish_reason": "tool_calls",
                "message": {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [
                        {
                            "id": call,
                            "type": "function",
                            "function": {
                                "name": "get_weather",
                                "arguments": json.dumps({"city": city}),
                            },
                        }
                        for call, city in calls
                    ],
                },
            }
        ],
        "usage": {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14},
    }
    messages = {
        "id": "m1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "stop_reason": "tool_use",
        "stop_sequence": None,
        "content": [
            {"type": "tool_use", "id": call, "name": "get_weather", "input": {"city": city}}
            for call, city in calls
        ],
        "usage": {"input_tokens": 10, "output_tokens": 4},
    }
    return {"oai": chat, "ant": messages}


@pytest.mark.parametrize("prefix", ["oai", "ant"])
def test_it_calls_two_tools_and_takes_their_results(
    client: openai.OpenAI,
    chat_upstream: FakeUpstream,
    messages_upstream: FakeUpstream,
    prefix: str,
) -> None:
    upstream = chat_upstream if prefix == "oai" else messages_upstream
    upstream.play(reply(_tool_replies()[prefix]))
    model = f"{prefix}/some-model"
    first = client.chat.completions.create(
        model=model, messages=QUESTION, tools=TOOLS, tool_choice="required"
    )
    calls = first.choices[0].message.tool_calls or []
    assert first.choices[0].finish_reason == "tool_calls"
    assert [json.loads(c.function.arguments)["city"] for c in calls] == ["Bern", "Rome"]
    assert len({c.id for c in calls}) == 2
    results = [{"role": "tool", "tool_call_id": c.id, "content": "sunny"} for c in calls]
    second = client.chat.completions.create(
        model=model,
        messages=[*QUESTION, first.choices[0].message.model_dump(), *results],
        tools=TOOLS,
    )
    assert second.choices[0].message.content == "Hello from upstream"
    sent = upstream.received[-1].json
    if prefix == "ant":
        assert [b["type"] for b in sent["messages"][-1]["content"]] == ["tool_result"] * 2
        assert upstream.received[0].json["tool_choice"] == {"type": "any"}
    else:
        assert [m["role"] for m in sent["messages"][-2:]] == ["tool", "tool"]


def test_it_streams_tool_arguments_from_messages(
    client: openai.OpenAI, messages_upstream: FakeUpstream
) -> None:
    start, *_ = messages_events()
    messages_upstream.play(
        sse(
            [
                start,
                {
                    "type": "content_block_start",
                    "index": 0,
                    "content_block": {
                        "type": "tool_use",
                        "id": "toolu_1",
                        "name": "get_weather",
                        "input": {},
                    },
                },
                *(
                    {
                        "type": "content_block_delta",
                        "index": 0,
                        "delta": {"type": "input_json_delta", "partial_json": piece},
                    }
                    for piece in ("", '{"ci', 'ty": "Be', 'rn"}')
                ),
                {"type": "content_block_stop", "index": 0},
                {
                    "type": "message_delta",
                    "delta": {"stop_reason": "tool_use", "stop_sequence": None},
                    "usage": {"output_tokens": 9},
                },
                {"type": "message_stop"},
            ],
            named=True,
        )
    )
    with client.chat.completions.stream(
        model="ant/some-model", messages=QUESTION, tools=TOOLS
    ) as stream:
        final = stream.get_final_completion()
    call = (final.choices[0].message.tool_calls or [])[0]
    assert (call.id, call.function.name) == ("toolu_1", "get_weather")
    assert json.loads(call.function.arguments) == {"city": "Bern"}
    assert final.choices[0].finish_reason == "tool_calls"


def test_it_passes_unknown_fields_of_its_own_format_both_ways(
    client: openai.OpenAI, chat_upstream: FakeUpstream
) -> None:
    events = chat_events()
    events[1]["x_vendor"] = {"kept": True}
    chat_upstream.play(sse(events))
    chunks = list(
        client.chat.completions.create(
            model="oai/some-model",
            messages=QUESTION,
            stream=True,
            extra_body={"x_unknown": {"deep": [1, 2.50, "é"]}},
        )
    )
    assert chat_upstream.received[0].json["x_unknown"] == {"deep": [1, 2.5, "é"]}
    assert chat_upstream.received[0].json["model"] == "some-model"
    assert chunks[1].model_extra == {"x_vendor": {"kept": True}}


def test_it_tells_an_unknown_model(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="nobody-has-this", messages=QUESTION)
    assert caught.value.code == "model_not_found"


def test_it_lists_and_retrieves_models(client: openai.OpenAI, product: Product, key: str) -> None:
    with product.change():
        product.api("POST", "/providers", {"provider": "groq", "name": "g", "apiKey": "gsk-1"})
    names = [model.id for model in client.models.list()]
    assert "groq/llama-3.3-70b-versatile" in names
    assert client.models.retrieve("groq/llama-3.3-70b-versatile").owned_by == "groq"
