"""Pages of the dashboard: API keys and the request log."""

from __future__ import annotations

from billing.admin import keys

__all__ = ["keys"]  # importing it registers its ModelAdmin
