"""The connector that makes every socket to an upstream, and makes none to a forbidden address.

It judges the very address that it connects to, so redirects, names that change their mind and
odd spellings of loopback gain nothing. Connections of two pools (accounts) are never shared.
"""

from __future__ import annotations

import asyncio
import functools
import socket
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, cast
from weakref import WeakSet

import aiohappyeyeballs
import aiohttp
from aiohttp.client_proto import ResponseHandler

from .addresses import SETTING, AddressPolicy, Place
from .deadlines import Clock
from .resolver import AddrInfo, Resolver, addr_info

if TYPE_CHECKING:
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace

CONNECTIONS_PER_ORIGIN = 200  # of one account
KEEP_ALIVE = 30.0
_HAPPY_EYEBALLS_DELAY = 0.25
_TLS_GOODBYE = 1.0  # seconds a closing connection waits for the peer's close_notify
_NO_TIMEOUT = aiohttp.ClientTimeout()  # the clock keeps the time


class Blocked(PermissionError):
    """The address is not one that may be called."""


class PoolKey(NamedTuple):
    """Connections are reused within one key only. aiohttp reads `is_ssl`."""

    pool: str
    host: str
    port: int
    is_ssl: bool


class Ticket:
    """The part of aiohttp's ClientRequest that a connector looks at, and what ours needs."""

    __slots__ = ("clock", "connection_key", "place")
    proxy = None

    def __init__(self, pool: str, place: Place, clock: Clock) -> None:
        self.connection_key = PoolKey(pool, place.host, place.port, place.tls)
        self.place = place
        self.clock = clock


class GuardedConnector(aiohttp.BaseConnector):
    """aiohttp's pool (limits, waiting, keep-alive, clean-up) over our own way to connect."""

    def __init__(
        self,
        policy: AddressPolicy,
        context: ssl.SSLContext,
        protocol: Callable[[asyncio.AbstractEventLoop], ResponseHandler],
    ) -> None:
        super().__init__(
            limit=0, limit_per_host=CONNECTIONS_PER_ORIGIN, keepalive_timeout=KEEP_ALIVE
        )
        self._policy = policy
        self._context = context
        self._protocol = protocol
        self._resolver = Resolver()
        self.protocols: WeakSet[ResponseHandler] = WeakSet()

    async def acquire(self, ticket: Ticket) -> Connection:
        request = cast(aiohttp.ClientRequest, ticket)
        if self._available_connections(request.connection_key) <= 0:
            ticket.clock.enter("pool", ticket.clock.deadlines.pool_wait)
        return await self.connect(request, traces=[], timeout=_NO_TIMEOUT)

    async def _create_connection(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's signature
    ) -> ResponseHandler:
        ticket = cast(Ticket, req)
        place, clock = ticket.place, ticket.clock
        clock.enter("dns", clock.deadlines.dns)
        ips = await asyncio.wrap_future(self._resolver.lookup(place.host))
        clock.enter("connect", clock.deadlines.connect)
        started = self._loop.time()
        sock = await aiohappyeyeballs.start_connection(
            [addr_info(ip, place.port) for ip in ips],
            happy_eyeballs_delay=_HAPPY_EYEBALLS_DELAY,
            socket_factory=functools.partial(self._judged_socket, place.tls),
        )
        context = None
        if place.tls:
            clock.enter("tls", clock.deadlines.tls - (self._loop.time() - started))
            context = self._context
        _, protocol = await self._loop.create_connection(
            functools.partial(self._protocol, self._loop),
            sock=sock,
            ssl=context,
            server_hostname=place.host if context else None,
            ssl_shutdown_timeout=_TLS_GOODBYE if context else None,
        )
        self.protocols.add(protocol)
        return protocol

    def _judged_socket(self, tls: bool, info: AddrInfo) -> socket.socket:
        ip, port = info[4][:2]
        if not (self._policy.allows(ip, port) if tls else self._policy.allows_plain(ip, port)):
            reason = "address or port" if tls else "plain http to this address"
            raise Blocked(f"{reason} is not allowed; the operator can list it in {SETTING}")
        return socket.socket(info[0], info[1], info[2])
