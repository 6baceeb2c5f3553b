"""From start to exit: a failure to start says why, a signal drains, a second one does not wait."""

from __future__ import annotations

import signal
import socket
import time

import pytest

from .conftest import Running, Start
from .wire import Wire, ask, eventually, get


def begin(server: Running, path: str) -> Wire:
    wire = Wire(server.port)
    wire.send(get(path))
    eventually(lambda: wire.closed(within=0.01) or b"token 0" in wire.buffer)
    return wire


def test_it_drains_when_told_to_stop(server_kind: str, start: Start) -> None:
    server = start(server_kind, drain=20)
    server.heard("lifespan.startup")
    server.heard("ready")
    with begin(server, "/stream?n=20&gap=0.06") as wire:
        server.signal(signal.SIGTERM)
        eventually(server.refuses, within=0.6)
        answer = wire.answer()
        assert answer.ending == "complete"
        assert answer.body.endswith(b"token 19\n[DONE]\n")
    code, out, _ = server.ended()
    assert code == 0
    assert out.split() == (["draining"] if server_kind == "daphne" else []) + ["lifespan.shutdown"]


def test_it_cuts_what_outlasts_the_drain(server_kind: str, start: Start) -> None:
    server = start(server_kind, drain=1)
    server.heard("ready")
    with begin(server, "/stream?n=1000&gap=0.06") as wire:
        server.signal(signal.SIGTERM)
        began = time.monotonic()
        answer = wire.answer()
        assert 0.7 < time.monotonic() - began < 3
        assert answer.body.endswith(b"[CUT]\n")
        assert answer.ending in ("closed", "reset")
    code, out, _ = server.ended()
    assert (code, out.split()[-1]) == (0, "lifespan.shutdown")


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_at_once_on_a_second_signal(
    server_kind: str, start: Start, second: signal.Signals
) -> None:
    server = start(server_kind, drain=20)
    server.heard("ready")
    with begin(server, "/stream?n=1000&gap=0.06"):
        server.signal(signal.SIGTERM)
        eventually(server.refuses, within=0.6)
        server.signal(second)
        code, out, _ = server.ended(within=2)
    assert (code, out.split()[-1]) == (0, "lifespan.shutdown")


def test_it_closes_idle_connections_when_it_drains(server_kind: str, start: Start) -> None:
    server = start(server_kind, drain=20)
    server.heard("ready")
    with Wire(server.port) as idle:
        idle.send(get("/"))
        assert idle.answer().status == 200
        server.signal(signal.SIGINT)
        assert idle.closed(within=1)
    assert server.ended(within=3)[0] == 0


def test_it_answers_a_request_that_was_on_its_way_when_the_drain_began(start: Start) -> None:
    server = start("daphne", drain=20)
    server.heard("ready")
    with Wire(server.port) as wire:
        request = get("/")
        wire.send(request[:20])
        ask(server.port, get("/"))
        server.signal()
        server.heard("draining")
        wire.send(request[20:])
        answer = wire.answer()
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert wire.closed(within=1)
    assert server.ended(within=3)[0] == 0


@pytest.mark.parametrize("name", ["failing", "crashing"])
def test_it_does_not_serve_what_did_not_start(server_kind: str, start: Start, name: str) -> None:
    server = start(server_kind, name)
    code, out, err = server.ended()
    assert code == 1
    assert "ready" not in out
    assert "The database is newer." in err
    assert "Traceback" not in err
    if server_kind == "daphne":
        assert len(err.splitlines()) == 1


def test_it_can_be_stopped_before_it_has_started(start: Start) -> None:
    server = start("daphne", "sleeping", drain=20)
    server.heard("lifespan.startup")
    server.signal(signal.SIGINT)
    assert server.ended(within=2) == (0, "", "")


def test_it_says_that_its_port_is_taken(start: Start) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, out, err = start("daphne", port=taken.getsockname()[1]).ended()
    assert (code, out, len(err.splitlines())) == (1, "", 1)
    assert "Address already in use" in err
