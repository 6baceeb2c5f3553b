"""What a provider signed comes back to it byte for byte, through any client, and to nobody else; a
history that several providers wrote poisons no later turn."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.e2e import valid
from tests.e2e.callers import CALLERS, Caller, Heard
from tests.e2e.speech import Call, Speech, answering
from tests.product import Product
from tests.upstream import FakeUpstream

NATIVE = {"openai_chat": "oai", "anthropic": "ant", "openai_responses": "rsp", "gemini": "gem"}
FORMS = ("oai", "ant", "rsp", "gem")
SEALS = {  # base64 with the letters that careless code changes
    "ant": "EqQBCkYIBxgCIkD+/+8/AAECAwQFBgcICQ==",
    "rsp": "gAAAAABo+/9fZW5jcnlwdGVkX2NvbnRlbnQ=",
    "gem": "CiQB0e2Kb+/+AAECAwQFBgcICQoLDA0ODxA=",
}
THOUGHT = {form: f"The {form} thought of mountains." for form in FORMS}


@pytest.fixture(scope="module")
def callers(product: Product, key: str) -> Iterator[dict[str, Caller]]:
    with ExitStack() as stack:
        yield {name: make(product.url, key, stack) for name, make in CALLERS.items()}


@pytest.fixture
def caller(callers: dict[str, Caller], dialect: str) -> Caller:
    return callers[dialect]


def turn(
    caller: Caller, upstreams: dict[str, FakeUpstream], form: str, history: list[Any] | None = None
) -> tuple[Heard, list[Any]]:
    """The provider thinks, signs that and calls a tool; the client brings the tool's result."""
    call = Call(f"call_{form}", "get_weather", {"city": form})
    speech = Speech(thinking=THOUGHT[form], seal=SEALS.get(form, ""), calls=(call,))
    upstreams[form].play(answering(form, speech))
    heard = caller.ask(f"{form}/a-model", history, stream=True)
    assert heard.calls, "the call was lost"
    return heard, caller.went_on(heard, [f"sunny in {form}"])


def sent(
    caller: Caller, upstreams: dict[str, FakeUpstream], form: str, history: list[Any], **more: Any
) -> Any:
    """The request that the provider gets."""
    upstreams[form].play(answering(form, Speech(text="Done.")))
    heard = caller.ask(f"{form}/{more.pop('model', 'a-model')}", history, stream=False)
    assert heard.text == "Done."
    return upstreams[form].received[-1].json


def seals(value: Any) -> set[str]:
    """Whose signatures are anywhere in a request, whole or as part of something else."""
    text = json.dumps(value)
    return {form for form, seal in SEALS.items() if seal in text or seal[8:24] in text}


def signed(form: str, body: Any) -> list[str]:
    """The signatures in a request, from the places where its API has them."""
    match form:
        case "ant":
            blocks = [b for m in body["messages"] for b in m["content"] if isinstance(b, dict)]
            return [block["signature"] for block in blocks if block["type"] == "thinking"]
        case "rsp":
            items = [item for item in body["input"] if item.get("type") == "reasoning"]
            return [item["encrypted_content"] for item in items]
        case _:
            parts = [part for content in body["contents"] for part in content["parts"]]
            found = [part["thoughtSignature"] for part in parts if "thoughtSignature" in part]
            return [seal.replace("-", "+").replace("_", "/") for seal in found]


@pytest.mark.parametrize("form", SEALS)
@pytest.mark.parametrize("dialect", CALLERS)
def test_a_signature_returns_to_its_owner_byte_for_byte(
    caller: Caller, upstreams: dict[str, FakeUpstream], dialect: str, form: str
) -> None:
    _, history = turn(caller, upstreams, form)
    body = sent(caller, upstreams, form, history)
    assert signed(form, body) == [SEALS[form]]
    if NATIVE[dialect] != form:
        valid.check(form, body)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dialect", CALLERS)
def test_a_signature_never_reaches_another_provider(
    caller: Caller, upstreams: dict[str, FakeUpstream], dialect: str, form: str
) -> None:
    heard, history = turn(caller, upstreams, form)
    assert heard.thinking == THOUGHT[form]
    for other in FORMS:
        if other == form:
            continue
        body = sent(caller, upstreams, other, history)
        if NATIVE[dialect] == other:
            _no_marks(body)
        else:
            valid.check(other, body)
        assert seals(body) == set()
        assert f"sunny in {form}" in json.dumps(body)


def _no_marks(body: Any) -> None:
    """In a request of the provider's own dialect, whose clients send what they like otherwise."""
    text = json.dumps(body)
    assert [mark for mark in valid.CARRIED if mark in text] == []


@pytest.mark.parametrize("dialect", CALLERS)
def test_a_history_of_several_providers_poisons_no_later_turn(
    caller: Caller, upstreams: dict[str, FakeUpstream], dialect: str
) -> None:
    history: list[Any] | None = None
    for form in (*FORMS, "ant"):
        _, history = turn(caller, upstreams, form, history)
    assert history is not None
    for form in FORMS:
        body = sent(caller, upstreams, form, history)
        assert seals(body) <= {form}
        if form in SEALS:
            assert set(signed(form, body)) == {SEALS[form]}
        if NATIVE[dialect] != form:
            valid.check(form, body)
        for other in FORMS:
            assert f"sunny in {other}" in json.dumps(body)


@pytest.mark.parametrize("form", ["oai", "ant", "rsp"])
@pytest.mark.parametrize("dialect", CALLERS)
def test_gemini_3_gets_the_documented_dummy_for_calls_of_others(
    caller: Caller, upstreams: dict[str, FakeUpstream], dialect: str, form: str
) -> None:
    _, history = turn(caller, upstreams, form)
    body = sent(caller, upstreams, "gem", history, model="gemini-3-pro-preview")
    assert signed("gem", body) == ["skip/thought/signature/validator"]
    assert seals(body) == set()


@pytest.mark.parametrize("dialect", CALLERS)
def test_thinking_goes_off_where_the_open_tool_turn_has_lost_it(
    caller: Caller, upstreams: dict[str, FakeUpstream], dialect: str
) -> None:
    """An older Claude refuses an open tool turn that does not begin with its own thinking."""
    _, history = turn(caller, upstreams, "oai")
    body = sent(caller, upstreams, "ant", history, model="claude-sonnet-4-5")
    if dialect == "anthropic":
        return
    assert body.get("thinking", {"type": "disabled"})["type"] == "disabled"
    valid.check("ant", body)
