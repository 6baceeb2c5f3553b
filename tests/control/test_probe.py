"""Testing an account: real requests to fakes on real sockets."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from providers import accounts, catalog, nodes, probe
from providers.models import Connection, ConnectionCheck, Node
from tests.control.conftest import Api
from tests.upstream import Answer, FakeUpstream, reply

pytestmark = pytest.mark.django_db

SECRET = "sk-canary-1234567890"
BODY = "canary-body-of-the-answer"


def account(
    base_url: str, kind_of_node: str = "openai-compatible", secret: str = SECRET
) -> Connection:
    nodes.add("fake", name="Fake", type=kind_of_node, base_url=base_url)
    return accounts.connect("fake", name="main", secret=secret)


def kind(check: ConnectionCheck) -> str:
    return probe.kind(check.error)


def test_it_finds_that_a_key_works(upstream: FakeUpstream) -> None:
    check = accounts.check(account(f"{upstream.url}/v1"))
    assert (check.status, check.error, check.status_code) == ("active", "", 200)
    assert check.latency_ms is not None
    (request,) = upstream.received
    assert (request.method, request.path) == ("GET", "/v1/models")
    assert request.headers["authorization"] == f"Bearer {SECRET}"
    assert "x-api-key" not in request.headers


def test_it_asks_an_anthropic_node_in_its_own_way(upstream: FakeUpstream) -> None:
    accounts.check(account(f"{upstream.url}/v1", "anthropic-compatible"))
    (request,) = upstream.received
    assert request.headers["x-api-key"] == SECRET
    assert request.headers["anthropic-version"]
    assert "authorization" not in request.headers


def test_it_asks_a_node_without_a_key(upstream: FakeUpstream) -> None:
    assert accounts.check(account(f"{upstream.url}/v1", secret="")).status == "active"
    assert "authorization" not in upstream.received[0].headers


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, "refused"),
        (401, "auth"),
        (402, "payment"),
        (403, "auth"),
        (404, "not_found"),
        (429, "rate_limited"),
        (500, "server"),
        (503, "server"),
    ],
)
def test_it_says_what_a_status_means(upstream: FakeUpstream, status: int, expected: str) -> None:
    upstream.play(reply({"error": {"message": BODY}}, status))
    check = accounts.check(account(f"{upstream.url}/v1"))
    assert (check.status, kind(check), check.status_code) == ("error", expected, status)
    assert BODY not in check.error
    assert ConnectionCheck.objects.get().error == check.error


def test_it_follows_no_redirect(upstream: FakeUpstream) -> None:
    elsewhere = {"location": f"{upstream.url}/elsewhere"}
    upstream.play(Answer(status=302, headers=elsewhere))
    assert kind(accounts.check(account(f"{upstream.url}/v1"))) == "redirect"
    assert len(upstream.received) == 1


def test_it_takes_no_web_page_for_an_api(upstream: FakeUpstream) -> None:
    upstream.play(Answer(headers={"content-type": "text/html"}, pieces=[BODY.encode()]))
    check = accounts.check(account(f"{upstream.url}/v1"))
    assert kind(check) == "not_api"
    assert BODY not in check.error


def test_it_keeps_only_the_last_test(upstream: FakeUpstream) -> None:
    connection = account(f"{upstream.url}/v1")
    upstream.play(reply({}, 401))
    assert accounts.check(connection).status == "error"
    assert accounts.check(connection).status == "active"
    assert ConnectionCheck.objects.get().status == "active"


@contextmanager
def listener(banner: bytes) -> Iterator[int]:
    """Something that is no web server: it greets every caller and hangs up."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def greet() -> None:
            while True:
                try:
                    caller, _ = server.accept()
                except OSError:
                    return
                with caller:
                    caller.sendall(banner)
                    caller.shutdown(socket.SHUT_WR)
                    while caller.recv(4096):
                        pass

        thread = threading.Thread(target=greet, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(5)


@pytest.mark.parametrize(
    "banner",
    [
        b"SSH-2.0-OpenSSH_9.2 canary-body-of-the-answer\r\n",
        b"-ERR wrong number of arguments canary-body-of-the-answer\r\n",
        b"iGopher canary-body-of-the-answer\t\terror.host\t1\r\n.\r\n",
        b"",
    ],
)
def test_it_tells_no_banner_from_a_closed_port(banner: bytes) -> None:
    with listener(banner) as port:
        check = accounts.check(account(f"http://127.0.0.1:{port}/v1"))
    with closing(socket.create_server(("127.0.0.1", 0))) as closed:
        free = closed.getsockname()[1]
    nodes.change(Node.objects.get(), base_url=f"http://127.0.0.1:{free}/v1")
    other = accounts.check(Connection.objects.get())
    assert kind(check) == "unreachable"
    assert (check.error, check.status_code) == (other.error, other.status_code)
    assert BODY not in check.error


def test_it_connects_to_no_address_that_became_forbidden(
    upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = account(f"{upstream.url}/v1")
    monkeypatch.setenv("ALLOW_PRIVATE_UPSTREAMS", "")
    assert kind(accounts.check(connection)) == "blocked"
    assert upstream.received == []


def test_it_sends_no_key_that_does_not_open(upstream: FakeUpstream) -> None:
    connection = account(f"{upstream.url}/v1")
    Connection.objects.update(secret="enc:v1:k00000000:AAAA:AAAA")
    assert kind(accounts.check(Connection.objects.get(pk=connection.pk))) == "sealed"
    assert upstream.received == []


def test_it_asks_for_the_key_that_is_missing() -> None:
    connection = accounts.connect("deepseek", name="main", secret=SECRET)
    Connection.objects.update(secret="")
    assert kind(accounts.check(Connection.objects.get(pk=connection.pk))) == "no_key"


def test_it_says_when_the_provider_is_gone() -> None:
    connection = accounts.connect("deepseek", name="main", secret=SECRET)
    Connection.objects.update(provider="vanished")
    assert kind(accounts.check(Connection.objects.get(pk=connection.pk))) == "unknown_provider"


def test_it_asks_ten_times_a_minute_at_most(upstream: FakeUpstream) -> None:
    connection = account(f"{upstream.url}/v1")
    for _ in range(probe.PER_MINUTE):
        accounts.check(connection)
    with pytest.raises(probe.TooMany):
        accounts.check(connection)
    assert len(upstream.received) == probe.PER_MINUTE


def test_it_has_its_own_words_for_every_kind() -> None:
    assert len(set(probe.MESSAGES.values())) == len(probe.MESSAGES)


@pytest.mark.parametrize("provider", sorted(catalog.entries()))
def test_it_knows_how_to_test_every_provider_of_the_catalog(provider: str) -> None:
    question = probe.question(provider, SECRET)
    assert question is not None
    assert question.url.startswith("https://")
    assert SECRET not in question.url
    assert any(SECRET in value for value in question.headers.values())
    assert (question.method == "POST") == (question.body is not None)


def test_the_api_tells_how_a_test_went(api: Api, upstream: FakeUpstream) -> None:
    connection = account(f"{upstream.url}/v1")
    status, body = api("POST", f"/providers/{connection.pk}/test")
    assert status == 200
    tested: dict[str, Any] = {"valid": True, "error": None, "diagnosis": None, "statusCode": 200}
    assert tested.items() <= body.items()
    assert body["latencyMs"] >= 0
    assert body["testedAt"]


def test_the_api_tells_why_a_test_failed(api: Api, upstream: FakeUpstream) -> None:
    connection = account(f"{upstream.url}/v1")
    upstream.play(reply({"error": BODY}, 401))
    _, body = api("POST", f"/providers/{connection.pk}/test")
    assert (body["valid"], body["statusCode"], body["diagnosis"]["type"]) == (False, 401, "auth")
    assert body["error"] == body["diagnosis"]["message"]
    assert BODY not in str(body)
    assert SECRET not in str(body)
    _, listed = api("GET", "/providers")
    assert listed["connections"][0]["testStatus"] == "error"
    assert listed["connections"][0]["errorCode"] == 401


def test_the_api_answers_429_when_tests_follow_each_other_too_fast(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "PACE", probe.Pace(1))
    monkeypatch.setenv("ALLOW_PRIVATE_UPSTREAMS", "127.0.0.0/8")
    connection = account("http://127.0.0.1:9/v1")
    assert api("POST", f"/providers/{connection.pk}/test")[0] == 200
    status, body = api("POST", f"/providers/{connection.pk}/test")
    assert (status, body["error"]["code"]) == (429, "rate_limit_exceeded")
