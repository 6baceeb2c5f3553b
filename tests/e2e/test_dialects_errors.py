"""What a caller of each dialect is told of each failure before a stream has begun: status, type,
code, and when to come back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest
from google import genai
from google.genai import errors as genai_errors
from google.genai import types

from omniroute.gateway.snapshot import Provider
from tests.e2e.inside import Told, serving
from tests.e2e.speech import STREAMS, Speech
from tests.product import Product
from tests.upstream import Answer, FakeUpstream, reply, sse

FORMATS = {"oai": "openai_chat", "ant": "anthropic", "rsp": "openai_responses", "gem": "gemini"}
CHAT = {"model": "p/m", "messages": [{"role": "user", "content": "Hi"}]}
ASKED: dict[str, tuple[str, dict[str, Any]]] = {
    "openai_chat": ("/v1/chat/completions", CHAT),
    "anthropic": ("/v1/messages", {**CHAT, "max_tokens": 99}),
    "openai_responses": ("/v1/responses", {"model": "p/m", "input": "Hi"}),
    "gemini": (
        "/v1beta/models/p/m:generateContent",
        {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]},
    ),
}
# What the provider says -> what the caller hears: status, then the type as OpenAI (Chat and
# Responses), Anthropic and Gemini spell it. An account's own trouble is the operator's: 502.
BAD = ("invalid_request_error", "invalid_request_error", "INVALID_ARGUMENT")
SERVER = ("server_error", "api_error", "INTERNAL")
BUSY = ("server_error", "overloaded_error", "UNAVAILABLE")
LIMIT = ("rate_limit_error", "rate_limit_error", "RESOURCE_EXHAUSTED")
GONE = ("invalid_request_error", "not_found_error", "NOT_FOUND")
LARGE = ("invalid_request_error", "request_too_large", "INVALID_ARGUMENT")
HEARD: dict[int, tuple[int, tuple[str, str, str]]] = {
    400: (400, BAD),
    401: (502, SERVER),
    402: (502, SERVER),
    403: (502, SERVER),
    404: (404, GONE),
    413: (413, LARGE),
    422: (422, BAD),
    429: (429, LIMIT),
    500: (500, SERVER),
    503: (503, BUSY),
    529: (529, BUSY),
}
WORDS = {
    400: ("invalid_request_error", "INVALID_ARGUMENT"),
    401: ("authentication_error", "UNAUTHENTICATED"),
    402: ("billing_error", "FAILED_PRECONDITION"),
    403: ("permission_error", "PERMISSION_DENIED"),
    404: ("not_found_error", "NOT_FOUND"),
    413: ("request_too_large", "INVALID_ARGUMENT"),
    422: ("invalid_request_error", "INVALID_ARGUMENT"),
    429: ("rate_limit_error", "RESOURCE_EXHAUSTED"),
    500: ("api_error", "INTERNAL"),
    503: ("overloaded_error", "UNAVAILABLE"),
    529: ("overloaded_error", "UNAVAILABLE"),
}
MESSAGE = "It went wrong at the provider"


def said(form: str, status: int, message: str = MESSAGE, **more: Any) -> dict[str, Any]:
    """An error as the provider's own API words it."""
    name, google = WORDS[status]
    if form == "gem":
        return {"error": {"code": status, "message": message, "status": google, **more}}
    if form == "ant":
        return {"type": "error", "error": {"type": name, "message": message, **more}}
    plain = {"type": name, "message": message, "param": None, "code": None, **more}
    return {"error": plain}


@pytest.fixture(scope="module")
def failing() -> Iterator[FakeUpstream]:
    with FakeUpstream() as upstream:
        yield upstream


async def ask(
    folder: Path, failing: FakeUpstream, dialect: str, form: str, *answers: Answer, stream: bool
) -> Told:
    failing.reset()
    failing.play(*answers)
    return await at(folder, failing.url, dialect, form, stream=stream)


async def at(folder: Path, url: str, dialect: str, form: str, *, stream: bool) -> Told:
    kind: Any = FORMATS[form]
    provider = Provider(id="p", alias="p", name="P", format=kind, base_url=f"{url}/v1")
    path, body = ASKED[dialect]
    if stream and dialect == "gemini":
        path = path.replace(":generate", ":streamGenerate") + "?alt=sse"
    elif stream:
        body = {**body, "stream": True}
    async with serving(folder, provider) as inside:
        return await inside.post(path, body)


def tells(told: Told, dialect: str, status: int, words: tuple[str, str, str]) -> None:
    assert (told.status, told.headers["content-type"]) == (status, "application/json")
    body = told.json
    error = body["error"]
    assert error["message"]
    if dialect == "gemini":
        assert (error["code"], error["status"]) == (status, words[2])
        assert body.keys() == {"error"}
    elif dialect == "anthropic":
        assert (body["type"], error["type"]) == ("error", words[1])
        assert body["request_id"]
    else:
        assert error["type"] == words[0]
        assert {"message", "type", "param", "code"} <= error.keys()
    waits = "retry-after" in told.headers
    assert waits or status != 429
    assert not waits or 1 <= int(told.headers["retry-after"]) <= 60


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("dialect", ASKED)
async def test_it_words_every_refusal_of_a_provider_for_its_caller(
    tmp_path: Path, failing: FakeUpstream, dialect: str, form: str, stream: bool
) -> None:
    for status, (heard, words) in HEARD.items():
        answer = reply(said(form, status), status)
        told = await ask(tmp_path, failing, dialect, form, answer, stream=stream)
        tells(told, dialect, heard, words)
        mine = status in (401, 402, 403)  # what the provider said concerns the operator's account
        assert (MESSAGE in told.body.decode()) is not mine
        assert b"up-secret" not in told.body


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("dialect", ASKED)
async def test_a_provider_that_is_down_is_a_bad_gateway(
    tmp_path: Path, dialect: str, stream: bool
) -> None:
    told = await at(tmp_path, "http://127.0.0.1:9", dialect, "oai", stream=stream)
    tells(told, dialect, 502, SERVER)
    assert b"127.0.0.1" not in told.body


HINTS: dict[str, tuple[Answer, int]] = {
    "seconds": (reply(said("oai", 429), 429, retry_after="7"), 7),
    "milliseconds": (reply(said("oai", 429), 429, retry_after_ms="2600"), 3),
    "much too long": (reply(said("oai", 429), 429, retry_after="86000"), 60),
    "at once": (reply(said("oai", 429), 429, retry_after="0"), 1),
    "a date": (reply(said("oai", 429), 429, retry_after="Wed, 21 Oct 2026 07:28:00 GMT"), 5),
    "words": (reply(said("oai", 429, "Slow down. Please try again in 12.4s."), 429), 13),
    "google": (
        reply(
            said(
                "gem",
                429,
                details=[
                    {
                        "@type": "type.googleapis.com/google.rpc.RetryInfo",
                        "retryDelay": "48.9s",
                    }
                ],
            ),
            429,
        ),
        49,
    ),
    "nothing": (reply(said("oai", 429), 429), 5),
}


@pytest.mark.parametrize("dialect", ASKED)
@pytest.mark.parametrize("hint", HINTS)
async def test_it_always_tells_when_to_come_back_after_a_429(
    tmp_path: Path, failing: FakeUpstream, dialect: str, hint: str
) -> None:
    answer, seconds = HINTS[hint]
    told = await ask(tmp_path, failing, dialect, "oai", answer, stream=False)
    tells(told, dialect, 429, LIMIT)
    assert told.headers["retry-after"] == str(seconds)
    if dialect == "gemini":  # its clients read the body
        notes = told.json["error"]["details"]
        (wait,) = [note["retryDelay"] for note in notes if "retryDelay" in note]
        assert wait == f"{seconds}s"


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("dialect", ASKED)
async def test_a_stream_that_fails_before_its_first_word_is_a_real_error(
    tmp_path: Path, failing: FakeUpstream, dialect: str, form: str
) -> None:
    head = [] if form == "gem" else STREAMS[form](Speech(text="x"))[:1]
    error = said(form, 529 if form == "ant" else 503)
    failed = {"id": "r", "status": "failed", "error": {"code": "server_error", "message": MESSAGE}}
    if form == "rsp":
        error = {"type": "response.failed", "sequence_number": 1, "response": failed}
    named = form in ("ant", "rsp")
    for events in ([*head, error], head):
        answer = sse(events, named=named)
        told = await ask(tmp_path, failing, dialect, form, answer, stream=True)
        assert told.status >= 500
        tells(told, dialect, told.status, SERVER if events == head or form == "rsp" else BUSY)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("dialect", ASKED)
async def test_an_error_inside_a_200_is_an_error(
    tmp_path: Path, failing: FakeUpstream, dialect: str, form: str
) -> None:
    error = said(form, 429)
    if form == "rsp":
        failed = {"code": "rate_limit_exceeded", "message": MESSAGE}
        error = {"id": "r", "object": "response", "status": "failed", "output": [], "error": failed}
    for stream in (False, True):
        told = await ask(tmp_path, failing, dialect, form, reply(error), stream=stream)
        tells(told, dialect, 429, LIMIT)


OURS = ("authentication_error", "authentication_error", "UNAUTHENTICATED")


@pytest.mark.parametrize("dialect", ASKED)
async def test_it_words_its_own_refusals(
    tmp_path: Path, failing: FakeUpstream, dialect: str
) -> None:
    provider = Provider(
        id="p", alias="p", name="P", format="openai_chat", base_url=f"{failing.url}/v1"
    )
    path, body = ASKED[dialect]
    failing.reset()
    async with serving(tmp_path, provider) as inside:
        wrong = {"authorization": "Bearer sk-omni-wrong"}
        tells(await inside.post(path, body, wrong), dialect, 401, OURS)
        tells(await inside.post(path, b"{not json"), dialect, 400, BAD)
        strange = path.replace("p/m", "nobody"), {**body, "model": "nobody"}
        tells(await inside.post(*strange), dialect, 404, GONE)
        tells(await inside.post(path, b'{"a":"' + b"x" * 2**25 + b'"}'), dialect, 413, LARGE)
    assert failing.received == []


async def test_every_account_that_rests_is_a_429_with_a_short_wait(
    tmp_path: Path, failing: FakeUpstream
) -> None:
    failing.reset()
    failing.play(reply(said("oai", 429), 429, retry_after="3600"))
    provider = Provider(
        id="p", alias="p", name="P", format="openai_chat", base_url=f"{failing.url}/v1"
    )
    async with serving(tmp_path, provider) as inside:
        await inside.post(*ASKED["openai_chat"])
        for dialect, asked in ASKED.items():
            told = await inside.post(*asked)
            tells(told, dialect, 429, LIMIT)
            assert told.headers["retry-after"] == "60"
    assert len(failing.received) == 1


def test_the_official_sdks_raise_their_own_errors(
    product: Product, key: str, chat_upstream: FakeUpstream
) -> None:
    question = [{"role": "user", "content": "Hi"}]
    chat_upstream.play(*(reply(said("oai", 400), 400) for _ in range(4)))
    options = types.HttpOptions(base_url=product.url)
    google = genai.Client(api_key=key, http_options=options)
    with (
        openai.OpenAI(base_url=f"{product.url}/v1", api_key=key, max_retries=0) as chat,
        anthropic.Anthropic(base_url=product.url, api_key=key, max_retries=0) as claude,
    ):
        with pytest.raises(openai.BadRequestError, match=MESSAGE):
            chat.chat.completions.create(model="oai/m", messages=question)
        with pytest.raises(openai.BadRequestError, match=MESSAGE):
            chat.responses.create(model="oai/m", input="Hi")
        with pytest.raises(anthropic.BadRequestError, match=MESSAGE):
            claude.messages.create(model="oai/m", messages=question, max_tokens=9)
        with pytest.raises(genai_errors.ClientError, match=MESSAGE) as caught:
            google.models.generate_content(model="oai/m", contents="Hi")
        assert (caught.value.code, caught.value.status) == (400, "INVALID_ARGUMENT")
    google.close()
