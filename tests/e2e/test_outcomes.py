"""Every request ends as exactly one row, and the row tells the truth about how it ended."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.wire import PATHS, ask, events, stream
from tests.product import Product
from tests.upstream import (
    Answer,
    FakeUpstream,
    Received,
    chat_events,
    messages_events,
    reply,
    sse,
    wait_until,
)

MODELS = ("oai/m", "ant/m")
DIALECTS = tuple(PATHS)


def upstream_of(model: str, chat: FakeUpstream, messages: FakeUpstream) -> FakeUpstream:
    return chat if model.startswith("oai") else messages


def long_stream(model: str, count: int = 400, **more: Any) -> Answer:
    words = [f"word{i} " for i in range(count)]
    if model.startswith("oai"):
        return sse(chat_events(words), **more)
    return sse(messages_events(words), named=True, **more)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("model", MODELS)
def test_it_cancels_the_provider_when_the_client_goes(
    product: Product,
    key: str,
    chat_upstream: FakeUpstream,
    messages_upstream: FakeUpstream,
    dialect: str,
    model: str,
) -> None:
    upstream = upstream_of(model, chat_upstream, messages_upstream)
    upstream.play(long_stream(model, pause=0.05))
    with stream(product, key, model, path=PATHS[dialect]) as answer:
        request_id = answer.headers["x-omniroute-request-id"]
        next(answer.iter_raw())
        left_at = time.monotonic()
    gone = wait_until(lambda: upstream.received[0].gone_at, 3)
    assert gone - left_at < 1.0
    row = product.log_of(request_id)
    assert (row["outcome"], row["status"]) == ("cancelled", 499)
    assert row["basis"] == "estimated"
    assert row["outputTokens"] > 0


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("ending", ["cut", "clean"])
def test_it_never_ends_a_broken_stream_as_a_success(
    product: Product,
    key: str,
    chat_upstream: FakeUpstream,
    messages_upstream: FakeUpstream,
    dialect: str,
    model: str,
    ending: str,
) -> None:
    upstream = upstream_of(model, chat_upstream, messages_upstream)
    whole = long_stream(model, 20)
    upstream.play(
        Answer(headers=whole.headers, pieces=list(whole.pieces)[:10], ending=ending)  # type: ignore[arg-type]
    )
    text, cut = "", False
    with stream(product, key, model, path=PATHS[dialect]) as answer:
        request_id = answer.headers["x-omniroute-request-id"]
        try:
            for piece in answer.iter_text():
                text += piece
        except httpx.RemoteProtocolError:
            cut = True
    got = events(text)
    assert "word1" in text
    if dialect == "openai_chat":
        assert cut  # what makes chat clients try again
        assert "[DONE]" not in got
    else:
        assert got[-1]["type"] == "error"
        assert not any(event["type"] == "message_stop" for event in got)
    row = product.log_of(request_id)
    assert row["outcome"] == "aborted_upstream"
    assert row["errorCode"] in {"upstream_incomplete", "upstream_reset"}
    assert row["outputTokens"] > 0


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("streamed", [True, False])
def test_it_goes_on_with_the_next_account_before_any_content(
    product: Product, chat_upstream: FakeUpstream, dialect: str, streamed: bool
) -> None:
    prefix = f"pair-{dialect[:6].replace('_', '')}-{int(streamed)}"
    product.node(prefix, "openai-compatible", f"{chat_upstream.url}/v1", "first-secret")
    product.account(prefix, "second-secret", priority=2)
    key = product.key()
    chat_upstream.reset()
    chat_upstream.play(reply({"error": {"message": "slow down"}}, 429, retry_after="7"))
    answer = ask(product, key, f"{prefix}/m", path=PATHS[dialect], stream=streamed)
    assert answer.status_code == 200
    assert "upstream" in answer.text
    assert answer.headers["x-omniroute-fallback-attempts"] == "1"
    sent = [request.headers["authorization"] for request in chat_upstream.received]
    assert sent == ["Bearer first-secret", "Bearer second-secret"]
    row = product.log_of(answer.headers["x-omniroute-request-id"])
    assert [attempt["failure"] for attempt in row["attempts"]] == ["rate_limit", None]
    ask(product, key, f"{prefix}/m")
    assert chat_upstream.received[-1].headers["authorization"] == "Bearer second-secret"


def test_an_error_event_before_content_counts_as_a_failure(
    product: Product, messages_upstream: FakeUpstream
) -> None:
    product.node("overload", "anthropic-compatible", f"{messages_upstream.url}/v1", "one")
    product.account("overload", "two", priority=2)
    key = product.key()
    messages_upstream.reset()
    start, *_ = messages_events()
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    messages_upstream.play(sse([start, {"type": "ping"}, error], named=True))
    with stream(product, key, "overload/m", path=PATHS["anthropic"]) as answer:
        text = answer.read().decode()
    assert "Hello" in text
    assert "overloaded" not in text
    assert len(messages_upstream.received) == 2


def test_a_callers_fault_travels_no_further_and_rests_no_account(
    product: Product, chat_upstream: FakeUpstream
) -> None:
    product.node("fault", "openai-compatible", f"{chat_upstream.url}/v1", "one")
    product.account("fault", "two", priority=2)
    key = product.key()
    chat_upstream.reset()
    chat_upstream.play(reply({"error": {"message": "no such parameter"}}, 400))
    assert ask(product, key, "fault/m").status_code == 400
    assert len(chat_upstream.received) == 1
    assert ask(product, key, "fault/m").status_code == 200
    assert chat_upstream.received[-1].headers["authorization"] == "Bearer one"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_it_says_when_every_account_rests(
    product: Product, chat_upstream: FakeUpstream, dialect: str
) -> None:
    prefix = f"tired-{dialect[:6].replace('_', '')}"
    product.node(prefix, "openai-compatible", f"{chat_upstream.url}/v1")
    key = product.key()
    chat_upstream.reset()
    chat_upstream.play(reply({"error": {"message": "slow down"}}, 429, retry_after="30"))
    first = ask(product, key, f"{prefix}/m", path=PATHS[dialect])
    second = ask(product, key, f"{prefix}/m", path=PATHS[dialect])
    assert [first.status_code, second.status_code] == [429, 429]
    assert 1 <= int(second.headers["retry-after"]) <= 30
    assert len(chat_upstream.received) == 1
    error = second.json()["error"]
    assert error["type"] == "rate_limit_error"


def test_a_refused_account_is_the_operators_problem_not_the_callers(
    product: Product, chat_upstream: FakeUpstream
) -> None:
    product.node("stale", "openai-compatible", f"{chat_upstream.url}/v1")
    key = product.key()
    chat_upstream.reset()
    chat_upstream.play(reply({"error": {"message": "Incorrect API key provided: sk-1234567"}}, 401))
    answer = ask(product, key, "stale/m")
    assert answer.status_code == 502
    assert "sk-1234567" not in answer.text
    row = product.log_of(answer.headers["x-omniroute-request-id"])
    assert row["attempts"][0]["failure"] == "authentication"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_answer_names_its_row(product: Product, key: str, dialect: str) -> None:
    cases = [
        ({"content": b"{", "headers": {}}, 400),
        ({"json": {"messages": []}, "headers": {}}, 400),
        ({"json": {"model": "oai/m", "stream": "yes", "messages": []}, "headers": {}}, 400),
        ({"json": {"model": "unknown-model", "messages": []}, "headers": {}}, 404),
        ({"json": {}, "headers": {"Authorization": "Bearer sk-omni-wrong"}}, 401),
    ]
    for case, status in cases:
        headers = {"Authorization": f"Bearer {key}", "content-type": "application/json"}
        headers |= case.pop("headers")
        answer = httpx.post(product.url + PATHS[dialect], headers=headers, **case)
        assert answer.status_code == status, answer.text
        assert answer.json()["error"]["message"]
        row = product.log_of(answer.headers["x-omniroute-request-id"])
        assert (row["status"], row["outcome"]) == (status, "refused")


def test_a_dead_provider_is_a_bad_gateway(product: Product) -> None:
    product.node("dead", "openai-compatible", "http://127.0.0.1:9/v1")
    answer = ask(product, product.key(), "dead/m")
    assert answer.status_code == 502
    assert answer.json()["error"]["code"] == "upstream_connect"


def test_concurrent_requests_are_each_recorded_once(
    product: Product, key: str, chat_upstream: FakeUpstream
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: ask(product, key, "oai/m"), range(60)))
    sent = {answer.headers["x-omniroute-request-id"] for answer in answers}
    assert len(sent) == 60

    def written() -> bool:
        rows = [row["requestId"] for row in product.logs(200)]
        return sent <= set(rows) and len(rows) == len(set(rows))

    wait_until(written)


def test_cancelling_before_any_answer_is_recorded(
    product: Product, key: str, chat_upstream: FakeUpstream
) -> None:
    chat_upstream.play(Answer(before=30))
    newest = product.logs(1)[0]["requestId"]
    with contextlib.suppress(httpx.ReadTimeout):
        httpx.post(
            product.url + PATHS["openai_chat"],
            json={"model": "oai/m", "messages": []},
            headers={"Authorization": f"Bearer {key}"},
            timeout=0.5,
        )
    assert wait_until(lambda: chat_upstream.received[0].gone_at, 2)
    wait_until(lambda: product.logs(1)[0]["requestId"] != newest)
    row = product.logs(1)[0]
    assert (row["outcome"], row["outputTokens"]) == ("cancelled", 0)


def test_a_hundred_disconnects_leave_nothing_behind(
    product: Product, key: str, chat_upstream: FakeUpstream
) -> None:
    """Clients leave before the answer, and in the middle of it; descriptors return to the base."""
    from concurrent.futures import ThreadPoolExecutor

    assert product.process is not None
    descriptors = Path(f"/proc/{product.process.pid}/fd")

    def leave(number: int) -> None:
        if number % 2:
            with stream(product, key, "oai/m") as answer:
                next(answer.iter_raw())
        else:
            with contextlib.suppress(httpx.TimeoutException):
                httpx.post(
                    product.url + PATHS["openai_chat"],
                    json={"model": "oai/m", "messages": []},
                    headers={"Authorization": f"Bearer {key}"},
                    timeout=0.05,
                )

    def answer(request: Received) -> Answer:
        if request.json.get("stream"):
            return long_stream("oai/m", pause=0.02)
        return Answer(before=10)

    chat_upstream.play(*[answer] * 100)
    before = len(list(descriptors.iterdir()))
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(leave, range(100)))
    chat_upstream.reset()
    wait_until(lambda: len(list(descriptors.iterdir())) <= before + 5, 5)
    assert ask(product, key, "oai/m").status_code == 200


def test_content_that_comes_with_the_fault_still_reaches_the_client(
    product: Product, key: str, messages_upstream: FakeUpstream
) -> None:
    first, *rest = long_stream("ant/m", 3).pieces
    error = b'event: error\ndata: {"type":"error","error":{"type":"api_error","message":"x"}}\n\n'
    pieces = [first, rest[0], rest[1], rest[2] + error]
    messages_upstream.play(
        Answer(headers={"content-type": "text/event-stream"}, pieces=pieces, pause=0.1)
    )
    with stream(product, key, "ant/m", path=PATHS["anthropic"]) as answer:
        text = answer.read().decode()
    assert "word0" in text
    assert "word1" in text
    assert events(text)[-1]["type"] == "error"
