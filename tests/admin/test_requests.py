"""The request log: filters, pages without counting, one request in full."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from billing import keys
from billing.admin.requests import SIZE
from billing.models import RequestLog
from tests.admin.test_home import log

LIST = "/requests/"


def shown(client: Client, query: str = "") -> list[str]:
    page = client.get(f"{LIST}{query}").content.decode()
    return re.findall(r'href="/requests/([0-9a-f-]{36})/"', page)


def pager(client: Client, query: str, word: str) -> str | None:
    page = client.get(f"{LIST}{query}").content.decode()
    link = re.search(rf'href="(\?[^"]*)">{word}</a>', page)
    return link[1].replace("&amp;", "&") if link else None


def test_it_pages_forth_and_back_without_counting(browser: Client) -> None:
    rows = [str(log(number).pk) for number in range(1, 2 * SIZE + 6)]
    with CaptureQueriesContext(connection) as queries:
        assert shown(browser) == rows[:SIZE]
    assert not any("COUNT(" in query["sql"].upper() for query in queries)
    assert pager(browser, "", "Newer") is None
    second = pager(browser, "", "Older")
    assert second
    assert shown(browser, second) == rows[SIZE : 2 * SIZE]
    third = pager(browser, second, "Older")
    assert third
    assert shown(browser, third) == rows[2 * SIZE :]
    assert pager(browser, third, "Older") is None
    back = pager(browser, third, "Newer")
    assert back
    assert shown(browser, back) == rows[SIZE : 2 * SIZE]
    first = pager(browser, back, "Newer")
    assert first
    assert shown(browser, first) == rows[:SIZE]
    assert pager(browser, first, "Newer") is None


def test_it_filters(browser: Client) -> None:
    key = keys.issue("Laptop")[0]
    failed = log(1, outcome="error", status=502, provider="groq", requested_model="groq/llama")
    keyed = log(2, key_id=key.pk, provider="deepseek", requested_model="fast", model="v4-flash")
    old = log(60 * 60 * 30)
    queries = {
        "?outcome=error": [failed],
        "?provider=deepseek": [keyed],
        "?model=LLAMA": [failed],
        "?model=v4": [keyed],
        f"?key={key.pk}": [keyed],
        "?time=24h": [failed, keyed],
        "?time=7d": [failed, keyed, old],
        "?outcome=ok&provider=groq": [],
    }
    for query, rows in queries.items():
        assert shown(browser, query) == [str(row.pk) for row in rows], query


def test_it_keeps_filters_from_page_to_page(browser: Client) -> None:
    for number in range(1, SIZE + 3):
        log(number, outcome="error", status=502, provider="a b&c")
        log(number + 500)
    older = pager(browser, "?outcome=error&provider=a+b%26c", "Older")
    assert older
    assert len(shown(browser, older)) == 2


@pytest.mark.parametrize("query", ["?key=x", "?before=1", "?time=9y", "?outcome=%00", "?after='"])
def test_it_ignores_filters_that_make_no_sense(browser: Client, query: str) -> None:
    row = log(1)
    assert shown(browser, query) == [str(row.pk)]


def test_it_finds_a_request_by_id(browser: Client) -> None:
    row = log(1)
    answer = browser.get(LIST, {"q": f" {row.pk} "})
    assert answer.headers["Location"] == reverse("requests:detail", args=[row.pk])
    for unknown in (str(uuid4()), "not an id"):
        page = browser.get(LIST, {"q": unknown}).content.decode()
        assert "No request fits" in page
    assert browser.get(f"/requests/{uuid4()}/").status_code == 404


def test_it_shows_unpriced_and_small_costs(browser: Client) -> None:
    log(1, cost_e10=None, provider="vllm")
    log(2, cost_e10=123_456)
    page = browser.get(LIST).content.decode()
    assert ">unpriced<" in page
    assert 'title="$0.0000123456"' in page
    assert ">$0.0000123<" in page


def test_it_tells_the_story_of_a_request(browser: Client, week: None) -> None:
    row = RequestLog.objects.get(requested_model="coding")
    html = browser.get(f"/requests/{row.pk}/").content.decode()
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))
    for part in (
        "1. DeepSeek · deepseek-reasoner 429 The account&#x27;s rate limit was reached",
        "Account Spare account Took 2.0 s",
        "No answer in time",
        "3. Groq · llama-3.3-70b-versatile 200 Answered Account Team",
        "Answered The client got status 200 after 4.2 s.",
        "Tokens 9,120 in, 640 out",
        "“coding” was understood As a combo of that name.",
        "vllm/qwen3-coder was left out The key may not use it.",
        "first content after 2.9 s",
        "Format Anthropic messages",
    ):
        assert part in text, part


def test_it_survives_deleted_keys_accounts_and_unknown_words(browser: Client) -> None:
    row = log(
        1,
        provider="gone",
        connection_id=uuid4(),
        key_id=uuid4(),
        dialect="new",
        decision=[{"something": "else"}],
        attempts=[{"number": 1, "provider": "gone", "failure": "brand_new_kind"}],
    )
    page = browser.get(f"/requests/{row.pk}/").content.decode()
    assert "Brand new kind" in page
    assert "something: else" in page
    assert "deleted account" in page
    assert "deleted account" in browser.get(LIST).content.decode()


def test_it_cannot_be_changed(browser: Client) -> None:
    row = log(1)
    for address in (LIST, f"/requests/{row.pk}/"):
        assert browser.post(address, {"status": 1}).status_code == 405


def test_it_escapes_what_callers_send(browser: Client) -> None:
    evil = "<img src=x onerror=alert(1)>"
    row = log(1, requested_model=evil, client=evil, error_code=evil)
    for address in (LIST, f"/requests/{row.pk}/", "/"):
        assert evil not in browser.get(address).content.decode()


def test_it_is_quick_on_a_long_log(browser: Client) -> None:
    now = timezone.now()
    RequestLog.objects.bulk_create(
        RequestLog(
            id=uuid4(),
            started_at=now - timedelta(seconds=number * 30),
            endpoint="chat",
            dialect="openai_chat",
            outcome="ok",
            status=200,
            duration_ms=number,
            config_version=1,
        )
        for number in range(3000)
    )
    for address in (LIST, "/"):
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(address).status_code == 200
        assert sum(float(query["time"]) for query in queries) < 1.0
