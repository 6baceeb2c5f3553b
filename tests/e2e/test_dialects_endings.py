"""How a stream that has begun ends when the provider breaks it: so that this dialect's real clients
ask again, and never in a way that looks like success."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from tests.e2e.speech import NAMED, STREAMS, Call, Speech
from tests.e2e.wire import events as sse_events
from tests.product import Product
from tests.upstream import Answer, FakeUpstream, sse

FORMS = ("oai", "ant", "rsp", "gem")
DIALECTS = ("openai_chat", "anthropic", "openai_responses", "gemini", "gemini array")
PLACES = {
    "text": Speech(text="one two three four five six"),
    "call": Speech(
        text="Let me see.",
        calls=(Call("call_a", "look", {"city": "Bern"}), Call("call_b", "look", {"city": "Rome"})),
    ),
}
FAULTS = ("cut", "clean", "error")


@dataclass
class Got:
    text: str
    cut: bool
    request_id: str


def broken(form: str, place: str, fault: str) -> Answer:
    """A stream that ends in the middle of its text, or of its calls."""
    whole = STREAMS[form](PLACES[place])
    marks = [at for at, event in enumerate(whole) if _is_inside(event, place)]
    events = whole[: marks[len(marks) // 2] + 1]
    whole_answer = sse(events, named=form in NAMED, ending="cut" if fault == "cut" else "clean")
    last = sse([ERRORS[form]], named=form in NAMED).pieces if fault == "error" else ()
    return replace(whole_answer, pieces=_apart(whole_answer.pieces, last))


def _apart(first: Iterable[bytes], last: Iterable[bytes]) -> Iterator[bytes]:
    """The fault comes when what went before has reached the client."""
    yield from first
    time.sleep(0.03)
    yield from last


def _is_inside(event: Any, place: str) -> bool:
    text = json.dumps(event)
    kinds = {
        "text": ('"content": "', "text_delta", "output_text.delta", '{"text": "'),
        "call": ('"arguments": "', "input_json_delta", "arguments.delta", "functionCall"),
    }
    return '"finish' not in text.replace('"finish_reason": null', "") and any(
        kind in text for kind in kinds[place]
    )


FAILED = {"code": "server_error", "message": "It broke."}
ERRORS: dict[str, Any] = {
    "oai": {"error": {"message": "It broke.", "type": "server_error", "code": "overloaded"}},
    "ant": {"type": "error", "error": {"type": "overloaded_error", "message": "It broke."}},
    "rsp": {
        "type": "response.failed",
        "sequence_number": 99,
        "response": {"id": "resp_1", "status": "failed", "output": [], "error": FAILED},
    },
    "gem": {"error": {"code": 503, "message": "It broke.", "status": "UNAVAILABLE"}},
}
HI = [{"role": "user", "content": "Hi"}]


def stream(product: Product, key: str, dialect: str, form: str) -> Got:
    model = f"{form}/m"
    contents = {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}
    base = f"/v1beta/models/{model}:streamGenerateContent"
    path, body = {
        "openai_chat": ("/v1/chat/completions", {"model": model, "messages": HI}),
        "anthropic": ("/v1/messages", {"model": model, "messages": HI, "max_tokens": 99}),
        "openai_responses": ("/v1/responses", {"model": model, "input": "Hi"}),
        "gemini": (f"{base}?alt=sse", contents),
        "gemini array": (base, contents),
    }[dialect]
    asked = body if dialect.startswith("gemini") else {**body, "stream": True}
    headers = {"Authorization": f"Bearer {key}"}
    url, got = product.url + path, Got("", cut=False, request_id="")
    with httpx.stream("POST", url, json=asked, headers=headers, timeout=20) as answer:
        assert answer.status_code == 200
        got.request_id = answer.headers["x-omniroute-request-id"]
        try:
            for piece in answer.iter_text():
                got.text += piece
        except httpx.RemoteProtocolError:
            got.cut = True
    return got


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_broken_stream_ends_so_that_clients_ask_again(
    product: Product,
    key: str,
    upstreams: dict[str, FakeUpstream],
    dialect: str,
    form: str,
    place: str,
    fault: str,
) -> None:
    upstreams[form].play(broken(form, place, fault))
    got = stream(product, key, dialect, form)
    assert got.cut is (dialect == "openai_chat")
    assert len(upstreams[form].received) == 1  # nothing is asked again once the client has content
    if dialect == "gemini array":
        events = json.loads(got.text)
    else:
        events = sse_events(got.text + ("" if got.text.endswith("\n\n") else "\n\n"))
    assert len(events) > 1
    assert "It broke." in got.text or fault != "error" or got.cut
    ENDINGS[dialect.removesuffix(" array")](events)


def chat(events: list[Any]) -> None:
    assert "[DONE]" not in events
    choices = [choice for event in events for choice in event.get("choices", [])]
    assert not any(choice.get("finish_reason") for choice in choices)


def messages(events: list[Any]) -> None:
    kinds = [event["type"] for event in events]
    assert kinds[-1] == "error"
    assert {"message_stop", "message_delta"}.isdisjoint(kinds)
    assert events[-1]["error"]["type"] in {"api_error", "overloaded_error"}
    stopped = {event["index"] for event in events if event["type"] == "content_block_stop"}
    for index in stopped & _calls(events):
        pieces = [
            event["delta"]["partial_json"]
            for event in events
            if event["type"] == "content_block_delta" and event["index"] == index
        ]
        assert json.loads("".join(pieces)), "half a call that looks whole"


def _calls(events: list[Any]) -> set[int]:
    return {
        event["index"]
        for event in events
        if event["type"] == "content_block_start" and event["content_block"]["type"] == "tool_use"
    }


def responses(events: list[Any]) -> None:
    last = events[-1]
    assert (last["type"], last["response"]["status"]) == ("response.failed", "failed")
    assert last["response"]["error"]["code"] == "server_error"  # Codex stops at any other
    assert last["response"]["error"]["message"]
    kinds = [event["type"] for event in events]
    assert {"response.completed", "response.incomplete"}.isdisjoint(kinds)
    numbers = [event["sequence_number"] for event in events]
    assert numbers == sorted(set(numbers))
    for event in events:
        if event["type"] == "response.output_item.done" and "arguments" in event["item"]:
            assert json.loads(event["item"]["arguments"]), "half a call that looks whole"


def gemini(events: list[Any]) -> None:
    *chunks, last = events
    assert 500 <= last["error"]["code"] < 600
    assert last["error"]["status"] in {"INTERNAL", "UNAVAILABLE"}
    for chunk in chunks:
        (candidate,) = chunk["candidates"]
        assert "finishReason" not in candidate
        for part in candidate.get("content", {}).get("parts", []):
            assert part.get("functionCall", {"args": 1})["args"], "half a call that looks whole"


ENDINGS = {
    "openai_chat": chat,
    "anthropic": messages,
    "openai_responses": responses,
    "gemini": gemini,
}


def test_the_ledger_knows_that_the_provider_broke_off(
    product: Product, key: str, upstreams: dict[str, FakeUpstream]
) -> None:
    ids = {}
    for dialect in DIALECTS:
        upstreams["rsp"].play(broken("rsp", "text", "clean"))
        ids[dialect] = stream(product, key, dialect, "rsp").request_id
    for request_id in ids.values():
        row = product.log_of(request_id)
        assert (row["outcome"], row["errorCode"]) == ("aborted_upstream", "upstream_incomplete")
        assert row["outputTokens"] > 0


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("form", FORMS)
def test_a_whole_stream_is_framed_as_its_dialect_frames_it(
    product: Product, key: str, upstreams: dict[str, FakeUpstream], dialect: str, form: str
) -> None:
    speech = PLACES["text"]
    upstreams[form].play(sse(STREAMS[form](speech), named=form in NAMED))
    got = stream(product, key, dialect, form)
    assert not got.cut
    if dialect == "gemini array":
        chunks = json.loads(got.text)
        texts = [part["text"] for c in chunks for part in c["candidates"][0]["content"]["parts"]]
        assert "".join(texts) == speech.text
        assert chunks[-1]["candidates"][0]["finishReason"] == "STOP"
        return
    names = [line for line in got.text.split("\n") if line.startswith("event: ")]
    events = sse_events(got.text)
    if dialect in ("anthropic", "openai_responses"):
        assert names == [f"event: {event['type']}" for event in events]
    else:
        assert names == []
    last = {"anthropic": "message_stop", "openai_responses": "response.completed"}.get(dialect)
    assert last is None or events[-1]["type"] == last
    assert (events[-1] == "[DONE]") is (dialect == "openai_chat")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "options", [None, {"include_usage": False}, {"include_usage": True}], ids=["no", "off", "on"]
)
def test_usage_comes_only_to_who_asked_for_it(
    product: Product, key: str, upstreams: dict[str, FakeUpstream], form: str, options: Any
) -> None:
    upstreams[form].play(sse(STREAMS[form](PLACES["text"]), named=form in NAMED))
    body = {"model": f"{form}/m", "messages": HI, "stream": True, "stream_options": options}
    headers = {"Authorization": f"Bearer {key}"}
    answer = httpx.post(f"{product.url}/v1/chat/completions", json=body, headers=headers)
    *chunks, done = sse_events(answer.text)
    reported = [chunk["usage"] for chunk in chunks if chunk.get("usage")]
    assert [usage["total_tokens"] for usage in reported] == [17] * bool(
        options and options["include_usage"]
    )
    assert done == "[DONE]"
    if form == "oai":
        asked = upstreams[form].received[0].json
        assert asked["stream_options"] == {"include_usage": True}
