"""Token counts of the Messages API: `input_tokens` excludes the cache, `output_tokens` includes
thinking, and what a stream reports is cumulative, so the last report counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from omniroute.gateway.usage import Usage, checked, count

_PROMPT = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


def read(raw: object) -> Usage | None:
    """The usage object of a message. Tokens that compaction used are billed beside the totals."""
    if not isinstance(raw, Mapping):
        return None
    usage = _read(raw)
    iterations = raw.get("iterations")
    for iteration in iterations if isinstance(iterations, list) else ():
        if isinstance(iteration, Mapping) and iteration.get("type") == "compaction":
            usage = _sum(usage, _read(iteration))
    return usage


def _read(raw: Mapping[str, Any]) -> Usage:
    split = raw.get("cache_creation")
    split = split if isinstance(split, Mapping) else {}
    details = raw.get("output_tokens_details")
    thinking = details.get("thinking_tokens") if isinstance(details, Mapping) else None
    written = count(raw.get("cache_creation_input_tokens"))[0]
    hour = count(split.get("ephemeral_1h_input_tokens"))[0]
    five = count(split.get("ephemeral_5m_input_tokens"))[0]
    output, reasoning = count(raw.get("output_tokens"))[0], count(thinking)[0]
    usage = Usage(
        input=count(raw.get("input_tokens"))[0],
        cache_read=count(raw.get("cache_read_input_tokens"))[0],
        cache_write_5m=max(five, written - hour),
        cache_write_1h=hour,
        output=output,
        reasoning=min(reasoning, output),
        suspect=reasoning > output,
    )
    return checked(usage, raw.get("output_tokens"), thinking, *(raw.get(key) for key in _PROMPT))


def _sum(one: Usage, other: Usage) -> Usage:
    return Usage(
        input=one.input + other.input,
        cache_read=one.cache_read + other.cache_read,
        cache_write_5m=one.cache_write_5m + other.cache_write_5m,
        cache_write_1h=one.cache_write_1h + other.cache_write_1h,
        output=one.output + other.output,
        reasoning=one.reasoning + other.reasoning,
        suspect=one.suspect or other.suspect,
    )


def merge(earlier: object, later: object) -> dict[str, Any]:
    """What a stream has reported so far: the fields of `later` replace those of `earlier`.

    Proxies that know the prompt only at the start repeat it as zero at the end; a prompt is never
    empty, so such zeros replace nothing.
    """
    old = dict(earlier) if isinstance(earlier, Mapping) else {}
    new = dict(later) if isinstance(later, Mapping) else {}
    new = {key: value for key, value in new.items() if value is not None}
    if not any(count(new.get(key))[0] for key in _PROMPT) and "iterations" not in new:
        new = {key: value for key, value in new.items() if key not in _PROMPT}
    total = "cache_creation_input_tokens"
    if total in new and new[total] != old.get(total):
        old.pop("cache_creation", None)
    return old | new


def write(usage: Usage) -> dict[str, Any]:
    raw: dict[str, Any] = {
        "input_tokens": usage.input,
        "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cache_read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_write_5m,
            "ephemeral_1h_input_tokens": usage.cache_write_1h,
        },
        "output_tokens": usage.output,
    }
    if usage.reasoning:
        raw["output_tokens_details"] = {"thinking_tokens": usage.reasoning}
    return raw
