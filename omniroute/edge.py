"""The outermost ASGI layer, the same on every server: what may not reach any application.

RFC 9110 and 9112, read strictly: a request that a proxy in front of us could understand differently
than we do is refused and its connection closed. Runs before every call, so it is written for speed.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import chain
from time import monotonic
from urllib.parse import unquote

from omniroute.gateway.asgi import Message, RawHeaders, Receive, Scope, Send
from omniroute.gateway.errors import GatewayError, TooLarge
from omniroute.lifespan import Application

MAX_FIELDS = 100
MAX_FIELD = 16 * 1024
MAX_HEADERS = 32 * 1024
MAX_URI = 8 * 1024

# Header names with an underscore can pass for ones with a dash behind CGI-style mappings.
UNDERSCORE_ALLOWED = frozenset({b"x_session_id"})

_CONTROL = bytes([*range(0x09), *range(0x0A, 0x20), 0x7F])
_SINGLE = frozenset(
    {b"host", b"content-length", b"transfer-encoding", b"content-encoding", b"content-type"}
)
_HOST = re.compile(rb"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_ABSOLUTE = re.compile(rb"(?i:https?)://([^/?#]+)(/.*)?")

Limit = Callable[[str], int]
Render = Callable[[Scope, int, str, str], tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How slowly a body may come: `rate` bytes a second after `grace`, all of it in `seconds`."""

    seconds: float
    rate: int
    grace: float = 10.0


BODY_PACE = Pace(seconds=60.0, rate=1024)
UPLOAD_PACE = Pace(seconds=600.0, rate=8 * 1024)


class Refused(GatewayError):
    """Answered by the edge in place of the application."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message, code=code)
        self.status = status
        self.kind = "invalid_request"


class SlowBody(GatewayError):
    status, kind, code = 408, "timeout", "request_timeout"


class Edge:
    """`limit` gives a path's largest body in bytes; `render` words a refusal for its caller."""

    def __init__(
        self,
        app: Application,
        *,
        limit: Limit,
        render: Render,
        pace: Pace = BODY_PACE,
        upload_pace: Pace = UPLOAD_PACE,
    ) -> None:
        self._app = app
        self._limit = limit
        self._render = render
        self._pace = pace
        self._upload_pace = upload_pace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["type"]:
            case "http":
                await self._http(scope, receive, send)
            case "websocket":
                await self._websocket(scope, receive, send)
            case _:
                await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = self._admit(scope, receive, send)
        except GatewayError as refusal:
            await self._refuse(scope, send, refusal)
            return
        if body is None:
            await self._app(scope, receive, send)
            return
        try:
            await self._app(scope, body.receive, body.send)
        except (TooLarge, SlowBody) as refusal:
            if body.answered:
                raise
            await self._refuse(scope, send, refusal)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if self._admit(scope, receive, send) is not None:
                raise Refused(400, "invalid_framing", "A WebSocket handshake has no body.")
        except GatewayError:
            await send({"type": "websocket.close", "code": 1008})
            return
        await self._app(scope, receive, send)

    def _admit(self, scope: Scope, receive: Receive, send: Send) -> Body | None:
        """The request's body when it has one. Raises what the caller is to be told instead."""
        headers: RawHeaders = scope["headers"]
        _check_sizes(scope, headers)
        single = _singles(headers)
        host = single.get(b"host", b"")
        if not _HOST.fullmatch(host):
            raise Refused(400, "invalid_host", "Send exactly one Host header: a name and a port.")
        if not scope["raw_path"].startswith(b"/"):
            _to_origin_form(scope, host)
        if single.get(b"content-encoding", b"identity").lower() != b"identity":
            raise Refused(415, "unsupported_encoding", "Send the request body uncompressed.")
        length = _length(scope, single)
        if length == 0:
            return None
        limit = self._limit(scope["path"])
        if length is not None and length > limit:
            raise _too_large(limit)
        upload = single.get(b"content-type", b"")[:10].lower() == b"multipart/"
        return Body(receive, send, limit=limit, pace=self._upload_pace if upload else self._pace)

    async def _refuse(self, scope: Scope, send: Send, refusal: GatewayError) -> None:
        code = refusal.code or "bad_request"
        content_type, body = self._render(scope, refusal.status, code, refusal.message)
        headers: RawHeaders = [
            (b"content-type", content_type),
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
        ]
        await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


class Body:
    """A request body on its way in: counted, and timed while (and only while) it is waited for."""

    __slots__ = ("_ended", "_limit", "_pace", "_receive", "_send", "_size", "_waited", "answered")

    def __init__(self, receive: Receive, send: Send, *, limit: int, pace: Pace) -> None:
        self._receive = receive
        self._send = send
        self._limit = limit
        self._pace = pace
        self._size = 0
        self._waited = 0.0
        self._ended = False
        self.answered = False

    def send(self, message: Message) -> Awaitable[None]:
        self.answered = True
        return self._send(message)

    async def receive(self) -> Message:
        if self._ended:
            return await self._receive()
        pace = self._pace
        allowed = min(pace.seconds, pace.grace + self._size / pace.rate) - self._waited
        began = monotonic()
        try:
            async with asyncio.timeout(allowed):
                message = await self._receive()
        except TimeoutError:
            raise SlowBody("The request body came too slowly. Send it again.") from None
        self._waited += monotonic() - began
        self._ended = not message.get("more_body", False)
        self._size += len(message.get("body", b""))
        if self._size > self._limit:
            raise _too_large(self._limit)
        return message


def _check_sizes(scope: Scope, headers: RawHeaders) -> None:
    """Sizes, control characters and underscores, in few passes over all bytes at once."""
    if len(scope["raw_path"]) + len(scope["query_string"]) >= MAX_URI:
        raise Refused(414, "uri_too_long", f"The address is longer than {MAX_URI} bytes.")
    text = b"".join(chain.from_iterable(headers))
    if len(headers) > MAX_FIELDS or len(text) + 4 * len(headers) > MAX_HEADERS:
        raise _headers_too_large()
    if len(text) > MAX_FIELD and any(len(n) + len(v) > MAX_FIELD for n, v in headers):
        raise _headers_too_large()
    if len(text.translate(None, _CONTROL)) != len(text):
        raise Refused(400, "invalid_header", "A header holds a control character.")
    if b"_" in text:
        scope["headers"] = [
            pair for pair in headers if b"_" not in pair[0] or pair[0] in UNDERSCORE_ALLOWED
        ]


def _singles(headers: RawHeaders) -> dict[bytes, bytes]:
    """The headers that decide where a request goes and where it ends: at most one of each."""
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in _SINGLE:
            if name in found:
                raise Refused(400, "duplicate_header", f"Send {name.decode()} only once.")
            found[name] = value
    return found


def _length(scope: Scope, single: dict[bytes, bytes]) -> int | None:
    """The body's length; None when it comes in chunks."""
    length = single.get(b"content-length")
    coding = single.get(b"transfer-encoding")
    if coding is not None:
        if length is not None or coding.lower() != b"chunked" or scope["http_version"] == "1.0":
            raise Refused(400, "invalid_framing", "Send either Content-Length or chunks.")
        return None
    if length is None:
        return 0
    if not length.isdigit() or len(length) > 18:
        raise Refused(400, "invalid_framing", "Content-Length is not a length.")
    return int(length)


def _to_origin_form(scope: Scope, host: bytes) -> None:
    """`GET http://host/path` means the same as `GET /path` when it names our Host, else nothing."""
    form = _ABSOLUTE.fullmatch(scope["raw_path"])
    if form is None or form[1].lower() != host.lower():
        raise Refused(400, "invalid_uri", "The address does not fit the Host header.")
    scope["raw_path"] = form[2] or b"/"
    scope["path"] = unquote(scope["raw_path"].decode("ascii", "replace"))


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"The request body is larger than {limit} bytes. Send a smaller one.")


def _headers_too_large() -> Refused:
    return Refused(431, "headers_too_large", "The request has too many or too long headers.")
