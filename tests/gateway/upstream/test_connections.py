"""How connections are made, shared and given back."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress

import pytest

from omniroute.gateway.errors import UpstreamFailure
from omniroute.gateway.upstream import (
    UpstreamClient,
    UpstreamRequest,
)

from .hostile import PATIENT, QUICK, Peer, Serve, call, failure, swamped, until

HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
STREAM = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


async def polite(peer: Peer) -> None:
    while True:
        await peer.request()
        await peer.say(HELLO)


async def silent(peer: Peer) -> None:
    await peer.gone()


async def fetch(client: UpstreamClient, request: UpstreamRequest) -> bytes:
    return await (await client.send(request, PATIENT)).read()


async def test_it_reuses_a_connection(client: UpstreamClient, serve: Serve) -> None:
    server = await serve(polite)
    for _ in range(5):
        assert await fetch(client, call(server.url)) == b"hello"
    assert len(server.peers) == 1


async def test_it_never_shares_a_connection_between_accounts(
    client: UpstreamClient, serve: Serve
) -> None:
    seen: dict[int, set[bytes]] = {}

    async def script(peer: Peer) -> None:
        while True:
            request = await peer.request()
            key = request.split(b"Authorization: Bearer ")[1].split(b"\r\n")[0]
            seen.setdefault(peer.number, set()).add(key)
            await peer.say(HELLO)

    server = await serve(script)
    async with asyncio.TaskGroup() as group:
        for number in range(60):
            pool = f"account-{number % 6}"
            request = call(server.url, pool=pool, Authorization=f"Bearer {pool}")
            group.create_task(fetch(client, request))
    for number in range(60):
        pool = f"account-{number % 6}"
        await fetch(client, call(server.url, pool=pool, Authorization=f"Bearer {pool}"))
    assert all(len(keys) == 1 for keys in seen.values())
    assert set.union(*seen.values()) == {b"account-%d" % number for number in range(6)}


@pytest.mark.parametrize("length", [1, 20, 999], ids=["a byte", "half an answer", "an answer"])
async def test_it_closes_a_connection_that_speaks_unasked(
    client: UpstreamClient, serve: Serve, length: int
) -> None:
    """A second answer that arrives after the first must not answer the next request."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(HELLO)
        if peer.number == 0:
            await asyncio.sleep(0.05)
            await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"[:length])
        await peer.gone()

    server = await serve(script)
    assert await fetch(client, call(server.url)) == b"hello"
    await asyncio.wait_for(server.peers[0].closed.wait(), 1.0)
    assert await fetch(client, call(server.url)) == b"hello"
    assert len(server.peers) == 2


async def test_it_does_not_let_a_smuggled_answer_serve_the_next_request(
    client: UpstreamClient, serve: Serve
) -> None:
    """The forged answer comes in the same packet as the end of a stream whose head is read."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(STREAM + b"1\r\na\r\n", every=0.05)
        forged = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged" * (peer.number == 0)
        await peer.say(b"0\r\n\r\n" + forged)
        await peer.gone()

    server = await serve(script)
    first = await client.send(call(server.url), PATIENT)
    with suppress(UpstreamFailure):
        assert await first.read() == b"a"
    assert await fetch(client, call(server.url)) == b"a"
    assert len(server.peers) == 2


async def test_it_does_not_write_to_a_connection_that_the_server_has_closed(
    client: UpstreamClient, serve: Serve
) -> None:
    requests = 0

    async def script(peer: Peer) -> None:
        nonlocal requests
        await peer.request()
        requests += 1
        await peer.say(HELLO)

    server = await serve(script)
    for number in range(5):
        assert await fetch(client, call(server.url)) == b"hello"
        await until(lambda seen=number: server.peers[seen].closed.is_set())  # type: ignore[misc]
    assert requests == len(server.peers) == 5


@pytest.mark.parametrize("method", ["POST", "GET", "PUT"])
async def test_it_never_repeats_a_request_in_secret(
    client: UpstreamClient, serve: Serve, method: str
) -> None:
    requests = 0

    async def script(peer: Peer) -> None:
        nonlocal requests
        for answer in (HELLO, b""):
            await peer.request()
            requests += 1
            await peer.say(answer)

    server = await serve(script)
    request = UpstreamRequest(method=method, url=server.url, headers={}, body=b"{}", pool="a")
    assert await fetch(client, request) == b"hello"
    fault = await failure(client.send(request, PATIENT))
    assert (fault.kind, fault.sent) == ("reset", True)
    assert requests == 2


async def test_it_does_not_reuse_a_connection_with_an_unsent_rest(
    client: UpstreamClient, serve: Serve
) -> None:
    """The server answers at the head of the request and never reads the body."""

    async def script(peer: Peer) -> None:
        await peer.reader.readuntil(b"\r\n\r\n")
        peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await peer.say(b"HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno")
        await asyncio.sleep(10)

    server = await serve(script)
    for expected in (1, 2):
        response = await client.send(call(server.url, body=bytes(16 << 20)), PATIENT)
        assert response.status == 401
        assert await response.read() == b"no"
        assert len(server.peers) == expected


async def test_it_waits_in_vain_for_a_connection_beyond_the_limit(
    client: UpstreamClient, serve: Serve
) -> None:
    server = await serve(silent)
    waiting = [asyncio.ensure_future(client.send(call(server.url), PATIENT)) for _ in range(200)]
    await until(lambda: len(server.peers) == 200, within=5.0)
    fault = await failure(client.send(call(server.url), QUICK))
    assert (fault.kind, fault.sent) == ("pool", False)
    other = await failure(client.send(call(server.url, pool="other"), QUICK))
    assert other.kind == "first_byte_timeout"
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert len(server.peers) == 201


async def test_it_says_when_nobody_listens(client: UpstreamClient) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        fault = await failure(client.send(call(f"http://127.0.0.1:{port}/"), PATIENT))
    assert (fault.kind, fault.sent) == ("connect", False)
    assert str(fault) == "connect: Connection refused"


async def test_it_gives_up_on_a_connect_that_hangs(client: UpstreamClient) -> None:
    with swamped() as port:
        fault = await failure(client.send(call(f"http://127.0.0.1:{port}/"), QUICK))
    assert (fault.kind, fault.sent) == ("connect", False)
