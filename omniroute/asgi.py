"""What every server runs: the edge, and behind it the gateway, websockets and Django."""

from __future__ import annotations

import os

import orjson
from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application
from django.db import Error as DatabaseError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "omniroute.settings")
django_app = get_asgi_application()

from omniroute.bridge.runtime import RUNTIME  # noqa: E402  (needs the apps to be loaded)
from omniroute.edge import Edge  # noqa: E402
from omniroute.gateway.asgi import MAX_BODY, Receive, Scope, Send, send_bytes  # noqa: E402
from omniroute.gateway.errors import GatewayError, NotFound  # noqa: E402
from omniroute.gateway.exchange import new_id  # noqa: E402
from omniroute.gateway.formats import FORMATS  # noqa: E402
from omniroute.gateway.routes import canonical, dialect, is_api  # noqa: E402
from omniroute.keyring import KeyringError  # noqa: E402
from providers.catalog import CatalogError  # noqa: E402

PAGE_BODY = 2_621_440
ONLY = os.environ.get("OMNIROUTE_ONLY", "")


async def http(scope: Scope, receive: Receive, send: Send) -> None:
    path = scope["path"]
    if is_api(path) and ONLY != "web" and RUNTIME.gateway is not None:
        await RUNTIME.gateway(scope, receive, send)
    elif path in {"/healthz", "/readyz"}:
        await _probe(path, send)
    elif ONLY == "gateway" or is_api(path):
        await _nothing_here(scope, send)
    else:
        await django_app(scope, receive, send)  # type: ignore[arg-type]


async def websocket(scope: Scope, receive: Receive, send: Send) -> None:
    """There are no WebSockets yet. Codex falls back to POST at once on 426, and on that only."""
    await receive()
    status = 426 if canonical(scope["path"]) == "/v1/responses" else 404
    await send({"type": "websocket.http.response.start", "status": status, "headers": []})
    await send({"type": "websocket.http.response.body", "body": b""})


async def lifespan(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    if ONLY != "web":
        try:
            await RUNTIME.start()
        except (DatabaseError, KeyringError, CatalogError, ValueError) as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await RUNTIME.stop()
    await send({"type": "lifespan.shutdown.complete"})


async def _probe(path: str, send: Send) -> None:
    """`/healthz`: the process answers. `/readyz`: it should get traffic."""
    ready = path == "/healthz" or not RUNTIME.draining
    body: dict[str, object] = {"status": "ok" if ready else "draining"}
    if path == "/readyz" and RUNTIME.gateway is not None:
        body["configVersion"] = RUNTIME.store.current.version
        body["configDigest"] = RUNTIME.store.current.digest
        body["configFresh"] = RUNTIME.store.fresh
    await send_bytes(send, 200 if ready else 503, orjson.dumps(body), b"application/json", [])


async def _nothing_here(scope: Scope, send: Send) -> None:
    error = NotFound("This process does not serve that.")
    _, body = _worded(scope, error)
    await send_bytes(send, 404, body, b"application/json", [])


def refusal(scope: Scope, status: int, code: str, message: str) -> tuple[bytes, bytes]:
    """The edge's refusals, in the caller's dialect on the API and as plain text elsewhere."""
    if not is_api(scope["path"]):
        return b"text/plain; charset=utf-8", message.encode()
    error = GatewayError(message, code=code)
    error.status = status
    error.kind = "too_large" if status == 413 else "invalid_request"
    return _worded(scope, error)


def _worded(scope: Scope, error: GatewayError) -> tuple[bytes, bytes]:
    body = FORMATS[dialect(scope)].write_error(error, new_id())
    return b"application/json", orjson.dumps(body)


def body_limit(path: str) -> int:
    return MAX_BODY if is_api(path) else PAGE_BODY


def draining() -> None:
    """Called by the server when it stops listening."""
    RUNTIME.draining = True


application = Edge(
    ProtocolTypeRouter({"http": http, "websocket": websocket, "lifespan": lifespan}),
    limit=body_limit,
    render=refusal,
)
