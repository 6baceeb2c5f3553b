"""The official SDK as a client: it must understand what is written, to the last field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import openai
import orjson
import pytest
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import BaseModel, ConfigDict, TypeAdapter

from omniroute.gateway import ir
from omniroute.gateway.errors import InvalidRequest, UpstreamError
from omniroute.gateway.formats.openai_responses import FORMAT

from . import grammar, streams
from .codex import REQUEST, answered, head
from .wire import answer, call, said, thought

FULL = answer(
    ir.Thinking(text="Hm.", signature="s", origin="anthropic"),
    "Hi ",
    call("a", "shell", '{"command":"ls"}'),
    call("b", "multi_agent_v1__spawn"),
    call("c", "apply_patch", '{"input":"*** Begin"}'),
    reason="tool_calls",
    of=head(),
)


def client(answered: bytes, content_type: str, status: int = 200) -> openai.OpenAI:
    def handle(request: httpx2.Request) -> httpx2.Response:
        assert request.url.path == "/v1/responses"
        return httpx2.Response(status, content=answered, headers={"content-type": content_type})

    transport = httpx2.Client(transport=httpx2.MockTransport(handle))
    return openai.OpenAI(
        api_key="k", base_url="http://gateway/v1", http_client=transport, max_retries=0
    )


@pytest.fixture
def streaming() -> Iterator[Any]:
    opened: list[openai.OpenAI] = []

    def make(stream: bytes) -> openai.OpenAI:
        opened.append(client(stream, "text/event-stream; charset=utf-8"))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def test_it_is_understood_event_by_event(streaming):
    with streaming(FULL).responses.create(model="m", input="Hi", stream=True) as events:
        found = list(events)
    assert [event.sequence_number for event in found] == list(range(len(found)))
    last = found[-1].response
    assert [item.type for item in last.output] == [
        "reasoning",
        "message",
        "function_call",
        "function_call",
        "custom_tool_call",
    ]
    assert last.output[3].namespace == "multi_agent_v1"
    assert last.output[4].input == "*** Begin"
    assert last.usage.total_tokens > 0


@pytest.mark.parametrize(
    "stream", [FULL, answer(), answer(ir.Refusal(text="No."), reason="refusal")]
)
def test_it_fits_the_sdks_type_of_every_event(stream):
    known: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
    for told in grammar.events(stream):
        assert known.validate_python(told).type == told["type"]


def test_it_is_put_together_by_the_helper(streaming):
    """It follows output and content indexes, and fails of any that is wrong."""
    with streaming(FULL).responses.stream(model="m", input="Hi") as stream:
        snapshots = [
            event.snapshot for event in stream if event.type == "response.output_text.delta"
        ]
        final = stream.get_final_response()
    assert snapshots[-1] == final.output_text == "Hi "
    assert final.output[2].arguments == '{"command":"ls"}'


def test_it_keeps_structured_output_parsable(streaming):
    class Point(BaseModel):
        x: int

    stream = answer('{"x": 3}')
    with streaming(stream).responses.stream(model="m", input="Hi", text_format=Point) as events:
        assert events.get_final_response().output_parsed == Point(x=3)


@pytest.mark.parametrize(
    ("name", "stream"),
    [
        (
            "openai_chat",
            streams.chat(
                {"reasoning_content": "Hm."},
                {"content": "Hi"},
                streams.fragment(0, id="a", type="function", name="shell", arguments="{}"),
                finish="tool_calls",
            ),
        ),
        (
            "anthropic",
            streams.anthropic(
                streams.thinking_block("Hm.", "sig"),
                streams.text_block("Hi"),
                streams.tool_block("a", "shell"),
                reason="tool_use",
            ),
        ),
    ],
)
def test_it_is_understood_whoever_answered(streaming, name, stream):
    with streaming(answered(name, stream)).responses.stream(model="m", input="Hi") as events:
        final = events.get_final_response()
    assert [item.type for item in final.output] == ["reasoning", "message", "function_call"]
    assert final.output_text == "Hi"
    assert final.output[0].summary[0].text == "Hm."
    assert final.output[0].encrypted_content.startswith("omniroute:")


def test_it_tells_the_sdk_of_a_failure_inside_of_a_stream(streaming):
    error = UpstreamError("It broke.", status=502, kind="server")
    told = FORMAT.stream_error(error, "id")
    cut = FULL[: FULL.index(b"event: response.completed")]
    with streaming(cut + told).responses.create(model="m", input="Hi", stream=True) as events:
        last = list(events)[-1]
    assert last.type == "response.failed"
    assert (last.response.error.code, last.response.error.message) == ("server_error", "It broke.")


def test_it_is_understood_in_one_piece():
    parts = (thought(), *said("Hi"), call("a", "shell"))
    whole = ir.Response(id="x", model="y", parts=parts, finish="tool_calls")
    body = orjson.dumps(FORMAT.write_response(whole, head()))
    with client(body, "application/json") as sdk:
        found = sdk.responses.create(model="m", input="Hi")
    assert found.output_text == "Hi"
    assert found.status == "completed"
    assert [item.type for item in found.output] == ["reasoning", "message", "function_call"]


def test_it_raises_the_sdks_own_error():
    with pytest.raises(InvalidRequest) as refused:
        FORMAT.read_request({**REQUEST, "previous_response_id": "resp_1"})
    body = orjson.dumps(FORMAT.write_error(refused.value, "id"))
    with client(body, "application/json", 400) as sdk, pytest.raises(openai.BadRequestError) as got:
        sdk.responses.create(model="m", input="Hi")
    assert got.value.code == "previous_response_not_found"


class Strict(Response):
    """The SDK itself takes anything; this looks at every field it knows."""

    model_config = ConfigDict(strict=False, extra="forbid")


@pytest.mark.parametrize("of", [head(), head(tool_choice="none", tools=[]), head(text=None)])
def test_it_writes_a_response_object_that_fits_the_sdks_types(of):
    whole = ir.Response(id="x", model="y", parts=said("Hi", call()), finish="tool_calls")
    told = FORMAT.write_response(whole, of)
    for unknown in ("frequency_penalty", "presence_penalty", "store"):  # in the schema only
        told.pop(unknown)
    found = Strict.model_validate(told)
    assert found.model_dump()["output"][0]["content"][0]["text"] == "Hi"
