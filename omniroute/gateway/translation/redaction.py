"""Provider text for a caller's eyes: without keys, e-mail addresses and internal addresses."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

MAX_BYTES = 2048

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[^\s\"',;]{6,}")
_LABELLED = re.compile(
    r"(?i)\b((?:(?:api|access|auth|secret|private)?[-_ ]?(?:key|token|secret|password)"
    r"|authorization)(?:\s+provided)?[\"']?\s*[:=]\s*[\"']?)(?!bearer |basic )([^\s\"',;&)]{6,})"
)
_SHAPED = re.compile(
    r"\b(?:(?:sk|pk|rk|gsk|xai|pplx|hf|r8|nvapi|csk|fw|key|tgp|gh[pousr]|github_pat|glpat)[-_]"
    r"(?=[A-Za-z0-9_*.\-]*[0-9*])|AIza|ya29\.|AKIA|ASIA)[A-Za-z0-9_*.\-]{8,}"
)
_JWT = re.compile(r"\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)+")
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,255}\.[A-Za-z]{2,24}")
_URL = re.compile(r"\b[a-z][a-z0-9+.-]{1,15}://[^\s\"'<>)\]]+", re.IGNORECASE)
_ADDRESS = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?\b")
_INTERNAL = re.compile(
    r"(?i)(?:^|\.)(?:internal|local|localhost|lan|corp|intranet|svc|cluster)\.?$"
)


def clean(text: str) -> str:
    """At most 2 KB of `text` in one line, with what is nobody's business taken out."""
    text = " ".join(_CONTROL.sub(" ", text[: 4 * MAX_BYTES]).split())
    text = _URL.sub(_public, text)
    text = _BEARER.sub(r"\1 [redacted]", text)
    text = _JWT.sub("[redacted]", text)
    text = _SHAPED.sub("[redacted]", text)
    text = _LABELLED.sub(r"\1[redacted]", text)
    text = _EMAIL.sub("[e-mail]", text)
    text = _ADDRESS.sub("[address]", text)
    raw = text.encode("utf-8", "replace")
    if len(raw) <= MAX_BYTES:
        return raw.decode()
    return raw[: MAX_BYTES - 3].decode("utf-8", "ignore") + "…"


def _public(match: re.Match[str]) -> str:
    """A public link without what may hold a secret; anything else becomes `[address]`."""
    try:
        parts = urlsplit(match[0])
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "[address]"
    if parts.scheme not in ("http", "https") or port is not None or not _is_public(host):
        return "[address]"
    return f"{parts.scheme}://{host}{parts.path}"


def _is_public(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return "." in host and not _INTERNAL.search(host)
    return False
