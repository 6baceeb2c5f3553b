"""Pages of the dashboard: the provider gallery, accounts, the operator's own endpoints."""

from __future__ import annotations
