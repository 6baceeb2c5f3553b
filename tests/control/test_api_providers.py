from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from providers import accounts, nodes
from providers.models import Connection
from tests.control.conftest import Api

pytestmark = pytest.mark.django_db

SECRET = "sk-canary-1234567890"
NEW = {"provider": "deepseek", "name": "main", "apiKey": SECRET, "priority": 3}


def connect(api: Api, **change: Any) -> Any:
    status, body = api("POST", "/providers", {**NEW, **change})
    assert status == 201, body
    return body["connection"]


def test_it_connects_a_provider(api: Api) -> None:
    made = connect(api, provider="ds")
    expected = {
        "provider": "deepseek",
        "name": "main",
        "authType": "api_key",
        "hasApiKey": True,
        "priority": 3,
        "isActive": True,
        "testStatus": "unknown",
        "lastError": None,
    }
    assert expected.items() <= made.items()
    stored = Connection.objects.get()
    assert (str(stored.pk), stored.secret.reveal()) == (made["id"], SECRET)


def test_it_never_answers_with_the_secret(api: Api, database_text: Callable[[], str]) -> None:
    made = connect(api)
    path = f"/providers/{made['id']}"
    answers = [
        made,
        api("GET", "/providers"),
        api("GET", path),
        api("PUT", path, {"name": "renamed"}),
        api("PUT", path, {"apiKey": f"{SECRET}-new"}),
        api("POST", "/providers", {**NEW, "apiKey": f"{SECRET}-new"}),
        api("POST", "/providers", {**NEW, "apiKey": f"{SECRET} broken"}),
        api("POST", "/providers", {**NEW, "apiKey": [SECRET]}),
        api("POST", "/providers", {**NEW, "priority": SECRET}),
    ]
    assert SECRET not in str(answers)
    assert SECRET not in database_text()
    assert "enc:v1:" not in str(answers)


def test_it_lists_and_shows_accounts(api: Api) -> None:
    made = connect(api)
    assert api("GET", "/providers") == (200, {"connections": [made]})
    assert api("GET", f"/providers/{made['id']}") == (200, {"connection": made})


def test_it_lists_many_accounts_with_few_queries(
    api: Api, django_assert_max_num_queries: Any
) -> None:
    for number in range(10):
        connect(api, apiKey=f"sk-{number}")
    with django_assert_max_num_queries(3):
        api("GET", "/providers")


def test_it_changes_only_what_is_sent(api: Api) -> None:
    made = connect(api)
    status, body = api("PUT", f"/providers/{made['id']}", {"isActive": False})
    assert (status, body) == (200, {"connection": {**made, "isActive": False}})
    assert Connection.objects.get().secret.reveal() == SECRET


def test_it_replaces_a_key(api: Api) -> None:
    made = connect(api)
    assert api("PUT", f"/providers/{made['id']}", {"apiKey": "sk-2"})[0] == 200
    assert Connection.objects.get().secret.reveal() == "sk-2"


def test_it_disconnects(api: Api) -> None:
    made = connect(api)
    status, body = api("DELETE", f"/providers/{made['id']}")
    assert (status, list(body)) == (200, ["message"])
    assert not Connection.objects.exists()


@pytest.mark.parametrize(
    ("method", "tail"), [("GET", ""), ("PUT", ""), ("DELETE", ""), ("POST", "/test")]
)
def test_it_answers_404_for_an_unknown_account(api: Api, method: str, tail: str) -> None:
    for account in (str(uuid4()), "1", "deepseek"):
        status, body = api(method, f"/providers/{account}{tail}", {} if method == "PUT" else None)
        assert (status, body["error"]["code"]) == (404, "not_found")


def test_it_answers_409_for_a_key_that_is_connected(api: Api) -> None:
    connect(api)
    status, body = api("POST", "/providers", {**NEW, "name": "again"})
    assert (status, body["error"]["code"]) == (409, "conflict")
    assert '"main"' in body["error"]["message"]


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("provider", {"provider": "nobody"}),
        ("provider", {"provider": ""}),
        ("apiKey", {"apiKey": ""}),
        ("apiKey", {"apiKey": "two words"}),
        ("apiKey", {"apiKey": "x" * 8193}),
        ("name", {"name": ""}),
        ("priority", {"priority": 0}),
        ("priority", {"priority": "first"}),
    ],
)
def test_it_names_the_field_that_is_wrong(api: Api, field: str, change: dict[str, Any]) -> None:
    status, body = api("POST", "/providers", {**NEW, **change})
    assert status == 400
    assert [detail["field"] for detail in body["error"]["details"]] == [field]
    assert not Connection.objects.exists()


@pytest.mark.parametrize(
    "field",
    ["baseUrl", "base_url", "apiBase", "api_base", "providerSpecificData", "secret", "testStatus"],
)
def test_it_sends_no_key_where_a_caller_says(api: Api, field: str) -> None:
    """There is no field that could lead a stored key to another address."""
    made = connect(api)
    value = {"baseUrl": "https://evil.example"}
    assert api("POST", "/providers", {**NEW, "apiKey": "sk-2", field: value})[0] == 400
    assert api("PUT", f"/providers/{made['id']}", {field: value})[0] == 400
    assert api("PUT", f"/providers/{made['id']}", {"provider": "openai"})[0] == 400
    assert Connection.objects.get().provider == "deepseek"


def test_it_connects_a_node(api: Api) -> None:
    nodes.add("mine", name="Mine", type="openai-compatible", base_url="https://llm.example.com/v1")
    assert connect(api, provider="mine")["provider"] == "mine"
    assert connect(api, provider="mine", apiKey="")["hasApiKey"] is False


def test_it_shows_an_account_whose_secret_does_not_open(api: Api) -> None:
    made = accounts.connect("deepseek", name="main", secret=SECRET)
    Connection.objects.update(secret="enc:v1:k0:AAAA:AAAA")
    assert api("GET", f"/providers/{made.pk}")[0] == 200
    assert api("PUT", f"/providers/{made.pk}", {"apiKey": "sk-2"})[0] == 200
    assert Connection.objects.get().secret.reveal() == "sk-2"
