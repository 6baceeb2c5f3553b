"""Why an answer ended, in Gemini's words and in the hub's.

Gemini says STOP for calls as well. A reason that means a broken answer, or one that nobody knows,
is never a clean end.
"""

from __future__ import annotations

from omniroute.gateway.errors import UpstreamError
from omniroute.gateway.ir import FinishReason
from omniroute.gateway.translation.redaction import clean

_READ: dict[str, FinishReason] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "CONTINUATION": "pause",
    **dict.fromkeys(
        (
            *("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR"),
            *("IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION"),
        ),
        "content_filter",
    ),
}
_NUMBERS = {1: "STOP", 2: "MAX_TOKENS", 3: "SAFETY", 4: "RECITATION"}
_NONE = frozenset({"", "FINISH_REASON_UNSPECIFIED"})
_WRITTEN: dict[FinishReason, str] = {
    "length": "MAX_TOKENS",
    "content_filter": "SAFETY",
    "refusal": "SAFETY",
    "pause": "CONTINUATION",
    "error": "OTHER",
}


def word(reason: object) -> str:
    """The reason of a candidate; empty while it is not over. Some endpoints tell its number."""
    if isinstance(reason, int):
        reason = _NUMBERS.get(reason, str(reason) if reason else "")
    return reason if isinstance(reason, str) and reason not in _NONE else ""


def read(reason: str, *, called: bool) -> FinishReason:
    meant = _READ.get(reason, "error")
    return "tool_calls" if meant == "stop" and called else meant


def is_broken(reason: str) -> bool:
    return reason not in _READ


def fault(reason: str, message: object) -> UpstreamError:
    """The error that an answer is which broke before it held anything: another try may do."""
    told = f": {message}" if isinstance(message, str) and message else "."
    return UpstreamError(
        clean(f"The model ended its answer with {reason}{told}"),
        status=502,
        kind="server",
        code=clean(reason.lower())[:64],
    )


def write(reason: FinishReason) -> str:
    return _WRITTEN.get(reason, "STOP")
