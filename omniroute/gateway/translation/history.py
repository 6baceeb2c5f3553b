"""What may be taken out of a conversation's history."""

from __future__ import annotations

from dataclasses import replace

from omniroute.gateway import ir


def without_reasoning(request: ir.Request) -> ir.Request | None:
    """The same request without the reasoning of earlier turns; None when it holds none."""
    messages = []
    for message in request.messages:
        parts = tuple(part for part in message.parts if not isinstance(part, ir.Thinking))
        if parts:
            messages.append(replace(message, parts=parts))
    kept = sum(len(message.parts) for message in messages)
    if kept == sum(len(message.parts) for message in request.messages):
        return None
    return replace(request, messages=tuple(messages))
