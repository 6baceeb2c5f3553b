"""Whatever the pair of dialect and format: one true row for each request, and a provider that is
left alone as soon as its client has gone."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from tests.e2e.callers import CALLERS
from tests.e2e.speech import NAMED, STREAMS, Speech, answering
from tests.product import Product
from tests.upstream import FakeUpstream, sse, wait_until

FORMS = ("oai", "ant", "rsp", "gem")


def test_every_pair_is_counted_alike(
    product: Product, key: str, upstreams: dict[str, FakeUpstream]
) -> None:
    speech = Speech(text="Sunny.", input=30, cached=10, output=20, reasoning=8)
    asked: dict[str, str] = {}
    with ExitStack() as stack:
        for dialect, make in CALLERS.items():
            caller = make(product.url, key, stack)
            for form in FORMS:
                for stream in (False, True):
                    upstreams[form].play(answering(form, speech))
                    heard = caller.ask(f"{form}/a-model", stream=stream)
                    assert heard.usage == (30, 10, 20)
                    request_id = heard.headers["x-omniroute-request-id"]
                    asked[request_id] = f"{dialect} {form} {stream}"

    def rows() -> list[dict[str, Any]]:
        found = [row for row in product.logs(200) if row["requestId"] in asked]
        return found if len(found) == len(asked) else []

    counted = {
        asked[row["requestId"]]: (
            row["outcome"],
            row["status"],
            row["basis"],
            row["inputTokens"],
            row["cacheReadTokens"],
            row["outputTokens"],
        )
        for row in wait_until(rows)
    }
    assert counted == dict.fromkeys(asked.values(), ("ok", 200, "reported", 20, 10, 20))


STREAMED: dict[str, tuple[str, dict[str, Any]]] = {
    "openai_chat": ("/v1/chat/completions", {"messages": [{"role": "user", "content": "Hi"}]}),
    "anthropic": (
        "/v1/messages",
        {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 99},
    ),
    "openai_responses": ("/v1/responses", {"input": "Hi"}),
    "gemini": (
        "/v1beta/models/{}:streamGenerateContent?alt=sse",
        {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]},
    ),
}


@pytest.mark.parametrize("form", ["rsp", "gem"])
@pytest.mark.parametrize("dialect", STREAMED)
def test_a_client_that_leaves_ends_the_call_to_the_provider(
    product: Product, key: str, upstreams: dict[str, FakeUpstream], dialect: str, form: str
) -> None:
    said = STREAMS[form](Speech(text="word word word"))
    more = next(event for event in said if form == "gem" or event["type"].endswith("text.delta"))
    events = [*said[: said.index(more)], *[more] * 400]
    upstreams[form].play(sse(events, named=form in NAMED, pause=0.02))
    path, body = STREAMED[dialect]
    url = product.url + path.format(f"{form}/m")
    asked = {**body, "model": f"{form}/m", **({} if dialect == "gemini" else {"stream": True})}
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.stream("POST", url, json=asked, headers=headers, timeout=20) as answer:
        request_id = answer.headers["x-omniroute-request-id"]
        next(answer.iter_raw())
        left_at = time.monotonic()
    gone = wait_until(lambda: upstreams[form].received[0].gone_at, 3)
    assert gone - left_at < 1.0
    row = product.log_of(request_id)
    basis = "reported" if form == "gem" else "estimated"  # Gemini counts in every chunk
    assert (row["outcome"], row["status"], row["basis"]) == ("cancelled", 499, basis)
