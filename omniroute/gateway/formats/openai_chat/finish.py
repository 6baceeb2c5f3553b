"""Why an answer ended: the many spellings of `finish_reason` and the hub's own words.

Length beats tools: a call that was cut by the token limit must never look complete.
"""

from __future__ import annotations

from omniroute.gateway.ir import FinishReason

_READ: dict[str, FinishReason] = {
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "model_context_window_exceeded": "length",
    "content_filter": "content_filter",
    "sensitive": "content_filter",
    "safety": "content_filter",
    "refusal": "refusal",
    "error": "error",
    "abort": "error",
    "network_error": "error",
    "insufficient_system_resource": "error",
}

_WRITE: dict[FinishReason, str] = {
    "length": "length",
    "content_filter": "content_filter",
    "refusal": "content_filter",
    "error": "error",
}


def read(
    reason: str, *, called: bool, refused: bool, matched: object = None
) -> tuple[FinishReason, str | None]:
    """The reason and the stop string that matched (`stop_reason` of vLLM and its kin).

    Everything that is not a limit, a filter or a fault is a natural end, and what the answer holds
    decides which: `stop` beside tool calls is common, and so is an empty string.
    """
    known = _READ.get(reason.lower())
    if known is not None:
        return known, None
    if called:
        return "tool_calls", None
    if refused:
        return "refusal", None
    if isinstance(matched, str) and matched:
        return "stop_sequence", matched
    return "stop", None


def write(reason: FinishReason, *, called: bool, refused: bool) -> str:
    """`called` and `refused` tell whether the answer holds a tool call or refusal text.

    A refusal that has its text ends with `stop`, as OpenAI's own do.
    """
    if reason == "refusal" and refused:
        return "stop"
    return _WRITE.get(reason) or ("tool_calls" if called else "stop")
