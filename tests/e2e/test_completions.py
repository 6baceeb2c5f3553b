"""The legacy completions endpoint, with the official SDK, over chat and messages upstreams."""

from __future__ import annotations

from collections.abc import Iterator

import openai
import pytest

from tests.product import Product
from tests.upstream import FakeUpstream


@pytest.fixture
def client(product: Product, key: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{product.url}/v1", api_key=key, max_retries=0) as made:
        yield made


@pytest.mark.parametrize("model", ["oai/m", "ant/m"])
def test_it_answers(client: openai.OpenAI, model: str, chat_upstream: FakeUpstream) -> None:
    answer = client.completions.create(model=model, prompt=["One", "two"], max_tokens=9)
    assert (answer.choices[0].text, answer.choices[0].finish_reason) == (
        "Hello from upstream",
        "stop",
    )
    assert answer.object == "text_completion"
    assert answer.model == model
    assert answer.usage is not None
    assert answer.usage.total_tokens == 17
    if model.startswith("oai"):
        assert chat_upstream.received[0].json["messages"] == [
            {"role": "user", "content": "One\ntwo"}
        ]


@pytest.mark.parametrize("model", ["oai/m", "ant/m"])
def test_it_streams(client: openai.OpenAI, model: str) -> None:
    stream = client.completions.create(
        model=model, prompt="Hi", stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    assert "".join(c.choices[0].text for c in chunks if c.choices) == "Hello from upstream"
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert [c.usage.completion_tokens for c in chunks if c.usage] == [5]


def test_it_refuses_what_a_chat_model_cannot_do(client: openai.OpenAI) -> None:
    for wrong in (
        {"prompt": [1, 2]},
        {"prompt": "x", "echo": True},
        {"prompt": "x", "suffix": "y"},
    ):
        with pytest.raises(openai.BadRequestError):
            client.completions.create(model="oai/m", **wrong)  # type: ignore[arg-type]
