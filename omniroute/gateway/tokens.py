"""Token estimates for when a provider reports none. They are marked as estimates wherever shown."""

from __future__ import annotations

BYTES_PER_TOKEN = 4  # English measured 4.09 characters a token


def estimate(size: int) -> int:
    """Tokens in `size` bytes of text or JSON, rounded up."""
    return -(-size // BYTES_PER_TOKEN)
