"""The control plane's HTTP client: logins, key checks, model and quota sync.

It stands behind the same guard as the gateway: every address is judged, and connected to, after
one resolution. One request per connection, whole bounded bodies, and `timeout` as a hard wall
over all of it. Whatever goes wrong is an OutboundError.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import ssl
import time
from collections.abc import AsyncIterable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import httpcore
import httpx
import orjson

from omniroute import __version__
from omniroute.gateway.errors import FailureKind, UpstreamFailure
from omniroute.gateway.upstream import AddressPolicy, tls
from omniroute.gateway.upstream.addresses import SETTING
from omniroute.gateway.upstream.resolver import Resolver

MAX_BODY_BYTES = 16 << 20
_DNS, _CONNECT = 3.0, 5.0
_HEADERS = {"User-Agent": f"OmniRoute/{__version__}", "Accept-Encoding": "identity"}
_FAULTS = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, OSError)
_KINDS: tuple[tuple[type[Exception], FailureKind], ...] = (
    (httpcore.ConnectTimeout, "connect"),
    (httpcore.ConnectError, "connect"),
    (httpcore.TimeoutException, "total_timeout"),
    (TimeoutError, "total_timeout"),
    (httpcore.ProtocolError, "protocol"),
)

# httpx logs every URL, and a login's URLs hold codes.
logging.getLogger("httpx").setLevel(logging.WARNING)


class OutboundError(UpstreamFailure):
    """A request of the control plane that got no answer. `kind` says why, `message` in words."""

    def __init__(self, kind: FailureKind, message: str = "") -> None:
        super().__init__(kind, message)
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`headers` has lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def ask(
    method: str, url: str, *, headers: Mapping[str, str], body: object = None, timeout: float = 15.0
) -> Answer:
    """One request, from a thread, under the operator's own policy; a body is sent as JSON."""
    policy = AddressPolicy.parse(os.environ.get(SETTING, ""))
    content = None if body is None else orjson.dumps(body)
    typed = {"Content-Type": "application/json", **headers} if content else dict(headers)
    with sync_client(policy=policy, timeout=timeout) as http:
        response = http.request(method, url, headers=typed, content=content)
    return Answer(
        status=response.status_code, headers=dict(response.headers), body=response.content
    )


def client(
    *, policy: AddressPolicy, timeout: float = 15.0, ca_file: str | None = None
) -> httpx.AsyncClient:
    """`async with client(policy=…) as http`. Use it for one job and close it."""
    transport = _AsyncTransport(policy, timeout, tls.context(ca_file))
    return httpx.AsyncClient(
        transport=transport, headers=_HEADERS, timeout=timeout, trust_env=False
    )


def sync_client(
    *, policy: AddressPolicy, timeout: float = 15.0, ca_file: str | None = None
) -> httpx.Client:
    """The same for views and tasks that are not async."""
    transport = _Transport(policy, timeout, tls.context(ca_file))
    return httpx.Client(transport=transport, headers=_HEADERS, timeout=timeout, trust_env=False)


@dataclass(frozen=True, slots=True)
class _Route:
    """Where names may lead, and how long a connection may live: exactly one request long."""

    judge: Callable[[str, int], bool]
    timeout: float
    resolver: Resolver

    def allowed(self, ips: Iterable[str], port: int) -> list[str]:
        allowed = [ip for ip in ips if self.judge(ip, port)]
        if not allowed:
            raise OutboundError("blocked", f"the address is not allowed, see {SETTING}")
        return allowed


class _Stream(httpcore.NetworkStream):
    """A connection that ends, whatever trickles in, at `end`."""

    def __init__(self, stream: httpcore.NetworkStream, end: float) -> None:
        self._stream = stream
        self._end = end

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._end))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._end))

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        secure = self._stream.start_tls(ssl_context, server_hostname, _left(self._end))
        return _Stream(secure, self._end)

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _AsyncStream(httpcore.AsyncNetworkStream):
    def __init__(self, stream: httpcore.AsyncNetworkStream, end: float) -> None:
        self._stream = stream
        self._end = end

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        return await self._stream.read(max_bytes, _left(self._end))

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        await self._stream.write(buffer, _left(self._end))

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
    ) -> httpcore.AsyncNetworkStream:
        secure = await self._stream.start_tls(ssl_context, server_hostname, _left(self._end))
        return _AsyncStream(secure, self._end)

    async def aclose(self) -> None:
        await self._stream.aclose()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.SyncBackend):
    """The one place where the sync client makes a socket."""

    def __init__(self, route: _Route) -> None:
        self._route = route

    def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore.NetworkStream:
        end = time.monotonic() + self._route.timeout
        try:
            ips = self._route.resolver.lookup(host).result(_left(end, _DNS))
        except OSError as exc:
            raise OutboundError("dns", "no such name") from exc
        failed: Exception | None = None
        for ip in self._route.allowed(ips, port):
            try:
                return _Stream(super().connect_tcp(ip, port, _left(end, _CONNECT)), end)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as exc:
                failed = exc
        raise failed or TimeoutError


class _AsyncBackend(httpcore.AnyIOBackend):
    """The one place where the async client makes a socket."""

    def __init__(self, route: _Route) -> None:
        self._route = route

    async def connect_tcp(
        self, host: str, port: int, *_: Any, **__: Any
    ) -> httpcore.AsyncNetworkStream:
        end = time.monotonic() + self._route.timeout
        lookup = asyncio.wrap_future(self._route.resolver.lookup(host))
        try:
            ips = await asyncio.wait_for(lookup, _left(end, _DNS))
        except OSError as exc:
            raise OutboundError("dns", "no such name") from exc
        failed: Exception | None = None
        for ip in self._route.allowed(ips, port):
            try:
                return _AsyncStream(await super().connect_tcp(ip, port, _left(end, _CONNECT)), end)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as exc:
                failed = exc
        raise failed or TimeoutError


class _Transport(httpx.BaseTransport):
    def __init__(self, policy: AddressPolicy, timeout: float, context: ssl.SSLContext) -> None:
        self._pools = {
            scheme: httpcore.ConnectionPool(
                ssl_context=context, max_keepalive_connections=0, network_backend=_Backend(route)
            )
            for scheme, route in _routes(policy, timeout).items()
        }

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        pool = _pool(self._pools, request)
        try:
            response = pool.handle_request(_core(request))
            with contextlib.closing(response):
                body = _Body(response)
                for part in cast(Iterable[bytes], response.stream):
                    body.add(part)
        except _FAULTS as exc:
            raise _error_of(exc) from _cause(exc)
        return body.answer()

    def close(self) -> None:
        for pool in self._pools.values():
            pool.close()


class _AsyncTransport(httpx.AsyncBaseTransport):
    def __init__(self, policy: AddressPolicy, timeout: float, context: ssl.SSLContext) -> None:
        self._pools = {
            scheme: httpcore.AsyncConnectionPool(
                ssl_context=context,
                max_keepalive_connections=0,
                network_backend=_AsyncBackend(route),
            )
            for scheme, route in _routes(policy, timeout).items()
        }

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        pool = _pool(self._pools, request)
        try:
            response = await pool.handle_async_request(_core(request))
            async with contextlib.aclosing(response):
                body = _Body(response)
                async for part in cast(AsyncIterable[bytes], response.stream):
                    body.add(part)
        except _FAULTS as exc:
            raise _error_of(exc) from _cause(exc)
        return body.answer()

    async def aclose(self) -> None:
        for pool in self._pools.values():
            await pool.aclose()


class _Body:
    """An answer's body while it comes in, within bounds."""

    def __init__(self, response: httpcore.Response) -> None:
        self._response = response
        self._parts: list[bytes] = []
        self._size = 0
        encoding = httpx.Headers(response.headers).get("content-encoding", "identity")
        if encoding.lower() != "identity":
            raise OutboundError("protocol", "compressed, though identity was asked for")

    def add(self, part: bytes) -> None:
        self._parts.append(part)
        self._size += len(part)
        if self._size > MAX_BODY_BYTES:
            raise OutboundError("too_large", "the answer is too large")

    def answer(self) -> httpx.Response:
        headers = [pair for pair in self._response.headers if pair[0].lower() != b"set-cookie"]
        content = b"".join(self._parts)
        return httpx.Response(self._response.status, headers=headers, content=content)


def _routes(policy: AddressPolicy, timeout: float) -> dict[str, _Route]:
    resolver = Resolver()
    return {
        "https": _Route(policy.allows, timeout, resolver),
        "http": _Route(policy.allows_plain, timeout, resolver),
    }


Pool = TypeVar("Pool")


def _pool(pools: Mapping[str, Pool], request: httpx.Request) -> Pool:
    if request.url.scheme not in pools or not request.url.host:
        raise OutboundError("blocked", "only https:// and http:// addresses can be called")
    return pools[request.url.scheme]


def _core(request: httpx.Request) -> httpcore.Request:
    url = request.url
    return httpcore.Request(
        request.method,
        httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        headers=request.headers.raw,
        content=request.stream,
    )


def _left(end: float, limit: float | None = None) -> float:
    """Seconds until `end`, at most `limit`."""
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left if limit is None else min(left, limit)


def _error_of(exc: Exception) -> OutboundError:
    beneath = exc.__context__  # httpcore takes the cause away
    if isinstance(beneath, ssl.SSLError):
        return OutboundError("tls", tls.reason(beneath))
    kinds = (kind for fault, kind in _KINDS if isinstance(exc, fault))
    return OutboundError(next(kinds, "reset"))


def _cause(exc: Exception) -> Exception | None:
    """What a log may show: a protocol error quotes the answer."""
    return None if isinstance(exc, httpcore.ProtocolError) else exc
