"""ASGI in small words: headers, bodies, answers, and knowing that the client has gone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from types import TracebackType
from typing import Any

import orjson

from omniroute.gateway.companion import Companion
from omniroute.gateway.errors import InvalidRequest, TooLarge

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
RawHeaders = list[tuple[bytes, bytes]]

MAX_BODY = 32 * 1024 * 1024
MAX_DEPTH = 64
MAX_NODES = 200_000
PARSE_ON_LOOP = 256 * 1024

SAFE_HEADERS: RawHeaders = [
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"sandbox; default-src 'none'"),
]


class ClientGone(Exception):
    """The client closed its connection before the answer was complete."""


class Cut(Exception):
    """Ends a started answer by closing the socket, so that the client sees it as broken."""


def header(scope: Scope, name: bytes) -> str:
    """The header's value or ''. Raises InvalidRequest when it is sent more than once."""
    values = [value for key, value in scope["headers"] if key == name]
    if len(values) > 1:
        raise InvalidRequest(f"The header {name.decode()} was sent twice.", code="duplicate_header")
    return values[0].decode("latin-1") if values else ""


async def read_body(receive: Receive, limit: int = MAX_BODY) -> bytes:
    """The whole request body. Raises TooLarge, or ClientGone."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise TooLarge(f"The request body is larger than {limit // 2**20} MiB.")
        if part:
            parts.append(part)
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


async def parse_json(body: bytes) -> dict[str, Any]:
    """Raises InvalidRequest for anything but one JSON object of reasonable depth and size."""
    if len(body) > PARSE_ON_LOOP:
        return await asyncio.to_thread(_parse, body)
    return _parse(body)


def _parse(body: bytes) -> dict[str, Any]:
    opened = body.count(b"{") + body.count(b"[")
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        raise InvalidRequest(
            f"The request body is not valid JSON: {exc.msg} (line {exc.lineno}).",
            code="invalid_json",
        ) from exc
    if not isinstance(value, dict):
        raise InvalidRequest("The request body must be a JSON object.", code="invalid_json")
    if opened > MAX_DEPTH or body.count(b",") + opened > MAX_NODES:
        _measure(value)
    return value


def _measure(value: Any) -> None:
    level, nodes, depth = [value], 0, 0
    while level:
        nodes += len(level)
        depth += 1
        if depth > MAX_DEPTH or nodes > MAX_NODES:
            raise InvalidRequest(
                f"The JSON is too deep or has too many values (at most {MAX_DEPTH} levels and "
                f"{MAX_NODES} values).",
                code="json_too_complex",
            )
        children: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                children.extend(item.values())
            elif isinstance(item, list):
                children.extend(item)
        level = children


async def send_bytes(
    send: Send, status: int, body: bytes, content_type: bytes, extra: Iterable[tuple[bytes, bytes]]
) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", content_type),
                (b"content-length", str(len(body)).encode()),
                (b"cache-control", b"no-store"),
                *SAFE_HEADERS,
                *extra,
            ],
        }
    )
    await send({"type": "http.response.body", "body": body})


class DisconnectWatch(Companion):
    """Cancels the task that entered it when the client goes; leaving it then raises ClientGone."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.gone = False

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await super().__aexit__(kind, error, trace)
        if self.gone and kind is asyncio.CancelledError:
            if self._owner is not None:
                self._owner.uncancel()
            raise ClientGone from error

    async def _run(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.gone = True
        self._cancel_owner()
