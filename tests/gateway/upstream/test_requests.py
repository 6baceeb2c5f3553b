"""What is written to a provider, and how its answer is read."""

from __future__ import annotations

import asyncio

import pytest

from omniroute import __version__
from omniroute.gateway.upstream import (
    UpstreamClient,
    UpstreamRequest,
)

from .hostile import PATIENT, Peer, Serve, call, failure

HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
STREAM = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


async def polite(peer: Peer) -> None:
    while True:
        await peer.request()
        await peer.say(HELLO)


async def fetch(client: UpstreamClient, request: UpstreamRequest) -> bytes:
    return await (await client.send(request, PATIENT)).read()


async def test_it_writes_a_plain_request(client: UpstreamClient, serve: Serve) -> None:
    got = b""

    async def script(peer: Peer) -> None:
        nonlocal got
        got = await peer.request()
        await peer.say(HELLO)

    server = await serve(script)
    url = f"http://127.0.0.1:{server.port}/v1/models/a%2Fb?alt=sse&x=%20"
    await fetch(client, call(url, body=b'{"a":1}', X_Api_Key="k", Content_Type="application/json"))
    head, body = got.split(b"\r\n\r\n")
    assert head.split(b"\r\n") == [
        b"POST /v1/models/a%2Fb?alt=sse&x=%20 HTTP/1.1",
        f"Host: 127.0.0.1:{server.port}".encode(),
        b"Accept-Encoding: identity",
        b"Content-Length: 7",
        b"X-Api-Key: k",
        b"Content-Type: application/json",
        f"User-Agent: OmniRoute/{__version__}".encode(),
    ]
    assert body == b'{"a":1}'


async def test_it_sends_no_body_with_a_get_and_keeps_a_given_user_agent(
    client: UpstreamClient, serve: Serve
) -> None:
    got = b""

    async def script(peer: Peer) -> None:
        nonlocal got
        got = await peer.request()
        await peer.say(HELLO)

    server = await serve(script)
    request = UpstreamRequest(
        method="GET", url=server.url, headers={"user-agent": "mine/1"}, body=b"", pool="a"
    )
    await fetch(client, request)
    assert b"Content-Length" not in got
    assert got.count(b"gent: ") == 1
    assert b"user-agent: mine/1\r\n" in got


async def test_it_ignores_headers_that_would_break_framing(
    client: UpstreamClient, serve: Serve
) -> None:
    got = b""

    async def script(peer: Peer) -> None:
        nonlocal got
        got = await peer.request()
        await peer.say(HELLO)

    server = await serve(script)
    bad = {
        "Transfer-Encoding": "chunked",
        "content-length": "99",
        "Host": "elsewhere",
        "Accept-Encoding": "gzip",
        "Connection": "close",
        "Expect": "100-continue",
        "Cookie": "a=b",
    }
    await fetch(client, call(server.url, **{name.replace("-", "_"): v for name, v in bad.items()}))
    for name in bad:
        assert got.lower().count(name.lower().encode() + b":") == (
            name in ("content-length", "Host", "Accept-Encoding")
        )
    assert b"elsewhere" not in got
    assert b"gzip" not in got


@pytest.mark.parametrize(
    "headers",
    [
        {"X-A": "a\r\nX-B: b"},
        {"X-A": "a\nb"},
        {"X-A": "a\x00"},
        {"X-A": "\x7f"},
        {"X-A": "\udc80"},
        {"X-A\r\nX-B": "b"},
        {"X A": "b"},
        {"": "b"},
        {"X-Ä": "b"},
    ],
    ids=repr,
)
async def test_it_refuses_to_write_a_header_that_is_two(
    client: UpstreamClient, serve: Serve, headers: dict[str, str]
) -> None:
    server = await serve(polite)
    request = UpstreamRequest(method="POST", url=server.url, headers=headers, body=b"", pool="a")
    fault = await failure(client.send(request, PATIENT))
    assert (fault.kind, fault.sent) == ("blocked", False)
    assert not server.peers


async def test_it_refuses_a_method_that_is_more_than_a_word(
    client: UpstreamClient, serve: Serve
) -> None:
    server = await serve(polite)
    bad = UpstreamRequest(method="GET / HTTP/1.1", url=server.url, headers={}, body=b"", pool="a")
    assert (await failure(client.send(bad, PATIENT))).sent is False


def test_it_shows_no_secret_in_a_repr() -> None:
    request = call("https://h/v1?key=secret-1", body=b"secret-2", Authorization="secret-3")
    assert "secret" not in repr(request)


async def test_it_keeps_no_cookies(client: UpstreamClient, serve: Serve) -> None:
    requests: list[bytes] = []

    async def script(peer: Peer) -> None:
        while True:
            requests.append(await peer.request())
            await peer.say(
                b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nset-cookie: c=d\r\n"
                b"X-One: 1\r\nX-One: 2\r\nContent-Length: 0\r\n\r\n"
            )

    server = await serve(script)
    for _ in range(3):
        response = await client.send(call(server.url), PATIENT)
        assert dict(response.headers) == {"x-one": "1", "content-length": "0"}
    assert len(requests) == 3
    assert not any(b"ookie" in request for request in requests)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_it_follows_no_redirect(client: UpstreamClient, serve: Serve, status: int) -> None:
    other = await serve(polite)

    async def script(peer: Peer) -> None:
        await peer.request()
        target = other.url if status != 302 else "http://169.254.169.254/latest/meta-data/"
        await peer.say(f"HTTP/1.1 {status} X\r\nLocation: {target}\r\n\r\n".encode())

    server = await serve(script)
    response = await client.send(call(server.url), PATIENT)
    assert response.status == status
    assert await response.read() == b""
    assert not other.peers


async def test_it_answers_a_head_request_without_waiting_for_a_body(
    client: UpstreamClient, serve: Serve
) -> None:
    async def script(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")

    server = await serve(script)
    request = UpstreamRequest(method="HEAD", url=server.url, headers={}, body=b"", pool="a")
    assert await fetch(client, request) == b""
    assert await fetch(client, request) == b""
    assert len(server.peers) == 1


async def test_it_joins_what_has_arrived(client: UpstreamClient, serve: Serve) -> None:
    said = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(STREAM, *[b"7\r\ndata: 1\r\n"] * 500, b"0\r\n\r\n")
        said.set()
        await peer.gone()

    server = await serve(script)
    response = await client.send(call(server.url), PATIENT)
    await said.wait()
    chunks = [chunk async for chunk in response.chunks()]
    assert b"".join(chunks) == b"data: 1" * 500
    assert len(chunks) < 50


async def test_it_hands_over_each_chunk_as_it_comes(client: UpstreamClient, serve: Serve) -> None:
    proceed = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(STREAM + b"1\r\n1\r\n")
        await proceed.wait()
        await peer.say(b"1\r\n2\r\n0\r\n\r\n")

    server = await serve(script)
    response = await client.send(call(server.url), PATIENT)
    chunks = response.chunks()
    assert await anext(chunks) == b"1"
    proceed.set()
    assert [chunk async for chunk in chunks] == [b"2"]
