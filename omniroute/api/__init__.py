"""The management API under /api: for scripts and the dashboard, never for model traffic."""

from __future__ import annotations
