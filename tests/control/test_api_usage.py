from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from billing import keys
from billing.models import RequestLog
from providers import accounts
from tests.control.conftest import Api

pytestmark = pytest.mark.django_db


def log(number: int, **values: Any) -> RequestLog:
    """A row whose id, like a UUIDv7, grows with time."""
    return RequestLog.objects.create(
        **{
            "id": UUID(int=number << 80),
            "started_at": timezone.now(),
            "endpoint": "chat.completions",
            "dialect": "openai_chat",
            "outcome": "ok",
            "status": 200,
            "duration_ms": 5,
            "config_version": 1,
            **values,
        }
    )


def walk(api: Api, limit: int) -> list[str]:
    seen, cursor = [], ""
    while cursor is not None:
        _, body = api("GET", f"/usage/logs?limit={limit}&cursor={cursor}")
        seen += [row["requestId"] for row in body["logs"]]
        cursor = body["nextCursor"]
    return seen


def test_it_tells_everything_about_a_request(api: Api) -> None:
    key, _ = keys.issue("laptop")
    account = accounts.connect("deepseek", name="main", secret="sk-1")
    row = log(
        1,
        key_id=key.id,
        connection_id=account.id,
        provider="deepseek",
        model="deepseek-chat",
        requested_model="ds/deepseek-chat",
        input_tokens=10,
        cache_write_5m_tokens=2,
        cache_write_1h_tokens=3,
        output_tokens=4,
        basis="reported",
        cost_e10=12_345,
        attempts=[{"status": 200}],
    )
    _, body = api("GET", "/usage/logs")
    (entry,) = body["logs"]
    assert body["nextCursor"] is None
    expected = {
        "requestId": str(row.id),
        "status": 200,
        "outcome": "ok",
        "format": "openai_chat",
        "provider": "deepseek",
        "model": "deepseek-chat",
        "requestedModel": "ds/deepseek-chat",
        "account": "main",
        "connectionId": str(account.id),
        "apiKeyName": "laptop",
        "apiKeyId": str(key.id),
        "inputTokens": 10,
        "cacheWriteTokens": 5,
        "outputTokens": 4,
        "costUsd": "0.0000012345",
        "attempts": [{"status": 200}],
    }
    assert {name: entry[name] for name in expected} == expected


def test_it_says_null_for_what_is_unpriced_or_gone(api: Api) -> None:
    log(1, key_id=UUID(int=7), connection_id=UUID(int=8))
    (entry,) = api("GET", "/usage/logs")[1]["logs"]
    assert (entry["costUsd"], entry["apiKeyName"], entry["account"]) == (None, None, None)
    assert entry["apiKeyId"] == str(UUID(int=7))


def test_it_lists_the_newest_first(api: Api) -> None:
    rows = [log(number) for number in (2, 3, 1)]
    listed = [entry["requestId"] for entry in api("GET", "/usage/logs")[1]["logs"]]
    assert listed == [str(rows[1].id), str(rows[0].id), str(rows[2].id)]


@pytest.mark.parametrize("limit", [1, 3, 7, 8])
def test_it_walks_through_all_pages(api: Api, limit: int) -> None:
    rows = [log(number) for number in range(7)]
    assert walk(api, limit) == [str(row.id) for row in reversed(rows)]


def test_it_neither_repeats_nor_skips_rows_when_others_arrive(api: Api) -> None:
    rows = [log(number) for number in range(1, 7)]
    _, first = api("GET", "/usage/logs?limit=3")
    for number in range(10, 20):
        log(number)
    rows[0].delete()
    _, second = api("GET", f"/usage/logs?limit=3&cursor={first['nextCursor']}")
    listed = [entry["requestId"] for entry in first["logs"] + second["logs"]]
    assert listed == [str(row.id) for row in reversed(rows[1:])]


def test_it_asks_the_database_no_more_for_more_rows(
    api: Api, django_assert_max_num_queries
) -> None:
    for number in range(30):
        log(number, key_id=UUID(int=number))
    with django_assert_max_num_queries(6):
        api("GET", "/usage/logs?limit=30")


@pytest.mark.parametrize("cursor", ["x", "AAAA", "%00", "AAAAAAAAAAAAAAAAAAAAAA==", "A" * 99, "ä"])
def test_it_refuses_a_cursor_that_it_did_not_give(api: Api, cursor: str) -> None:
    log(1)
    status, body = api("GET", f"/usage/logs?cursor={cursor}")
    assert status == 400
    assert "cursor" in body["error"]["message"]


@pytest.mark.parametrize("limit", ["0", "-1", "501", "many", "1.5"])
def test_it_refuses_a_limit_that_makes_no_sense(api: Api, limit: str) -> None:
    status, body = api("GET", f"/usage/logs?limit={limit}")
    assert status == 400
    assert [detail["field"] for detail in body["error"]["details"]] == ["limit"]
