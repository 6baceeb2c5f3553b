"""What only the Daphne server has to be told apart on: WebSockets, pipelining, expectations."""

from __future__ import annotations

import base64
import json
import os
import struct

import pytest

from .conftest import Running, Start
from .wire import HOST, Wire, ask, get, post

HANDSHAKE = (
    b"Upgrade: websocket",
    b"Connection: Upgrade",
    b"Sec-WebSocket-Key: " + base64.b64encode(os.urandom(16)),
    b"Sec-WebSocket-Version: 13",
)


def frame(text: str) -> bytes:
    """A client's text frame, masked with zeros."""
    data = text.encode()
    return struct.pack("!BBI", 0x81, 0x80 | len(data), 0) + data


def read_frame(wire: Wire) -> tuple[int, bytes]:
    """Opcode and payload of the server's next frame."""
    while True:
        if len(wire.buffer) >= 2:
            length, start = wire.buffer[1], 2
            if length == 126:
                length, start = int.from_bytes(wire.buffer[2:4], "big"), 4
            if len(wire.buffer) >= start + length:
                opcode, data = wire.buffer[0] & 15, wire.buffer[start : start + length]
                wire.buffer = wire.buffer[start + length :]
                return opcode, data
        assert not wire.closed(within=0.02), wire.buffer


def upgrade(wire: Wire, path: str = "/ws", *fields: bytes) -> None:
    wire.send(get(path, *HANDSHAKE, *fields))
    while b"\r\n\r\n" not in wire.buffer:
        assert not wire.closed(within=0.02), wire.buffer
    head, _, wire.buffer = wire.buffer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 ")


def test_it_speaks_websocket(server: Running) -> None:
    with Wire(server.port) as wire:
        upgrade(wire, "/ws", b"X_Evil: 1", b"Daphne-Root-Path: /evil")
        wire.send(frame("hello"))
        told = json.loads(read_frame(wire)[1])
        assert told["said"] == "hello"
        assert told["root_path"] == ""
        assert "x_evil" not in told["headers"]
    server.saw("websocket closed 1006" if server.kind == "daphne" else "websocket closed 1005", 1)


@pytest.mark.parametrize(
    "fields",
    [(b"Host: other",), (b"X-A: b\x0bc",), (b"Content-Length: 3",), (b"X-A: " + b"a" * 17000,)],
    ids=["two hosts", "control", "body", "too large"],
)
def test_it_refuses_a_bad_handshake(server: Running, fields: tuple[bytes]) -> None:
    before = server.seen()["websocket"]
    with Wire(server.port) as wire:
        wire.send(get("/ws", *HANDSHAKE, *fields))
        assert wire.answer().status in (400, 403, 431)
        wire.closed(within=1)
    assert server.seen()["websocket"] == before


def test_it_closes_a_websocket_whose_application_fails(daphne: Running) -> None:
    with Wire(daphne.port) as wire:
        upgrade(wire, "/crash")
        assert read_frame(wire) == (8, struct.pack("!H", 1011))
    assert ask(daphne.port, get("/")).status == 200


def test_it_tells_websockets_that_it_goes_away(start: Start) -> None:
    server = start("daphne", drain=20)
    server.heard("ready")
    with Wire(server.port) as wire:
        upgrade(wire)
        server.signal()
        assert read_frame(wire) == (8, struct.pack("!H", 1001))
        wire.send(struct.pack("!BBIH", 0x88, 0x82, 0, 1001))
        assert wire.closed(within=2)
    assert server.ended(within=3)[0] == 0


def test_it_answers_pipelined_requests_in_order(daphne: Running) -> None:
    with Wire(daphne.port) as wire:
        wire.send(get("/one") + post("/echo", b"Content-Length: 2") + b"ab" + get("/three"))
        assert wire.answer().json["path"] == "/one"
        assert wire.answer().json["size"] == 2
        assert wire.answer().json["path"] == "/three"


def test_it_asks_for_an_expected_body_only_when_it_is_wanted(daphne: Running) -> None:
    expect = (b"Expect: 100-continue", b"Content-Length: 3")
    with Wire(daphne.port) as wire:
        wire.send(post("/unread", *expect))
        assert wire.answer().status == 200
        assert wire.closed(within=2)
    with Wire(daphne.port) as wire:
        wire.send(post("/echo", *expect))
        assert wire.answer().status == 100
        wire.send(b"abc")
        assert wire.answer().json["size"] == 3


def test_it_keeps_no_connection_that_shall_close(daphne: Running) -> None:
    old = b"GET / HTTP/1.0\r\n" + HOST + b"\r\n"
    for request in (old, get("/", b"Connection: te, Close"), get("/boom")):
        with Wire(daphne.port) as wire:
            wire.send(request)
            assert wire.answer().headers["connection"] == "close"
            assert wire.closed(within=2)


def test_it_answers_head_without_a_body(daphne: Running) -> None:
    with Wire(daphne.port) as wire:
        wire.send(get("/", method="HEAD") + get("/stream?n=2&gap=0", method="HEAD"))
        assert not wire.closed(within=0.3)
        heads = wire.buffer.split(b"\r\n\r\n")
        assert [head[:12] for head in heads] == [b"HTTP/1.1 200", b"HTTP/1.1 200", b""]


def test_it_takes_no_root_path_from_a_client(daphne: Running) -> None:
    answer = ask(daphne.port, get("/", b"Daphne-Root-Path: /evil"))
    assert answer.json["root_path"] == ""


def test_it_says_that_an_address_is_not_ascii(daphne: Running) -> None:
    assert ask(daphne.port, get("/\xe4")).status == 400
