"""OmniRoute: a self-hosted AI gateway, one `/v1` address in front of many AI provider accounts."""

from __future__ import annotations

__version__ = "0.1.0"
