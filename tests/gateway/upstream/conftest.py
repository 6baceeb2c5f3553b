"""Fixtures of the upstream engine's tests."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from omniroute.gateway.upstream import AddressPolicy, UpstreamClient

from .authority import Authority, name, unsigned
from .hostile import Hostile, Script, Serve


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """`await serve(script)` starts a server that runs `script(peer)` for each connection."""
    running: list[tuple[asyncio.Server, Hostile]] = []

    async def start(
        script: Script,
        *,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> Hostile:
        hostile = Hostile(script, host=host)
        server = await asyncio.start_server(hostile.accept, host, port, ssl=tls, backlog=1024)
        hostile.port = server.sockets[0].getsockname()[1]
        running.append((server, hostile))
        return hostile

    yield start
    for server, hostile in running:
        server.close()
        for task in hostile.tasks:
            task.cancel()
        await asyncio.gather(*hostile.tasks, return_exceptions=True)
        await server.wait_closed()


@pytest.fixture
async def client() -> AsyncIterator[UpstreamClient]:
    upstream = UpstreamClient(AddressPolicy.parse("127.0.0.1"))
    yield upstream
    await upstream.close()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    folder = tmp_path_factory.mktemp("authority")
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        unsigned("authority", name("authority"), key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "ca.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return Authority(folder, key, certificate)


Names = dict[str, list[str]]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """Name -> addresses, in place of DNS. Each address is one answer; the last one stays."""
    table: Names = {}

    real = socket.getaddrinfo

    def lookup(host: str, port: Any, *rest: Any, **named: Any) -> list[tuple[Any, ...]]:
        with contextlib.suppress(ValueError):
            return real(str(ipaddress.ip_address(host)), port, *rest, **named)
        answers = table.get(host)
        if not answers:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return [info for ip in answer.split() for info in real(ip, port, *rest, **named)]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    return table
