"""Asks a provider whether an API key works.

What comes back is a kind, an HTTP status and a latency, never a word of the answer: whoever may
name an address must not be able to read what lives there. Ten questions a minute and process.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from omniroute import outbound
from omniroute.gateway.errors import UpstreamFailure
from omniroute.gateway.formats import FORMATS
from omniroute.gateway.snapshot import Provider
from providers import catalog, endpoints
from providers.models import Node

PER_MINUTE = 10

# What people read, by kind.
MESSAGES: Mapping[str, str] = {
    "auth": "The provider refuses this API key. Check it, or make a new one at the provider.",
    "payment": "The provider accepts the key but asks for payment. Check your balance there.",
    "not_found": "Nothing answers at this address. Check that the base URL ends where it should.",
    "rate_limited": "The provider limits this account's requests right now. Try again later.",
    "refused": "The provider answered with an error. Check the base URL and the key.",
    "redirect": "The address redirects elsewhere, and API keys are not sent on. Use the final one.",
    "not_api": "Something answers at this address, but not as an API. Check the base URL.",
    "server": "The provider has a problem of its own. Try again later.",
    "blocked": "This address is private. The operator can allow it with ALLOW_PRIVATE_UPSTREAMS.",
    "timeout": "The provider did not answer in time.",
    "unreachable": "The provider could not be reached. Check the base URL and the network.",
    "tls": "The provider's TLS certificate cannot be trusted.",
    "sealed": "The stored API key cannot be opened. Enter it again.",
    "no_key": "There is no API key yet. Enter one.",
    "unknown_provider": "This provider is no longer there.",
}


class TooMany(Exception):
    """Checks follow each other too fast."""

    def __init__(self) -> None:
        super().__init__("Too many tests. Wait a minute.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    ok: bool
    message: str = ""
    status_code: int | None = None
    latency_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """The cheapest request that a wrong key cannot pass."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: Mapping[str, Any] | None = None


class Pace:
    """At most `limit` in any minute of this process."""

    def __init__(self, limit: int) -> None:
        self._times: deque[float] = deque(maxlen=limit)
        self._lock = threading.Lock()

    def take(self) -> bool:
        now = time.monotonic()
        with self._lock:
            if len(self._times) == self._times.maxlen and now - self._times[0] < 60:
                return False
            self._times.append(now)
            return True


PACE = Pace(PER_MINUTE)


def run(provider: str, secret: str | None) -> Result:
    """`secret` is None when the stored one does not open. Raises TooMany."""
    if secret is None:
        return _failed("sealed")
    asked = question(provider, secret)
    if asked is None:
        return _failed("unknown_provider")
    if not secret and catalog.entry(provider) is not None:
        return _failed("no_key")
    if not PACE.take():
        raise TooMany
    return _ask(asked)


def kind(message: str) -> str:
    """The kind that a stored message tells of."""
    return next((kind for kind, text in MESSAGES.items() if text == message), "unknown")


def question(provider: str, secret: str) -> Question | None:
    """What to ask; None when there is no such provider."""
    node = Node.objects.filter(prefix=provider).first()
    if node is not None:
        return _of_node(node, secret)
    entry = catalog.entry(provider)
    return _of_entry(entry, secret) if entry is not None else None


def _of_node(node: Node, secret: str) -> Question:
    api = endpoints.provider(node)
    return Question(method="GET", url=f"{api.base_url}/models", headers=_headers(api, secret))


def _headers(api: Provider, secret: str) -> dict[str, str]:
    headers = {**api.headers, **FORMATS[api.format].request_headers(None)}
    if secret:
        headers[api.auth_header] = f"{api.auth_scheme} {secret}".strip()
    return headers


def _of_entry(entry: catalog.Entry, secret: str) -> Question:
    api = entry.api
    headers = _headers(api, secret)
    if entry.test.get:
        return Question(method="GET", url=entry.test.get, headers=headers)
    body = {
        "model": entry.test.chat,
        "max_tokens": 1,
        "messages": [{"role": "user", "content": "Hi"}],
    }
    return Question(method="POST", url=_chat_url(api), headers=headers, body=body)


def _chat_url(api: Provider) -> str:
    return api.base_url + api.paths[api.format]


def _ask(question: Question) -> Result:
    started = time.monotonic()
    try:
        answer = outbound.ask(
            question.method, question.url, headers=question.headers, body=question.body
        )
    except UpstreamFailure as exc:
        return _failed(_FAILURES.get(exc.kind, "unreachable"))
    latency = round((time.monotonic() - started) * 1000)
    problem = _problem(answer.status, answer.headers.get("content-type", ""))
    return Result(
        ok=problem is None,
        message=MESSAGES[problem] if problem else "",
        status_code=answer.status,
        latency_ms=latency,
    )


def _problem(status: int, content_type: str) -> str | None:
    if status in _STATUSES:
        return _STATUSES[status]
    if status >= 500:
        return "server"
    if status >= 400:
        return "refused"
    if status >= 300:
        return "redirect"
    return None if "json" in content_type.lower() else "not_api"


def _failed(kind: str) -> Result:
    return Result(ok=False, message=MESSAGES[kind])


_STATUSES = {401: "auth", 402: "payment", 403: "auth", 404: "not_found", 405: "not_found"} | {
    429: "rate_limited"
}
# Everything else is "unreachable": what else may listen at an address is none of the caller's
# business.
_FAILURES: Mapping[str, str] = {
    "blocked": "blocked",
    "tls": "tls",
    "first_byte_timeout": "timeout",
    "total_timeout": "timeout",
}
