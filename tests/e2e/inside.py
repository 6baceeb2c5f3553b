"""The gateway without a server around it, in front of providers that a test makes up.

For what the catalog's providers can do and an endpoint of one's own cannot, and for failures that
would let an account of the shared product rest.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from omniroute.gateway.access import Access
from omniroute.gateway.app import Gateway
from omniroute.gateway.asgi import Cut, Message
from omniroute.gateway.snapshot import Connection, Key, Provider, Snapshot
from omniroute.gateway.spool import Spool
from omniroute.gateway.state import State
from omniroute.gateway.store import Store
from omniroute.gateway.upstream import AddressPolicy, UpstreamClient

KEY = "sk-omni-inside"


@dataclass
class Told:
    """An answer. `cut` says that the connection was closed before its end."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    ended: bool = False
    cut: bool = False

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Inside:
    gateway: Gateway

    async def post(self, path: str, body: Any, headers: Mapping[str, str] | None = None) -> Told:
        route, _, query = path.partition("?")
        sent = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
        sent |= headers or {}
        scope = {
            "type": "http",
            "method": "POST",
            "path": route,
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
            "client": ("127.0.0.1", 1),
        }
        return await _called(self.gateway, scope, body)


async def _called(gateway: Gateway, scope: dict[str, Any], body: Any) -> Told:
    told = Told()
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    waiting = [{"type": "http.request", "body": content, "more_body": False}]

    async def receive() -> Message:
        if waiting:
            return waiting.pop()
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            told.status = message["status"]
            told.headers = {
                name.decode(): value.decode("latin-1") for name, value in message["headers"]
            }
        else:
            told.body += message.get("body", b"")
            told.ended = not message.get("more_body", False)

    try:
        await gateway(scope, receive, send)
    except Cut:
        told.cut = True
    return told


@asynccontextmanager
async def serving(folder: Path, *providers: Provider) -> AsyncIterator[Inside]:
    """A gateway with one account at each provider; nothing of it is shared with another."""
    snapshot = Snapshot(
        version=1,
        digest="",
        providers={provider.id: provider for provider in providers},
        prefixes={provider.id: provider.id for provider in providers},
        connections={provider.id: (_account(provider),) for provider in providers},
        keys={KEY.encode(): Key(id="k", name="tests")},
    )
    client = UpstreamClient(AddressPolicy.parse("127.0.0.0/8"))
    access = Access(str.encode, require_key=True, proxies=())
    spool = Spool(folder / "spool")
    try:
        yield Inside(Gateway(Store(snapshot), client, spool, State(), access))
    finally:
        await client.close()
        segment = spool.rotate()
        if segment is not None:
            segment.release()


def _account(provider: Provider) -> Connection:
    return Connection(
        id=f"account-{provider.id}",
        provider=provider.id,
        name="an account",
        auth="api_key",
        secret="up-secret",
    )
