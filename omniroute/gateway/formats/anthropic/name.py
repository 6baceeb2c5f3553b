"""What this format is called in the hub."""

from __future__ import annotations

FORMAT_NAME = "anthropic"
