"""How connections are made, shared, given back and closed."""

from __future__ import annotations

import asyncio
import gc
import random
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest

from omniroute import __version__
from omniroute.gateway.errors import UpstreamFailure
from omniroute.gateway.upstream import (
    AddressPolicy,
    Deadlines,
    UpstreamClient,
    UpstreamRequest,
)

from .authority import Authority
from .hostile import PATIENT, QUICK, Peer, Serve, call, drain, failure, open_files, until

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


@contextmanager
def swamped() -> Iterator[int]:
    """A port whose queue of new connections is full: a connect to it hangs."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(server.getsockname())
        yield server.getsockname()[1]


async def test_it_gives_up_on_a_connect_that_hangs(client: UpstreamClient) -> None:
    with swamped() as port:
        fault = await failure(client.send(call(f"http://127.0.0.1:{port}/"), QUICK))
    assert (fault.kind, fault.sent) == ("connect", False)


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
