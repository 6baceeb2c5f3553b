"""Why an answer ended, in this format's words and in the hub's.

Never `tool_use` without a tool_use block, never `end_turn` with one; a call that the token limit
cut is a matter of length.
"""

from __future__ import annotations

from omniroute.gateway.ir import FinishReason

_READ: dict[str, FinishReason] = {
    "end_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "stop_sequence": "stop_sequence",
    "tool_use": "tool_calls",
    "pause_turn": "pause",
    "compaction": "pause",
    "refusal": "refusal",
}
_WRITTEN: dict[FinishReason, str] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "stop_sequence": "stop_sequence",
    "tool_calls": "tool_use",
    "pause": "pause_turn",
    "refusal": "refusal",
    "content_filter": "refusal",
}
_UNUSUAL = _READ.keys() - _WRITTEN.values()


def read(reason: object, calls: bool) -> FinishReason:
    return settle(_READ.get(reason, "stop") if isinstance(reason, str) else "stop", calls)


def settle(reason: FinishReason, calls: bool) -> FinishReason:
    """`reason` brought into line with whether there are tool `calls`."""
    if calls and reason == "stop":
        return "tool_calls"
    if not calls and reason == "tool_calls":
        return "stop"
    return reason


def write(reason: FinishReason, calls: bool) -> str:
    """A broken answer ("error") has no word here: with a call in it, it counts as cut short, so
    that nobody runs the call."""
    if reason == "error":
        return "max_tokens" if calls else "end_turn"
    return _WRITTEN[settle(reason, calls)]


def unusual(reason: object) -> dict[str, object]:
    """The provider's own word where the hub has none of its own, to be given back."""
    return {"stop_reason": reason} if isinstance(reason, str) and reason in _UNUSUAL else {}
