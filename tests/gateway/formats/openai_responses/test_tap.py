"""Watching a stream that passes through."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniroute.gateway.errors import UpstreamFailure
from omniroute.gateway.formats.openai_responses import FORMAT
from omniroute.gateway.formats.openai_responses.tap import Tap
from omniroute.gateway.usage import Usage

from .wire import (
    HEAD,
    begun,
    call_stream,
    ended,
    event,
    function_call,
    message,
    response,
    text_stream,
)

USAGE = Usage(input=30, cache_read=60, cache_write_5m=10, output=20, reasoning=5)
SAID = 'say "error", "response": {"model":"upstream-model"} [x] 🙂'
STREAM = b"".join(
    [
        begun(tools=[{"type": "image_generation", "model": "upstream-model"}]),
        event("in_progress", response=response("in_progress")),
        text_stream("Grüße, ", SAID),
        call_stream('{"model":"upstream-model"}', at=1),
        ended(message("Grüße, " + SAID), function_call('{"model":"upstream-model"}')),
    ]
)
OLD, NEW = b'"model":"upstream-model","error"', b'"model":"my-alias","error"'


def renamed(raw: bytes) -> bytes:
    return raw.replace(OLD, NEW)


def tapped(*pieces: bytes) -> tuple[Tap, bytes]:
    tap = FORMAT.tap(HEAD, "another-spelling")
    out = b"".join(tap.feed(piece) for piece in pieces)
    return tap, out + tap.close()


def in_pieces(raw: bytes, size: int) -> list[bytes]:
    return [raw[i : i + size] for i in range(0, len(raw), size)]


def test_it_forwards_everything_but_the_models_name():
    tap, out = tapped(STREAM)
    assert out == renamed(STREAM)
    assert out.count(b"my-alias") == 3
    assert (tap.ready, tap.done, tap.error) == (True, True, None)
    assert tap.usage == USAGE


@given(cuts=st.lists(st.integers(0, len(STREAM)), max_size=8).map(sorted))
def test_it_forwards_the_same_bytes_for_any_split(cuts):
    tap, out = tapped(*(STREAM[a:b] for a, b in pairwise([0, *cuts, len(STREAM)])))
    assert out == renamed(STREAM)
    assert (tap.done, tap.usage) == (True, USAGE)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_it_passes_line_ends_comments_and_missing_spaces_as_they_are(end, size):
    raw = STREAM.replace(b"data: ", b"id: 1\ndata:").replace(
        b"event: response.out", b": ping\n\nevent: response.out"
    )
    raw = raw.replace(b"\n", end)
    tap, out = tapped(*in_pieces(raw, size))
    assert out == renamed(raw)
    assert (tap.ready, tap.done) == (True, True)


def test_it_forwards_only_whole_events():
    tap = FORMAT.tap(HEAD, "m")
    sent = b""
    for piece in in_pieces(STREAM, 1):
        sent += tap.feed(piece)
        assert sent == b"" or sent.endswith(b"\n\n")


def test_it_never_takes_a_cut_for_the_end():
    complete = len(STREAM.rstrip(b"\n"))
    for cut in range(len(STREAM)):
        tap, out = tapped(STREAM[:cut])
        assert tap.done is (cut >= complete), cut
        assert renamed(STREAM).startswith(out)


def test_it_completes_an_unfinished_last_event_or_leaves_it_out():
    tap, out = tapped(STREAM.rstrip(b"\n"))
    assert out == renamed(STREAM)
    assert tap.done
    assert tapped(b": half a comment")[1] == b""
    assert tapped(b'data: {"type":')[1] == b""


def test_it_is_no_end_that_others_add():
    """OpenRouter adds `[DONE]`, which by itself ends nothing."""
    tap, out = tapped(STREAM + b"data: [DONE]\n\n")
    assert (tap.done, out.endswith(b"[DONE]\n\n")) == (True, True)
    for before in (b"", begun(), begun() + text_stream("x")):
        tap, out = tapped(before + b"data: [DONE]\n\n")
        assert (tap.done, out.endswith(b"[DONE]\n\n")) == (False, True)


@pytest.mark.parametrize("kind", ["completed", "incomplete"])
def test_it_is_done_at_the_terminal_event(kind):
    last = ended(message("x"), kind=kind)
    tap = FORMAT.tap(HEAD, "m")
    tap.feed(begun() + text_stream("x"))
    assert not tap.done
    assert tap.feed(last) == renamed(last)
    assert (tap.done, tap.usage) == (True, USAGE)
    late = text_stream("late", at=5) + ended()
    assert tap.feed(late) == late


@pytest.mark.parametrize(
    ("told", "ready"),
    [
        (begun(), False),
        (event("queued", response=response("queued")), False),
        (event("output_item.added", output_index=0, item=message()), False),
        (event("content_part.added", output_index=0, part={"text": ""}), False),
        (event("output_text.delta", output_index=0, delta=""), False),
        (event("output_item.added", output_index=0, item={"type": "reasoning"}), False),
        (event("output_item.done", item={"type": "reasoning", "encrypted_content": "s"}), False),
        (event("output_item.added", item=None), False),
        (b'data: {"delta":"x"}\n\n', False),
        (event("output_text.delta", output_index=0, delta="x"), True),
        (event("reasoning_summary_text.delta", output_index=0, delta="x"), True),
        (event("reasoning_text.delta", output_index=0, delta="x"), True),
        (event("refusal.delta", output_index=0, delta="x"), True),
        (event("output_item.added", output_index=0, item=function_call("")), True),
        (event("output_item.added", output_index=0, item={"type": "web_search_call"}), True),
        (event("output_item.done", output_index=0, item=message("x")), True),
        (event("output_item.done", item={"type": "reasoning", "summary": [{}]}), True),
        (b'event: response.output_text.delta\ndata: {"delta":"x"}\n\n', True),
    ],
)
def test_it_is_ready_at_the_first_content_and_not_before(told, ready):
    tap = FORMAT.tap(HEAD, "m")
    tap.feed(b": ping\n\n" + told)
    assert tap.ready is ready


def test_it_forwards_neither_an_error_nor_what_follows():
    fault = event("failed", response=response("failed", error={"code": "x", "message": "It broke"}))
    for pieces in (in_pieces(fault + STREAM, 10), [fault + STREAM], [fault, STREAM]):
        for before in (b"", begun() + text_stream("x")):
            tap, out = tapped(before, *pieces)
            assert out == renamed(before)
            assert tap.error is not None
            assert (tap.error.message, tap.done) == ("It broke", False)


def test_it_finds_an_error_event_among_content():
    for fault in (
        b'event: error\ndata: {"code":"x","message":"It broke"}\n\n',
        b'event:error\ndata: {"code":"x","message":"It broke"}\n\n',
        b'data: {"type":"error","message":"It broke"}\n\n',
        b'data: {"error":{"message":"It broke"}}\n\n',
    ):
        tap, out = tapped(begun() + text_stream("x"), text_stream("y") + fault + text_stream("z"))
        assert out == renamed(begun()) + text_stream("x") + text_stream("y")
        assert tap.error is not None
        assert tap.error.message == "It broke"


def test_it_takes_no_error_of_a_tool_for_one_of_the_stream():
    """A hosted tool that failed tells so in its item."""
    item = {"type": "mcp_call", "error": {"message": "no such page"}, "output": None}
    told = event("output_item.done", output_index=1, item=item)
    tap, out = tapped(begun() + text_stream("x"), told, ended())
    assert tap.error is None
    assert out == renamed(begun()) + text_stream("x") + told + renamed(ended())


@pytest.mark.parametrize(
    ("spelling", "wanted"),
    [
        (b'"model":"v/m"', b'"model":"my-alias"'),
        (b'"model" : "v\\/m"', b'"model" : "my-alias"'),
        (b'"model": "v\\u002fm"', b'"model": "my-alias"'),
    ],
)
def test_it_learns_how_the_provider_spells_the_model(spelling, wanted):
    raw = begun(model="MODEL").replace(b'"model":"MODEL"', spelling)
    assert tapped(raw)[1] == raw.replace(spelling, wanted)


def test_it_tells_the_answers_model_from_others_beside_it():
    tools = [{"type": "image_generation", "model": "upstream-model"}] * 2
    for told in (begun(tools=tools), ended(metadata={"model": "upstream-model"})):
        first = orjson.loads(told.split(b"data: ")[1])["response"]
        out = tapped(told)[1]
        last = orjson.loads(out.split(b"data: ")[1])["response"]
        assert last == {**first, "model": "my-alias"}
    before = b'data: {"x":{"model":"upstream-model"},' + begun().split(b"data: {")[1]
    assert tapped(before)[1].count(b"upstream-model") == 1


@pytest.mark.parametrize("model", [None, 3, ["x"]])
def test_it_leaves_a_model_alone_that_is_no_name(model):
    told = begun(model=model)
    assert tapped(told)[1] == told


def test_it_refuses_an_event_that_is_no_json():
    for data in (b"{nonsense", b"[1]"):
        with pytest.raises(UpstreamFailure) as caught:
            FORMAT.tap(HEAD, "m").feed(b"data: " + data + b"\n\n")
        assert caught.value.kind == "protocol"


def test_it_refuses_an_event_without_end_in_linear_time():
    tap = FORMAT.tap(HEAD, "m")
    began = time.process_time()
    for _ in range(2**20 // 16):
        tap.feed(b"x" * 16)
    with pytest.raises(UpstreamFailure, match="too_large"):
        tap.feed(b"x")
    assert time.process_time() - began < 2


def test_it_tells_how_much_was_said():
    texts = [f'word{i} "q" ' for i in range(200)]
    raw = begun() + text_stream(*texts)
    wanted = sum(len(orjson.dumps(text)) - 2 for text in texts)
    for size in (1, 100, 5_000, 10**6):
        tap, _ = tapped(*in_pieces(raw, size))
        assert tap.output_bytes == wanted


def test_it_is_quick_enough_for_the_hot_path():
    """One microsecond for each event when they arrive together; room for a busy machine."""
    place = {"item_id": "msg_" + "0" * 50, "output_index": 0, "content_index": 0}
    events = [
        event("output_text.delta", **place, delta=f" tok{i}", logprobs=[], obfuscation="x" * 9)
        for i in range(4000)
    ]
    for size, limit in ((1, 12e-6), (50, 4e-6)):
        pieces = [b"".join(events[i : i + size]) for i in range(0, len(events), size)]
        assert min(_seconds(pieces) for _ in range(3)) / len(events) < limit


def _seconds(pieces: list[bytes]) -> float:
    tap = FORMAT.tap(HEAD, "m")
    began = time.process_time()
    for piece in pieces:
        tap.feed(piece)
    return time.process_time() - began


NAMES = ["type", "response", "error", "model", "usage", "item", "delta", "message", "code"]
JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(NAMES), inner),
    max_leaves=8,
)
KINDS = ["created", "completed", "failed", "output_item.done", "output_text.delta"]


@given(
    told=st.lists(st.tuples(st.sampled_from(KINDS), JSON, JSON, JSON), max_size=4),
    size=st.integers(1, 80),
)
def test_it_never_crashes_on_adversarial_events(told, size):
    events = (event(kind, response=a, item=b, delta=c) for kind, a, b, c in told)
    tapped(*in_pieces(b"".join(events), size))
