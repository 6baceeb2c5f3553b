"""The official anthropic SDK as client, towards upstreams of both formats."""

from __future__ import annotations

from collections.abc import Iterator

import anthropic
import pytest

from tests.product import Product
from tests.upstream import FakeUpstream, chat_events, reply, sse

TOOLS = [
    {
        "name": "get_weather",
        "description": "The weather of a city",
        "input_schema": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    }
]
QUESTION = [{"role": "user", "content": "How is the weather in Bern and Rome?"}]


@pytest.fixture
def client(product: Product, key: str) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=product.url, api_key=key, max_retries=0) as made:
        yield made


@pytest.mark.parametrize("model", ["oai/some-model", "ant/some-model"])
def test_it_answers(client: anthropic.Anthropic, product: Product, model: str) -> None:
    raw = client.messages.with_raw_response.create(model=model, messages=QUESTION, max_tokens=99)
    answer = raw.parse()
    assert [block.text for block in answer.content] == ["Hello from upstream"]
    assert (answer.model, answer.stop_reason) == (model, "end_turn")
    assert (answer.usage.input_tokens, answer.usage.cache_read_input_tokens) == (8, 4)
    assert answer.usage.output_tokens == 5
    row = product.log_of(raw.headers["x-omniroute-request-id"])
    assert (row["status"], row["outcome"], row["outputTokens"]) == (200, "ok", 5)


@pytest.mark.parametrize("model", ["oai/some-model", "ant/some-model"])
def test_it_streams(client: anthropic.Anthropic, model: str) -> None:
    with client.messages.stream(model=model, messages=QUESTION, max_tokens=99) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert text == "Hello from upstream"
    assert (final.model, final.stop_reason, final.usage.output_tokens) == (model, "end_turn", 5)


def test_it_streams_parallel_tool_calls_from_chat(
    client: anthropic.Anthropic, chat_upstream: FakeUpstream
) -> None:
    base = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}

    def chunk(calls: list[dict[str, object]], finish: str | None = None) -> dict[str, object]:
        return {
            **base,
            "choices": [{"index": 0, "delta": {"tool_calls": calls}, "finish_reason": finish}],
        }

    def start(index: int, call: str) -> dict[str, object]:
        function = {"name": "get_weather", "arguments": ""}
        return {"index": index, "id": call, "type": "function", "function": function}

    def more(index: int, text: str) -> dict[str, object]:
        return {"index": index, "function": {"arguments": text}}

    chat_upstream.play(
        sse(
            [
                chunk([start(0, "call_a"), start(1, "call_b")]),
                chunk([more(0, '{"city"'), more(1, '{"city": "R')]),
                chunk([more(0, ': "Bern"}')]),
                chunk([more(1, 'ome"}')]),
                chunk([], "tool_calls"),
                "[DONE]",
            ]
        )
    )
    with client.messages.stream(
        model="oai/some-model", messages=QUESTION, max_tokens=99, tools=TOOLS
    ) as stream:
        final = stream.get_final_message()
    assert [(b.id, b.name, b.input) for b in final.content if b.type == "tool_use"] == [
        ("call_a", "get_weather", {"city": "Bern"}),
        ("call_b", "get_weather", {"city": "Rome"}),
    ]
    assert final.stop_reason == "tool_use"


def test_it_sends_tool_results_and_images_to_chat(
    client: anthropic.Anthropic, chat_upstream: FakeUpstream
) -> None:
    pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAAB"
    image = {
        "type": "image",
        "source": {"type": "base64", "media_type": "image/png", "data": pixel},
    }
    client.messages.create(
        model="oai/some-model",
        max_tokens=99,
        system="Be brief.",
        tools=TOOLS,
        messages=[
            {"role": "user", "content": [{"type": "text", "text": "What is this?"}, image]},
            {
                "role": "assistant",
                "content": [
                    {"type": "tool_use", "id": "t1", "name": "get_weather", "input": {"city": "B"}}
                ],
            },
            {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "sunny"}],
            },
        ],
    )
    sent = chat_upstream.received[0].json
    roles = [message["role"] for message in sent["messages"]]
    assert roles == ["system", "user", "assistant", "tool"]
    assert sent["messages"][1]["content"][1]["image_url"]["url"].startswith("data:image/png;base64")
    assert sent["messages"][3] == {"role": "tool", "tool_call_id": "t1", "content": "sunny"}


def test_it_keeps_thinking_with_its_signature_on_its_own_format(
    client: anthropic.Anthropic, messages_upstream: FakeUpstream
) -> None:
    thinking = {"type": "thinking", "thinking": "hm", "signature": "c2lnbmF0dXJl+/=="}
    client.messages.create(
        model="ant/some-model",
        max_tokens=4096,
        thinking={"type": "enabled", "budget_tokens": 2048},
        messages=[
            *QUESTION,
            {"role": "assistant", "content": [thinking, {"type": "text", "text": "Sunny."}]},
            {"role": "user", "content": "And tomorrow?"},
        ],
    )
    assert messages_upstream.received[0].json["messages"][1]["content"][0] == thinking


def test_it_shows_reasoning_of_a_chat_upstream_as_thinking(
    client: anthropic.Anthropic, chat_upstream: FakeUpstream
) -> None:
    events = chat_events()
    events[1]["choices"][0]["delta"] = {"reasoning_content": "Let me think."}
    chat_upstream.play(sse(events))
    with client.messages.stream(model="oai/some-model", messages=QUESTION, max_tokens=99) as stream:
        final = stream.get_final_message()
    assert [block.type for block in final.content] == ["thinking", "text"]
    assert final.content[0].thinking == "Let me think."


def test_it_gets_errors_in_its_own_shape(
    client: anthropic.Anthropic, chat_upstream: FakeUpstream
) -> None:
    chat_upstream.play(
        reply({"error": {"message": "bad temperature", "type": "invalid_request_error"}}, 400)
    )
    with pytest.raises(anthropic.BadRequestError) as caught:
        client.messages.create(model="oai/some-model", messages=QUESTION, max_tokens=99)
    body = caught.value.body
    assert isinstance(body, dict)
    assert body["type"] == "error"
    assert body["error"]["type"] == "invalid_request_error"
    assert "bad temperature" in body["error"]["message"]


def test_it_lists_models_in_its_own_shape(client: anthropic.Anthropic, product: Product) -> None:
    with product.change():
        product.api("POST", "/providers", {"provider": "mistral", "name": "m", "apiKey": "mk-1"})
    names = [model.id for model in client.models.list(limit=1000)]
    assert any(name.startswith("mistral/") for name in names)


@pytest.mark.parametrize("streamed", [True, False])
def test_a_refused_signature_is_left_out_and_the_provider_asked_once_more(
    client: anthropic.Anthropic, messages_upstream: FakeUpstream, streamed: bool
) -> None:
    refusal = "messages.1.content.0: Invalid `signature` in `thinking` block"
    error = {"type": "error", "error": {"type": "invalid_request_error", "message": refusal}}
    messages_upstream.play(reply(error, 400))
    thinking = {"type": "thinking", "thinking": "hm", "signature": "made-elsewhere"}
    call = {"type": "tool_use", "id": "t1", "name": "get_weather", "input": {"city": "B"}}
    request = {
        "model": "ant/some-model",
        "max_tokens": 4096,
        "thinking": {"type": "enabled", "budget_tokens": 2048},
        "tools": TOOLS,
        "messages": [
            *QUESTION,
            {"role": "assistant", "content": [thinking, call]},
            {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "sunny"}],
            },
        ],
    }
    if streamed:
        with client.messages.stream(**request) as stream:
            text = stream.get_final_text()
    else:
        text = client.messages.create(**request).content[0].text
    assert text == "Hello from upstream"
    first, second = (received.json for received in messages_upstream.received)
    assert first["messages"][1]["content"][0] == thinking
    assert [block["type"] for block in second["messages"][1]["content"]] == ["tool_use"]
    assert "made-elsewhere" not in str(second)
