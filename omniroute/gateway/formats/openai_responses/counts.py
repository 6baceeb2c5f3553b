"""Token counts: cached and written tokens are part of `input_tokens`, reasoning of the output."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from omniroute.gateway.formats import Head
from omniroute.gateway.tokens import estimate
from omniroute.gateway.usage import Usage, checked, count


def read(value: object) -> Usage | None:
    """The counts in a `usage` object; None when there are none."""
    if not isinstance(value, Mapping):
        return None
    prompt_raw, output_raw = value.get("input_tokens"), value.get("output_tokens")
    if prompt_raw is None and output_raw is None:
        return None
    details = _object(value, "input_tokens_details")
    cached_raw, written_raw = details.get("cached_tokens"), details.get("cache_write_tokens")
    reasoning_raw = _object(value, "output_tokens_details").get("reasoning_tokens")
    raw = (prompt_raw, output_raw, cached_raw, written_raw, reasoning_raw)
    prompt, output, cached, written, reasoning = (count(number)[0] for number in raw)
    cache_read = min(cached, prompt)
    cache_write = min(written, prompt - cache_read)
    usage = Usage(
        input=prompt - cache_read - cache_write,
        cache_read=cache_read,
        cache_write_5m=cache_write,
        output=output,
        reasoning=min(reasoning, output),
        suspect=cached + written > prompt or reasoning > output,
    )
    return checked(usage, *raw)


def of(body: object) -> Usage | None:
    """The usage of a response object."""
    return read(body.get("usage")) if isinstance(body, Mapping) else None


def write(usage: Usage) -> dict[str, Any]:
    return {
        "input_tokens": usage.prompt,
        "input_tokens_details": {
            "cached_tokens": usage.cache_read,
            "cache_write_tokens": usage.cache_write,
        },
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.prompt + usage.output,
    }


def _object(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    inner = value.get(key)
    return inner if isinstance(inner, Mapping) else {}


def estimated(output: list[dict[str, Any]], head: Head) -> Usage:
    """For an answer whose provider told none; clients do not accept an answer without."""
    return Usage(input=head.prompt_estimate, output=estimate(len(str(output))), basis="estimated")
