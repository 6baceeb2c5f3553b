"""A stream cut into blocks of whole events."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniroute.gateway.errors import UpstreamFailure
from omniroute.gateway.translation.blocks import Blocks, fields, split

EVENTS = (b": ping", b'event: a\ndata: {"x":1}', b"data: one\ndata: two", b"data:[DONE]")
NAMED = [(b"", b""), (b"a", b'{"x":1}'), (b"", b"one\ntwo"), (b"", b"[DONE]")]


def stream(end: bytes) -> bytes:
    return b"".join(event.replace(b"\n", end) + end + end for event in EVENTS)


@given(st.sampled_from([b"\n", b"\r\n", b"\r"]), st.lists(st.integers(0, 70), max_size=8))
def test_it_gives_whole_events_byte_for_byte_however_they_are_cut(
    end: bytes, cuts: list[int]
) -> None:
    raw = stream(end)
    edges = [0, *sorted(cut % len(raw) for cut in cuts), len(raw)]
    blocks = Blocks()
    found = [event for a, b in pairwise(edges) for event in split(blocks.feed(raw[a:b]))]
    assert b"".join(found) == raw
    assert [fields(event) for event in found] == NAMED
    assert blocks.close() == b""


@pytest.mark.parametrize("blank", [b"\n\n", b"\r\n\r\n", b"\r\r", b"\r\n\n", b"\n\r\n"])
def test_it_ends_an_event_with_any_blank_line(blank: bytes) -> None:
    blocks = Blocks()
    assert blocks.feed(b"data: 1" + blank + b"data: 2") == b"data: 1" + blank
    assert split(b"data: 1" + blank + b"data: 2" + blank) == [
        b"data: 1" + blank,
        b"data: 2" + blank,
    ]
    assert blocks.close() == b"data: 2"


def test_it_keeps_what_is_cut_within_bounds() -> None:
    blocks = Blocks(10)
    assert blocks.feed(b"data: 1234") == b""
    with pytest.raises(UpstreamFailure):
        blocks.feed(b"5")
