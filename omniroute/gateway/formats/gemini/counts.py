"""`usageMetadata`: the prompt includes the cache but not what tools put in, and the candidates do
not include the thoughts. What a stream reports is cumulative, so the last report counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from omniroute.gateway.usage import Usage, count

_COUNTED = (
    "promptTokenCount",
    "toolUsePromptTokenCount",
    "cachedContentTokenCount",
    "candidatesTokenCount",
    "thoughtsTokenCount",
)


def read(raw: object) -> Usage | None:
    """None for usage that tells no number, as that of a blocked prompt."""
    if not isinstance(raw, Mapping) or not any(name in raw for name in _COUNTED):
        return None
    counted = [count(raw.get(name)) for name in _COUNTED]
    (asked, _), (tools, _), (cached, _), (said, _), (thought, _) = counted
    prompt = asked + tools
    return Usage(
        input=max(prompt - cached, 0),
        cache_read=min(cached, prompt),
        output=said + thought,
        reasoning=thought,
        suspect=cached > prompt or any(absurd for _, absurd in counted),
    )


def write(usage: Usage) -> dict[str, Any]:
    raw = {
        "promptTokenCount": usage.prompt,
        "candidatesTokenCount": usage.output - usage.reasoning,
        "totalTokenCount": usage.prompt + usage.output,
    }
    if usage.cache_read:
        raw["cachedContentTokenCount"] = usage.cache_read
    if usage.reasoning:
        raw["thoughtsTokenCount"] = usage.reasoning
    return raw
