"""Bodies and streams under bad clients and bad applications: bounded memory, nobody else hurt."""

from __future__ import annotations

import time

import pytest

from .conftest import Running, Start
from .wire import Wire, ask, eventually, get, post

MIB = 2**20
CHUNKED = b"Transfer-Encoding: chunked"


def test_it_holds_a_stream_whose_reader_stalls(server: Running) -> None:
    before, flooded = server.memory(), server.seen()["flood"]
    with Wire(server.port, receive_buffer=65536) as wire:
        wire.send(get("/flood"))
        eventually(lambda: server.seen()["flood"] > flooded)
        held = eventually(lambda: _same_after_a_while(server))
        assert held - flooded < 32 * MIB
        assert server.memory() - before < 32 * MIB
        wire.take(8 * MIB)
        eventually(lambda: server.seen()["flood"] > held)
    server.saw("disconnect", 1)


def _same_after_a_while(server: Running) -> int:
    count = server.seen()["flood"]
    time.sleep(0.3)
    return count if server.seen()["flood"] == count else 0


def test_it_sends_a_big_answer_whole(server: Running) -> None:
    answer = ask(server.port, get("/big"))
    assert (len(answer.body), answer.ending) == (32 * MIB, "complete")


def test_it_gives_up_on_a_reader_that_takes_nothing(start: Start) -> None:
    server = start("daphne", stall=0.5)
    server.heard("ready")
    disconnects = server.seen()["disconnect"]
    with Wire(server.port, receive_buffer=65536) as wire:
        wire.send(get("/flood"))
        server.saw("disconnect", disconnects + 1)
        assert wire.closed(within=5)


def test_it_refuses_a_huge_body_before_it_comes(server: Running) -> None:
    before = server.memory()
    with Wire(server.port) as wire:
        began = time.monotonic()
        wire.send(post("/echo", b"Content-Length: %d" % (300 * MIB)))
        answer = wire.answer()
        assert time.monotonic() - began < 1
        assert (answer.status, answer.json["code"]) == (413, "request_too_large")
        wire.pour(300 * MIB)
        assert wire.closed(within=5)
    assert server.memory() - before < 32 * MIB


def test_it_lets_the_refusal_be_read_by_who_sends_first(daphne: Running) -> None:
    with Wire(daphne.port) as wire:
        wire.send(post("/echo", b"Content-Length: %d" % (40 * MIB)))
        assert wire.pour(40 * MIB) == 40 * MIB
        assert wire.answer().status == 413
        assert wire.closed(within=5)


def test_it_refuses_endless_chunks(server: Running) -> None:
    before = server.memory()
    with Wire(server.port) as wire:
        wire.send(post("/echo", CHUNKED))
        wire.pour(300 * MIB, piece=b"10000\r\n" + b"x" * 65536 + b"\r\n")
        if server.kind == "daphne":  # granian resets at once, and may take its answer with it
            assert wire.answer().status == 413
        assert wire.closed(within=5)
    assert server.memory() - before < 32 * MIB


@pytest.mark.parametrize("path", ["/deaf", "/unread"])
def test_it_reads_no_further_than_its_application(server: Running, path: str) -> None:
    before = server.memory()
    with Wire(server.port) as wire:
        wire.socket.settimeout(0.5)
        wire.send(post(path, b"Content-Length: %d" % (30 * MIB)))
        wire.socket.settimeout(0.5)
        sent = wire.pour(30 * MIB)
        if path == "/deaf":
            assert sent < 30 * MIB
        assert server.memory() - before < 16 * MIB
        assert wire.answer().status == 200
        assert wire.closed(within=5)


def test_it_passes_a_body_on_in_pieces(server: Running) -> None:
    with Wire(server.port) as wire:
        wire.send(post("/echo", b"Content-Length: %d" % (20 * MIB)))
        wire.pour(20 * MIB)
        answer = wire.answer()
        assert answer.json["size"] == 20 * MIB
        assert answer.json["largest"] <= MIB


def test_it_keeps_the_connection_after_a_small_unread_body(server: Running) -> None:
    with Wire(server.port) as wire:
        wire.send(post("/unread", b"Content-Length: 3") + b"abc" + get("/second"))
        assert wire.answer().status == 200
        assert wire.answer().json["path"] == "/second"


@pytest.mark.parametrize(
    "fields", [(b"Content-Length: 1000",), (CHUNKED,)], ids=["length", "chunks"]
)
def test_it_refuses_a_body_that_only_drips(server: Running, fields: tuple[bytes]) -> None:
    body = b"x" * 100 if fields != (CHUNKED,) else b"1\r\nx\r\n" * 100
    with Wire(server.port) as wire:
        wire.send(post("/echo", *fields))
        seconds = wire.drip(body, gap=0.05)
        assert 0.4 < seconds < 3
        assert (answer := wire.answer()).status == 408
        assert answer.json["code"] == "request_timeout"


def test_it_sees_an_application_fail_in_mid_stream(server: Running) -> None:
    for path in ("/abort", "/quit", "/abort"):
        answer = ask(server.port, get(path), within=3)
        assert (answer.status, answer.body) == (200, b"started\n")
        assert answer.ending in ("closed", "reset")
        began = time.monotonic()
        assert ask(server.port, get("/boom"), within=3).status == 500
        assert time.monotonic() - began < 1
        assert ask(server.port, get("/")).status == 200


def test_it_never_lets_a_broken_answer_pass_for_a_whole_one(daphne: Running) -> None:
    with Wire(daphne.port) as wire:  # here the end of the connection would be the body's end
        wire.send(b"GET /abort HTTP/1.0\r\nHost: a\r\n\r\n")
        assert wire.ending(within=3) == "reset"
    with Wire(daphne.port) as wire:
        wire.send(get("/short"))
        assert wire.ending(within=3) == "reset"


def test_it_tells_the_application_at_once_that_its_client_left(server: Running) -> None:
    before = server.seen()
    with Wire(server.port) as wire:
        wire.send(get("/wait"))
        server.saw("waiting", before["waiting"] + 1)
    server.saw("disconnect", before["disconnect"] + 1, within=1)


def test_it_tells_a_reading_application_that_its_client_left(server: Running) -> None:
    before = server.seen()["disconnect"]
    with Wire(server.port) as wire:
        wire.send(post("/echo", b"Content-Length: 1000") + b"some")
        time.sleep(0.1)
    server.saw("disconnect", before + 1, within=1)


def test_it_closes_a_header_that_only_drips(server: Running) -> None:
    with Wire(server.port) as wire:
        assert 0.4 < wire.drip(get("/" + "a" * 100), gap=0.05) < 3


def test_it_closes_a_silent_connection(server: Running) -> None:
    with Wire(server.port) as wire:
        assert not wire.closed(within=0.3)
        assert wire.closed(within=3)


def test_it_closes_an_idle_connection(server: Running) -> None:
    with Wire(server.port) as wire:
        wire.send(get("/"))
        assert wire.answer().status == 200
        assert not wire.closed(within=0.3)
        assert wire.closed(within=3)
        assert wire.buffer == b""


def test_it_does_not_time_a_running_request(server: Running) -> None:
    answer = ask(server.port, get("/stream?n=5&gap=0.3"))
    assert answer.body.endswith(b"[DONE]\n")
