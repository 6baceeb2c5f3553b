"""Whatever an upstream does: an answer or a named failure, in little memory."""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
import time
from typing import get_args

import aiohttp
import pytest
from aiohttp.http_exceptions import BadStatusLine, HttpProcessingError

from omniroute.gateway.errors import FailureKind, UpstreamFailure
from omniroute.gateway.upstream import Deadlines, UpstreamClient
from omniroute.gateway.upstream.client import failure_of
from omniroute.gateway.upstream.deadlines import Phase

from .hostile import PATIENT, Peer, Script, Serve, call, drain, failure, resident

OK = b"HTTP/1.1 200 OK\r\n"
MARK = b"leak-of-upstream-bytes"


def says(*parts: bytes, every: float = 0.0, then_close: bool = True) -> Script:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(*parts, every=every)
        if not then_close:
            await peer.gone()

    return script


async def fetch(client: UpstreamClient, url: str, deadlines: Deadlines = PATIENT) -> bytes:
    response = await client.send(call(url), deadlines)
    return await response.read()


async def never_ends(peer: Peer, part: bytes, every: float = 0.01) -> None:
    await peer.request()
    while True:
        await peer.say(part, every=every)


async def test_it_skips_a_few_informational_answers(client: UpstreamClient, serve: Serve) -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" * 3
    server = await serve(says(hints + OK + b"Content-Length: 2\r\n\r\nok"))
    assert await fetch(client, server.url) == b"ok"


async def test_it_cuts_off_a_flood_of_informational_answers(
    client: UpstreamClient, serve: Serve
) -> None:
    flood = b"HTTP/1.1 100 Continue\r\n\r\n" * 40_000
    server = await serve(lambda peer: never_ends(peer, flood, every=0))
    fault = await failure(client.send(call(server.url), Deadlines()))
    assert fault.kind == "too_large"
    await asyncio.wait_for(server.peers[0].closed.wait(), 1.0)


def quotes(fault: BaseException | None) -> bool:
    """Whether it, or what a log would show beneath it, holds bytes of the answer."""
    while fault is not None:
        if MARK.decode() in f"{fault!r} {fault}":
            return True
        fault = fault.__cause__
    return False


FOREIGN = [
    TimeoutError(),
    TimeoutError(110, "timed out"),
    ConnectionRefusedError(111, "refused"),
    BrokenPipeError(),
    ssl.SSLError(1, "bad"),
    ssl.SSLCertVerificationError(1, "bad"),
    socket.gaierror(-2, "no name"),
    HttpProcessingError(message="odd"),
    BadStatusLine("odd"),
    aiohttp.ServerDisconnectedError(),
    aiohttp.ClientOSError(104, "reset"),
    aiohttp.ClientPayloadError("short"),
    aiohttp.ClientConnectionError("odd"),
    UpstreamFailure("incomplete"),
]


@pytest.mark.parametrize("exc", FOREIGN, ids=repr)
@pytest.mark.parametrize("phase", get_args(Phase))
def test_it_has_a_name_for_every_fault_in_every_phase(exc: Exception, phase: Phase) -> None:
    fault = failure_of(exc, phase)
    assert fault.kind in get_args(FailureKind)
    if exc is not fault:
        assert fault.sent is (phase in ("write", "head", "body"))


CUT = {
    "before the head": (b"", "reset"),
    "in the status line": (b"HTTP/1.1 200 " + MARK, "reset"),
    "in the head": (OK + b"X: " + MARK + b"\r\nY: te", "reset"),
    "in a body of known length": (OK + b"Content-Length: 100\r\n\r\nabc", "reset"),
    "before a chunk": (OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "reset"),
    "in a chunk": (OK + b"Transfer-Encoding: chunked\r\n\r\nff\r\nabc", "reset"),
    "before the last line": (OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n", "reset"),
}


@pytest.mark.parametrize("with_reset", [False, True], ids=["closed", "reset"])
@pytest.mark.parametrize(("said", "kind"), CUT.values(), ids=CUT)
async def test_it_tells_a_cut_answer_from_a_whole_one(
    client: UpstreamClient, serve: Serve, said: bytes, kind: str, with_reset: bool
) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(said)
        if with_reset:
            peer.reset()

    server = await serve(script)
    fault = await failure(fetch(client, server.url))
    assert (fault.kind, fault.sent) == (kind, True)
    assert not quotes(fault)


async def test_it_takes_a_reset_for_a_fault_where_a_close_would_be_the_end(
    client: UpstreamClient, serve: Serve
) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(OK + b"\r\nabc", every=0.05)
        peer.reset()

    server = await serve(script)
    assert (await failure(fetch(client, server.url))).kind == "reset"


SECOND = b"HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\n" + MARK
NOT_HTTP = {
    "garbage": MARK + b"\r\n\r\n",
    "HTTP/0.9": b"<html>" + MARK + b"</html>",
    "garbage status": b"HTTP/1.1 2x0 " + MARK + b"\r\n\r\n",
    "HTTP/2": b"HTTP/2.0 200 " + MARK + b"\r\n\r\n",
    "HTTP/3.7": b"HTTP/3.7 200 OK\r\nContent-Length: 0\r\nX: " + MARK + b"\r\n\r\n",
    "TLS alert": b"\x15\x03\x01\x00\x02\x02\x46" + MARK,
    "bad chunk size": OK + b"Transfer-Encoding: chunked\r\n\r\n" + MARK + b"\r\n",
    "negative chunk size": OK + b"Transfer-Encoding: chunked\r\n\r\n-5\r\n" + MARK,
    "chunk without its end": OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab" + MARK + b"\r\n",
    "bare CR in a header": OK + b"X-A: a\r" + MARK + b": b\r\nContent-Length: 0\r\n\r\n",
    "NUL in a header": OK + b"X-A: a\x00" + MARK + b"\r\nContent-Length: 0\r\n\r\n",
    "control character in a header": OK + b"X-A: \x1b]0;" + MARK + b"\r\nContent-Length: 0\r\n\r\n",
    "header without a colon": OK + MARK + b"\r\nContent-Length: 0\r\n\r\n",
    "space in a header name": OK + b"X A" + MARK + b": b\r\nContent-Length: 0\r\n\r\n",
    "two lengths": OK + b"Content-Length: 1\r\nContent-Length: 22\r\n\r\n" + MARK,
    "length and chunks": OK
    + b"Content-Length: 22\r\nTransfer-Encoding: chunked\r\n\r\n16\r\n"
    + MARK
    + b"\r\n0\r\n\r\n",
    "negative length": OK + b"Content-Length: -1\r\n\r\n" + MARK,
    "length with a plus": OK + b"Content-Length: +22\r\n\r\n" + MARK,
    "unknown transfer encoding": OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "204 with a length": b"HTTP/1.1 204 No\r\nContent-Length: 22\r\n\r\n" + MARK,
    "204 with chunks": b"HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n16\r\n" + MARK,
    "204 with bytes after it": b"HTTP/1.1 204 No\r\n\r\n" + MARK,
    "switching protocols": b"HTTP/1.1 101 Up\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n"
    + MARK,
    "a second answer": OK + b"Content-Length: 2\r\n\r\nok" + SECOND,
    "bytes after the answer": OK + b"Content-Length: 2\r\n\r\nok" + MARK,
    "gzip": OK
    + b"Content-Encoding: gzip\r\n\r\n"
    + gzip.compress(bytes(1 << 20))
    + MARK,
    "zstd": OK + b"Content-Encoding: zstd\r\nContent-Length: 22\r\n\r\n" + MARK,
}  # fmt: skip


@pytest.mark.parametrize("said", NOT_HTTP.values(), ids=NOT_HTTP)
async def test_it_refuses_what_is_not_the_http_it_accepts(
    client: UpstreamClient, serve: Serve, said: bytes
) -> None:
    server = await serve(says(said, then_close=False))
    fault = await failure(fetch(client, server.url))
    assert (fault.kind, fault.sent) == ("protocol", True)
    assert not quotes(fault)
    await asyncio.wait_for(server.peers[0].closed.wait(), 1.0)


async def test_it_refuses_a_broken_chunk_that_comes_later(
    client: UpstreamClient, serve: Serve
) -> None:
    first = OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
    server = await serve(says(first, b"oops" + MARK + b"\r\n", every=0.05, then_close=False))
    response = await client.send(call(server.url), PATIENT)
    chunks = response.chunks()
    assert await anext(chunks) == b"abc"
    fault = await failure(anext(chunks))
    assert fault.kind == "protocol"
    assert not quotes(fault)
    await asyncio.wait_for(server.peers[0].closed.wait(), 1.0)


TOO_LARGE = {
    "a million headers": [OK] + [b"A: b\r\n" * 1000] * 1000,
    "101 headers": [OK + b"A: b\r\n" * 101 + b"\r\n"],
    "a long header": [OK + b"A: " + b"b" * 40_000 + b"\r\n\r\n"],
    "a long status line": [b"HTTP/1.1 200 " + b"b" * 40_000 + b"\r\n\r\n"],
    "an endless header": [OK + b"A: "] + [b"b" * 65_536] * 1000,
    "a head of 33 KiB": [OK + (b"A: " + b"b" * 1100 + b"\r\n") * 30 + b"\r\n"],
}


@pytest.mark.parametrize("parts", TOO_LARGE.values(), ids=TOO_LARGE)
async def test_it_caps_the_head(client: UpstreamClient, serve: Serve, parts: list[bytes]) -> None:
    server = await serve(says(*parts, then_close=False))
    before = resident()
    fault = await failure(client.send(call(server.url), PATIENT))
    assert fault.kind == "too_large"
    assert resident() - before < 16 << 20
    await asyncio.wait_for(server.peers[0].closed.wait(), 1.0)


async def test_it_accepts_a_head_within_the_cap(client: UpstreamClient, serve: Serve) -> None:
    said = OK + (b"A: " + b"b" * 300 + b"\r\n") * 99 + b"Content-Length: 500000\r\n\r\n"
    server = await serve(says(said + bytes(500_000), then_close=False))
    assert await fetch(client, server.url) == bytes(500_000)


async def test_it_caps_trailers(client: UpstreamClient, serve: Serve) -> None:
    parts = [OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n"] + [
        b"A: b\r\n" * 1000
    ] * 1000
    server = await serve(says(*parts, then_close=False))
    before = resident()
    assert (await failure(fetch(client, server.url))).kind == "too_large"
    assert resident() - before < 16 << 20


async def endless(peer: Peer) -> None:
    """Ten gigabytes, if anybody takes them."""
    await peer.request()
    await peer.say(OK + b"Content-Length: 10000000000\r\n\r\n")
    block = bytes(1 << 20)
    for _ in range(10_000):
        await peer.say(block)


async def test_it_stops_reading_at_the_limit(client: UpstreamClient, serve: Serve) -> None:
    server = await serve(endless)
    before = resident()
    response = await client.send(call(server.url), Deadlines())
    assert (await failure(response.read(limit=8 << 20))).kind == "too_large"
    assert resident() - before < 32 << 20
    await asyncio.wait_for(server.peers[0].closed.wait(), 1.0)


async def test_it_caps_a_stream(client: UpstreamClient, serve: Serve) -> None:
    server = await serve(endless)
    before = resident()
    response = await client.send(call(server.url), Deadlines())
    chunks = response.chunks()
    taken = 0

    async def take() -> None:
        nonlocal taken
        async for chunk in chunks:
            taken += len(chunk)

    assert (await failure(take())).kind == "too_large"
    assert taken <= 512 << 20
    assert resident() - before < 32 << 20


async def test_it_takes_no_more_than_the_reader_does(client: UpstreamClient, serve: Serve) -> None:
    given = 0

    async def script(peer: Peer) -> None:
        nonlocal given
        sock = peer.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        await peer.request()
        await peer.say(OK + b"\r\n")
        while True:
            await peer.say(bytes(65536))
            given += 65536

    server = await serve(script)
    response = await client.send(call(server.url), PATIENT)
    await asyncio.sleep(0.2)
    stalled = given
    await asyncio.sleep(0.2)
    assert given == stalled < 16 << 20
    response.abort()


async def test_it_keeps_the_loop_free_under_tiny_chunks(
    client: UpstreamClient, serve: Serve
) -> None:
    flood = b"1\r\na\r\n" * 50_000
    server = await serve(says(OK + b"Transfer-Encoding: chunked\r\n\r\n", flood, b"0\r\n\r\n"))
    worst, ended = 0.0, False

    async def heartbeat() -> None:
        nonlocal worst
        while not ended:
            began = time.thread_time()  # of this thread alone, however busy the machine is
            await asyncio.sleep(0)
            worst = max(worst, time.thread_time() - began)

    async with asyncio.TaskGroup() as group:
        group.create_task(heartbeat())
        assert await fetch(client, server.url) == b"a" * 50_000
        ended = True
    assert worst < 0.1


async def test_it_passes_on_statuses_and_header_bytes_as_they_are(
    client: UpstreamClient, serve: Serve
) -> None:
    head = b"HTTP/1.1 999 Odd\r\nX-Text: caf\xc3\xa9\r\nX-Raw: caf\xe9\r\nContent-Length: 0\r\n\r\n"
    server = await serve(says(head))
    response = await client.send(call(server.url), PATIENT)
    assert response.status == 999
    assert response.headers["x-text"] == "café"
    assert response.headers["x-raw"] == "caf\N{REPLACEMENT CHARACTER}"
    assert await response.read() == b""


async def test_it_reads_a_body_that_ends_with_the_connection(
    client: UpstreamClient, serve: Serve
) -> None:
    server = await serve(says(b"HTTP/1.0 200 OK\r\n\r\n", b"data: 1\n\n", b"data: 2\n\n"))
    response = await client.send(call(server.url), PATIENT)
    assert await drain(response) == b"data: 1\n\ndata: 2\n\n"
