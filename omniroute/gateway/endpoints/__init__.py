"""The endpoints that are not conversations, one file each."""

from __future__ import annotations
