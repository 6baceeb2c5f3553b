"""Token counts: cached and written tokens are part of `input_tokens`, reasoning of the output."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from omniroute.gateway.formats import Head
from omniroute.gateway.tokens import estimate
from omniroute.gateway.translation.openai import counts
from omniroute.gateway.usage import Usage


def read(value: object) -> Usage | None:
    """The counts in a `usage` object; None when there are none."""
    if not isinstance(value, Mapping):
        return None
    prompt, output = value.get("input_tokens"), value.get("output_tokens")
    if prompt is None and output is None:
        return None
    details = counts.details(value, "input_tokens_details")
    return counts.usage(
        prompt=prompt,
        output=output,
        cached=details.get("cached_tokens"),
        written=details.get("cache_write_tokens"),
        reasoning=counts.details(value, "output_tokens_details").get("reasoning_tokens"),
    )


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


def estimated(output: list[dict[str, Any]], head: Head) -> Usage:
    """For an answer whose provider told none; clients do not accept an answer without."""
    return Usage(input=head.prompt_estimate, output=estimate(len(str(output))), basis="estimated")
