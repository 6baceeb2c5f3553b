"""Tool-call ids of letters, digits, `_` and `-` only, which every format's endpoints take.

An id that does not fit is encoded, and can be decoded without any state: the gateway gives a client
`omni_…` and knows, when it comes back, which id the provider had used.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode

_VALID = re.compile(r"[a-zA-Z0-9_-]+")
_PREFIX = "omni_"
_ENCODED = re.compile(r"omni_([A-Za-z0-9_-]*)")


def encode(call_id: str, occurrence: int = 0) -> str:
    """A valid id for `call_id`. Ids that repeat within one conversation are told apart."""
    if not occurrence and _VALID.fullmatch(call_id) and not call_id.startswith(_PREFIX):
        return call_id
    text = f"{call_id}#{occurrence}" if occurrence else call_id
    raw = text.encode("utf-8", "surrogatepass")
    return _PREFIX + urlsafe_b64encode(raw).decode().rstrip("=")


def decode(call_id: str) -> str:
    """The id that `encode` was given; any other id is returned as it is."""
    match = _ENCODED.fullmatch(call_id)
    if match is None:
        return call_id
    code = match[1]
    try:
        return urlsafe_b64decode(code + "=" * (-len(code) % 4)).decode("utf-8", "surrogatepass")
    except ValueError:
        return call_id
