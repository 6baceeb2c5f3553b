"""Token counts, in both directions."""

from __future__ import annotations

from typing import Any

import pytest

from omniroute.gateway.formats.openai_responses import counts
from omniroute.gateway.usage import Usage

from .wire import COUNTS

USAGE = Usage(input=30, cache_read=60, cache_write_5m=10, output=20, reasoning=5)


def test_it_carries_counts_both_ways():
    assert counts.read(COUNTS) == USAGE
    assert counts.write(USAGE) == COUNTS


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        ({"input_tokens": 3, "output_tokens": 4}, Usage(input=3, output=4)),
        ({"output_tokens": 4}, Usage(output=4)),
        ({"input_tokens": 3}, Usage(input=3)),
        (
            {"input_tokens": 3, "output_tokens": 4, "input_tokens_details": None},
            Usage(input=3, output=4),
        ),
        (
            {"input_tokens": 3, "output_tokens": 4, "output_tokens_details": "x"},
            Usage(input=3, output=4),
        ),
    ],
)
def test_it_reads_what_is_there(raw, wanted):
    assert counts.read(raw) == wanted


@pytest.mark.parametrize("raw", [None, {}, "x", [], {"total_tokens": 3}])
def test_it_reads_nothing_from_nothing(raw):
    assert counts.read(raw) is None
    assert counts.of({"usage": raw}) is None


@pytest.mark.parametrize(
    "told",
    [
        {"input_tokens": -1},
        {"output_tokens": 2**60},
        {"input_tokens_details": {"cached_tokens": 101}},
        {"input_tokens_details": {"cached_tokens": 90, "cache_write_tokens": 20}},
        {"output_tokens_details": {"reasoning_tokens": 21}},
        {"output_tokens": "many"},
    ],
)
def test_it_marks_counts_that_cannot_be_true(told: dict[str, Any]):
    usage = counts.read({**COUNTS, **told})
    assert usage is not None
    assert usage.suspect
    assert usage.reasoning <= usage.output
    assert min(usage.input, usage.cache_read, usage.cache_write) >= 0


def test_it_counts_every_token_once():
    """Cached and written tokens are part of the input, reasoning is part of the output."""
    assert USAGE.prompt == COUNTS["input_tokens"]
    five_and_hour = Usage(input=1, cache_write_5m=2, cache_write_1h=3, output=4)
    written = counts.write(five_and_hour)
    assert written["input_tokens"] == 6
    assert written["input_tokens_details"]["cache_write_tokens"] == 5
    assert written["total_tokens"] == 10
