"""Which path is which endpoint: one table. The path that is compared is the one that is served."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from omniroute.gateway.asgi import Scope, header

EndpointKind = Literal["chat", "count", "compact", "models", "model", "upgrade"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """`format` is the caller's dialect; None where a header decides (the model lists)."""

    name: str
    kind: EndpointKind
    format: str | None = None
    suffix: str = ""  # of the provider's path, for operations below an endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """`model` is what the path names; `stream` is what the path says of streaming, if anything."""

    endpoint: Endpoint
    model: str = ""
    stream: bool | None = None


_RESPONSES = Endpoint(name="responses", kind="chat", format="openai_responses")
_MODEL = Endpoint(name="model", kind="model")
_GEMINI_MODELS = Endpoint(name="models", kind="models", format="gemini")
_GEMINI_MODEL = Endpoint(name="model", kind="model", format="gemini")
_GENERATE = Endpoint(name="generateContent", kind="chat", format="gemini")
_GEMINI_COUNT = Endpoint(name="countTokens", kind="count", format="gemini")

_ROUTES: dict[tuple[str, str], Endpoint] = {
    ("POST", "/v1/chat/completions"): Endpoint(
        name="chat.completions", kind="chat", format="openai_chat"
    ),
    ("POST", "/v1/completions"): Endpoint(
        name="completions", kind="chat", format="openai_completions"
    ),
    ("POST", "/v1/messages"): Endpoint(name="messages", kind="chat", format="anthropic"),
    ("POST", "/v1/messages/count_tokens"): Endpoint(
        name="messages.count_tokens", kind="count", format="anthropic"
    ),
    ("POST", "/v1/responses"): _RESPONSES,
    ("GET", "/v1/responses"): Endpoint(name="responses", kind="upgrade", format="openai_responses"),
    ("POST", "/v1/responses/compact"): Endpoint(
        name="responses.compact", kind="compact", format="openai_responses", suffix="/compact"
    ),
    ("POST", "/v1/responses/input_tokens"): Endpoint(
        name="responses.input_tokens", kind="count", format="openai_responses"
    ),
    ("GET", "/v1/models"): Endpoint(name="models", kind="models"),
    ("GET", "/v1beta/models"): _GEMINI_MODELS,
}
_METHODS = {
    "generateContent": Match(endpoint=_GENERATE, stream=False),
    "streamGenerateContent": Match(endpoint=_GENERATE, stream=True),
    "countTokens": Match(endpoint=_GEMINI_COUNT),
}
# Some clients leave out `/v1beta`, some `models/`; a model's id may hold slashes and colons.
_GEMINI_CALL = re.compile(r"(?:/v1beta|/v1)?/(?:models/)?(?P<model>.+):(?P<method>[A-Za-z]+)")
# What clients ask for whose base URL has one `/v1` too few.
_BARE = frozenset(
    {
        "/chat/completions",
        "/completions",
        "/messages",
        "/messages/count_tokens",
        "/responses",
        "/responses/compact",
        "/responses/input_tokens",
        "/models",
    }
)


def is_api(path: str) -> bool:
    """Whether a path belongs to the gateway, known or not."""
    return (
        path in _BARE
        or path.startswith(("/v1/", "/v1beta/", "/models/"))
        or path in {"/v1", "/v1beta"}
    )


def match(method: str, path: str) -> Match | None:
    """None: no such path, or not with this method."""
    path = canonical(path)
    found = _ROUTES.get((method, path))
    if found is not None:
        return Match(endpoint=found)
    if method == "POST":
        return _gemini_call(path)
    if method == "GET" and path.startswith("/v1/models/"):
        return Match(endpoint=_MODEL, model=path.removeprefix("/v1/models/"))
    if method == "GET" and path.startswith("/v1beta/models/"):
        return Match(endpoint=_GEMINI_MODEL, model=path.removeprefix("/v1beta/models/"))
    return None


def allowed_methods(path: str) -> str:
    """The value of an Allow header for a known path, '' for an unknown one."""
    path = canonical(path)
    known = {method for method, other in _ROUTES if other == path}
    if _gemini_call(path):
        known.add("POST")
    return ", ".join(sorted(known))


def canonical(path: str) -> str:
    """The path as in the table: one `/v1`, not two and not none."""
    if path in _BARE or path.startswith("/models/"):
        return f"/v1{path}"
    return path.removeprefix("/v1") if path.startswith("/v1/v1/") else path


def dialect(scope: Scope) -> str:
    """The format in which this caller expects errors, known before anything else is."""
    path = canonical(scope["path"])
    if path.startswith("/v1/messages"):
        return "anthropic"
    if path.startswith("/v1/responses"):
        return "openai_responses"
    if path.startswith("/v1beta") or _gemini_call(path):
        return "gemini"
    if path.startswith("/v1/chat/") or path == "/v1/completions":
        return "openai_chat"
    return list_dialect(scope)


def list_dialect(scope: Scope) -> str:
    """Three APIs share `/v1` and the model list; Anthropic's SDKs may send their key as Bearer."""
    names = {name for name, _ in scope["headers"]}
    if b"anthropic-version" in names:
        return "anthropic"
    if b"x-goog-api-key" in names or query(scope, "key"):
        return "gemini"
    return "openai_chat"


def query(scope: Scope, name: str) -> str:
    """The query parameter's value as sent, or ''."""
    for pair in scope["query_string"].decode("latin-1").split("&"):
        key, _, value = pair.partition("=")
        if key == name:
            return str(value)
    return ""


def wants_websocket(scope: Scope) -> bool:
    return header(scope, b"upgrade").lower() == "websocket"


def _gemini_call(path: str) -> Match | None:
    found = _GEMINI_CALL.fullmatch(path)
    method = _METHODS.get(found["method"]) if found else None
    if found is None or method is None:
        return None
    return Match(endpoint=method.endpoint, model=found["model"], stream=method.stream)
