"""Token counts of Chat Completions: cached and written tokens are part of `prompt_tokens`.

xAI leaves reasoning out of `completion_tokens`, and Google's compatible endpoint leaves out
thoughts without naming them; both show in a total that is larger than its parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from omniroute.gateway.translation.openai import counts
from omniroute.gateway.usage import Usage, count


def read(value: object) -> Usage | None:
    """The counts in a `usage` object; None when there are none."""
    if not isinstance(value, dict):
        return None
    prompt_raw, output_raw = value.get("prompt_tokens"), value.get("completion_tokens")
    if prompt_raw is None and output_raw is None:
        return None
    details = counts.details(value, "prompt_tokens_details")
    cached_raw = _first(
        details.get("cached_tokens"),
        value.get("prompt_cache_hit_tokens"),
        value.get("cached_tokens"),
        value.get("num_cached_tokens"),
    )
    reasoning_raw = _first(
        counts.details(value, "completion_tokens_details").get("reasoning_tokens"),
        value.get("reasoning_tokens"),
    )
    consistent = count(cached_raw)[0] <= count(prompt_raw)[0]
    return counts.usage(
        prompt=prompt_raw,
        output=output_raw,
        cached=cached_raw,
        written=details.get("cache_write_tokens"),
        reasoning=reasoning_raw,
        hidden=_hidden(value, named=reasoning_raw) if consistent else 0,
    )


def of(body: Mapping[str, Any]) -> Usage | None:
    """The usage of a whole answer or of one chunk, wherever the provider put it."""
    usage = read(body.get("usage")) or read(counts.details(body, "x_groq").get("usage"))
    if usage is not None:
        return usage
    choices = body.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    return read(first.get("usage")) if isinstance(first, dict) else None


def write(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.output,
        "total_tokens": usage.prompt + usage.output,
        "prompt_tokens_details": {
            "cached_tokens": usage.cache_read,
            "cache_write_tokens": usage.cache_write,
        },
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
    }


def _hidden(value: dict[str, Any], *, named: object) -> int:
    """Output tokens that only the total tells of."""
    raw = [value.get(key) for key in ("total_tokens", "prompt_tokens", "completion_tokens")]
    total, prompt, output = (count(item)[0] for item in raw)
    missing = total - prompt - output
    if missing <= 0 or any(count(item)[1] for item in raw):
        return 0
    if named is None or missing == count(named)[0]:
        return missing
    return 0


def _first(*values: object) -> object:
    return next((value for value in values if value is not None), None)
