"""An HTTP/1.1 connection of the Daphne server, hardened where Twisted would wait or guess.

Every wait has a deadline, the write buffer's state is known to whoever fills it, and input that two
parsers could read differently ends the connection.
"""
# ruff: noqa: N802, N815 - Twisted knows these methods and limits by their camelCase names

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from twisted.protocols.basic import LineReceiver
from twisted.web import http

if TYPE_CHECKING:
    from omniroute.daphne_request import Request
    from omniroute.server import Server


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """Seconds. `header` also bounds the silence before the first request."""

    drain: float = 30.0  # for running requests, once the process has been told to stop
    header: float = 10.0
    keep_alive: float = 75.0
    stall: float = 30.0  # without the reader taking a piece of the answer
    linger: float = 2.0  # reading on after a refusal, so that a reset does not swallow it
    cancel: float = 2.0  # for applications to end after the drain has run out
    shutdown: float = 15.0  # for the application's own shutdown


class Valve:
    """Closed while the socket's write buffer is full. Knows how long it has been."""

    def __init__(self, stall: float, give_up: Callable[[], None]) -> None:
        self._open = asyncio.Event()
        self._open.set()
        self._stall = stall
        self._give_up = give_up
        self._timer: asyncio.TimerHandle | None = None

    def close(self) -> None:
        self._open.clear()
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._stall, self._give_up)

    def open(self) -> None:
        self._open.set()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def passed(self) -> None:
        if not self._open.is_set():
            await self._open.wait()


class Channel(http.HTTPChannel):
    """One connection. Its states: silent, in a header, in a request, idle, lingering."""

    # Looser than the edge's limits: what lies between is refused there, in the caller's own format.
    MAX_LENGTH = 32 * 1024
    totalHeadersSize = 64 * 1024
    maxHeaders = 200

    def __init__(self, server: Server) -> None:
        super().__init__()
        self.server = server
        self._in_request = False
        self._lingering = False
        self._served = 0
        self._timer: asyncio.TimerHandle | None = None

    def connectionMade(self) -> None:
        super().connectionMade()
        self.valve = Valve(self.server.deadlines.stall, self.transport.abortConnection)
        self.server.channels.add(self)
        self._arm(self.server.deadlines.header, self._expire)

    def connectionLost(self, reason: Any) -> None:
        self.forget()
        super().connectionLost(reason)

    def forget(self) -> None:
        """The connection is gone, or no longer HTTP's."""
        self._disarm()
        self.valve.open()
        self.server.channels.discard(self)

    def drain(self) -> None:
        """No further request: close now unless one is being served or may be on its way."""
        if self._in_request or self._lingering:
            return
        if self._served:
            self.loseConnection()
        else:
            self._arm(min(1.0, self.server.deadlines.header), self._expire)

    # -- reading

    def dataReceived(self, data: bytes) -> None:
        if self._lingering:
            return
        if not self._in_request:
            self._in_request = True
            self._arm(self.server.deadlines.header, self._expire)
        LineReceiver.dataReceived(self, data)
        if self.line_mode and b"\n" in self._buffer:  # CRLF has been split off: this LF is bare
            self.refuse(HTTPStatus.BAD_REQUEST)

    def lineReceived(self, line: bytes) -> None:
        if line.startswith((b" ", b"\t")):
            self.refuse(HTTPStatus.BAD_REQUEST)
        elif self._receivedHeaderSize + len(line) > self.totalHeadersSize:
            self.refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        else:
            super().lineReceived(line)

    def lineLengthExceeded(self, line: bytes) -> None:
        self.refuse(
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            if self.requests
            else HTTPStatus.REQUEST_URI_TOO_LONG
        )

    def headerReceived(self, line: bytes) -> bool:
        if self._receivedHeaderCount >= self.maxHeaders:
            self.refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            return False
        name, _, value = line.partition(b":")
        if len(value) > 20 and name.lower() == b"content-length":  # more digits than int() takes
            self.refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return False
        return bool(super().headerReceived(line))

    def allHeadersReceived(self) -> None:
        self._disarm()
        self.persistent = self._version == b"HTTP/1.1"
        self.requests[-1].begin(self._command, self._path, self._version, self.length)

    # -- writing: the transport calls these as its producer

    def pauseProducing(self) -> None:
        self.valve.close()
        super().pauseProducing()

    def resumeProducing(self) -> None:
        self.valve.open()
        super().resumeProducing()

    def stopProducing(self) -> None:
        self.valve.open()
        super().stopProducing()

    # -- endings

    def requestDone(self, request: Request) -> None:
        self._in_request = False
        self._served += 1
        if self.server.draining or self._transferDecoder is not None:
            self.persistent = False
        if self.persistent:
            self._arm(self.server.deadlines.keep_alive, self._expire)
        super().requestDone(request)

    def refuse(self, status: HTTPStatus) -> None:
        """Answers what cannot be understood; what follows it on this connection is not read."""
        if self._lingering:
            return
        if self.requests:
            request = self.requests[-1]
            if request.startedWriting:
                self.transport.abortConnection()
                return
            request.abandon()
        self.transport.write(
            b"HTTP/1.1 %d %s\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            % (status, status.phrase.encode())
        )
        self._linger()

    def _respondToBadRequestAndDisconnect(self) -> None:
        self.refuse(HTTPStatus.BAD_REQUEST)

    def loseConnection(self) -> None:
        if self._transferDecoder is not None:
            self._linger()
        else:
            super().loseConnection()
            self._arm(self.server.deadlines.stall, self.transport.abortConnection)

    def _linger(self) -> None:
        self._lingering = True
        self._buffer = b""
        self._networkProducer.unregisterProducer()
        self.valve.open()
        self.transport.loseWriteConnection()
        self.transport.resumeProducing()
        self._arm(self.server.deadlines.linger, self.transport.abortConnection)

    def _expire(self) -> None:
        if self._in_request:
            self.refuse(HTTPStatus.REQUEST_TIMEOUT)
        else:
            self.loseConnection()

    def _arm(self, seconds: float, act: Callable[[], None]) -> None:
        self._disarm()
        self._timer = asyncio.get_running_loop().call_later(seconds, act)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
