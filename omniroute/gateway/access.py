"""Who is calling, and may they: one rule whatever header carries the key.

Locality is a property of the socket, never of a header.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from fnmatch import translate
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from omniroute.gateway.asgi import Scope, header
from omniroute.gateway.errors import Forbidden, InvalidRequest, Unauthenticated, Unavailable
from omniroute.gateway.routes import query
from omniroute.gateway.snapshot import Key, Network, Snapshot

KEYLESS = Key(id="", name="keyless local caller")
_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_FORWARDED = frozenset(
    {b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip", b"via"}
)

Address = IPv4Address | IPv6Address


class Access:
    """Checks callers against a snapshot. `digest` maps a token to what the snapshot files it by."""

    def __init__(
        self, digest: Callable[[str], bytes], *, require_key: bool, proxies: tuple[Network, ...]
    ) -> None:
        self._digest = digest
        self._require_key = require_key
        self._proxies = proxies

    def authenticate(self, scope: Scope, snapshot: Snapshot, *, dialect: str, fresh: bool) -> Key:
        """Raises Unauthenticated, Forbidden, InvalidRequest (conflicting credentials), or
        Unavailable for an unknown key while the configuration cannot be read."""
        token = credential(scope, dialect)
        if not token:
            return self._keyless(scope)
        key = snapshot.keys.get(self._digest(token))
        if key is None:
            if not fresh:
                raise Unavailable(
                    "This key is not known here yet and the database cannot be reached right now.",
                    retry_after=5,
                )
            raise Unauthenticated(
                "This API key does not exist. Create one in the dashboard under API keys."
            )
        self._check(key, scope)
        return key

    def anonymous_reader(self, scope: Scope, snapshot: Snapshot, dialect: str) -> Key | None:
        """For the model list: a caller without a key, where the settings allow that."""
        if credential(scope, dialect) or snapshot.settings.require_auth_for_models:
            return None
        return KEYLESS

    def peer(self, scope: Scope) -> Address | None:
        """The caller's address; a trusted proxy's word for it counts, nobody else's does."""
        client = scope.get("client")
        if not client:
            return None
        address = _address(client[0])
        if address is None or not _within(address, self._proxies):
            return address
        forwarded = header(scope, b"x-forwarded-for")
        for item in reversed(forwarded.split(",")):
            hop = _address(item.strip())
            if hop is None:
                break
            if not _within(hop, self._proxies):
                return hop
        return address

    def _check(self, key: Key, scope: Scope) -> None:
        if not key.active:
            raise Unauthenticated("This API key was revoked.", code="key_revoked")
        if key.expires_at is not None and key.expires_at <= time.time():
            raise Unauthenticated("This API key has expired.", code="key_expired")
        if key.networks:
            address = self.peer(scope)
            if address is None or not _within(address, key.networks):
                raise Forbidden("This API key may not be used from your address.", code="address")

    def _keyless(self, scope: Scope) -> Key:
        if self._require_key:
            raise Unauthenticated(
                "No API key was sent. Send it as 'Authorization: Bearer sk-omni-…' or 'x-api-key'.",
                code="missing_api_key",
            )
        if not _is_local(scope):
            raise Unauthenticated(
                "Calls without an API key are served only to programs on this machine.",
                code="missing_api_key",
            )
        return KEYLESS


def credential(scope: Scope, dialect: str) -> str:
    """The key a caller sent, from whichever header; Gemini's callers may also send `?key=`.

    Raises InvalidRequest when two differ.
    """
    found: set[str] = set()
    authorization = header(scope, b"authorization")
    if authorization:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise InvalidRequest(
                "The Authorization header must read 'Bearer <API key>'.", code="bad_authorization"
            )
        found.add(token.strip())
    found.update(filter(None, (header(scope, b"x-api-key"), header(scope, b"x-goog-api-key"))))
    if dialect == "gemini" and (key := query(scope, "key")):
        found.add(key)
    if len(found) > 1:
        raise InvalidRequest(
            "Two different API keys were sent. Send one.", code="conflicting_credentials"
        )
    return found.pop() if found else ""


def may_use(key: Key, *names: str) -> bool:
    """Whether the key's model patterns admit one of the names that a target goes by."""
    return not key.allowed_models or any(
        _glob(pattern).match(name) for pattern in key.allowed_models for name in names
    )


def parse_networks(items: list[str] | tuple[str, ...]) -> tuple[Network, ...]:
    """Raises ValueError for anything but addresses and networks."""
    return tuple(ip_network(item.strip(), strict=False) for item in items if item.strip())


@lru_cache(maxsize=1024)
def _glob(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern.lower()), re.IGNORECASE)


def _is_local(scope: Scope) -> bool:
    """A program on this machine, not a web page and not something that a proxy passed on."""
    client = scope.get("client")
    address = _address(client[0]) if client else None
    if address is None or not address.is_loopback:
        return False
    host = header(scope, b"host").rsplit(":", 1)[0].strip("[]").lower()
    if host not in _LOCAL_NAMES or any(name in _FORWARDED for name, _ in scope["headers"]):
        return False
    if header(scope, b"origin") or header(scope, b"sec-fetch-site") not in {"", "none"}:
        return False
    return scope["method"] == "GET" or header(scope, b"content-type").startswith("application/json")


def _address(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address


def _within(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address.version == network.version and address in network for network in networks)
