"""Calls to providers: one HTTP/1.1 engine, its deadlines, the guard over what it connects to."""

from __future__ import annotations

from .addresses import AddressPolicy
from .client import UpstreamClient, UpstreamResponse
from .deadlines import Deadlines
from .request import UpstreamRequest

__all__ = [
    "AddressPolicy",
    "Deadlines",
    "UpstreamClient",
    "UpstreamRequest",
    "UpstreamResponse",
]
