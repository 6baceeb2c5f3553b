from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from billing import keys
from billing.models import ApiKey
from omniroute import tokens
from tests.control.conftest import Api

pytestmark = pytest.mark.django_db


def test_it_creates_a_key(api: Api) -> None:
    status, body = api("POST", "/keys", {"name": "laptop"})
    assert status == 201
    assert set(body) == {"id", "name", "key"}
    found = keys.find(body["key"])
    assert found is not None
    assert (str(found.id), found.name) == (body["id"], "laptop")


def test_it_creates_a_key_with_limits(api: Api) -> None:
    status, body = api(
        "POST",
        "/keys",
        {
            "name": "laptop",
            "expiresAt": "2199-01-01T00:00:00Z",
            "allowedModels": ["ds/*"],
            "ipAllowlist": ["10.0.0.1/8"],
        },
    )
    assert status == 201
    key = ApiKey.objects.get(pk=body["id"])
    assert (key.allowed_models, key.ip_allowlist) == (["ds/*"], ["10.0.0.0/8"])
    assert key.expires_at == datetime.fromisoformat("2199-01-01T00:00:00+00:00")


def test_it_makes_the_caller_of_a_session_the_owner(admin: User) -> None:
    client = Client()
    client.force_login(admin)
    made = client.post("/api/keys", {"name": "mine"}, content_type="application/json").json()
    assert ApiKey.objects.get(pk=made["id"]).owner == admin


def test_it_makes_the_owner_of_a_token_the_owner(admin: User) -> None:
    api = Api(tokens.issue("script", owner=admin)[1])
    _, made = api("POST", "/keys", {"name": "mine"})
    assert ApiKey.objects.get(pk=made["id"]).owner == admin


def test_it_lists_keys_without_their_secrets(api: Api) -> None:
    _, made = api("POST", "/keys", {"name": "laptop"})
    status, body = api("GET", "/keys")
    assert status == 200
    assert (body["total"], body["allowKeyReveal"]) == (1, False)
    (key,) = body["keys"]
    assert made["key"].startswith(key["key"].removesuffix("…"))
    assert key["isActive"] is True
    assert made["key"] not in str(body)
    assert "digest" not in key


def test_it_shows_one_key(api: Api) -> None:
    _, made = api("POST", "/keys", {"name": "laptop"})
    status, body = api("GET", f"/keys/{made['id']}")
    assert (status, body["id"], body["name"]) == (200, made["id"], "laptop")
    assert made["key"] not in str(body)


def test_it_changes_only_what_is_sent(api: Api) -> None:
    _, made = api("POST", "/keys", {"name": "laptop", "allowedModels": ["ds/*"]})
    status, body = api("PATCH", f"/keys/{made['id']}", {"isActive": False})
    assert (status, body["isActive"]) == (200, False)
    assert (body["name"], body["allowedModels"]) == ("laptop", ["ds/*"])
    assert keys.find(made["key"]) is None


def test_it_removes_an_expiry(api: Api) -> None:
    _, made = api("POST", "/keys", {"name": "k", "expiresAt": "2199-01-01T00:00:00Z"})
    status, body = api("PATCH", f"/keys/{made['id']}", {"expiresAt": None})
    assert (status, body["expiresAt"]) == (200, None)


def test_it_deletes_a_key(api: Api) -> None:
    _, made = api("POST", "/keys", {"name": "laptop"})
    status, body = api("DELETE", f"/keys/{made['id']}")
    assert status == 200
    assert "laptop" in body["message"]
    assert keys.find(made["key"]) is None
    assert api("DELETE", f"/keys/{made['id']}")[0] == 404


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
@pytest.mark.parametrize("key_id", ["0198c1d2-0000-7000-8000-000000000001", "1", "x", "../tokens"])
def test_it_answers_404_for_an_unknown_key(api: Api, method: str, key_id: str) -> None:
    status, body = api(method, f"/keys/{key_id}", {} if method == "PATCH" else None)
    assert status == 404
    assert body["error"]["code"] == "not_found"


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("name", {}),
        ("name", {"name": ""}),
        ("name", {"name": " "}),
        ("name", {"name": None}),
        ("name", {"name": 5}),
        ("name", {"name": "x" * 101}),
        ("expiresAt", {"name": "k", "expiresAt": "tomorrow"}),
        ("expiresAt", {"name": "k", "expiresAt": "2001-01-01T00:00:00Z"}),
        ("allowedModels", {"name": "k", "allowedModels": "ds/*"}),
        ("allowedModels.0", {"name": "k", "allowedModels": [1]}),
        ("allowedModels", {"name": "k", "allowedModels": [""]}),
        ("ipAllowlist", {"name": "k", "ipAllowlist": ["nowhere"]}),
        ("expires_at", {"name": "k", "expires_at": "2199-01-01T00:00:00Z"}),
    ],
)
def test_it_names_the_field_that_is_wrong(api: Api, field: str, body: dict[str, Any]) -> None:
    status, answer = api("POST", "/keys", body)
    assert status == 400
    error = answer["error"]
    assert (error["type"], error["code"]) == ("invalid_request_error", "bad_request")
    assert [detail["field"] for detail in error["details"]] == [field]
    assert error["details"][0]["message"]
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize(
    "field",
    ["digest", "hint", "id", "owner", "ownerId", "createdAt", "key", "spend", "isAdmin", "scopes"],
)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_it_writes_no_field_that_is_not_for_callers(api: Api, method: str, field: str) -> None:
    key, secret = keys.issue("laptop")
    path = "/keys" if method == "POST" else f"/keys/{key.id}"
    status, body = api(method, path, {"name": "other", field: "x"})
    assert status == 400
    assert [detail["field"] for detail in body["error"]["details"]] == [field]
    stored = ApiKey.objects.get()
    assert keys.find(secret) == stored
    assert (stored.name, stored.hint) == ("laptop", key.hint)


def test_it_keeps_an_expiry_that_has_passed_when_something_else_changes(api: Api) -> None:
    key, _ = keys.issue("laptop")
    key.expires_at = timezone.now()
    key.save()
    assert api("PATCH", f"/keys/{key.id}", {"name": "old laptop"})[0] == 200


def test_it_stores_nothing_of_a_created_key(api: Api, database_text: Callable[[], str]) -> None:
    _, made = api("POST", "/keys", {"name": "laptop"})
    assert made["key"][8:] not in database_text()
