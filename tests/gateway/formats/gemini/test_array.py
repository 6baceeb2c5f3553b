"""The piecewise JSON array that takes the place of events without `alt=sse`."""

from __future__ import annotations

from itertools import pairwise

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniroute.gateway.errors import UpstreamFailure
from omniroute.gateway.formats.gemini import FORMAT, ArrayStream
from omniroute.gateway.formats.gemini.array import MAX_EVENT_BYTES, Splitter

from .golden import ARRAY, CHUNKS, STREAM
from .wire import HEAD, events, sse, stream_of

TRICKY = [{"a": 'x"}{[\\'}, {"b": {"c": [{}, "\\"]}}, {"d": "žluť 🐎"}]


def split(raw: bytes, *cuts: int) -> list[bytes]:
    edges = [0, *sorted(cuts), len(raw)]
    return [raw[start:end] for start, end in pairwise(edges)]


@given(st.lists(st.integers(0, 200), max_size=6), st.sampled_from([b",", b"\n,\r\n", b" , "]))
def test_it_finds_the_objects_however_the_array_is_cut(cuts: list[int], comma: bytes):
    raw = b"[" + comma.join(map(orjson.dumps, TRICKY)) + b"\n]"
    splitter = Splitter()
    found = [one for piece in split(raw, *cuts) for one in splitter.feed(piece)]
    assert [orjson.loads(one) for one in found] == TRICKY


def test_it_finds_the_objects_byte_by_byte():
    splitter = Splitter()
    found = [one for at in range(len(ARRAY)) for one in splitter.feed(ARRAY[at : at + 1])]
    assert [orjson.loads(one) for one in found] == CHUNKS
    assert splitter.feed(b"") == []


def test_it_gives_an_object_as_soon_as_it_is_complete():
    splitter = Splitter()
    assert splitter.feed(b'[{"a":1') == []
    assert splitter.feed(b"}") == [b'{"a":1}']
    assert splitter.feed(b",}{") == []
    assert splitter.feed(b"}") == [b"{}"]


def test_it_refuses_an_object_without_end():
    splitter = Splitter()
    with pytest.raises(UpstreamFailure) as failed:
        splitter.feed(b'{"' + b"x" * MAX_EVENT_BYTES)
    assert failed.value.kind == "too_large"


def test_it_makes_an_array_of_what_a_writer_says():
    writer, array = FORMAT.writer(HEAD), ArrayStream()
    written = [writer.write(event) for event in events(STREAM)]
    raw = b"".join(map(array.feed, written)) + array.close()
    assert orjson.loads(raw)[-1]["candidates"][0]["finishReason"] == "STOP"
    assert len(orjson.loads(raw)) == b"".join(written).count(b"data: ")
    again = events(raw)
    assert again == events(b"".join(written))


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_it_makes_an_array_of_what_a_tap_lets_through(size: int):
    tap, array = FORMAT.tap(HEAD, "gemini-3-flash-preview"), ArrayStream()
    pieces = [STREAM[at : at + size] for at in range(0, len(STREAM), size)]
    raw = b"".join(array.feed(tap.feed(piece)) for piece in pieces)
    raw += array.feed(tap.close()) + array.close()
    assert orjson.loads(raw) == [{**item, "modelVersion": "my-alias"} for item in CHUNKS]


def test_it_gives_every_piece_at_once_and_ends_the_array_only_at_the_end():
    array = ArrayStream()
    assert array.feed(sse({"a": 1})) == b'[{"a":1}'
    assert array.feed(sse({"b": 2}, {"c": 3})) == b'\n,{"b":2}\n,{"c":3}'
    assert array.feed(FORMAT.keepalive) == b"\n"
    assert array.feed(b"") == b""
    assert array.feed(b'data: {"d"') == b""
    assert array.feed(b":4}") == b""
    assert array.close() == b'\n,{"d":4}\n]'
    assert ArrayStream().close() == b"[]"


@pytest.mark.parametrize(
    ("query", "array"), [("", True), ("key=x", True), ("alt=sse", False), ("key=x&alt=sse", False)]
)
def test_it_is_asked_for_by_leaving_out_alt_sse(query: str, array: bool):
    framing = FORMAT.framing(query)
    assert isinstance(framing, ArrayStream) is array
    assert framing is None or framing.stream_content_type == "application/json"


def test_it_puts_an_error_inside_of_the_array():
    array = ArrayStream()
    writer = FORMAT.writer(HEAD)
    raw = b"".join(array.feed(writer.write(event)) for event in stream_of()[:1])
    raw += array.feed(b'data: {"error":{"code":500}}\n\n') + array.close()
    assert orjson.loads(raw) == [{"error": {"code": 500}}]
