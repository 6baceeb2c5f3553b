"""All sixteen pairs of a caller's dialect and a provider's format, streamed and not, with the
official SDKs: text, tools, usage, endings, names and headers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.e2e import valid
from tests.e2e.callers import CALLERS, LIMIT, QUESTION, SYSTEM, Caller
from tests.e2e.speech import Call, Speech, answering
from tests.product import Product
from tests.upstream import FakeUpstream, Received

FORMS = ("oai", "ant", "rsp", "gem")
NATIVE = {"openai_chat": "oai", "anthropic": "ant", "openai_responses": "rsp", "gemini": "gem"}
BERN = Call("call_a", "get_weather", {"city": "Bern"})
ROME = Call("call_b", "get_weather", {"city": "Rome «àé»"})

STREAMED = "text/event-stream"

pytestmark = [
    pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"]),
    pytest.mark.parametrize("form", FORMS),
    pytest.mark.parametrize("dialect", CALLERS),
]


@pytest.fixture(scope="module")
def callers(product: Product, key: str) -> Iterator[dict[str, Caller]]:
    with ExitStack() as stack:
        yield {name: make(product.url, key, stack) for name, make in CALLERS.items()}


@pytest.fixture
def caller(callers: dict[str, Caller], dialect: str) -> Caller:
    return callers[dialect]


@pytest.fixture
def upstream(upstreams: dict[str, FakeUpstream], dialect: str, form: str) -> Iterator[FakeUpstream]:
    """The provider of the pair; whatever it was asked must have been a request of its format."""
    yield upstreams[form]
    for request in upstreams[form].received:
        if NATIVE[dialect] != form:
            valid.check(form, request.json)


def text_of(request: Received) -> str:
    """The body as text, however it escapes letters."""
    return json.dumps(request.json, ensure_ascii=False)


def test_it_answers(caller: Caller, upstream: FakeUpstream, form: str, stream: bool) -> None:
    upstream.play(answering(form, Speech(text="Sunny in Bern, «àé☀» in Rome.")))
    heard = caller.ask(f"{form}/a-model", stream=stream)
    assert heard.text == "Sunny in Bern, «àé☀» in Rome."
    assert (heard.finish, heard.calls) == ("stop", ())
    assert heard.usage == (12, 4, 5)
    assert heard.model == f"{form}/a-model"
    assert heard.headers["x-omniroute-provider"] == form
    assert heard.headers["x-omniroute-model"] == f"{form}/a-model"
    assert heard.headers["x-omniroute-request-id"]
    assert heard.headers["content-type"].startswith(STREAMED if stream else "application/json")


def test_it_carries_the_question(
    caller: Caller, upstream: FakeUpstream, form: str, stream: bool
) -> None:
    upstream.play(answering(form, Speech(text="Sunny.")))
    caller.ask(f"{form}/a-model", stream=stream)
    (request,) = upstream.received
    body, text = request.json, text_of(request)
    assert QUESTION in text
    assert SYSTEM in text
    assert '"city"' in text
    said = body.get("generationConfig", body)
    limits = ("max_tokens", "max_completion_tokens", "max_output_tokens", "maxOutputTokens")
    assert [said[name] for name in limits if name in said] == [LIMIT]
    if form == "gem":
        assert request.path.startswith("/v1beta/models/a-model:")
    else:
        assert (body["model"], body.get("stream", False)) == ("a-model", stream)


def test_it_calls_tools_and_takes_their_results(
    caller: Caller, upstream: FakeUpstream, form: str, stream: bool
) -> None:
    upstream.play(
        answering(form, Speech(calls=(BERN, ROME))),
        answering(form, Speech(text="Sunny in both.")),
    )
    first = caller.ask(f"{form}/a-model", stream=stream)
    assert [(call.name, call.arguments) for call in first.calls] == [
        ("get_weather", {"city": "Bern"}),
        ("get_weather", {"city": "Rome «àé»"}),
    ]
    assert len({call.id for call in first.calls}) == 2
    assert (first.finish, first.text) == ("tool_calls", "")
    history = caller.went_on(first, ["sunny 20°", "rainy 9°"])
    second = caller.ask(f"{form}/a-model", history, stream=stream)
    assert (second.text, second.finish) == ("Sunny in both.", "stop")
    sent = text_of(upstream.received[-1])
    assert sent.index("sunny 20°") < sent.index("rainy 9°")


def test_it_says_text_before_a_call(
    caller: Caller, upstream: FakeUpstream, dialect: str, form: str, stream: bool
) -> None:
    upstream.play(answering(form, Speech(text="Let me look.", calls=(BERN,))))
    heard = caller.ask(f"{form}/a-model", stream=stream)
    assert (heard.text, heard.finish) == ("Let me look.", "tool_calls")
    assert [call.arguments for call in heard.calls] == [{"city": "Bern"}]
    upstream.play(answering(form, Speech(text="Sunny.")))
    caller.ask(f"{form}/a-model", caller.went_on(heard, ["sunny"]), stream=stream)
    sent = text_of(upstream.received[-1])
    if (dialect, form) == ("gemini", "gem"):
        sent = sent.replace('"}, {"text": "', "")  # its SDK keeps text in the pieces it came in
    assert sent.index("Let me look.") < sent.rindex("Bern") < sent.rindex("sunny")


def test_it_gives_a_call_without_arguments_an_empty_object(
    caller: Caller, upstream: FakeUpstream, form: str, stream: bool
) -> None:
    upstream.play(answering(form, Speech(calls=(Call("call_a", "get_weather", {}),))))
    heard = caller.ask(f"{form}/a-model", stream=stream)
    assert [call.arguments for call in heard.calls] == [{}]


@pytest.mark.parametrize("ending", ["length", "filtered"])
def test_it_says_why_an_answer_ended(
    caller: Caller, upstream: FakeUpstream, form: str, stream: bool, ending: str
) -> None:
    upstream.play(answering(form, Speech(text="Sunny and", finish=ending)))
    heard = caller.ask(f"{form}/a-model", stream=stream)
    assert (heard.text, heard.finish) == ("Sunny and", ending)


def test_it_shows_reasoning(
    caller: Caller, upstream: FakeUpstream, form: str, stream: bool
) -> None:
    speech = Speech(thinking="Bern is in the Alps.", text="Sunny.", output=9, reasoning=4)
    upstream.play(answering(form, speech))
    heard = caller.ask(f"{form}/a-model", stream=stream)
    assert (heard.thinking, heard.text) == ("Bern is in the Alps.", "Sunny.")
    assert heard.usage == (12, 4, 9)
