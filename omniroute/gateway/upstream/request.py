"""A request to a provider, and its head as bytes. What cannot be sent as it is, is not sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from omniroute import __version__

from .addresses import Place

# The engine's own business, or a hop's; a caller's value could break framing or pack the answer.
_OURS = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "cookie",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamRequest:
    """`pool` is the account's id: connections are never shared between two of them."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    pool: str

    def head(self, place: Place) -> bytes:
        """The request line and headers; a ValueError names what cannot be sent."""
        if not _TOKEN.fullmatch(self.method):
            raise ValueError("the method is not valid")
        lines = [
            f"{self.method} {place.target} HTTP/1.1",
            f"Host: {place.authority}",
            "Accept-Encoding: identity",
        ]
        if self.body or self.method not in ("GET", "HEAD"):
            lines.append(f"Content-Length: {len(self.body)}")
        named_agent = False
        for name, value in self.headers.items():
            lower = name.lower()
            if lower in _OURS:
                continue
            if not _TOKEN.fullmatch(name) or holds_control(value):
                raise ValueError(f"header {name!r} holds a character that a header cannot hold")
            named_agent = named_agent or lower == "user-agent"
            lines.append(f"{name}: {value}")
        if not named_agent:
            lines.append(f"User-Agent: OmniRoute/{__version__}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode()


def holds_control(text: str) -> bool:
    return _CONTROL.search(text) is not None
