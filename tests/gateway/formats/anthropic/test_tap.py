"""Watching a stream that passes through: nothing changes but the model's name."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniroute.gateway import sse
from omniroute.gateway.errors import UpstreamFailure
from omniroute.gateway.formats.anthropic import FORMAT

from .facts import HEAD, sse_event
from .golden import MESSAGE, STREAM

_END = re.compile(rb"(?:\r\n|\n|\r){2}\Z")
UPSTREAM = b'"model":"claude-sonnet-5"'
RENAMED = STREAM.replace(UPSTREAM, b'"model":"my-alias"')
START = sse_event("message_start", message={"model": "m", "usage": {"input_tokens": 9}})
TEXT = sse_event("content_block_start", index=0, content_block={"type": "text", "text": ""})


def tapped(stream: bytes, size: int | None = None) -> tuple[bytes, Any]:
    tap = FORMAT.tap(HEAD, "claude-sonnet-5")
    size = size or len(stream) or 1
    pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
    return b"".join(tap.feed(piece) for piece in pieces) + tap.close(), tap


def said(text: str, **more: Any) -> bytes:
    delta = {"type": "text_delta", "text": text, **more}
    return sse_event("content_block_delta", index=0, delta=delta)


@pytest.mark.parametrize("size", [None, 1, 2, 5, 100, 1000])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_it_forwards_every_byte_and_replaces_only_the_model(
    size: int | None, line_end: bytes
) -> None:
    forwarded, tap = tapped(STREAM.replace(b"\n", line_end), size)
    assert forwarded == RENAMED.replace(b"\n", line_end)
    assert (tap.ready, tap.done, tap.error) == (True, True, None)
    assert tap.usage == FORMAT.response_usage(MESSAGE)


@given(st.lists(st.integers(0, len(STREAM)), max_size=6), st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_it_forwards_the_same_bytes_however_the_stream_is_cut(
    cuts: list[int], line_end: bytes
) -> None:
    stream = STREAM.replace(b"\n", line_end)
    tap = FORMAT.tap(HEAD, "m")
    forwarded = b""
    for a, b in pairwise([0, *sorted(cuts), len(stream)]):
        forwarded += tap.feed(stream[a:b])
        # Whole events are let out, every one of them at once.
        pending = len(stream[:b]) - len(forwarded.replace(b'"my-alias"', b'"claude-sonnet-5"'))
        assert not forwarded or _END.search(forwarded)
        assert line_end * 2 not in stream[b - pending : b]
    assert forwarded + tap.close() == RENAMED.replace(b"\n", line_end)
    assert tap.done


def test_it_works_for_hosts_that_leave_out_event_lines() -> None:
    bare = b"".join(line + b"\n\n" for line in STREAM.split(b"\n") if line.startswith(b"data:"))
    forwarded, tap = tapped(bare)
    assert forwarded == bare.replace(UPSTREAM, b'"model":"my-alias"')
    assert (tap.ready, tap.done) == (True, True)
    assert tap.usage == FORMAT.response_usage(MESSAGE)


def test_it_works_for_hosts_that_leave_the_type_to_the_event_line() -> None:
    _, tap = tapped(b"event: message_stop\ndata: {}\n\n")
    assert tap.done


def test_it_reads_types_whatever_the_white_space_around_them() -> None:
    spaced = STREAM.replace(b'":', b'" : ').replace(b',"', b' , "')
    forwarded, tap = tapped(spaced)
    assert forwarded == spaced.replace(b'"claude-sonnet-5"', b'"my-alias"')
    assert tap.done
    assert tap.usage == FORMAT.response_usage(MESSAGE)


def test_it_leaves_the_start_alone_when_the_name_is_right() -> None:
    tap = FORMAT.tap(replace(HEAD, model="claude-sonnet-5"), "claude-sonnet-5")
    assert tap.feed(STREAM) == STREAM


@pytest.mark.parametrize(
    "message",
    [
        {"id": 'a "model": "x"', "model": "old"},
        {"model": 'quo"ted\\', "id": "x"},
        {"metadata": {"model": "other"}, "model": "old"},
        {"id": "x"},
        {"model": None},
    ],
)
def test_it_finds_the_right_model_to_replace(message: dict[str, Any]) -> None:
    renamed = sse_event("message_start", message={**message, "model": "my-alias"})
    assert tapped(sse_event("message_start", message=message))[0] == renamed


def begun(**block: Any) -> bytes:
    return sse_event("content_block_start", index=0, content_block=block)


def more(**delta: Any) -> bytes:
    return sse_event("content_block_delta", index=0, delta=delta)


@pytest.mark.parametrize(
    ("event", "ready"),
    [
        (START, False),
        (sse_event("ping"), False),
        (b": comment\n\n", False),
        (begun(type="text", text=""), False),
        (begun(type="thinking", thinking="", signature=""), False),
        (sse_event("content_block_stop", index=0), False),
        (said(""), False),
        (sse_event("message_delta", delta={"stop_reason": "end_turn"}), False),
        (said("x"), True),
        (more(type="thinking_delta", thinking="x"), True),
        (more(type="signature_delta", signature="x"), True),
        (more(type="citations_delta", citation={}), True),
        (sse_event("content_block_delta", index=0), True),
        (begun(type="text", text="x"), True),
        (begun(type="tool_use", id="a", name="b", input={}), True),
        (begun(type="redacted_thinking", data="x"), True),
        (begun(type="server_tool_use"), True),
        (sse_event("content_block_start", index=0), True),
    ],
)
def test_it_is_ready_at_the_first_content_and_not_before(event: bytes, ready: bool) -> None:
    _, tap = tapped(START + event)
    assert tap.ready == ready


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (sse_event("error", error={"type": "overloaded_error", "message": "Busy"}), "overloaded"),
        (b'data: {"error": {"type": "rate_limit_error", "message": "Busy"}}\n\n', "rate_limit"),
        (b'event: error\ndata: {"type":"error","message":"Busy"}\n\n', "server"),
        (b'error: {"error":"Busy"}\n\n', "server"),
    ],
)
@pytest.mark.parametrize("before", [b"", START, START + TEXT + said("x") + said("y")])
def test_it_reports_an_error_event(before: bytes, event: bytes, kind: str) -> None:
    """Also as the very first event of a 200: then another target can take over."""
    _, tap = tapped(before + event)
    assert tap.error is not None
    assert (tap.error.kind, tap.error.message) == (kind, "Busy")
    assert not tap.done


def test_it_is_not_fooled_by_content_that_speaks_of_events() -> None:
    text = 'event: error\n"type":"message_stop" {"type":"error"} message_delta error:'
    events = START + TEXT + said("x") + said(text) * 3
    for stream in (events, events.replace(b"event: content_block_delta\n", b"")):
        forwarded, tap = tapped(stream)
        assert forwarded == stream.replace(b'"model":"m"', b'"model":"my-alias"')
        assert (tap.done, tap.error) == (False, None)


def test_it_never_takes_a_cut_stream_for_a_finished_one() -> None:
    whole = len(STREAM) - len("\n\n")
    for end in range(len(STREAM) + 1):
        forwarded, tap = tapped(STREAM[:end])
        assert tap.done == (end >= whole)
        assert not forwarded or forwarded.endswith(b"\n\n")


def test_it_completes_a_last_event_that_lacks_its_blank_line() -> None:
    for cut in (STREAM[:-1], STREAM[:-2]):
        assert tapped(cut)[0] == RENAMED
    assert tapped(START + b"data: {bro")[0] == tapped(START)[0]
    assert tapped(START + b": a comment")[0] == tapped(START)[0]


def test_it_forwards_what_it_does_not_understand() -> None:
    odd = b'data: [DONE]\n\ndata: {"x":1}\n\ndata: [1]\n\n'
    odd += b'event: message_start\ndata: {"message":5}\n\n'
    assert tapped(odd)[0] == odd
    assert tapped(START + TEXT + said("x") + odd)[0].endswith(odd)


def test_it_counts_the_bytes_of_content() -> None:
    words = ["Hello", ", ", "žluťoučký", " line\n", "", ' "quoted"', " error here", "."] * 20
    # Anthropic pads its events with blanks.
    padded = [said(word)[:-3] + b" " * (n % 5) + b"}\n\n" for n, word in enumerate(words)]
    stop = sse_event("content_block_stop", index=0)
    pieces = ("", '{"a"', ": 1}")
    arguments = [more(type="input_json_delta", partial_json=piece) for piece in pieces]
    call = begun(type="tool_use", id="a", name="b", input={})
    stream = b"".join([START, TEXT, *padded, stop, call, *arguments, stop])
    expected = sum(len(orjson.dumps(text)) - 2 for text in (*words, *pieces))
    for size in (None, 1, 300, 3000):
        assert tapped(stream, size)[1].output_bytes == expected


def test_it_counts_bytes_in_hosts_that_sort_their_keys() -> None:
    event = b'data: {"delta":{"text":"%s","type":"x"},"type":"content_block_delta"}\n\n'
    _, tap = tapped(START + TEXT + event % b"abc" + event % b"defgh" * 2)
    assert tap.output_bytes == 13


def test_it_refuses_an_event_over_the_cap() -> None:
    tap = FORMAT.tap(HEAD, "m")
    with pytest.raises(UpstreamFailure) as caught:
        tap.feed(START + b"data: " + b"x" * (sse.MAX_EVENT_BYTES + 1))
    assert caught.value.kind == "too_large"


def test_it_takes_a_chunk_of_many_events_over_the_cap() -> None:
    events = said("x" * 1000) * 1200
    assert len(events) > sse.MAX_EVENT_BYTES
    assert tapped(START + TEXT + events)[1].output_bytes == 1_200_000


def test_it_costs_little_per_event_and_no_more_for_large_events_in_small_pieces() -> None:
    def seconds(chunk: bytes, times: int) -> float:
        tap = FORMAT.tap(HEAD, "m")
        tap.feed(START + TEXT + said("x"))
        start = time.process_time()
        for _ in range(times):
            tap.feed(chunk)
        return time.process_time() - start

    parser = sse.Parser()
    chunk = said("some words") * 300
    start = time.process_time()
    for _ in range(10):
        parser.feed(chunk)
    parsing = time.process_time() - start
    # Splitting the events into lines alone costs more than the whole tap does.
    assert min(seconds(chunk, 10) for _ in range(3)) < parsing
    small = min(seconds(b"xxxx", 1 << 14) for _ in range(3))
    assert seconds(b"xxxx", 15 << 14) < 60 * small


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=4))
def test_it_takes_any_bytes(stream: bytes, cuts: list[int]) -> None:
    tap = FORMAT.tap(HEAD, "m")
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    forwarded = b"".join(tap.feed(stream[a:b]) for a, b in pairwise(edges))
    assert stream.startswith(forwarded)
    tap.close()
