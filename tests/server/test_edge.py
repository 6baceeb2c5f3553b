"""The edge as an ASGI callable: what it refuses and rewords, and what it hands on untouched."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniroute.edge import Edge, Pace
from omniroute.gateway.asgi import Message, RawHeaders, Receive, Scope, Send
from omniroute.gateway.errors import GatewayError, TooLarge

HOST = (b"host", b"gateway.example:20128")
LIMITS = {"/import": 1000}


class Told:
    """An application that remembers what it was given, reads the body and answers 200."""

    def __init__(self) -> None:
        self.scope: Scope = {}
        self.body = b""
        self.given: tuple[Receive, Send] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.given = (receive, send)
        if scope["type"] != "http":
            return
        while True:
            message = await receive()
            self.body += message.get("body", b"")
            if not message.get("more_body"):
                break
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


class Client:
    """The server's side of one request."""

    def __init__(self, *pieces: bytes, pause: float = 0.0) -> None:
        self.pieces = list(pieces)
        self.pause = pause
        self.sent: list[Message] = []

    async def receive(self) -> Message:
        if self.pause:
            await asyncio.sleep(self.pause)
        if not self.pieces:
            return {"type": "http.disconnect"}
        body = self.pieces.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(self.pieces)}

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def code(self) -> str:
        return str(json.loads(self.sent[1]["body"])["code"])


def render(scope: Scope, status: int, code: str, message: str) -> tuple[bytes, bytes]:
    told = {"path": scope["path"], "status": status, "code": code, "message": message}
    return b"application/json", json.dumps(told).encode()


def edge(app: Any, **options: Any) -> Edge:
    return Edge(app, limit=lambda path: LIMITS.get(path, 100), render=render, **options)


def request(*headers: tuple[bytes, bytes], **changes: Any) -> Scope:
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": "/v1/models",
        "raw_path": b"/v1/models",
        "query_string": b"",
        "headers": [HOST, *headers],
    }
    return scope | changes


async def call(scope: Scope, *pieces: bytes, **options: Any) -> tuple[Told, Client]:
    told, client = Told(), Client(*pieces)
    await edge(told, **options)(scope, client.receive, client.send)
    return told, client


async def test_it_hands_a_request_without_a_body_on_untouched() -> None:
    scope, client = request((b"accept", b"*/*")), Client()
    told = Told()
    receive, send = client.receive, client.send
    await edge(told)(scope, receive, send)
    assert told.scope is scope
    assert told.given == (receive, send)


async def test_it_hands_a_body_on_in_its_pieces() -> None:
    told, client = await call(request((b"content-length", b"4")), b"ab", b"cd")
    assert (told.body, client.status) == (b"abcd", 200)


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ([], 400, "invalid_host"),
        ([HOST, HOST], 400, "duplicate_header"),
        ([(b"host", b"")], 400, "invalid_host"),
        ([(b"host", b"a b")], 400, "invalid_host"),
        ([(b"host", b"a,b")], 400, "invalid_host"),
        ([(b"host", b"a/v1")], 400, "invalid_host"),
        ([(b"host", b"a?b")], 400, "invalid_host"),
        ([(b"host", b"a:port")], 400, "invalid_host"),
        ([(b"host", b"[::1")], 400, "invalid_host"),
        ([HOST, (b"content-length", b"1"), (b"transfer-encoding", b"chunked")], 400, "framing"),
        ([HOST, (b"content-length", b"1"), (b"content-length", b"1")], 400, "duplicate_header"),
        ([HOST, (b"content-length", b"-1")], 400, "framing"),
        ([HOST, (b"content-length", b"")], 400, "framing"),
        ([HOST, (b"content-length", b"9" * 5000)], 400, "framing"),
        ([HOST, (b"transfer-encoding", b"identity")], 400, "framing"),
        ([HOST, (b"content-encoding", b"gzip")], 415, "unsupported_encoding"),
        ([HOST, (b"content-length", b"101")], 413, "request_too_large"),
        ([HOST, (b"x", b"a\nb")], 400, "invalid_header"),
        ([HOST, (b"x\x00", b"a")], 400, "invalid_header"),
        ([HOST, (b"x", b"a" * 16_384)], 431, "headers_too_large"),
        ([HOST, *[(b"x%d" % n, b"a" * 8_000) for n in range(5)]], 431, "headers_too_large"),
        ([HOST, *[(b"x%d" % n, b"a") for n in range(100)]], 431, "headers_too_large"),
    ],
)
async def test_it_refuses(headers: RawHeaders, status: int, code: str) -> None:
    told, client = await call(request(headers=headers))
    assert told.scope == {}
    assert client.status == status
    assert code in client.code
    assert (b"connection", b"close") in client.sent[0]["headers"]
    assert (b"content-length", b"%d" % len(client.sent[1]["body"])) in client.sent[0]["headers"]


@pytest.mark.parametrize(
    "host", [b"localhost", b"127.0.0.1:20128", b"[::1]:20128", b"my_gateway", b"a.example:1"]
)
async def test_it_takes_hosts_of_every_kind(host: bytes) -> None:
    _, client = await call(request(headers=[(b"host", host)]), b"")
    assert client.status == 200


@given(st.binary(max_size=20), st.sampled_from([*range(9), *range(10, 32), 127]), st.binary())
def test_it_lets_no_control_character_through(before: bytes, control: int, after: bytes) -> None:
    value = before + bytes([control]) + after
    told, client = asyncio.run(call(request((b"x-key-name", value))))
    assert (told.scope, client.status) == ({}, 400)


async def test_it_takes_tabs_and_what_is_not_ascii() -> None:
    _, client = await call(request((b"x", "a\tb Grüße".encode())), b"")
    assert client.status == 200


async def test_it_drops_names_with_an_underscore_but_for_one() -> None:
    dashed = (b"x-forwarded-for", b"a_b")
    session = (b"x_session_id", b"1")
    told, _ = await call(request((b"x_forwarded_for", b"10.0.0.1"), dashed, session), b"")
    assert told.scope["headers"] == [HOST, dashed, session]


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"http://gateway.example:20128/v1/a%2Fb", "/v1/a/b"),
        (b"HTTPS://GATEWAY.example:20128", "/"),
    ],
)
async def test_it_reads_an_absolute_address_of_our_own(raw: bytes, path: str) -> None:
    told, _ = await call(request(raw_path=raw, path=raw.decode()), b"")
    assert told.scope["path"] == path
    assert told.scope["raw_path"].startswith(b"/")


@pytest.mark.parametrize(
    "raw",
    [
        b"http://other.example/v1",
        b"http://gateway.example/v1",
        b"http://gateway.example:20128@other.example/",
        b"ftp://gateway.example:20128/",
        b"*",
        b"gateway.example:20128",
        b"",
    ],
)
async def test_it_refuses_an_address_that_is_not_ours(raw: bytes) -> None:
    told, client = await call(request(raw_path=raw, path=raw.decode()))
    assert (told.scope, client.status, client.code) == ({}, 400, "invalid_uri")


async def test_it_refuses_a_long_address() -> None:
    _, client = await call(request(query_string=b"a" * 8190))
    assert (client.status, client.code) == (414, "uri_too_long")


async def test_it_knows_each_paths_limit() -> None:
    for path, status in (("/v1/models", 413), ("/import", 200)):
        scope = request((b"content-length", b"500"), path=path, raw_path=path.encode())
        _, client = await call(scope, b"x" * 500)
        assert client.status == status


async def test_it_counts_a_body_that_comes_in_chunks() -> None:
    told, client = await call(request((b"transfer-encoding", b"chunked")), b"x" * 60, b"x" * 60)
    assert (client.status, client.code) == (413, "request_too_large")
    assert told.body == b"x" * 60


async def test_it_refuses_no_answer_that_has_begun() -> None:
    async def answers_first(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await receive()

    client = Client(b"x" * 101)
    scope = request((b"transfer-encoding", b"chunked"))
    with pytest.raises(TooLarge):
        await edge(answers_first)(scope, client.receive, client.send)
    assert len(client.sent) == 1


async def test_it_leaves_other_errors_to_the_server() -> None:
    async def fails(scope: Scope, receive: Receive, send: Send) -> None:
        raise GatewayError("not the edge's")

    client = Client()
    with pytest.raises(GatewayError):
        await edge(fails)(request((b"content-length", b"1")), client.receive, client.send)
    assert client.sent == []


SLOW = Pace(seconds=5, rate=1000, grace=0.05)
BRIEF = Pace(seconds=0.1, rate=1, grace=5)
PATIENT = Pace(seconds=5, rate=1, grace=5)


@pytest.mark.parametrize(
    ("options", "content_type", "status"),
    [
        ({"pace": PATIENT}, b"application/json", 200),
        ({"pace": SLOW}, b"application/json", 408),
        ({"pace": BRIEF}, b"application/json", 408),
        ({"pace": BRIEF, "upload_pace": PATIENT}, b"multipart/form-data; boundary=x", 200),
        ({"pace": PATIENT, "upload_pace": BRIEF}, b"Multipart/form-data; boundary=x", 408),
    ],
)
async def test_it_waits_for_a_body_only_so_long(
    options: dict[str, Pace], content_type: bytes, status: int
) -> None:
    told, client = Told(), Client(*[b"xx"] * 10, pause=0.02)
    scope = request((b"content-length", b"20"), (b"content-type", content_type))
    await edge(told, **options)(scope, client.receive, client.send)
    assert client.status == status
    if status == 408:
        assert client.code == "request_timeout"


async def test_it_does_not_blame_a_client_for_a_slow_application() -> None:
    async def dawdles(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["more_body"]:
            await asyncio.sleep(0.06)
        await send({"type": "http.response.start", "status": 200, "headers": []})

    client = Client(*[b"x"] * 4)
    scope = request((b"content-length", b"4"))
    await edge(dawdles, pace=BRIEF)(scope, client.receive, client.send)
    assert client.status == 200


async def test_it_times_no_wait_after_the_body() -> None:
    async def waits(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        client.pause = 0.2
        assert (await receive())["type"] == "http.disconnect"
        await send({"type": "http.response.start", "status": 200, "headers": []})

    client = Client(b"x")
    scope = request((b"content-length", b"1"))
    await edge(waits, pace=BRIEF)(scope, client.receive, client.send)
    assert client.status == 200


@pytest.mark.parametrize(
    "spoil",
    [
        lambda scope: scope["headers"].append(HOST),
        lambda scope: scope["headers"].append((b"x", b"\x00")),
        lambda scope: scope["headers"].append((b"content-length", b"1")),
        lambda scope: scope.update(raw_path=b"http://other/"),
    ],
)
async def test_it_closes_a_bad_websocket(spoil: Callable[[Scope], None]) -> None:
    scope = request(type="websocket", path="/ws", raw_path=b"/ws")
    told, client = await call(scope)
    assert told.scope["type"] == "websocket"
    assert client.sent == []
    spoil(scope)
    told, client = await call(scope)
    assert told.scope == {}
    assert client.sent == [{"type": "websocket.close", "code": 1008}]


async def test_it_stays_out_of_the_lifespan() -> None:
    told, _ = await call({"type": "lifespan"})
    assert told.scope == {"type": "lifespan"}
