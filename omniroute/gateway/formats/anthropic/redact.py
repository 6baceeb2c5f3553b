"""Removes from an error text what a caller must not learn: credentials and addresses."""

from __future__ import annotations

import re

MAX_BYTES = 2048

_SECRETS = re.compile(
    r"""(?ix)
    \b(?:bearer|basic)\s+[\w.~+/=-]{8,}
    | \b(?:x-api-key|x-goog-api-key|api[_-]?key|access[_-]?token|authorization|key|token|secret)
      ["']?\s*[:=]\s*["']?[\w.~+/-]{8,}
    | \b(?:sk|pk|rk|gsk|xai|key|nvapi|r8|hf|ghp|gho|csk|pplx|fw|tgp)[-_][\w*.-]{8,}
    | \bAIza[\w-]{10,} | \bya29\.[\w-]{10,} | \bAKIA[A-Z0-9]{12,}
    | \beyJ[\w-]{8,}(?:\.[\w-]*){1,2}
    """
)
_ADDRESS = re.compile(r"(?i)\b(?:https?|wss?)://[^\s\"'<>)\]]+")


def clean(text: str) -> str:
    """`text` on one line of at most 2 KB, without secrets or addresses."""
    text = text[: 4 * MAX_BYTES]
    text = _SECRETS.sub("[redacted]", _ADDRESS.sub("[address removed]", text))
    text = " ".join(text.split())
    raw = text.encode("utf-8", "replace")
    return text if len(raw) <= MAX_BYTES else raw[:MAX_BYTES].decode("utf-8", "ignore")
