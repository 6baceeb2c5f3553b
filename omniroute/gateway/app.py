"""The gateway: the flow of one `/v1` request on one screen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from math import ceil
from typing import Any
from urllib.parse import unquote

import orjson
import structlog

from omniroute.gateway import attempt, resolve, routes
from omniroute.gateway.access import Access
from omniroute.gateway.adapters import Target
from omniroute.gateway.asgi import (
    ClientGone,
    Cut,
    DisconnectWatch,
    RawHeaders,
    Receive,
    Scope,
    Send,
    parse_json,
    read_body,
    send_bytes,
)
from omniroute.gateway.endpoints import models
from omniroute.gateway.endpoints.count import count
from omniroute.gateway.errors import GatewayError, InvalidRequest, NotFound, Unauthenticated
from omniroute.gateway.exchange import Exchange
from omniroute.gateway.formats import FORMATS
from omniroute.gateway.plan import plan
from omniroute.gateway.relay import Relay
from omniroute.gateway.routes import Endpoint, Match
from omniroute.gateway.spool import Spool
from omniroute.gateway.state import State
from omniroute.gateway.store import Store
from omniroute.gateway.upstream import UpstreamClient
from omniroute.gateway.usage import Outcome

log = structlog.get_logger()
_UNKNOWN = Endpoint(name="unknown", kind="models")
MAX_MODEL_NAME = 200
# Codex fails at once on a 429 without Retry-After; a long one makes clients wait or give up.
_WAIT = {429: 5.0}
MAX_WAIT = 60


class Gateway:
    """An ASGI application for the paths of `routes.is_api`."""

    def __init__(
        self, store: Store, client: UpstreamClient, spool: Spool, state: State, access: Access
    ) -> None:
        self._store = store
        self._client = client
        self._spool = spool
        self._state = state
        self._access = access
        self._running: set[Exchange] = set()

    def end_revoked(self) -> None:
        """Ends what is being served for keys that may not call any more. On the event loop."""
        alive = {key.id for key in self._store.current.keys.values() if key.active}
        for exchange in self._running:
            key, task = exchange.key, exchange.task
            if key is not None and key.id and key.id not in alive and task is not None:
                exchange.revoked = True
                task.cancel()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = routes.match(scope["method"], scope["path"])
        endpoint = route.endpoint if route else _UNKNOWN
        exchange = Exchange(
            scope=scope,
            endpoint=endpoint,
            dialect=endpoint.format or routes.dialect(scope),
            snapshot=self._store.current,
        )
        try:
            if route is None:
                raise _no_such_path(scope)
            await self._serve(exchange, route, receive, send)
        except ClientGone:
            self._record(exchange, "cancelled", 499, "client_closed")
        except GatewayError as error:
            await self._refuse(exchange, error, send)
        except Cut:
            self._record(exchange, "cancelled", 499, "client_stalled")
            raise
        except Exception as error:
            log.exception("exchange.crashed", exchange=exchange.id, error=type(error).__name__)
            await self._refuse(exchange, GatewayError("An internal error happened."), send)

    async def _serve(self, exchange: Exchange, route: Match, receive: Receive, send: Send) -> None:
        match exchange.endpoint.kind:
            case "models" | "model":
                await self._models(exchange, unquote(route.model), send)
            case "upgrade":
                raise _upgrade_required()
            case "count":
                await self._read(exchange, route, receive)
                await self._count(exchange, send)
            case "chat" | "compact":
                await self._read(exchange, route, receive)
                await self._chat(exchange, receive, send)

    async def _read(self, exchange: Exchange, route: Match, receive: Receive) -> None:
        """Who is calling, and for what."""
        exchange.key = self._access.authenticate(
            exchange.scope, exchange.snapshot, dialect=exchange.dialect, fresh=self._store.fresh
        )
        exchange.body = await read_body(receive)
        exchange.json = await parse_json(exchange.body)
        _read_switches(exchange, route)

    def _plan(self, exchange: Exchange) -> list[Target]:
        resolution = resolve.resolve(exchange.requested_model, exchange.snapshot)
        return plan(exchange, resolution, self._state)

    async def _chat(self, exchange: Exchange, receive: Receive, send: Send) -> None:
        self._spool.check_room()
        targets = self._plan(exchange)
        relay = Relay(exchange, send, self._client, self._settled(exchange))
        exchange.task = asyncio.current_task()
        self._running.add(exchange)
        try:
            async with DisconnectWatch(receive):
                await attempt.run(exchange, targets, self._state, relay.serve)
        except asyncio.CancelledError:
            if not exchange.revoked or exchange.task is None:
                raise
            exchange.task.uncancel()
            raise Unauthenticated("This API key was revoked.", code="key_revoked") from None
        finally:
            self._running.discard(exchange)

    async def _count(self, exchange: Exchange, send: Send) -> None:
        found = await count(exchange, self._plan(exchange), self._client)
        self._record(exchange, "ok", 200, None)
        source = (b"x-omniroute-token-source", found.source.encode())
        await self._answer(exchange, found.body, send, [source])

    async def _models(self, exchange: Exchange, name: str, send: Send) -> None:
        scope, snapshot, dialect = exchange.scope, exchange.snapshot, exchange.dialect
        exchange.key = self._access.anonymous_reader(
            scope, snapshot, dialect
        ) or self._access.authenticate(scope, snapshot, dialect=dialect, fresh=self._store.fresh)
        if exchange.endpoint.kind == "model":
            body = models.one(dialect, snapshot, exchange.key, name)
        else:
            body = models.listed(dialect, snapshot, exchange.key)
        self._record(exchange, "ok", 200, None)
        await self._answer(exchange, body, send, [])

    async def _answer(
        self, exchange: Exchange, body: dict[str, Any], send: Send, extra: RawHeaders
    ) -> None:
        headers = [(b"x-omniroute-request-id", exchange.id.encode()), *extra]
        await send_bytes(send, 200, orjson.dumps(body), b"application/json", headers)

    def _settled(self, exchange: Exchange) -> Callable[[], None]:
        def settle() -> None:
            if exchange.aborted:
                self._record(exchange, "aborted_upstream", 200, exchange.aborted)
            else:
                self._record(exchange, "ok", 200, None)

        return settle

    def _record(self, exchange: Exchange, outcome: Outcome, status: int, code: str | None) -> None:
        if exchange.recorded:
            return
        exchange.recorded = True
        exchange.end_attempt(code)
        self._spool.append(exchange.event(outcome, status, code))

    async def _refuse(self, exchange: Exchange, error: GatewayError, send: Send) -> None:
        """Tells the caller in its own dialect; an answer that has begun can only be cut."""
        outcome: Outcome = "error" if exchange.attempts or error.status >= 500 else "refused"
        self._record(exchange, outcome, error.status, error.code or error.kind)
        if exchange.responded:
            raise Cut from error
        wait = error.retry_after if error.retry_after is not None else _WAIT.get(error.status)
        if wait is not None:
            error.retry_after = min(max(1, ceil(wait)), MAX_WAIT)  # the body may tell it, too
        form = FORMATS[exchange.dialect]
        body = form.write_error(error, exchange.id)
        if exchange.stream and form.framing(exchange.scope["query_string"].decode("latin-1")):
            body = [body]  # who asked for an array reads an array
        headers = [(b"x-omniroute-request-id", exchange.id.encode())]
        if error.retry_after is not None:
            headers.append((b"retry-after", b"%d" % error.retry_after))
        if error.status == 405:
            headers.append((b"allow", routes.allowed_methods(exchange.scope["path"]).encode()))
        await send_bytes(send, error.status, orjson.dumps(body), b"application/json", headers)


def _no_such_path(scope: Scope) -> GatewayError:
    allowed = routes.allowed_methods(scope["path"])
    if allowed:
        error = GatewayError(f"Use {allowed} for this path.", code="method_not_allowed")
        error.status, error.kind = 405, "invalid_request"
        return error
    return NotFound(f"There is no {scope['method']} {scope['path'][:200]} here.")


def _upgrade_required() -> GatewayError:
    """Codex asks for a WebSocket first and falls back to POST at once on this status only."""
    error = GatewayError("This endpoint has no WebSocket. Use POST.", code="upgrade_required")
    error.status, error.kind = 426, "invalid_request"
    return error


def _read_switches(exchange: Exchange, route: Match) -> None:
    """`model` and `stream`: in the body, but for Gemini's callers, who have them in the path."""
    if route.model:
        exchange.json = {
            **exchange.json,
            "model": unquote(route.model).removeprefix("models/"),
            "stream": route.stream is True,
        }
    model, stream = exchange.json.get("model"), exchange.json.get("stream")
    if not isinstance(model, str) or not model.strip():
        raise InvalidRequest("'model' is missing. Name a model or a combo.", param="model")
    if len(model) > MAX_MODEL_NAME:
        raise InvalidRequest(f"'model' has more than {MAX_MODEL_NAME} characters.", param="model")
    if stream is not None and not isinstance(stream, bool):
        raise InvalidRequest("'stream' must be true or false.", param="stream")
    exchange.requested_model = model
    exchange.stream = stream is True
