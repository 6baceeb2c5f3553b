"""API keys, prices, the ledger and the request log."""

from __future__ import annotations
