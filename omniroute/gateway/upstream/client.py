"""HTTP/1.1 to providers, over aiohttp's pool and parser (RFC 9112).

aiohttp's session is left out: it retries in secret, counts no deadline strictly, and cannot say
whether a request left. A request is written here in one go, between two awaits, so `sent` is exact.
A call ends in an UpstreamResponse or an UpstreamFailure, and in an open socket only in the former.
"""

from __future__ import annotations

import asyncio
import os
import select
import ssl
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_exceptions import HttpProcessingError

from omniroute.gateway.errors import FailureKind, UpstreamFailure

from . import tls
from .addresses import AddressPolicy, locate
from .deadlines import Clock, Deadlines, Expiry, Overdue, Phase, Watch
from .guard import Blocked, GuardedConnector, Ticket
from .request import UpstreamRequest, holds_control

if TYPE_CHECKING:
    from aiohttp.connector import Connection
    from aiohttp.http import RawResponseMessage
    from aiohttp.streams import StreamReader

MAX_HEAD_BYTES = 32 << 10
MAX_HEADERS = 100
MAX_BODY_BYTES = 64 << 20
MAX_STREAM_BYTES = 512 << 20
_READ_BUFFER = 64 << 10
_ONE_WRITE = 64 << 10  # a body up to this size is joined to its head: one system call, one packet

_FAULTS = (aiohttp.ClientError, HttpProcessingError, OSError)
_TIMEOUT: Mapping[Phase, FailureKind] = {
    "pool": "pool",
    "dns": "dns",
    "connect": "connect",
    "tls": "tls",
    "write": "write",
    "head": "first_byte_timeout",
    "body": "idle_timeout",
}
_BROKEN: Mapping[Phase, FailureKind] = {**_TIMEOUT, "head": "reset", "body": "reset"}


def failure_of(exc: BaseException, phase: Phase) -> UpstreamFailure:
    """Name a fault of aiohttp, the system or OpenSSL. The text quotes nothing of the answer."""
    if isinstance(exc, UpstreamFailure):
        return exc
    sent = phase in ("write", "head", "body")
    kind = _BROKEN[phase]
    if isinstance(exc, Blocked):
        kind = "blocked"
    elif isinstance(exc, Overdue):
        kind = "total_timeout"
    elif isinstance(exc, TimeoutError) and exc.errno is None:
        kind = _TIMEOUT[phase]
    elif isinstance(exc, HttpProcessingError):
        kind = "too_large" if "Too many headers" in exc.message else "protocol"
    return UpstreamFailure(kind, _detail(exc), sent=sent)


def _detail(exc: BaseException) -> str:
    if isinstance(exc, Blocked):
        return str(exc)
    if isinstance(exc, ssl.SSLError):
        return tls.reason(exc)
    if isinstance(exc, OSError) and (exc.errno or 0) > 0:
        return os.strerror(exc.errno or 0)
    return ""


class Handler(ResponseHandler):
    """One connection: aiohttp's parser, plus a cap on the head and a deaf ear for the unasked.

    The head, informational answers included, must end within MAX_HEAD_BYTES.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.fault: UpstreamFailure | None = None
        self._busy = False
        self._head_left = 0
        self._clock: Clock | None = None

    def send(self, head: bytes, body: bytes, clock: Clock, *, bodiless: bool) -> None:
        """Write a request and expect its answer.

        Nothing awaits between the pool's last look at an idle connection and this write, so a
        stale one is replaced before it is written to. One that dies later may have delivered the
        request, even if no byte of an answer came: the caller hears `reset`, `sent`. That is why
        nothing is retried here: it would never be certain that nothing was processed.
        """
        self._busy, self._head_left, self._clock = True, MAX_HEAD_BYTES, clock
        self.set_response_params(
            skip_payload=bodiless,
            read_until_eof=True,
            auto_decompress=False,
            read_bufsize=_READ_BUFFER,
            max_headers=MAX_HEADERS,
            max_line_size=MAX_HEAD_BYTES,
            max_field_size=MAX_HEAD_BYTES,
        )
        if self.transport is None:
            raise ConnectionResetError
        if len(body) <= _ONE_WRITE:
            self.transport.write(head + body)
        else:
            self.transport.write(head)
            self.transport.write(body)
        if self.writing_paused:
            clock.enter("write", clock.deadlines.write)
        else:
            clock.enter("head", clock.deadlines.first_byte)

    def is_connected(self) -> bool:
        """Whether the pool may reuse this connection. Not if there is anything to read on it:

        the server's goodbye, to which the loop has not come yet, or bytes that nobody asked for.
        """
        if self.transport is None or self.transport.is_closing():
            return False
        if self._busy:
            return True
        poll = select.poll()
        poll.register(self.transport.get_extra_info("socket"), select.POLLIN)
        return not poll.poll(0)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._clock is not None:
            self._clock.enter("head", self._clock.deadlines.first_byte)

    def data_received(self, data: bytes) -> None:
        if not self._busy:
            if data:  # an idle connection has nothing to say: the next caller must not hear it
                self.abort()
            return
        if self._head_left:
            head, data = data[: self._head_left], data[self._head_left :]
            rest = self._head_left - len(head)
            self._head_left = rest or -1
            super().data_received(head)
            if self._head_left < 0:
                self.fail(UpstreamFailure("too_large", "head of the answer"))
            if not data or self.fault:
                return
        super().data_received(data)

    def feed_data(self, data: tuple[RawResponseMessage, StreamReader], size: int = 0) -> None:
        code = data[0].code
        if not self._head_left:
            self.fail(UpstreamFailure("protocol", "a second answer"))
        elif code >= 200 or code == 101:
            self._head_left = 0
            super().feed_data(data, size)

    def set_exception(self, exc: BaseException, exc_cause: BaseException | None = None) -> None:
        """Keep our name for the fault only: aiohttp's exception and its cause quote the answer."""
        failure = self._failure(exc)
        if isinstance(exc, HttpProcessingError):
            self.fail(failure)
        else:
            super().set_exception(failure)

    def connection_lost(self, exc: BaseException | None) -> None:
        if exc is not None and self._busy:  # where a close ends the body, a reset still does not
            self.fail(self._failure(exc))
        super().connection_lost(exc)

    def _failure(self, exc: BaseException) -> UpstreamFailure:
        return failure_of(exc, self._clock.phase if self._clock else "body")

    def fail(self, failure: UpstreamFailure) -> None:
        """Close the socket at once and let whoever reads from it hear why."""
        payload = self._payload
        self.abort()
        self.fault = failure
        if payload is not None and not payload.is_eof():
            payload.set_exception(failure)
        super().set_exception(failure)

    def finish(self) -> bool:
        """The answer is complete. Whether the connection may serve another request."""
        self._busy, self._clock = False, None
        return self.transport is not None and not self.transport.get_write_buffer_size()


class UpstreamResponse:
    """An answer's head, and its body to be read once by `chunks` or `read`, or given up by `abort`.

    `headers` has lower-case names; of a repeated header the first; never `set-cookie`.
    """

    __slots__ = ("_connection", "_content", "_handler", "_watch", "headers", "status")

    def __init__(
        self,
        connection: Connection,
        handler: Handler,
        message: RawResponseMessage,
        content: StreamReader,
        clock: Clock,
    ) -> None:
        self.status: int = message.code
        self.headers: Mapping[str, str] = _headers(message)
        self._connection: Connection | None = connection
        self._handler = handler
        self._content = content
        self._watch = Watch(clock.deadlines.idle, clock.end, self._expire)
        content.on_eof(self._release)  # at once, if all of it came with the head
        if self._connection is not None:
            self._watch.start()

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes: each item is all that has arrived since the last."""
        try:
            while data := await self._next():
                yield data
        finally:
            self.abort()

    async def read(self, limit: int = MAX_BODY_BYTES) -> bytes:
        parts: list[bytes] = []
        size = 0
        while data := await self._next():
            parts.append(data)
            size += len(data)
            if size > limit:
                self.abort()
                raise UpstreamFailure("too_large", "body of the answer")
        return b"".join(parts)

    def abort(self) -> None:
        """Close the upstream socket at once, unless the answer is complete. May be repeated."""
        self._close(UpstreamFailure("reset", "closed by the gateway"))

    async def _next(self) -> bytes:
        watch = self._watch
        data = None
        watch.wait()
        try:
            data = await self._content.readany()
        except _FAULTS as exc:
            raise failure_of(exc, "body") from exc
        finally:
            watch.waiting_since = None
            if data is None:
                self.abort()
        if self._content.total_bytes > MAX_STREAM_BYTES:
            self.abort()
            raise UpstreamFailure("too_large", "body of the answer")
        return data

    def _expire(self, kind: Expiry) -> None:
        self._close(UpstreamFailure(kind))

    def _close(self, failure: UpstreamFailure) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._watch.stop()
            self._handler.fail(failure)
            connection.close()

    def _release(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._watch.stop()
            if self._handler.finish():
                connection.release()
            else:  # it answered before it had read the request: what is left would be the next one
                self._handler.abort()
                connection.close()


class UpstreamClient:
    """Sends requests to providers. One per event loop; it keeps connections open between calls."""

    def __init__(self, policy: AddressPolicy, *, ca_file: str | None = None) -> None:
        self._policy = policy
        self._context = tls.context(ca_file)
        self._connector: GuardedConnector | None = None
        self._closed = False

    async def send(self, request: UpstreamRequest, deadlines: Deadlines) -> UpstreamResponse:
        """Send, and return when the head of the answer is there."""
        if self._closed:
            raise UpstreamFailure("pool", "the gateway is stopping", sent=False)
        try:
            place = locate(request.url)
            head = request.head(place)
        except ValueError as exc:
            raise UpstreamFailure("blocked", str(exc), sent=False) from exc
        if self._connector is None:
            self._connector = GuardedConnector(self._policy, self._context, Handler)
        clock = Clock(deadlines)
        try:
            async with clock:
                connection = await self._connector.acquire(Ticket(request.pool, place, clock))
                return await _exchange(connection, head, request, clock)
        except _FAULTS as exc:
            raise failure_of(exc, clock.phase) from exc

    async def close(self) -> None:
        """Close every connection; answers still being read end with `reset`."""
        self._closed = True
        if self._connector is None:
            return
        for handler in list(self._connector.protocols):
            if isinstance(handler, Handler):
                handler.fail(UpstreamFailure("reset", "the gateway is stopping"))
        await self._connector.close()


async def _exchange(
    connection: Connection, head: bytes, request: UpstreamRequest, clock: Clock
) -> UpstreamResponse:
    handler = connection.protocol
    if not isinstance(handler, Handler):
        raise TypeError(handler)
    try:
        handler.send(head, request.body, clock, bodiless=request.method == "HEAD")
        message, content = await handler.read()
        if handler.fault is not None:
            raise handler.fault
        _check(message)
    except BaseException:
        handler.abort()
        connection.close()
        raise
    return UpstreamResponse(connection, handler, message, content, clock)


def _check(message: RawResponseMessage) -> None:
    """Refuse an answer that no honest server gives to a request of ours."""
    headers = message.headers
    if message.version not in ((1, 0), (1, 1)) or message.code == 101:
        raise UpstreamFailure("protocol", "not an HTTP/1 answer")
    if headers.get("Content-Encoding", "identity").strip().lower() not in ("identity", ""):
        raise UpstreamFailure("protocol", "compressed, though identity was asked for")
    if headers.get("Transfer-Encoding", "chunked").strip().lower() != "chunked":
        raise UpstreamFailure("protocol", "unknown transfer encoding")
    if message.code == 204 and (
        "Transfer-Encoding" in headers or headers.get("Content-Length", "0") != "0"
    ):
        raise UpstreamFailure("protocol", "204 with a body")
    if holds_control("".join(headers.values())):
        raise UpstreamFailure("protocol", "control character in a header")


def _headers(message: RawResponseMessage) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in message.headers.items():
        if not value.isascii():  # bytes that are not UTF-8 came as lone surrogates
            value = value.encode(errors="surrogateescape").decode(errors="replace")
        headers.setdefault(name.lower(), value)
    headers.pop("set-cookie", None)
    return headers
