"""Why an answer ended: `status` and `incomplete_details` against the hub's own words.

An answer that was cut or filtered is never `completed`; a broken one has failed, so that clients
ask again. A refusal that has its text is complete, as OpenAI's own are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from omniroute.gateway import ir

from .envelope import Status

_REASONS: dict[str, ir.FinishReason] = {
    "content_filter": "content_filter",
    "max_output_tokens": "length",
}


def read(response: Mapping[str, Any], kind: str, parts: Iterable[type[ir.Part]]) -> ir.FinishReason:
    """`kind` is the last word of the terminal event, `parts` are the kinds of content before it."""
    status = response.get("status")
    if "incomplete" in (status, kind):
        details = response.get("incomplete_details")
        reason = details.get("reason") if isinstance(details, Mapping) else None
        return _REASONS.get(str(reason), "length")
    if status == "cancelled":
        return "error"
    kinds = set(parts)
    if ir.ToolCall in kinds:
        return "tool_calls"
    return "refusal" if ir.Refusal in kinds else "stop"


def write(reason: ir.FinishReason, *, refused: bool) -> tuple[Status, str | None]:
    """The status, and the reason of an incomplete answer."""
    match reason:
        case "length" | "pause":
            return "incomplete", "max_output_tokens"
        case "content_filter":
            return "incomplete", "content_filter"
        case "refusal" if not refused:
            return "incomplete", "content_filter"
        case "error":
            return "failed", None
        case _:
            return "completed", None
