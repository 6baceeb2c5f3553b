"""The official google-genai SDK as client, towards upstreams of every format."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import pytest
from google import genai
from google.genai import errors, types

from tests.e2e.speech import Call, Speech, answering
from tests.product import Product
from tests.upstream import FakeUpstream, reply

FORMS = ("oai", "ant", "rsp", "gem")
BERN = Call("call_a", "get_weather", {"city": "Bern"})


@pytest.fixture
def client(product: Product, key: str) -> Iterator[genai.Client]:
    made = genai.Client(api_key=key, http_options=types.HttpOptions(base_url=product.url))
    yield made
    made.close()


def get_weather(city: str) -> str:
    """The weather of a city.

    Args:
        city: Where.
    """
    return f"sunny in {city}"


@pytest.mark.parametrize("form", FORMS)
def test_it_calls_python_functions_by_itself(
    client: genai.Client, upstreams: dict[str, FakeUpstream], form: str
) -> None:
    upstreams[form].play(
        answering(form, Speech(calls=(BERN,))), answering(form, Speech(text="Sunny in Bern."))
    )
    config = types.GenerateContentConfig(tools=[get_weather])
    answer = client.models.generate_content(
        model=f"{form}/a-model", contents="And Bern?", config=config
    )
    assert answer.text == "Sunny in Bern."
    first, second = (json.dumps(request.json) for request in upstreams[form].received)
    assert '"get_weather"' in first
    assert "sunny in Bern" in second


@pytest.mark.parametrize("form", FORMS)
def test_a_chat_goes_on_after_a_stream(
    client: genai.Client, upstreams: dict[str, FakeUpstream], form: str
) -> None:
    upstreams[form].play(
        answering(form, Speech(text="Sunny and warm.")), answering(form, Speech(text="Rainy."))
    )
    chat = client.chats.create(model=f"{form}/a-model")
    pieces = [chunk.text for chunk in chat.send_message_stream("Bern?") if chunk.text]
    assert len(pieces) > 1
    assert "".join(pieces) == "Sunny and warm."
    assert chat.send_message("Rome?").text == "Rainy."
    said = json.dumps(upstreams[form].received[-1].json)
    if form == "gem":  # as this SDK keeps it
        assert [word for word in ("Sunny", "warm.") if word in said] == ["Sunny", "warm."]
    else:
        assert "Sunny and warm." in said


# The SDK's own session does what its library advises against.
@pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")
@pytest.mark.parametrize("form", FORMS)
def test_it_streams_asynchronously(
    product: Product, key: str, upstreams: dict[str, FakeUpstream], form: str
) -> None:
    upstreams[form].play(answering(form, Speech(text="Sunny and warm.", calls=(BERN,))))

    async def heard() -> list[types.GenerateContentResponse]:
        options = types.HttpOptions(base_url=product.url)
        client = genai.Client(api_key=key, http_options=options)
        try:
            chunks = await client.aio.models.generate_content_stream(
                model=f"{form}/a-model", contents="Bern?"
            )
            return [chunk async for chunk in chunks]
        finally:
            await client.aio.aclose()
            client.close()

    chunks = asyncio.run(heard())
    parts = [part for chunk in chunks for part in chunk.candidates[0].content.parts or []]
    assert "".join(part.text or "" for part in parts) == "Sunny and warm."
    (call,) = [part.function_call for part in parts if part.function_call]
    assert (call.name, call.args) == ("get_weather", {"city": "Bern"})
    reasons = [chunk.candidates[0].finish_reason for chunk in chunks]
    assert [reason for reason in reasons if reason] == [types.FinishReason.STOP]


@pytest.mark.parametrize("version", ["v1", "v1beta"])
def test_it_works_with_either_version_of_the_path(product: Product, key: str, version: str) -> None:
    options = types.HttpOptions(base_url=product.url, api_version=version)
    client = genai.Client(api_key=key, http_options=options)
    answer = client.models.generate_content(model="oai/a-model", contents="Hi")
    assert (answer.text, answer.model_version) == ("Hello from upstream", "oai/a-model")
    assert client.models.count_tokens(model="oai/a-model", contents="Hi").total_tokens
    client.close()


def test_it_may_force_a_tool(client: genai.Client, upstreams: dict[str, FakeUpstream]) -> None:
    calling = types.FunctionCallingConfig(mode="ANY", allowed_function_names=["get_weather"])
    config = types.GenerateContentConfig(
        tools=[get_weather],
        tool_config=types.ToolConfig(function_calling_config=calling),
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
    )
    chosen = {
        "oai": {"type": "function", "function": {"name": "get_weather"}},
        "ant": {"type": "tool", "name": "get_weather"},
        "rsp": {"type": "function", "name": "get_weather"},
    }
    for form, choice in chosen.items():
        upstreams[form].play(answering(form, Speech(calls=(BERN,))))
        client.models.generate_content(model=f"{form}/m", contents="Bern?", config=config)
        assert upstreams[form].received[-1].json["tool_choice"] == choice


def test_it_raises_its_own_errors(
    client: genai.Client, product: Product, chat_upstream: FakeUpstream
) -> None:
    with pytest.raises(errors.ClientError) as caught:
        client.models.generate_content(model="nobody-has-this", contents="Hi")
    assert (caught.value.code, caught.value.status) == (404, "NOT_FOUND")
    chat_upstream.play(reply({"error": {"message": "bad temperature"}}, 400))
    with pytest.raises(errors.ClientError, match="bad temperature") as caught:
        list(client.models.generate_content_stream(model="oai/m", contents="Hi"))
    assert (caught.value.code, caught.value.status) == (400, "INVALID_ARGUMENT")
    options = types.HttpOptions(base_url=product.url)
    stranger = genai.Client(api_key="sk-omni-unknown", http_options=options)
    with pytest.raises(errors.ClientError) as caught:
        stranger.models.generate_content(model="oai/m", contents="Hi")
    assert (caught.value.code, caught.value.status) == (401, "UNAUTHENTICATED")
    stranger.close()
