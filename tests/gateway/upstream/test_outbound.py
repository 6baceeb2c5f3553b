"""The control plane's client, async and not, behind the same guard."""

from __future__ import annotations

import asyncio
import gzip
import ssl
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from omniroute import __version__, outbound
from omniroute.gateway.upstream import AddressPolicy
from omniroute.outbound import OutboundError

from .authority import Authority
from .conftest import Names
from .hostile import Peer, Serve, open_files, resident, until

LOCAL = AddressPolicy.parse("127.0.0.1")
OK = b"HTTP/1.1 200 OK\r\n"

Fetch = Callable[..., Awaitable[Any]]


@pytest.fixture(params=["async", "sync"])
def fetch(request: pytest.FixtureRequest) -> Fetch:
    """GET or POST by either client; gives the response."""

    def within(url: str, options: dict[str, Any], sent: dict[str, Any]) -> Any:
        with outbound.sync_client(**options) as http:
            return http.request("POST" if sent else "GET", url, **sent)

    async def by_either(
        url: str,
        *,
        policy: AddressPolicy = LOCAL,
        timeout: float = 1.0,
        ca_file: str | None = None,
        **sent: Any,
    ) -> Any:
        options = {"policy": policy, "timeout": timeout, "ca_file": ca_file}
        if request.param == "sync":
            return await asyncio.to_thread(within, url, options, sent)
        async with outbound.client(**options) as http:
            return await http.request("POST" if sent else "GET", url, **sent)

    return by_either


async def refusal(awaitable: Awaitable[Any]) -> OutboundError:
    with pytest.raises(OutboundError) as caught:
        await awaitable
    return caught.value


def says(*parts: bytes, every: float = 0.0) -> Callable[[Peer], Awaitable[None]]:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(*parts, every=every)
        await peer.gone()

    return script


async def test_it_fetches(fetch: Fetch, serve: Serve) -> None:
    requests: list[bytes] = []

    async def script(peer: Peer) -> None:
        requests.append(await peer.request())
        await peer.say(
            OK + b"Set-Cookie: a=b\r\nX-Kind: x\r\nContent-Length: 12\r\n\r\n" + b'{"value": 1}'
        )

    server = await serve(script)
    for _ in range(2):
        response = await fetch(server.url, json={"a": 1})
        assert response.status_code == 200
        assert response.json() == {"value": 1}
        assert response.headers["x-kind"] == "x"
        assert "set-cookie" not in response.headers
        assert not response.cookies
    for request in requests:
        assert request.endswith(b'\r\n\r\n{"a":1}')
        assert b"Accept-Encoding: identity\r\n" in request
        assert f"User-Agent: OmniRoute/{__version__}\r\n".encode() in request
        assert b"ookie" not in request


async def test_it_keeps_nothing_between_two_requests(serve: Serve) -> None:
    requests: list[bytes] = []

    async def script(peer: Peer) -> None:
        requests.append(await peer.request())
        await peer.say(OK + b"Set-Cookie: a=b\r\nContent-Length: 0\r\n\r\n")
        await peer.gone()

    server = await serve(script)
    async with outbound.client(policy=LOCAL) as http:
        await http.get(server.url)
        await http.get(server.url)
    assert len(requests) == len(server.peers) == 2  # nor a connection
    assert b"ookie" not in requests[1]


async def test_it_ignores_the_environment(
    fetch: Fetch, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = await serve(says(OK + b"Content-Length: 0\r\n\r\n"))
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    server = await serve(says(OK + b"Content-Length: 2\r\n\r\nok"))
    assert (await fetch(server.url)).text == "ok"
    assert not proxy.peers


async def test_it_follows_no_redirect(fetch: Fetch, serve: Serve) -> None:
    other = await serve(says(OK + b"Content-Length: 0\r\n\r\n"))
    there = f"HTTP/1.1 302 X\r\nLocation: {other.url}\r\nContent-Length: 0\r\n\r\n"
    server = await serve(says(there.encode()))
    assert (await fetch(server.url)).status_code == 302
    assert not other.peers


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "0.0.0.0", "[::1]"]
)
@pytest.mark.parametrize("scheme", ["https", "http"])
async def test_it_calls_no_private_address(
    fetch: Fetch, serve: Serve, host: str, scheme: str
) -> None:
    server = await serve(says())
    error = await refusal(fetch(f"{scheme}://{host}:{server.port}/", policy=AddressPolicy()))
    assert error.kind == "blocked"
    assert not server.peers


async def test_it_judges_what_a_name_stands_for_and_connects_there(
    fetch: Fetch, serve: Serve, names: Names
) -> None:
    good = await serve(says(OK + b"Content-Length: 2\r\n\r\nok"), host="127.0.0.2")
    bad = await serve(says(), port=good.port)
    policy = AddressPolicy.parse(f"127.0.0.2:{good.port}")
    names["rebinding.example"] = ["127.0.0.2", "127.0.0.1", "127.0.0.1 127.0.0.2", "127.0.0.1"]
    url = f"http://rebinding.example:{good.port}/"
    assert (await fetch(url, policy=policy)).text == "ok"
    assert (await refusal(fetch(url, policy=policy))).kind == "blocked"
    assert (await fetch(url, policy=policy)).text == "ok"
    assert not bad.peers


async def test_it_tries_the_next_address(fetch: Fetch, serve: Serve, names: Names) -> None:
    server = await serve(says(OK + b"Content-Length: 2\r\n\r\nok"))
    names["two.example"] = ["127.0.0.3 127.0.0.1"]
    policy = AddressPolicy.parse("127.0.0.0/8")
    url = f"http://two.example:{server.port}/"
    assert (await fetch(url, policy=policy)).text == "ok"


@pytest.mark.parametrize("url", ["http://1.1.1.1/", "http://1.1.1.1:8000/"])
async def test_it_sends_nothing_in_clear_to_the_public(fetch: Fetch, url: str) -> None:
    assert (await refusal(fetch(url))).kind == "blocked"


async def test_it_says_when_there_is_no_such_name(fetch: Fetch, names: Names) -> None:
    assert (await refusal(fetch("https://no-such.example/"))).kind == "dns"


async def test_it_verifies_tls(
    fetch: Fetch, serve: Serve, authority: Authority, names: Names
) -> None:
    server = await serve(
        says(OK + b"Content-Length: 2\r\n\r\nok"), tls=authority.context("right.example")
    )
    names["right.example"] = names["wrong.example"] = ["127.0.0.1"]
    right = f"https://right.example:{server.port}/"
    assert (await fetch(right, ca_file=authority.file)).text == "ok"
    stranger = await refusal(fetch(right))
    wrong = await refusal(fetch(f"https://wrong.example:{server.port}/", ca_file=authority.file))
    assert (stranger.kind, wrong.kind) == ("tls", "tls")
    assert "wrong.example" in wrong.message
    assert len(server.peers) == 1


async def test_it_refuses_a_server_that_speaks_no_tls(fetch: Fetch, serve: Serve) -> None:
    async def script(peer: Peer) -> None:
        await peer.say(OK + b"\r\n")

    server = await serve(script)
    assert (await refusal(fetch(f"https://127.0.0.1:{server.port}/"))).kind == "tls"


async def drips_head(peer: Peer) -> None:
    await peer.request()
    await peer.say(OK)
    while True:
        await peer.say(b"a", every=0.02)


async def drips_body(peer: Peer) -> None:
    await peer.request()
    await peer.say(OK + b"Content-Length: 1000\r\n\r\n")
    while True:
        await peer.say(b"a", every=0.02)


async def floods_informational(peer: Peer) -> None:
    await peer.request()
    while True:
        await peer.say(b"HTTP/1.1 100 Continue\r\n\r\n", every=0.01)


async def hangs(peer: Peer) -> None:
    await peer.gone()


@pytest.mark.parametrize("script", [hangs, drips_head, drips_body, floods_informational])
async def test_it_ends_in_time_whatever_trickles_in(
    fetch: Fetch, serve: Serve, script: Callable[[Peer], Awaitable[None]]
) -> None:
    server = await serve(script)
    began = time.monotonic()
    error = await refusal(fetch(server.url, timeout=0.3))
    assert error.kind == "total_timeout"
    assert time.monotonic() - began < 1.3
    await asyncio.wait_for(server.peers[0].closed.wait(), 1.0)


async def test_it_ends_a_handshake_in_time(fetch: Fetch, serve: Serve) -> None:
    server = await serve(hangs)
    error = await refusal(fetch(f"https://127.0.0.1:{server.port}/", timeout=0.3))
    assert error.kind == "connect"


MARK = b"leak-of-upstream-bytes"
FAULTS = {
    "garbage": (MARK + b"\r\n\r\n", "protocol"),
    "closed": (b"", "protocol"),
    "cut": (OK + b"Content-Length: 99\r\n\r\n" + MARK, "protocol"),
    "bad chunk": (OK + b"Transfer-Encoding: chunked\r\n\r\n" + MARK + b"\r\n", "protocol"),
    "a long head": (OK + b"X: " + MARK * 10_000, "protocol"),
    "gzip": (OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(bytes(1 << 20)), "protocol"),
}


@pytest.mark.parametrize(("said", "kind"), FAULTS.values(), ids=FAULTS)
async def test_it_names_a_fault_without_quoting_the_answer(
    fetch: Fetch, serve: Serve, said: bytes, kind: str
) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(said)

    server = await serve(script)
    error = await refusal(fetch(server.url))
    assert error.kind == kind
    chain: BaseException | None = error
    while chain is not None:
        assert MARK.decode() not in f"{chain!r} {chain}"
        chain = chain.__cause__


async def test_it_stops_at_sixteen_megabytes(fetch: Fetch, serve: Serve) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(OK + b"\r\n")
        while True:
            await peer.say(bytes(1 << 20))

    server = await serve(script)
    before = resident()
    assert (await refusal(fetch(server.url, timeout=5.0))).kind == "too_large"
    assert resident() - before < 48 << 20
    await asyncio.wait_for(server.peers[0].closed.wait(), 1.0)


async def test_it_says_when_nobody_listens(fetch: Fetch, serve: Serve) -> None:
    assert (await refusal(fetch("http://127.0.0.1:1/"))).kind == "connect"


async def test_it_closes_the_socket_when_cancelled(serve: Serve) -> None:
    server = await serve(drips_body)
    base = open_files()

    async def use() -> None:
        async with outbound.client(policy=LOCAL) as http:
            await http.get(server.url)

    task = asyncio.ensure_future(use())
    await until(lambda: len(server.peers) == 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(server.peers[0].closed.wait(), 1.0)
    await until(lambda: open_files() <= base)


async def test_it_asks_once_under_the_operators_policy(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests: list[bytes] = []

    async def script(peer: Peer) -> None:
        requests.append(await peer.request())
        await peer.say(OK + b"X-Kind: x\r\nContent-Length: 2\r\n\r\nok")

    server = await serve(script)
    monkeypatch.setenv("ALLOW_PRIVATE_UPSTREAMS", f"127.0.0.1:{server.port}")
    answer = await asyncio.to_thread(
        outbound.ask, "POST", server.url, headers={"X-Key": "k"}, body={"a": 1}
    )
    assert (answer.status, answer.headers["x-kind"], answer.body) == (200, "x", b"ok")
    assert b"X-Key: k\r\n" in requests[0]
    assert b"Content-Type: application/json\r\n" in requests[0]
    monkeypatch.setenv("ALLOW_PRIVATE_UPSTREAMS", "")
    with pytest.raises(OutboundError, match="blocked"):
        await asyncio.to_thread(outbound.ask, "GET", server.url, headers={})
    assert len(requests) == 1


def test_it_trusts_no_certificate_by_default() -> None:
    from omniroute.gateway.upstream import tls

    context = tls.context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
