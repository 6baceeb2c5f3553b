"""A caller's own body on its way to a provider of the same format: as untouched as it can be.

Members that need no change stay the very same objects, so that their bytes can be kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from omniroute.gateway.formats.anthropic.request import is_billing_header, refuse_thread
from omniroute.gateway.snapshot import Model, Provider
from omniroute.gateway.translation.carrier import is_foreign

_NEEDED = frozenset({"model", "messages", "max_tokens", "stream"})


def passthrough(body: dict[str, Any], provider: Provider, model: Model) -> dict[str, Any]:
    refuse_thread(body)
    unwanted = {*provider.drop_params, *model.drop_params} - _NEEDED
    passed = {key: value for key, value in body.items() if key not in unwanted}
    passed["model"] = model.id
    _without_foreign_thinking(passed)
    if provider.id != "anthropic":
        _without_billing_header(passed)
    return passed


def _without_foreign_thinking(body: dict[str, Any]) -> None:
    """Thinking that this gateway carried here from another family is nobody's here."""
    messages = body.get("messages")
    if not isinstance(messages, list):
        return
    kept = [_cleaned(message) for message in messages]
    if all(new is old for new, old in zip(kept, messages, strict=True)):
        return
    body["messages"] = [message for message in kept if _content(message) != []]
    thinking = body.get("thinking")
    if isinstance(thinking, dict) and thinking.get("type") == "enabled" and _broken(kept):
        body["thinking"] = {"type": "disabled"}


def _content(message: Any) -> Any:
    return message.get("content") if isinstance(message, dict) else None


def _cleaned(message: Any) -> Any:
    content = _content(message)
    if not isinstance(content, list) or not any(map(_is_foreign, content)):
        return message
    return {**message, "content": [block for block in content if not _is_foreign(block)]}


def _is_foreign(block: object) -> bool:
    return isinstance(block, Mapping) and is_foreign(block.get("signature"))


def _broken(messages: list[Any]) -> bool:
    """Whether the open tool turn no longer begins with the thinking that led to it."""
    answers = [
        _content(message)
        for message in messages
        if isinstance(message, dict) and message.get("role") == "assistant"
    ]
    first = answers[-1][0] if answers and isinstance(answers[-1], list) and answers[-1] else None
    return isinstance(first, dict) and first.get("type") not in ("thinking", "redacted_thinking")


def _without_billing_header(body: dict[str, Any]) -> None:
    """It changes with every request, and would spoil the prompt cache of another vendor."""
    system = body.get("system")
    if isinstance(system, list):
        kept = [block for block in system if not _is_billing_header(block)]
        if not kept:
            del body["system"]
        elif len(kept) < len(system):
            body["system"] = kept


def _is_billing_header(block: object) -> bool:
    return isinstance(block, Mapping) and is_billing_header(block.get("text"))
