"""Calls whose ids are odd, repeated or missing find their results again through every client."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.e2e import valid
from tests.e2e.callers import CALLERS, Caller
from tests.e2e.speech import Call, Speech, answering
from tests.product import Product
from tests.upstream import FakeUpstream

NATIVE = {"openai_chat": "oai", "anthropic": "ant", "openai_responses": "rsp", "gemini": "gem"}
IDS = {
    "kimi": ("functions.get_weather:0", "functions.get_weather:1"),
    "long": ("call_" + "x" * 75, "call_" + "x" * 74 + "y"),
    "foreign letters": ("ü/1", "ü/2"),
    "mistral": ("aB3dE6gH9", "zB3dE6gH9"),
}


@pytest.fixture(scope="module")
def callers(product: Product, key: str) -> Iterator[dict[str, Caller]]:
    with ExitStack() as stack:
        yield {name: make(product.url, key, stack) for name, make in CALLERS.items()}


@pytest.fixture
def caller(callers: dict[str, Caller], dialect: str) -> Caller:
    return callers[dialect]


def called(*ids: str) -> Speech:
    cities = ("Bern", "Rome")
    calls = (
        Call(name, "get_weather", {"city": city}) for name, city in zip(ids, cities, strict=True)
    )
    return Speech(calls=tuple(calls))


def pairs(form: str, body: Any) -> list[tuple[str, str]]:
    """(the id of a call, the text of its result) as the provider gets them."""
    match form:
        case "oai":
            told = [m for m in body["messages"] if m["role"] == "tool"]
            return [(m["tool_call_id"], m["content"]) for m in told]
        case "gem":
            parts = [part for content in body["contents"] for part in content["parts"]]
            told = [part["functionResponse"] for part in parts if "functionResponse" in part]
            return [(each.get("id", ""), json.dumps(each["response"])) for each in told]
        case _:
            raise AssertionError(form)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("kind", IDS)
@pytest.mark.parametrize("dialect", CALLERS)
def test_odd_ids_return_to_their_provider_as_they_were(
    caller: Caller, chat_upstream: FakeUpstream, dialect: str, kind: str, stream: bool
) -> None:
    chat_upstream.play(answering("oai", called(*IDS[kind])), answering("oai", Speech(text="Done.")))
    heard = caller.ask("oai/a-model", stream=stream)
    assert len({call.id for call in heard.calls}) == 2
    caller.ask("oai/a-model", caller.went_on(heard, ["in Bern", "in Rome"]), stream=stream)
    found = pairs("oai", chat_upstream.received[-1].json)
    assert [text for _, text in found] == ["in Bern", "in Rome"]
    sent = tuple(call_id for call_id, _ in found)
    if kind == "long" and dialect != "openai_chat":
        assert all(len(call_id) <= valid.MAX_CALL_ID for call_id in sent)  # OpenAI's own limit
    elif kind in ("kimi", "mistral") or dialect == "openai_chat":
        assert sent == IDS[kind]
    assert len(set(sent)) == 2


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("dialect", CALLERS)
def test_calls_without_ids_keep_their_results_in_order(
    caller: Caller, gemini_upstream: FakeUpstream, dialect: str, stream: bool
) -> None:
    gemini_upstream.play(answering("gem", called("", "")), answering("gem", Speech(text="Done.")))
    heard = caller.ask("gem/a-model", stream=stream)
    if dialect != "gemini":
        assert len({call.id for call in heard.calls} - {""}) == 2
    caller.ask("gem/a-model", caller.went_on(heard, ["in Bern", "in Rome"]), stream=stream)
    body = gemini_upstream.received[-1].json
    if NATIVE[dialect] != "gem":
        valid.check("gem", body)
    texts = [text for _, text in pairs("gem", body)]
    assert ["Bern" in text for text in texts] == [True, False]


@pytest.mark.parametrize("form", ["oai", "ant", "rsp", "gem"])
@pytest.mark.parametrize("dialect", CALLERS)
def test_ids_that_a_model_uses_in_every_turn_do_not_mix_the_turns(
    caller: Caller, upstreams: dict[str, FakeUpstream], dialect: str, form: str
) -> None:
    history: list[Any] | None = None
    for turn in ("first", "second", "third"):
        speech = Speech(calls=(Call("call_0", "get_weather", {"city": turn}),))
        upstreams["oai"].play(answering("oai", speech))
        heard = caller.ask("oai/a-model", history, stream=True)
        history = caller.went_on(heard, [f"{turn} result"])
    upstreams[form].play(answering(form, Speech(text="Done.")))
    assert caller.ask(f"{form}/a-model", history, stream=False).text == "Done."
    body = upstreams[form].received[-1].json
    if NATIVE[dialect] != form:
        valid.check(form, body)
    text = json.dumps(body)
    places = [text.index(f"{turn} result") for turn in ("first", "second", "third")]
    assert places == sorted(places)
