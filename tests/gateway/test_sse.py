"""The SSE parser against a slow, simple reading of the same rules."""

from __future__ import annotations

import re
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniroute.gateway import sse
from omniroute.gateway.errors import UpstreamFailure

LINE_ENDS = (b"\n", b"\r\n", b"\r")
BOM = b"\xef\xbb\xbf"


def parse(stream: bytes, cuts: list[int] | None = None) -> list[sse.Event]:
    parser = sse.Parser()
    edges = [0, *sorted(cut % (len(stream) + 1) for cut in cuts or []), len(stream)]
    pieces = [stream[a:b] for a, b in pairwise(edges)]
    return [event for piece in pieces for event in parser.feed(piece)] + parser.close()


def reference(stream: bytes) -> list[sse.Event]:
    events, name, data = [], b"", None
    for line in [*re.split(rb"\r\n|\n|\r", stream.removeprefix(BOM)), b""]:
        if not line:
            if data is not None:
                events.append(sse.Event(name, data))
            name, data = b"", None
            continue
        field, _, value = line.partition(b":")
        value = value[1:] if value[:1] == b" " else value
        if field == b"event":
            name = value
        elif field == b"data":
            data = value if data is None else data + b"\n" + value
    return events


lines = st.sampled_from(
    [
        b'data: {"a":1}',
        b"data:x",
        b"data",
        b"data:  two spaces",
        "data: žluťoučký 🐎".encode(),
        b"event: ping",
        b"event:message_stop",
        b": a comment",
        b"id: 7",
        b"retry: 10",
        b"unknown: field",
        b"",
        b"",
    ]
)
streams = st.lists(st.tuples(lines, st.sampled_from(LINE_ENDS))).map(
    lambda pairs: b"".join(line + end for line, end in pairs)
)


@given(streams, st.booleans(), st.lists(st.integers(0, 400), max_size=8))
def test_it_reads_the_same_events_however_the_stream_is_cut(
    stream: bytes, bom: bool, cuts: list[int]
) -> None:
    stream = BOM + stream if bom else stream
    assert parse(stream, cuts) == reference(stream)


@given(streams)
def test_it_reads_the_same_events_byte_by_byte(stream: bytes) -> None:
    assert parse(stream, list(range(len(stream)))) == reference(stream)


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=4))
def test_it_takes_any_bytes(stream: bytes, cuts: list[int]) -> None:
    assert parse(stream, cuts) == parse(stream)


def test_it_ends_an_event_with_the_second_line_end_not_one_byte_later() -> None:
    parser = sse.Parser()
    assert parser.feed(b"data: a\r\n\r") == [sse.Event(b"", b"a")]
    assert parser.feed(b"\ndata: b\r\r") == [sse.Event(b"", b"b")]


def test_it_gives_a_last_event_that_lacks_its_blank_line() -> None:
    assert parse(b"event: end\ndata: x") == [sse.Event(b"end", b"x")]
    assert parse(b"event: end\ndata: x\n") == [sse.Event(b"end", b"x")]
    assert parse(BOM + b"data: x") == [sse.Event(b"", b"x")]


def test_it_joins_data_lines_and_forgets_the_name_after_each_event() -> None:
    stream = b"event: a\ndata: 1\ndata: 2\n\ndata: 3\n\nevent: nothing\n\ndata: 4\n\n"
    assert parse(stream) == [
        sse.Event(b"a", b"1\n2"),
        sse.Event(b"", b"3"),
        sse.Event(b"", b"4"),
    ]


def test_it_reads_the_error_field_of_llama_cpp() -> None:
    stream = b'data: partial\nerror: {"message":"boom"}\n\ndata: next\n\n'
    assert parse(stream) == [sse.Event(b"error", b'{"message":"boom"}'), sse.Event(b"", b"next")]


@pytest.mark.parametrize(
    "line", [b"data: " + b"x" * 101, b"data: " + b"x" * 60 + b"\ndata: " + b"y" * 41]
)
def test_it_refuses_an_event_over_the_cap(line: bytes) -> None:
    for stream in (line, line + b"\n\n"):
        with pytest.raises(UpstreamFailure) as caught:
            sse.Parser(max_event_bytes=100).feed(stream)
        assert caught.value.kind == "too_large"


def test_it_takes_an_event_of_exactly_the_cap() -> None:
    parser = sse.Parser(max_event_bytes=100)
    assert len(parser.feed(b"data: " + b"x" * 100 + b"\n\n")[0].data) == 100


def test_it_caps_an_endless_line_and_endless_empty_data_lines() -> None:
    for piece in (b"x", b"data\n"):
        parser = sse.Parser(max_event_bytes=1000)
        for _ in range(1000):
            parser.feed(piece)
        with pytest.raises(UpstreamFailure):
            parser.feed(piece * 2)


def test_it_takes_linear_time_for_a_large_event_in_small_pieces() -> None:
    def seconds(size: int) -> float:
        parser, data = sse.Parser(), b"data: " + b"x" * size + b"\n\n"
        start = time.process_time()
        for at in range(0, len(data), 4):
            parser.feed(data[at : at + 4])
        return time.process_time() - start

    small = min(seconds(1 << 16) for _ in range(3))
    # 15 times the bytes; were every piece to cost the whole line so far, it would be 225 times.
    assert seconds(15 << 16) < 60 * small


def test_it_writes_what_it_reads() -> None:
    assert parse(sse.encode(b"{}", b"ping") + sse.encode(b"[1]")) == [
        sse.Event(b"ping", b"{}"),
        sse.Event(b"", b"[1]"),
    ]
