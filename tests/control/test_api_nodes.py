from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from providers import accounts
from providers.models import Connection, Node
from tests.control.conftest import Api

pytestmark = pytest.mark.django_db

NODE = {
    "name": "Mine",
    "prefix": "mine",
    "type": "openai-compatible",
    "baseUrl": "https://llm.example.com/v1",
}


def test_it_adds_a_node(api: Api) -> None:
    status, body = api("POST", "/provider-nodes", NODE)
    assert status == 201
    assert NODE.items() <= body["node"].items()
    assert api("GET", "/provider-nodes")[1] == {"nodes": [body["node"]]}


def test_it_changes_a_node(api: Api) -> None:
    _, made = api("POST", "/provider-nodes", NODE)
    path = f"/provider-nodes/{made['node']['id']}"
    status, body = api("PUT", path, {"name": "Renamed", "type": "anthropic-compatible"})
    assert status == 200
    changed = {**made["node"], "name": "Renamed", "type": "anthropic-compatible"}
    assert body["node"] == changed


def test_it_forgets_the_keys_when_the_address_changes(api: Api) -> None:
    _, made = api("POST", "/provider-nodes", NODE)
    accounts.connect("mine", name="a", secret="sk-1")
    path = f"/provider-nodes/{made['node']['id']}"
    assert api("PUT", path, {"baseUrl": "https://elsewhere.example.com/v1"})[0] == 200
    assert not Connection.objects.get().secret


def test_it_removes_a_node_and_its_accounts(api: Api) -> None:
    _, made = api("POST", "/provider-nodes", NODE)
    accounts.connect("mine", name="a", secret="sk-1")
    path = f"/provider-nodes/{made['node']['id']}"
    assert api("DELETE", path)[0] == 200
    assert not Node.objects.exists()
    assert not Connection.objects.exists()
    assert api("DELETE", path)[0] == 404
    assert api("DELETE", f"/provider-nodes/{uuid4()}")[0] == 404


@pytest.mark.parametrize("prefix", ["mine", "deepseek", "ds"])
def test_it_answers_409_for_a_taken_prefix(api: Api, prefix: str) -> None:
    api("POST", "/provider-nodes", NODE)
    status, body = api("POST", "/provider-nodes", {**NODE, "prefix": prefix})
    assert status == 409
    assert body["error"]["code"] == "conflict"
    assert [detail["field"] for detail in body["error"]["details"]] == ["prefix"]


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("baseUrl", {"baseUrl": "http://169.254.169.254/"}),
        ("baseUrl", {"baseUrl": "https://u:p@llm.example.com/v1"}),
        ("type", {"type": "anything"}),
        ("prefix", {"prefix": "a b"}),
        ("headers", {"headers": {"x-api-key": "1"}}),
        ("base_url", {"base_url": "https://elsewhere.example.com"}),
    ],
)
def test_it_names_the_field_that_is_wrong(api: Api, field: str, change: dict[str, Any]) -> None:
    status, body = api("POST", "/provider-nodes", {**NODE, **change})
    assert status == 400
    assert [detail["field"] for detail in body["error"]["details"]] == [field]
    assert not Node.objects.exists()


def test_it_changes_no_prefix(api: Api) -> None:
    _, made = api("POST", "/provider-nodes", NODE)
    status, _ = api("PUT", f"/provider-nodes/{made['node']['id']}", {"prefix": "other"})
    assert status == 400
    assert Node.objects.get().prefix == "mine"
