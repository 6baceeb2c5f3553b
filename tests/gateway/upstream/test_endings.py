"""When a caller leaves, its upstream socket closes at once and nothing is lost."""

from __future__ import annotations

import asyncio
import gc
import random

import pytest

from omniroute.gateway.upstream import (
    AddressPolicy,
    Deadlines,
    UpstreamClient,
)

from .authority import Authority
from .hostile import PATIENT, Peer, Serve, call, drain, failure, open_files, swamped, until

HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
STREAM = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


async def polite(peer: Peer) -> None:
    while True:
        await peer.request()
        await peer.say(HELLO)


async def streams_for_ever(peer: Peer) -> None:
    await peer.request()
    await peer.say(STREAM)
    while True:
        await peer.say(b"7\r\ndata: 1\r\n", every=0.005)


async def silent(peer: Peer) -> None:
    await peer.gone()


async def test_it_closes_the_socket_when_the_caller_gives_up(
    client: UpstreamClient, serve: Serve
) -> None:
    server = await serve(streams_for_ever)
    response = await client.send(call(server.url), PATIENT)
    assert await anext(response.chunks())
    response.abort()
    response.abort()
    await asyncio.wait_for(server.peers[0].closed.wait(), 1.0)
    assert (await failure(response.read())).kind == "reset"


async def test_it_wakes_a_reader_when_another_task_gives_up(
    client: UpstreamClient, serve: Serve
) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(STREAM)
        await peer.gone()

    server = await serve(script)
    response = await client.send(call(server.url), PATIENT)
    reading = asyncio.ensure_future(drain(response))
    await asyncio.sleep(0)
    response.abort()
    assert (await failure(reading)).kind == "reset"


async def test_it_leaves_a_complete_answer_alone_when_aborted(
    client: UpstreamClient, serve: Serve
) -> None:
    server = await serve(polite)
    for _ in range(3):
        response = await client.send(call(server.url), PATIENT)
        assert await response.read() == b"hello"
        response.abort()
    assert len(server.peers) == 1


async def test_it_closes_the_socket_when_the_reader_leaves_the_loop(
    client: UpstreamClient, serve: Serve
) -> None:
    server = await serve(streams_for_ever)
    chunks = (await client.send(call(server.url), PATIENT)).chunks()
    async for _ in chunks:
        break
    await chunks.aclose()  # type: ignore[attr-defined]
    await asyncio.wait_for(server.peers[0].closed.wait(), 1.0)


async def stalls(peer: Peer) -> None:
    peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
    await asyncio.sleep(60)


async def silent_body(peer: Peer) -> None:
    await peer.request()
    await peer.say(STREAM)
    await peer.gone()


@pytest.mark.parametrize("whole", [True, False], ids=["read", "chunks"])
@pytest.mark.parametrize("script", [silent, stalls, silent_body, streams_for_ever])
async def test_it_closes_the_socket_when_cancelled(
    client: UpstreamClient, serve: Serve, script: object, whole: bool
) -> None:
    server = await serve(script)

    async def use() -> None:
        response = await client.send(call(server.url, body=bytes(8 << 20)), PATIENT)
        await (response.read() if whole else drain(response))

    base = open_files()
    task = asyncio.ensure_future(use())
    await until(lambda: len(server.peers) == 1)
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: open_files() <= base + 1)  # the server's end


async def test_it_gives_back_the_socket_when_cancelled_in_the_connect(
    client: UpstreamClient,
) -> None:
    with swamped() as port:
        base = open_files()
        task = asyncio.ensure_future(client.send(call(f"http://127.0.0.1:{port}/"), Deadlines()))
        await until(lambda: open_files() > base)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: open_files() == base)


@pytest.mark.parametrize(("secure", "rounds"), [(False, 40), (True, 10)], ids=["http", "https"])
async def test_it_loses_nothing_when_calls_are_cancelled_at_any_moment(
    serve: Serve, authority: Authority, secure: bool, rounds: int
) -> None:
    """Clients come and go at any moment: connecting, waiting, streaming, reading the end."""

    async def script(peer: Peer) -> None:
        while True:
            await peer.request()
            await asyncio.sleep(random.random() * 0.01)
            await peer.say(STREAM)
            for _ in range(4):
                await peer.say(b"7\r\ndata: 1\r\n", every=random.random() * 0.004)
            await peer.say(b"0\r\n\r\n")

    random.seed(20)
    server = await serve(script, tls=authority.context("127.0.0.1") if secure else None)
    url = server.url.replace("http:", "https:") if secure else server.url
    client = UpstreamClient(AddressPolicy.parse("127.0.0.1"), ca_file=authority.file)
    gc.collect()
    base, tasks = open_files(), len(asyncio.all_tasks())

    async def use() -> None:
        assert await drain(await client.send(call(url), PATIENT)) == b"data: 1" * 4

    for _ in range(rounds):
        calls = [asyncio.ensure_future(use()) for _ in range(20)]
        for task in calls:
            asyncio.get_running_loop().call_later(random.random() * 0.03, task.cancel)
        await asyncio.gather(*calls, return_exceptions=True)
    # Every slot is still there: two hundred at once, each to the end.
    await asyncio.gather(*[use() for _ in range(200)])
    await client.close()
    await until(lambda: all(peer.closed.is_set() for peer in server.peers))
    await until(lambda: open_files() <= base)
    await until(lambda: len(asyncio.all_tasks()) <= tasks)


async def test_it_ends_every_call_when_it_closes(serve: Serve) -> None:
    server = await serve(silent_body)
    client = UpstreamClient(AddressPolicy.parse("127.0.0.1"))
    response = await client.send(call(server.url), PATIENT)
    reading = asyncio.ensure_future(drain(response))
    await asyncio.sleep(0)
    await asyncio.wait_for(client.close(), 1.0)
    assert (await failure(reading)).kind == "reset"
    await asyncio.wait_for(server.peers[0].closed.wait(), 1.0)
    late = await failure(client.send(call(server.url), PATIENT))
    assert (late.kind, late.sent) == ("pool", False)


async def test_it_can_close_without_having_been_used() -> None:
    await UpstreamClient(AddressPolicy()).close()
