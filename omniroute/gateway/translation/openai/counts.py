"""Token counts where cached and written tokens are a part of the prompt, reasoning of the output.

Numbers come as the provider told them; what cannot be true is clamped and marked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from omniroute.gateway.usage import Usage, checked, count


def usage(
    *,
    prompt: object,
    output: object,
    cached: object,
    written: object,
    reasoning: object,
    hidden: int = 0,
) -> Usage:
    """`hidden` are tokens of reasoning that the provider left out of `output`."""
    raw = (prompt, output, cached, written, reasoning)
    asked, said, read, wrote, thought = (count(number)[0] for number in raw)
    said, thought = said + hidden, thought or hidden
    cache_read = min(read, asked)
    cache_write = min(wrote, asked - cache_read)
    found = Usage(
        input=asked - cache_read - cache_write,
        cache_read=cache_read,
        cache_write_5m=cache_write,
        output=said,
        reasoning=min(thought, said),
        suspect=read + wrote > asked or thought > said,
    )
    return checked(found, *raw)


def details(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """An object beside the counts, empty when there is none."""
    inner = value.get(key)
    return inner if isinstance(inner, Mapping) else {}
