"""Token counts of every vendor."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniroute.gateway import ir
from omniroute.gateway.formats.openai_chat import FORMAT
from omniroute.gateway.usage import Usage

from .wire import ASKED, wrote


def read(**usage: object) -> Usage | None:
    return FORMAT.response_usage({"usage": usage})


@pytest.mark.parametrize(
    ("raw", "usage"),
    [
        (
            {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
            Usage(input=10, output=5),
        ),
        pytest.param(
            {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "total_tokens": 15,
                "prompt_tokens_details": {"cached_tokens": 6, "cache_write_tokens": 3},
                "completion_tokens_details": {"reasoning_tokens": 4},
            },
            Usage(input=1, cache_read=6, cache_write_5m=3, output=5, reasoning=4),
            id="OpenAI, OpenRouter",
        ),
        pytest.param(
            {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "total_tokens": 22,
                "completion_tokens_details": {"reasoning_tokens": 7},
            },
            Usage(input=10, output=12, reasoning=7),
            id="xAI leaves reasoning out of the completion",
        ),
        pytest.param(
            {"prompt_tokens": 35, "completion_tokens": 12, "total_tokens": 109},
            Usage(input=35, output=74, reasoning=62),
            id="Google's compatible endpoint does not name thoughts",
        ),
        pytest.param(
            {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "total_tokens": 99,
                "completion_tokens_details": {"reasoning_tokens": 0},
            },
            Usage(input=10, output=5),
            id="a total that says nothing",
        ),
        pytest.param(
            {"prompt_tokens": 10, "completion_tokens": 5, "prompt_cache_hit_tokens": 8},
            Usage(input=2, cache_read=8, output=5),
            id="DeepSeek",
        ),
        pytest.param(
            {"prompt_tokens": 10, "completion_tokens": 5, "cached_tokens": 8},
            Usage(input=2, cache_read=8, output=5),
            id="Together, Moonshot, Hugging Face",
        ),
        pytest.param(
            {"prompt_tokens": 10, "completion_tokens": 5, "num_cached_tokens": 8},
            Usage(input=2, cache_read=8, output=5),
            id="Mistral",
        ),
        pytest.param(
            {"prompt_tokens": 10, "completion_tokens": 5, "reasoning_tokens": 3},
            Usage(input=10, output=5, reasoning=3),
            id="reasoning at the top",
        ),
        pytest.param(
            {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "completion_tokens_details": {"reasoning_tokens": 6},
            },
            Usage(input=10, output=5, reasoning=5, suspect=True),
            id="more reasoning than output",
        ),
        pytest.param(
            {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "total_tokens": 115,
                "prompt_tokens_details": {"cached_tokens": 100},
            },
            Usage(cache_read=10, output=5, suspect=True),
            id="more cached than sent",
        ),
        pytest.param(
            {"prompt_tokens": -1, "completion_tokens": 2**63, "total_tokens": 9},
            Usage(suspect=True),
            id="absurd",
        ),
        pytest.param(
            {"prompt_tokens": "10", "completion_tokens": True},
            Usage(suspect=True),
            id="of the wrong type",
        ),
        pytest.param(
            {"prompt_tokens": 10, "prompt_tokens_details": None, "completion_tokens": None},
            Usage(input=10),
            id="null",
        ),
        ({}, None),
        ({"total_tokens": 5}, None),
    ],
)
def test_it_reads_the_counts_of_every_vendor(raw, usage):
    assert read(**raw) == usage


NUMBERS = st.none() | st.integers() | st.floats() | st.text(max_size=3) | st.booleans()


@given(
    raw=st.fixed_dictionaries(
        {},
        optional={
            "prompt_tokens": NUMBERS,
            "completion_tokens": NUMBERS,
            "total_tokens": NUMBERS,
            "cached_tokens": NUMBERS,
            "reasoning_tokens": NUMBERS,
            "prompt_tokens_details": NUMBERS
            | st.fixed_dictionaries({"cached_tokens": NUMBERS, "cache_write_tokens": NUMBERS}),
            "completion_tokens_details": NUMBERS
            | st.fixed_dictionaries({"reasoning_tokens": NUMBERS}),
        },
    )
)
def test_it_never_makes_negative_or_overlapping_counts_of_hostile_ones(raw):
    usage = read(**raw)
    if usage is not None:
        counts = (usage.input, usage.cache_read, usage.cache_write_5m, usage.output)
        assert min(counts) >= 0
        assert 0 <= usage.reasoning <= usage.output
        assert usage.prompt < 2**41


@given(
    counts=st.tuples(*[st.integers(0, 10**6)] * 5),
    reasoning=st.integers(0, 10**6),
)
def test_it_writes_the_counts_that_it_reads(counts, reasoning):
    fresh, read_, write5, write1, output = counts
    usage = Usage(
        input=fresh,
        cache_read=read_,
        cache_write_5m=write5,
        cache_write_1h=write1,
        output=output,
        reasoning=min(reasoning, output),
    )
    chunks = wrote([ir.UsageReport(usage=usage), ir.Finish(reason="stop")], ASKED)
    back = FORMAT.response_usage(chunks[-2])
    assert back is not None
    assert (back.input, back.cache_read, back.output) == (fresh, read_, output)
    assert back.cache_write == usage.cache_write
    assert back.reasoning == usage.reasoning
