"""The official openai SDK's Responses API as client, towards upstreams of every format."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.e2e.speech import Call, Speech, answering
from tests.product import Product
from tests.upstream import FakeUpstream, reply, responses_reply

FORMS = ("oai", "ant", "rsp", "gem")
FOREIGN = ("oai", "ant", "gem")
BERN = Call("call_a", "get_weather", {"city": "Bern"})
TOOL: Any = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather of a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    "strict": False,
}


@pytest.fixture
def client(product: Product, key: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{product.url}/v1", api_key=key, max_retries=0) as made:
        yield made


@pytest.mark.parametrize("form", FORMS)
def test_its_stream_helper_hears_every_step(
    client: openai.OpenAI, upstreams: dict[str, FakeUpstream], form: str
) -> None:
    speech = Speech(thinking="Hm, Bern.", seal="c2VhbA==", text="I look.", calls=(BERN,))
    upstreams[form].play(answering(form, speech))
    with client.responses.stream(
        model=f"{form}/m", input="Bern?", tools=[TOOL], reasoning={"summary": "auto"}
    ) as stream:
        events: list[Any] = list(stream)
        final = stream.get_final_response()
    said: dict[str, str] = {}
    for event in events:
        if event.type.endswith(".delta"):
            said[event.type] = said.get(event.type, "") + event.delta
    assert said == {
        "response.reasoning_summary_text.delta": "Hm, Bern.",
        "response.output_text.delta": "I look.",
        "response.function_call_arguments.delta": '{"city": "Bern"}'
        if form in ("oai", "ant", "rsp")
        else '{"city":"Bern"}',
    }
    assert final.output_text == "I look."
    calls = [item for item in final.output if item.type == "function_call"]
    assert [(call.call_id, call.name) for call in calls] == [("call_a", "get_weather")]
    assert [event.type for event in events][-1] == "response.completed"
    assert (final.status, final.usage.total_tokens) == ("completed", 17)


@pytest.mark.parametrize("form", FORMS)
def test_an_answer_that_the_limit_has_cut_is_incomplete(
    client: openai.OpenAI, upstreams: dict[str, FakeUpstream], form: str
) -> None:
    upstreams[form].play(answering(form, Speech(text="Sunny and", finish="length")))
    answer = client.responses.create(model=f"{form}/m", input="Bern?", max_output_tokens=16)
    assert (answer.status, answer.output_text) == ("incomplete", "Sunny and")
    assert answer.incomplete_details
    assert answer.incomplete_details.reason == "max_output_tokens"


def test_state_is_kept_where_the_provider_keeps_it(
    client: openai.OpenAI, responses_upstream: FakeUpstream
) -> None:
    client.responses.create(model="rsp/m", input="Hi", store=True)
    client.responses.create(model="rsp/m", input="Go on", previous_response_id="resp_1")
    first, second = (request.json for request in responses_upstream.received)
    assert first == {"model": "m", "input": "Hi", "store": True}
    assert second["previous_response_id"] == "resp_1"


STATE: list[dict[str, Any]] = [
    {"previous_response_id": "resp_1"},
    {"conversation": "conv_1"},
    {"input": [{"type": "item_reference", "id": "msg_1"}]},
]


@pytest.mark.parametrize("form", FOREIGN)
@pytest.mark.parametrize("state", STATE, ids=["previous", "conversation", "reference"])
def test_state_that_nobody_keeps_is_a_400_with_advice(
    client: openai.OpenAI, upstreams: dict[str, FakeUpstream], form: str, state: dict[str, Any]
) -> None:
    asked = {"input": "Go on", **state}
    with pytest.raises(openai.BadRequestError, match=r"whole conversation in `input`"):
        client.responses.create(model=f"{form}/m", **asked)
    assert upstreams[form].received == []


@pytest.mark.parametrize("form", FOREIGN)
def test_store_left_out_or_asked_for_harms_nobody(
    client: openai.OpenAI, upstreams: dict[str, FakeUpstream], form: str
) -> None:
    """Continue and Cline leave it out, and its default is true."""
    for more in ({}, {"store": True}, {"store": False}):
        asked: Any = more
        assert client.responses.create(model=f"{form}/m", input="Hi", **asked).output_text


def test_compaction_is_for_the_provider_that_has_it(
    client: openai.OpenAI, responses_upstream: FakeUpstream
) -> None:
    whole = {**responses_reply(), "object": "response.compaction"}
    responses_upstream.play(reply(whole))
    client.responses.compact(model="rsp/m", input=[{"role": "user", "content": "Hi"}])
    (request,) = responses_upstream.received
    assert (request.path, request.json["model"]) == ("/v1/responses/compact", "m")
    with pytest.raises(openai.BadRequestError, match="compact"):
        client.responses.compact(model="ant/m", input=[{"role": "user", "content": "Hi"}])


def test_an_answer_that_is_asked_for_later_is_not_here(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve("resp_1")
    with pytest.raises(openai.NotFoundError):
        client.responses.input_items.list("resp_1")


@pytest.mark.parametrize("form", FORMS)
def test_hosted_tools_and_a_choice_of_them_break_nothing(
    client: openai.OpenAI, upstreams: dict[str, FakeUpstream], form: str
) -> None:
    hosted: Any = [{"type": "web_search"}, {"type": "image_generation"}, TOOL]
    choice: Any = {"type": "web_search"}
    client.responses.create(model=f"{form}/m", input="Hi", tools=hosted, tool_choice=choice)
    body = upstreams[form].received[-1].json
    text = json.dumps(body)
    assert '"get_weather"' in text
    assert ("web_search" in text) is (form == "rsp")
    assert ("tool_choice" in body or "toolConfig" in body) is (form == "rsp")


def test_it_raises_its_own_errors(client: openai.OpenAI, product: Product) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        client.responses.create(model="nobody-has-this", input="Hi")
    assert caught.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(model="oai/m", input=[{"type": "compaction_trigger"}])  # type: ignore[list-item]
    assert "summary" in str(refused.value)
    stranger = openai.OpenAI(base_url=f"{product.url}/v1", api_key="sk-omni-x", max_retries=0)
    with stranger, pytest.raises(openai.AuthenticationError):
        stranger.responses.create(model="oai/m", input="Hi")
