"""Which path is which endpoint: one table. The path that is compared is the one that is served."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from omniroute.gateway.asgi import Scope, header

EndpointKind = Literal["chat", "models", "model"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """`format` is the caller's dialect; None where a header decides (the model lists)."""

    name: str
    kind: EndpointKind
    format: str | None = None


_CHAT = Endpoint(name="chat.completions", kind="chat", format="openai_chat")
_MESSAGES = Endpoint(name="messages", kind="chat", format="anthropic")
_MODELS = Endpoint(name="models", kind="models")
_MODEL = Endpoint(name="model", kind="model")

_ROUTES: dict[tuple[str, str], Endpoint] = {
    ("POST", "/v1/chat/completions"): _CHAT,
    ("POST", "/v1/messages"): _MESSAGES,
    ("GET", "/v1/models"): _MODELS,
}
_PATHS = frozenset(path for _, path in _ROUTES)
_ROOTS = ("/v1", "/v1beta")
# What clients ask for whose base URL has one /v1 too few.
_BARE = frozenset({"/chat/completions", "/messages", "/models"})


def is_api(path: str) -> bool:
    """Whether a path belongs to the gateway, known or not."""
    return path in _BARE or path.startswith(("/v1/", "/v1beta/")) or path in _ROOTS


def match(method: str, path: str) -> tuple[Endpoint | None, str]:
    """The endpoint, and what the path holds beyond it (a model id). None: no such path."""
    path = canonical(path)
    found = _ROUTES.get((method, path))
    if found is None and method == "GET" and path.startswith("/v1/models/"):
        return _MODEL, path.removeprefix("/v1/models/")
    return found, ""


def allowed_methods(path: str) -> str:
    """The value of an Allow header for a known path, '' for an unknown one."""
    path = canonical(path)
    return ", ".join(sorted({method for method, known in _ROUTES if known == path}))


def canonical(path: str) -> str:
    """The path as in the table: one `/v1`, not two and not none."""
    if path in _BARE:
        return f"/v1{path}"
    return path.removeprefix("/v1") if path.startswith("/v1/v1/") else path


def dialect(scope: Scope) -> str:
    """The format in which this caller expects errors, known before anything else is."""
    path = canonical(scope["path"])
    if path.startswith("/v1/messages"):
        return "anthropic"
    if path.startswith("/v1/models") and any(
        name == b"anthropic-version" for name, _ in scope["headers"]
    ):
        return "anthropic"
    return "openai_chat"


def lists_as_anthropic(scope: Scope) -> bool:
    """The model list is shared by several APIs; `anthropic-version` tells Anthropic's callers."""
    return bool(header(scope, b"anthropic-version"))
