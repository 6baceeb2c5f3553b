"""What two parsers could read differently is refused and its connection closed, on both servers.

Where granian's own parser settles a thing before our edge can see it, the table says what granian
does instead; there it is for the proxy in front to refuse.
"""

from __future__ import annotations

import socket

import pytest

from .conftest import Running
from .wire import HOST, Wire, ask, get, post

CHUNKED = b"Transfer-Encoding: chunked"

REFUSED = {
    "length and chunks": post("/echo", b"Content-Length: 3", CHUNKED) + b"0\r\n\r\n",
    "chunks and length": post("/echo", CHUNKED, b"Content-Length: 3") + b"0\r\n\r\n",
    "two lengths": post("/echo", b"Content-Length: 3", b"Content-Length: 3") + b"abc",
    "two different lengths": post("/echo", b"Content-Length: 3", b"Content-Length: 4") + b"abcd",
    "signed length": post("/echo", b"Content-Length: +3") + b"abc",
    "two lengths in one": post("/echo", b"Content-Length: 3, 3") + b"abc",
    "unknown coding": post("/echo", b"Transfer-Encoding: xchunked") + b"0\r\n\r\n",
    "coding beside chunks": post("/echo", b"Transfer-Encoding: gzip, chunked") + b"0\r\n\r\n",
    "chunks in HTTP/1.0": b"POST /echo HTTP/1.0\r\n" + HOST + CHUNKED + b"\r\n\r\n0\r\n\r\n",
    "two hosts": get("/", b"Host: other"),
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "empty host": b"GET / HTTP/1.1\r\nHost:\r\n\r\n",
    "host with a path": b"GET / HTTP/1.1\r\nHost: a/admin\r\n\r\n",
    "host with a user": b"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n",
    "another host in the address": get("http://evil.example/"),
    "no path": get("evil.example:443"),
    "folded header": get("/", b"X-A: b\r\n c"),
    "folded first header": b"GET / HTTP/1.1\r\n " + HOST + b"\r\n",
    "bare LF after a line": b"GET / HTTP/1.1\nHost: a\n\n",
    "bare LF in a header": get("/", b"X-A: b\nX-C: d"),
    "NUL": get("/", b"X-A: b\x00c"),
    "bare CR": get("/", b"X-A: b\rc"),
    "vertical tab": get("/", b"X-A: b\x0bc"),
    "DEL": get("/", b"X-A: b\x7fc"),
    "space in a name": get("/", b"X A: b"),
    "space after a name": get("/", b"X-A : b"),
    "no colon": get("/", b"X-A"),
    "signed chunk": post("/echo", CHUNKED) + b"+5\r\nabcde\r\n0\r\n\r\n",
    "negative chunk": post("/echo", CHUNKED) + b"-5\r\nabcde\r\n0\r\n\r\n",
    "underscored chunk": post("/echo", CHUNKED) + b"0_5\r\nabcde\r\n0\r\n\r\n",
    "chunk that is too long": post("/echo", CHUNKED) + b"3\r\nabcde\r\n0\r\n\r\n",
    "no version": b"GET /\r\n" + HOST + b"\r\n",
    "a version to come": b"GET / HTTP/3.7\r\n" + HOST + b"\r\n",
}

# What granian answers instead of 400, and whether it then keeps the connection.
GRANIAN_HAS_SETTLED = {
    "length and chunks": (200, "closed"),  # takes the chunks, drops the length, closes
    "chunks and length": (200, "closed"),
    "two lengths": (200, "open"),  # the same length twice is one length
    "another host in the address": (200, "open"),  # only the path is passed on, with our Host
    "bare LF after a line": (200, "open"),  # taken as a line's end, as RFC 9112 2.2 allows
    "bare LF in a header": (200, "open"),
    "signed chunk": (500, "closed"),  # known only once the application reads
    "negative chunk": (500, "closed"),
    "underscored chunk": (500, "closed"),
    "chunk that is too long": (500, "closed"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_it_refuses(server: Running, what: str) -> None:
    settled = GRANIAN_HAS_SETTLED.get(what) if server.kind == "granian" else None
    status, connection = settled or (400, "closed")
    bodies = server.seen()["bodies"]
    with Wire(server.port) as wire:
        wire.send(REFUSED[what])
        assert wire.answer().status == status
        assert wire.closed(within=0.3 if connection == "open" else 5) == (connection == "closed")
        assert wire.buffer == b""
    dispatched = server.seen()["bodies"] - bodies
    assert dispatched == (1 if status == 200 and b"/echo" in REFUSED[what] else 0)


@pytest.mark.parametrize("what", REFUSED)
def test_it_refuses_the_same_in_small_pieces(daphne: Running, what: str) -> None:
    with Wire(daphne.port) as wire:
        wire.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for index in range(len(REFUSED[what])):
            wire.pour(1, piece=REFUSED[what][index : index + 1])
        assert wire.answer().status == 400
        assert wire.closed(within=5)
        assert wire.buffer == b""


def test_it_reads_the_body_between_two_requests_exactly(server: Running) -> None:
    with Wire(server.port) as wire:
        wire.send(post("/echo", b"Content-Length: 5") + b"GET /" + get("/second"))
        assert wire.answer().json["size"] == 5
        assert wire.answer().json["path"] == "/second"


def test_it_reads_chunks_with_extensions_and_trailers(server: Running) -> None:
    body = b"3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: t\r\n\r\n"
    with Wire(server.port) as wire:
        wire.send(post("/echo", CHUNKED) + body + get("/second"))
        assert wire.answer().json["size"] == 5
        assert wire.answer().json["path"] == "/second"


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (get("/", *[b"X-%d: y" % n for n in range(1000)]), 431),
        (get("/", *[b"X-%d: y" % n for n in range(120)]), 431),
        (get("/", b"X-A: " + b"a" * 2**20), 431),
        (get("/", b"X-A: " + b"a" * 17_000), 431),
        (get("/", *[b"X-%d: " % n + b"a" * 9_000 for n in range(4)]), 431),
        (get("/" + "a" * 8200), 414),
        (get("/?" + "a" * 40_000), 414),
        (post("/echo", b"Content-Length: " + b"9" * 18), 413),
        (post("/echo", b"Content-Encoding: gzip", b"Content-Length: 3") + b"abc", 415),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else repr(value[:30]),
)
def test_it_refuses_what_is_too_much(server: Running, request_bytes: bytes, status: int) -> None:
    with Wire(server.port) as wire:
        wire.pour(len(request_bytes), piece=request_bytes)
        assert wire.answer().status == status
        assert wire.closed(within=5)


def test_it_takes_a_lawful_lot(server: Running) -> None:
    fields = [b"X-%d: %s" % (n, b"a" * 200) for n in range(90)]
    answer = ask(server.port, get("/" + "a" * 8000, *fields))
    assert answer.status == 200
    assert len(answer.json["headers"]) == 91


def test_it_names_no_server_of_ours(daphne: Running) -> None:
    for path in ("/", "/boom", "/stream?n=1&gap=0"):
        assert "server" not in ask(daphne.port, get(path)).headers
    assert "server" not in ask(daphne.port, REFUSED["no host"]).headers


def test_it_does_not_split_an_answers_header(server: Running) -> None:
    answer = ask(server.port, get("/split"))
    assert "x-injected" not in answer.headers
    # Daphne makes one line of it; granian takes it for a fault of the application's.
    assert answer.status == (200 if server.kind == "daphne" else 500)
