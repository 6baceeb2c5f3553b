"""Every phase of a call ends in time."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest

from omniroute.gateway.upstream import Deadlines, UpstreamClient
from omniroute.gateway.upstream.deadlines import Clock

from .hostile import PATIENT, QUICK, Peer, Script, Serve, call, failure

OK = b"HTTP/1.1 200 OK\r\n"


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


async def test_it_gives_up_on_a_server_that_never_answers(
    client: UpstreamClient, serve: Serve
) -> None:
    server = await serve(says(then_close=False))
    began = time.monotonic()
    fault = await failure(client.send(call(server.url), QUICK))
    assert (fault.kind, fault.sent) == ("first_byte_timeout", True)
    assert 0.25 < time.monotonic() - began < 1.3
    await asyncio.wait_for(server.peers[0].closed.wait(), 1.0)


async def test_it_does_not_let_a_dripping_head_extend_its_time(
    client: UpstreamClient, serve: Serve
) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(OK)
        while True:
            await peer.say(b"a", every=0.02)

    server = await serve(script)
    fault = await failure(client.send(call(server.url), QUICK))
    assert fault.kind == "first_byte_timeout"


async def test_it_does_not_let_informational_answers_extend_its_time(
    client: UpstreamClient, serve: Serve
) -> None:
    server = await serve(lambda peer: never_ends(peer, b"HTTP/1.1 100 Continue\r\n\r\n"))
    fault = await failure(client.send(call(server.url), QUICK))
    assert fault.kind == "first_byte_timeout"


async def test_it_gives_up_on_a_body_that_falls_silent(
    client: UpstreamClient, serve: Serve
) -> None:
    server = await serve(says(OK + b"\r\n", b"data: 1\n\n", then_close=False))
    response = await client.send(call(server.url), QUICK)
    chunks = response.chunks()
    assert await anext(chunks) == b"data: 1\n\n"
    assert (await failure(anext(chunks))).kind == "idle_timeout"
    await asyncio.wait_for(server.peers[0].closed.wait(), 1.0)


async def test_it_takes_chunk_extensions_for_silence(client: UpstreamClient, serve: Serve) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(OK + b"Transfer-Encoding: chunked\r\n\r\n1;")
        while True:
            await peer.say(b"x", every=0.02)

    server = await serve(script)
    assert (await failure(fetch(client, server.url, QUICK))).kind == "idle_timeout"


async def test_it_ends_a_body_that_drips_at_the_total_deadline(
    client: UpstreamClient, serve: Serve
) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(OK + b"\r\n")
        while True:
            await peer.say(b".", every=0.02)

    server = await serve(script)
    fault = await failure(fetch(client, server.url, replace(QUICK, total=0.5)))
    assert (fault.kind, fault.sent) == ("total_timeout", True)


async def test_it_counts_the_head_into_the_total_deadline(
    client: UpstreamClient, serve: Serve
) -> None:
    server = await serve(says(then_close=False))
    fault = await failure(client.send(call(server.url), replace(QUICK, total=0.2)))
    assert fault.kind == "total_timeout"


async def test_it_does_not_prolong_a_call_that_is_already_late() -> None:
    """An upload's last byte may leave at the very moment when its time is up."""
    clock = Clock(PATIENT)

    async def late() -> None:
        async with clock:
            clock.enter("write", 0.0)
            try:
                await asyncio.sleep(60)
            finally:
                clock.enter("head", 60.0)

    with pytest.raises(TimeoutError):
        await late()
    assert clock.phase == "write"


async def test_it_does_not_blame_the_upstream_for_a_slow_reader(
    client: UpstreamClient, serve: Serve
) -> None:
    proceed = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(OK + b"\r\none")
        await proceed.wait()
        await peer.say(b"two")

    server = await serve(script)
    response = await client.send(call(server.url), replace(PATIENT, idle=0.2))
    chunks = response.chunks()
    assert await anext(chunks) == b"one"
    await asyncio.sleep(0.5)  # the caller's own client is slow
    proceed.set()
    assert [chunk async for chunk in chunks] == [b"two"]


async def test_it_gives_up_on_a_server_that_does_not_read(
    client: UpstreamClient, serve: Serve
) -> None:
    released = asyncio.Event()

    async def script(peer: Peer) -> None:
        peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await released.wait()

    server = await serve(script)
    fault = await failure(client.send(call(server.url, body=bytes(32 << 20)), QUICK))
    assert (fault.kind, fault.sent) == ("write", True)
    released.set()


async def test_it_gives_a_slow_upload_its_own_time(client: UpstreamClient, serve: Serve) -> None:
    async def script(peer: Peer) -> None:
        peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.sleep(0.5)
        peer.writer.transport.resume_reading()  # type: ignore[attr-defined]
        await peer.request()
        await peer.say(OK + b"Content-Length: 2\r\n\r\nok")

    server = await serve(script)
    deadlines = replace(PATIENT, first_byte=0.4)
    response = await client.send(call(server.url, body=bytes(32 << 20)), deadlines)
    assert await response.read() == b"ok"


async def test_it_waits_for_the_head_from_the_end_of_the_upload(
    client: UpstreamClient, serve: Serve
) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.gone()

    server = await serve(script)
    deadlines = replace(PATIENT, first_byte=0.2)
    fault = await failure(client.send(call(server.url, body=bytes(16 << 20)), deadlines))
    assert fault.kind == "first_byte_timeout"
