"""What the gateway gave a client of this format to carry for another family, taken out again.

A conversation may go on at a provider that this format's client speaks to without translation; many
of those answer 400 to fields that they do not know, and none of them can read the signatures.
"""

from __future__ import annotations

from typing import Any

from omniroute.gateway.translation import carrier

_DETAILS, _TEXT, _CALLS, _GOOGLE = (
    "reasoning_details",
    "reasoning_content",
    "tool_calls",
    "extra_content",
)


def unpacked(messages: Any, *, replay: bool) -> Any:
    """`messages` without it; what needs no change stays the same object. `replay`: the provider
    wants the text of reasoning back, whoever thought it."""
    if not isinstance(messages, list) or not any(map(_may_carry, messages)):
        return messages
    cleaned = [_message(message, replay=replay) for message in messages]
    same = all(new is old for new, old in zip(cleaned, messages, strict=True))
    return messages if same else cleaned


def _may_carry(message: Any) -> bool:
    """Quick to say no: this is asked of every message of every request."""
    return isinstance(message, dict) and (_CALLS in message or _DETAILS in message)


def _message(message: Any, *, replay: bool) -> Any:
    if not isinstance(message, dict):
        return message
    calls = message.get(_CALLS)
    bare = [_call(call) for call in calls] if isinstance(calls, list) else []
    carries = [new is not old for new, old in zip(bare, calls or (), strict=True)]
    if not any(carries) and not _carries(message.get(_DETAILS)):
        return message
    unwanted = {_DETAILS} if replay else {_DETAILS, _TEXT}
    left = {name: value for name, value in message.items() if name not in unwanted}
    return {**left, _CALLS: bare} if bare else left


def _call(call: Any) -> Any:
    extra = call.get(_GOOGLE) if isinstance(call, dict) else None
    google = extra.get("google") if isinstance(extra, dict) else None
    if not isinstance(google, dict) or not carrier.is_foreign(google.get("thought_signature")):
        return call
    return {name: value for name, value in call.items() if name != _GOOGLE}


def _carries(details: Any) -> bool:
    entries = details if isinstance(details, list) else ()
    return any(
        carrier.is_foreign(entry.get(name))
        for entry in entries
        if isinstance(entry, dict)
        for name in ("signature", "data")
    )
