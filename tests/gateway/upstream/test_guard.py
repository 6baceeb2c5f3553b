"""No spelling, name or redirect leads to an address that is not allowed."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from collections.abc import AsyncIterator, Iterator

import pytest

from omniroute.gateway.errors import UpstreamFailure
from omniroute.gateway.upstream import AddressPolicy, Deadlines, UpstreamClient

from .authority import Authority
from .conftest import Names
from .hostile import PATIENT, QUICK, Peer, Serve, call, failure, until


async def polite(peer: Peer) -> None:
    while True:
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")


@pytest.fixture
async def strict() -> AsyncIterator[UpstreamClient]:
    """A client to which nothing private is allowed."""
    client = UpstreamClient(AddressPolicy())
    yield client
    await client.close()


@pytest.fixture
def trap() -> Iterator[tuple[int, list[object]]]:
    """A port on every address of this machine, of the kind that is allowed, and who came to it."""
    visits: list[object] = []
    with socket.socket(socket.AF_INET6) as server:
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        for port in range(8900, 9900):
            try:
                server.bind(("::", port))
                break
            except OSError:
                continue
        server.listen()
        server.settimeout(0.2)

        def watch() -> None:
            while True:
                try:
                    visitor, address = server.accept()
                    visitor.close()
                    visits.append(address)
                except TimeoutError:
                    continue
                except OSError:
                    return

        thread = threading.Thread(target=watch)
        thread.start()
        yield port, visits
        server.close()
        thread.join()


LOOPBACK = re.findall(
    r"\S+",
    """
    127.0.0.1 127.1 127.0.1 127.255.255.254 localhost LocalHost localhost. 2130706433 0x7f000001
    0x7f.1 0X7F.0.0.1 0177.0.0.1 0177.1 017700000001 127.0.0.1. 0 0.0.0.0 00.0.0.0 [::1] [::]
    [0:0:0:0:0:0:0:1] [::ffff:127.0.0.1] [::FFFF:7F00:1] [::127.0.0.1] [0000::1]
    [0:0:0:0:0:ffff:127.0.0.1] 000000177.0.0.01
    """,
)


@pytest.mark.parametrize("scheme", ["https", "http"])
async def test_it_reaches_loopback_by_no_spelling(
    strict: UpstreamClient, trap: tuple[int, list[object]], scheme: str
) -> None:
    port, visits = trap
    for host in LOOPBACK:
        fault = await failure(strict.send(call(f"{scheme}://{host}:{port}/"), PATIENT))
        assert (fault.kind, fault.sent) == ("blocked", False), host
    with socket.create_connection(("127.0.0.1", port)):  # the trap works, and is not late
        pass
    await asyncio.sleep(0.05)
    assert len(visits) == 1


@pytest.mark.parametrize("answer", ["127.0.0.1", "::1", "169.254.169.254 10.0.0.1", "fe80::1"])
async def test_it_judges_the_address_that_a_name_stands_for(
    strict: UpstreamClient, names: Names, answer: str
) -> None:
    names["innocent.example"] = [answer]
    fault = await failure(strict.send(call("https://innocent.example/"), PATIENT))
    assert (fault.kind, fault.sent) == ("blocked", False)


async def test_it_connects_to_the_allowed_one_of_several_addresses(
    serve: Serve, names: Names
) -> None:
    server = await serve(polite, host="127.0.0.2")
    other = await serve(polite, port=server.port)
    names["both.example"] = ["127.0.0.1 127.0.0.2 127.0.0.3"]
    client = UpstreamClient(AddressPolicy.parse(f"127.0.0.2:{server.port}"))
    response = await client.send(call(f"http://both.example:{server.port}/"), PATIENT)
    assert await response.read() == b"hello"
    await client.close()
    assert (len(server.peers), len(other.peers)) == (1, 0)


async def test_it_is_not_misled_by_a_name_that_changes_its_mind(serve: Serve, names: Names) -> None:
    """Each answer is judged and used once; the next one cannot slip in behind the judgement."""
    good = await serve(polite, host="127.0.0.2")
    bad = await serve(polite, port=good.port)
    policy = AddressPolicy.parse(f"127.0.0.2:{good.port}")
    kinds = []
    for _ in range(6):
        names["rebinding.example"] = ["127.0.0.2", "127.0.0.1", "127.0.0.2", "127.0.0.1"]
        for _ in range(2):
            client = UpstreamClient(policy)
            for _ in range(2):
                try:
                    url = f"http://rebinding.example:{good.port}/"
                    await (await client.send(call(url), PATIENT)).read()
                    kinds.append("answered")
                except UpstreamFailure as exc:
                    kinds.append(exc.kind)
            await client.close()
    assert kinds == ["answered", "answered", "blocked", "blocked"] * 6
    assert not bad.peers


async def test_it_sends_no_key_in_clear_to_a_public_host(
    strict: UpstreamClient, names: Names
) -> None:
    names["api.example"] = ["1.1.1.1"]
    fault = await failure(strict.send(call("http://api.example/v1", Authorization="k"), PATIENT))
    assert (fault.kind, fault.sent) == ("blocked", False)
    assert "plain http" in str(fault)


async def test_it_allows_a_listed_address_and_port_only(serve: Serve) -> None:
    listed, other = await serve(polite), await serve(polite)
    client = UpstreamClient(AddressPolicy.parse(f"127.0.0.1:{listed.port}"))
    response = await client.send(call(listed.url), PATIENT)
    assert await response.read() == b"hello"
    assert (await failure(client.send(call(other.url), PATIENT))).kind == "blocked"
    await client.close()
    assert not other.peers


@pytest.mark.parametrize(
    "url", ["gopher://x/", "https://u:p@1.1.1.1/", "https://1.1.1.1/#a", "https://a b/", "x", ""]
)
async def test_it_refuses_a_url_that_it_would_not_save(strict: UpstreamClient, url: str) -> None:
    fault = await failure(strict.send(call(url), PATIENT))
    assert (fault.kind, fault.sent) == ("blocked", False)


async def test_it_says_when_a_name_does_not_exist(strict: UpstreamClient, names: Names) -> None:
    fault = await failure(strict.send(call("https://no-such.example/"), PATIENT))
    assert (fault.kind, fault.sent) == ("dns", False)
    long = await failure(strict.send(call(f"https://{'a' * 64}.example/"), PATIENT))
    assert long.kind == "dns"


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[threading.Event, list[str]]]:
    """DNS that hangs on names that begin with `hung` until told, and what it was asked."""
    released, asked = threading.Event(), []

    def lookup(host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        asked.append(host)
        if host.startswith("hung"):
            released.wait(10)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    yield released, asked
    released.set()


async def test_it_gives_up_on_a_name_server_that_hangs(
    strict: UpstreamClient, hanging: tuple[threading.Event, list[str]]
) -> None:
    fault = await failure(strict.send(call("https://hung/"), QUICK))
    assert (fault.kind, fault.sent) == ("dns", False)


async def test_it_asks_for_other_names_while_some_hang(
    serve: Serve, hanging: tuple[threading.Event, list[str]]
) -> None:
    released, asked = hanging
    server = await serve(polite)
    client = UpstreamClient(AddressPolicy.parse("127.0.0.1"))

    async def fetch(host: str) -> bytes:
        response = await client.send(call(f"http://{host}:{server.port}/"), Deadlines())
        return await response.read()

    waiting = [asyncio.ensure_future(fetch(f"hung-{number % 40}")) for number in range(80)]
    assert await fetch("quick") == b"hello"
    assert not any(task.done() for task in waiting)
    waiting[0].cancel()
    released.set()
    answers = await asyncio.gather(*waiting[1:])
    await client.close()
    assert set(answers) == {b"hello"}
    assert sorted(asked) == sorted({*asked})  # each name once, also the one whose asker left
    assert len(asked) == 41


async def test_it_bounds_how_many_names_are_asked_for_at_once(
    strict: UpstreamClient, hanging: tuple[threading.Event, list[str]]
) -> None:
    waiting = [
        asyncio.ensure_future(strict.send(call(f"https://hung-{number}/"), Deadlines()))
        for number in range(64)
    ]
    await until(lambda: len(hanging[1]) == 64)
    fault = await failure(strict.send(call("https://one-more/"), Deadlines()))
    assert (fault.kind, fault.sent) == ("dns", False)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_it_verifies_the_name_of_a_listed_server_too(
    serve: Serve, authority: Authority, names: Names
) -> None:
    server = await serve(polite, tls=authority.context("right.example"))
    client = UpstreamClient(AddressPolicy.parse("127.0.0.1"), ca_file=authority.file)
    names["right.example"] = names["wrong.example"] = ["127.0.0.1"]
    right = await client.send(call(f"https://right.example:{server.port}/"), PATIENT)
    assert await right.read() == b"hello"
    wrong = await failure(client.send(call(f"https://wrong.example:{server.port}/"), PATIENT))
    assert wrong.kind == "tls"
    await client.close()
