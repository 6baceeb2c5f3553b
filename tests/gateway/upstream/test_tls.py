"""TLS is verified, always, and recent enough."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from omniroute.gateway.upstream import AddressPolicy, UpstreamClient

from .authority import Authority
from .conftest import Names
from .hostile import PATIENT, QUICK, Hostile, Peer, Serve, call, drain, failure, open_files, until


async def polite(peer: Peer) -> None:
    while True:
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")


async def silent(peer: Peer) -> None:
    await peer.gone()


@pytest.fixture
async def trusting(authority: Authority) -> AsyncIterator[UpstreamClient]:
    """A client that trusts the private authority."""
    client = UpstreamClient(AddressPolicy.parse("127.0.0.1"), ca_file=authority.file)
    yield client
    await client.close()


def https(server: Hostile, host: str = "127.0.0.1") -> str:
    return f"https://{host}:{server.port}/v1"


async def test_it_accepts_a_certificate_of_its_authority(
    trusting: UpstreamClient, serve: Serve, authority: Authority
) -> None:
    server = await serve(polite, tls=authority.context("127.0.0.1"))
    for _ in range(2):
        response = await trusting.send(call(https(server)), PATIENT)
        assert await response.read() == b"hello"
    assert len(server.peers) == 1


async def test_it_names_the_host_to_the_server_and_checks_that_name(
    trusting: UpstreamClient, serve: Serve, authority: Authority, names: Names
) -> None:
    asked: list[str | None] = []
    context = authority.context("api.provider.test")
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    server = await serve(polite, tls=context)
    names["api.provider.test"] = ["127.0.0.1"]
    response = await trusting.send(call(https(server, "API.provider.test.")), PATIENT)
    assert await response.read() == b"hello"
    assert asked == ["api.provider.test"]


@pytest.mark.parametrize("wrong", ["stranger", "self-signed", "other host", "expired"])
async def test_it_refuses_a_wrong_certificate(
    trusting: UpstreamClient, serve: Serve, authority: Authority, wrong: str
) -> None:
    context = authority.context(
        "10.9.9.9" if wrong == "other host" else "127.0.0.1",
        self_signed=wrong == "self-signed",
        expired=wrong == "expired",
    )
    server = await serve(polite, tls=context)
    client = trusting
    if wrong == "stranger":
        client = UpstreamClient(AddressPolicy.parse("127.0.0.1"))
    fault = await failure(client.send(call(https(server), Authorization="secret"), PATIENT))
    await client.close()
    assert (fault.kind, fault.sent) == ("tls", False)
    assert ("not valid for '127.0.0.1'" in str(fault)) == (wrong == "other host")
    assert not server.peers  # the handshake never ended: nobody got the key


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
async def test_it_refuses_old_tls(
    trusting: UpstreamClient, serve: Serve, authority: Authority
) -> None:
    context = authority.context("127.0.0.1")
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    server = await serve(polite, tls=context)
    fault = await failure(trusting.send(call(https(server)), PATIENT))
    assert (fault.kind, fault.sent) == ("tls", False)


async def test_it_refuses_a_server_that_speaks_no_tls(
    trusting: UpstreamClient, serve: Serve
) -> None:
    async def script(peer: Peer) -> None:
        await peer.say(b"HTTP/1.1 200 OK\r\n\r\n")

    server = await serve(script)
    fault = await failure(trusting.send(call(https(server)), PATIENT))
    assert (fault.kind, fault.sent) == ("tls", False)


async def test_it_gives_up_on_a_handshake_that_hangs(
    trusting: UpstreamClient, serve: Serve
) -> None:
    server = await serve(silent)
    fault = await failure(trusting.send(call(https(server)), QUICK))
    assert (fault.kind, fault.sent) == ("tls", False)
    await asyncio.wait_for(server.peers[0].closed.wait(), 1.0)


async def test_it_closes_the_socket_when_cancelled_in_the_handshake(
    trusting: UpstreamClient, serve: Serve
) -> None:
    server = await serve(silent)
    task = asyncio.ensure_future(trusting.send(call(https(server)), replace(PATIENT, tls=9.0)))
    await until(lambda: len(server.peers) == 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(server.peers[0].closed.wait(), 1.0)


@pytest.mark.parametrize("way", ["abort", "cancel", "close"])
async def test_it_closes_a_stream_at_once(
    trusting: UpstreamClient, serve: Serve, authority: Authority, way: str
) -> None:
    """Without waiting for the server's side of a TLS goodbye."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\n\r\ndata: 1\n\n")
        await peer.gone()

    server = await serve(script, tls=authority.context("127.0.0.1"))
    response = await trusting.send(call(https(server)), PATIENT)
    reading = asyncio.ensure_future(drain(response))
    await asyncio.sleep(0.05)
    if way == "abort":
        response.abort()
    elif way == "cancel":
        reading.cancel()
    else:
        await trusting.close()
    await asyncio.wait_for(server.peers[0].closed.wait(), 1.0)
    await asyncio.wait([reading])
    assert reading.cancelled() or reading.exception()


async def test_it_does_not_wait_long_for_the_goodbye_of_a_server(
    trusting: UpstreamClient, serve: Serve, authority: Authority
) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await peer.say(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
        await asyncio.sleep(60)

    server = await serve(script, tls=authority.context("127.0.0.1"))
    base = open_files()
    response = await trusting.send(call(https(server)), PATIENT)
    assert await response.read() == b"ok"
    await until(lambda: open_files() <= base + 1, within=2.0)  # the server's end


async def test_it_takes_a_reset_in_a_stream_for_a_fault(
    trusting: UpstreamClient, serve: Serve, authority: Authority
) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\n\r\ndata: 1\n\n", every=0.05)
        peer.reset()

    server = await serve(script, tls=authority.context("127.0.0.1"))
    response = await trusting.send(call(https(server)), PATIENT)
    assert (await failure(response.read())).kind == "reset"
