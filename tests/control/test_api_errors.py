from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client

from billing.models import ApiKey
from tests.control.conftest import Api

pytestmark = pytest.mark.django_db

JSON = "application/json"


@pytest.fixture
def post(token: str) -> Callable[..., HttpResponse]:
    def send(body: bytes | str, content_type: str = JSON) -> HttpResponse:
        client = Client(raise_request_exception=False)
        headers = {"authorization": f"Bearer {token}"}
        return client.generic("POST", "/api/keys", body, content_type=content_type, headers=headers)

    return send


def shape(response: HttpResponse) -> tuple[int, str]:
    """Checks what every refusal looks like and returns what tells it apart."""
    assert response["Content-Type"] == JSON
    body = json.loads(response.content)
    assert list(body) == ["error"]
    assert set(body["error"]) == {"message", "type", "code", "details"}
    assert "Traceback" not in body["error"]["message"]
    return response.status_code, body["error"]["code"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b"[]",
        b'"name"',
        b"null",
        b"\xff\xfe",
        b'{"name": NaN}',
        b"[" * 5000,
        b'{"name": "\\ud800"}',
    ],
)
def test_it_answers_400_for_a_body_that_it_cannot_read(
    post: Callable[..., HttpResponse], body: bytes
) -> None:
    assert shape(post(body)) == (400, "bad_request")
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "x"],
)
def test_it_answers_415_for_what_is_not_declared_as_json(
    post: Callable[..., HttpResponse], content_type: str
) -> None:
    assert shape(post(b'{"name": "k"}', content_type)) == (415, "unsupported_media_type")
    assert not ApiKey.objects.exists()


def test_it_takes_json_with_a_charset(post: Callable[..., HttpResponse]) -> None:
    assert post('{"name": "Zoë"}', "application/json; charset=utf-8").status_code == 201
    assert ApiKey.objects.get().name == "Zoë"


def test_it_answers_413_for_a_huge_body(post: Callable[..., HttpResponse]) -> None:
    body = json.dumps({"name": "x" * 3_000_000})
    assert shape(post(body)) == (413, "payload_too_large")


def test_it_answers_404_for_an_unknown_path(api: Api) -> None:
    for path in ("/nothing", "/keys/x/y", "/usage", "/docs"):
        status, body = api("GET", path)
        assert (status, body["error"]["code"]) == (404, "not_found")


def test_it_answers_405_for_a_method_that_a_path_does_not_have(token: str) -> None:
    headers = {"authorization": f"Bearer {token}"}
    response = Client().put("/api/keys", headers=headers)
    assert response.status_code == 405
    assert set(response["Allow"].split(", ")) == {"GET", "POST"}


def test_it_answers_503_when_the_database_is_away(post: Callable[..., HttpResponse]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE billing_apikey RENAME TO elsewhere")
    assert shape(post(b'{"name": "k"}')) == (503, "service_unavailable")


def test_it_hides_what_went_wrong_inside(post: Callable[..., HttpResponse], token: str) -> None:
    post(b'{"name": "k"}')
    with connection.cursor() as cursor:
        cursor.execute("UPDATE billing_apikey SET allowed_models = '98765'")
    client = Client(raise_request_exception=False)
    response = client.get("/api/keys", headers={"authorization": f"Bearer {token}"})
    assert shape(response) == (500, "internal_server_error")
    assert b"98765" not in response.content
