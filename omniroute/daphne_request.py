"""A request and a WebSocket of the Daphne server, as the application meets them.

The body streams to the application in bounded pieces, an answer goes no faster than its reader, and
a client's leaving is told at once.
"""
# ruff: noqa: N802 - Twisted, Autobahn and Daphne call these methods by their camelCase names

from __future__ import annotations

import asyncio
from http import HTTPStatus
from io import BytesIO
from typing import Any
from urllib.parse import unquote

from autobahn.twisted.websocket import ConnectionDeny
from daphne.http_protocol import WebRequest
from daphne.ws_protocol import WebSocketProtocol
from twisted.web.http import NO_BODY_CODES
from twisted.web.http_headers import Headers

from omniroute.daphne_channel import Channel, Valve
from omniroute.gateway.asgi import Message, RawHeaders

PIECE = 64 * 1024  # the most of a body that is read ahead, or written at once


class Request(WebRequest):
    """One request and its answer: `receive` and `send` are what the application is given."""

    def __init__(self, channel: Channel, queued: int = 0) -> None:
        super().__init__(channel)
        self._pieces: list[bytes] = []
        self._waiting = 0  # bytes in `_pieces`
        self._complete = False  # the whole body has arrived
        self._delivered = False  # and the application has it
        self._upgrade = False
        self._expects_continue = False
        self._news = asyncio.Event()

    # -- from the channel

    def begin(self, method: bytes, uri: bytes, version: bytes, length: int | None) -> None:
        self.method, self.uri, self.clientproto = method, uri, version
        self.path, _, self.query_string = uri.partition(b"?")
        if not uri.isascii():
            self.channel.refuse(HTTPStatus.BAD_REQUEST)
            return
        headers: RawHeaders = [
            (name.lower(), value)
            for name, values in self.requestHeaders.getAllRawHeaders()
            for value in values
        ]
        wishes = dict(headers)
        if b"close" in wishes.get(b"connection", b"").lower().replace(b",", b" ").split():
            self.channel.persistent = False
        self._expects_continue = wishes.get(b"expect", b"").lower() == b"100-continue"
        self._upgrade = wishes.get(b"upgrade", b"").lower() == b"websocket"
        if not self._upgrade:
            self.server.start(self, self._scope(headers), self.receive, self.send)
        elif length != 0:
            self.channel.refuse(HTTPStatus.BAD_REQUEST)

    def _scope(self, headers: RawHeaders) -> dict[str, Any]:
        return {
            "type": "http",
            "http_version": self.clientproto[5:].decode("ascii"),
            "method": self.method.decode("ascii"),
            "scheme": "http",
            "path": unquote(self.path.decode("ascii")),
            "raw_path": self.path,
            "root_path": "",
            "query_string": self.query_string,
            "headers": headers,
            "client": [self.client.host, self.client.port],
            "server": [self.host.host, self.host.port],
        }

    def handleContentChunk(self, data: bytes) -> None:
        if self.finished:
            return
        self._pieces.append(data)
        self._waiting += len(data)
        if self._waiting > PIECE:
            self.channel.transport.pauseProducing()
        self._news.set()

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        self._complete = True
        self._news.set()
        if self._upgrade and not self.finished:
            self._become_websocket()

    def _become_websocket(self) -> None:
        channel = self.channel
        self.content = BytesIO()
        self.requestHeaders.removeHeader(b"Daphne-Root-Path")  # a client could set it
        self.process()
        if isinstance(channel.transport.protocol, WebSocket):
            channel.transport.protocol.valve = channel.valve
            channel.forget()

    def connectionLost(self, reason: Any) -> None:
        super().connectionLost(reason)
        self._news.set()

    def abandon(self) -> None:
        """Somebody else has answered: the application sees its client leave."""
        self.finished = 1
        self._news.set()

    # -- from the application

    async def receive(self) -> Message:
        while True:
            if self.finished or self._disconnected:
                return {"type": "http.disconnect"}
            if self._pieces or (self._complete and not self._delivered):
                return self._take()
            if self._expects_continue and not self.startedWriting:
                self._expects_continue = False
                self.channel.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self._news.clear()
            await self._news.wait()

    def _take(self) -> Message:
        body = b"".join(self._pieces)
        self._pieces.clear()
        if self._waiting > PIECE:
            self.channel.transport.resumeProducing()
        self._waiting = 0
        self._delivered = self._complete
        return {"type": "http.request", "body": body, "more_body": not self._complete}

    async def send(self, message: Message) -> None:
        if self.finished or self._disconnected:
            return
        match message["type"]:
            case "http.response.start" if not self._response_started:
                self._start(message["status"], message.get("headers", ()))
            case "http.response.body" if self._response_started:
                await self._body(message.get("body", b""))
                if not message.get("more_body", False) and not self.finished:
                    self._finish()
            case unexpected:
                raise ValueError(f"{unexpected} does not fit here")

    def _start(self, status: int, headers: RawHeaders) -> None:
        self._response_started = True
        self.setResponseCode(status)
        for name, value in headers:
            if name == b"connection" and value.lower() == b"close":
                self.channel.persistent = False
            elif name not in (b"connection", b"transfer-encoding"):
                self.responseHeaders.addRawHeader(name, value)

    async def _body(self, body: bytes) -> None:
        if not self.startedWriting:
            if self.server.draining or not self._complete:
                self.channel.persistent = False
            if not self.channel.persistent:
                self.responseHeaders.setRawHeaders(b"Connection", [b"close"])
        self.write(body[:PIECE])
        for start in range(PIECE, len(body), PIECE):
            await self.channel.valve.passed()
            if self.finished or self._disconnected:
                return
            self.write(body[start : start + PIECE])
        await self.channel.valve.passed()

    def _finish(self) -> None:
        promised = self.responseHeaders.getRawHeaders(b"Content-Length")
        bodiless = self.method == b"HEAD" or self.code in NO_BODY_CODES
        if promised and not bodiless and promised[0] != b"%d" % self.sentLength:
            raise ValueError(f"the answer has {self.sentLength} bytes, not {promised[0].decode()}")
        self.finish()
        self._news.set()

    def ended(self, error: BaseException | None) -> None:
        """The application is done: what it left open is closed so that the client can tell."""
        if self.finished or self._disconnected:
            return
        if not self.startedWriting:
            self._fail(503 if isinstance(error, asyncio.CancelledError) else 500)
        elif self.chunked:  # the missing last chunk tells
            self.channel.loseConnection()
        else:
            self.channel.transport.abortConnection()

    def _fail(self, status: int) -> None:
        body = HTTPStatus(status).phrase.encode() + b"\n"
        self.setResponseCode(status)
        self.channel.persistent = False
        self.responseHeaders = Headers(
            {
                b"Content-Type": [b"text/plain"],
                b"Content-Length": [b"%d" % len(body)],
                b"Connection": [b"close"],
            }
        )
        self.write(body)
        self.finish()
        self._news.set()


class WebSocket(WebSocketProtocol):
    valve: Valve | None = None

    def ended(self, error: BaseException | None) -> None:
        """The application is done: a socket that it left open is closed."""
        if self.state == self.STATE_OPEN:
            self.sendCloseFrame(code=1000 if error is None else 1011)
        else:
            self.deny(500 if error else 403)

    def deny(self, status: int) -> None:
        """Answers the handshake with an HTTP status instead, once."""
        if self.state == self.STATE_CONNECTING and hasattr(self, "handshake_deferred"):
            reason = HTTPStatus(status).phrase
            self.handshake_deferred.errback(ConnectionDeny(code=status, reason=reason))
            del self.handshake_deferred

    def drain(self) -> None:
        if self.state == self.STATE_OPEN:
            self.sendCloseFrame(code=1001)
        elif hasattr(self, "handshake_deferred"):
            self.serverReject()

    def check_timeouts(self) -> None:
        if self.state != self.STATE_CONNECTING or hasattr(self, "handshake_deferred"):
            super().check_timeouts()
