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
from omniroute.gateway.formats import Head
from omniroute.gateway.formats.openai_chat import FORMAT
from omniroute.gateway.formats.openai_chat.tap import Tap
from omniroute.gateway.usage import Usage

from .wire import ASKED, HEAD, call, calls, chunk, sse

COUNTS = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
USAGE_ONLY = chunk(choices=[], usage=COUNTS)
STREAM = sse(
    chunk({"role": "assistant", "content": ""}, usage=None),
    chunk({"content": "Grüße, "}, usage=None),
    chunk({"content": 'say \\"error\\": "usage":{} [x] 🙂'}, usage=None),
    chunk(calls(call(0, id="a", type="function", name="f", arguments='{"model":"m"}')), usage=None),
    chunk({}, "tool_calls", usage=None),
    USAGE_ONLY,
)


def renamed(raw: bytes, name: bytes = b"my-alias") -> bytes:
    return raw.replace(b'"model":"upstream-model"', b'"model":"' + name + b'"')


def tapped(*pieces: bytes, head: Head = HEAD, model: str = "upstream-model") -> tuple[Tap, bytes]:
    tap = FORMAT.tap(head, model)
    out = b"".join(tap.feed(piece) for piece in pieces)
    return tap, out + tap.close()


def without_usage(raw: bytes) -> bytes:
    return raw.replace(sse(USAGE_ONLY, done=False), b"")


def test_it_forwards_everything_but_the_models_name_and_the_unasked_usage():
    tap, out = tapped(STREAM)
    assert out == renamed(without_usage(STREAM))
    assert (tap.ready, tap.done, tap.error) == (True, True, None)
    assert tap.usage == Usage(input=10, output=5)


def test_it_passes_the_usage_chunk_on_when_the_client_asked_for_it():
    tap, out = tapped(STREAM, head=ASKED)
    assert out == renamed(STREAM)
    assert tap.usage == Usage(input=10, output=5)


@given(cuts=st.lists(st.integers(0, len(STREAM)), max_size=8).map(sorted))
def test_it_forwards_the_same_bytes_for_any_split(cuts):
    edges = [0, *cuts, len(STREAM)]
    tap, out = tapped(*(STREAM[a:b] for a, b in pairwise(edges)))
    assert out == renamed(without_usage(STREAM))
    assert tap.done
    assert tap.usage == Usage(input=10, output=5)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_it_passes_line_ends_comments_and_missing_spaces_as_they_are(end, size):
    raw = without_usage(STREAM)
    raw = raw.replace(b"data: ", b": ping\n\nid: 1\ndata:").replace(b"\n", end)
    tap, out = tapped(*(raw[i : i + size] for i in range(0, len(raw), size)))
    assert out == renamed(raw)
    assert (tap.ready, tap.done) == (True, True)


def test_it_forwards_only_whole_events():
    tap = FORMAT.tap(HEAD, "upstream-model")
    sent = b""
    for i in range(len(STREAM)):
        sent += tap.feed(STREAM[i : i + 1])
        assert sent == b"" or sent.endswith(b"\n\n")


def test_it_never_takes_a_cut_for_the_end():
    complete = STREAM.index(b"\n", STREAM.index(b'"finish_reason":"tool_calls"'))
    for cut in range(len(STREAM)):
        tap, out = tapped(STREAM[:cut])
        assert tap.done is (cut >= complete), cut
        assert renamed(without_usage(STREAM)).startswith(out)


def test_it_tells_the_end_at_the_terminator_so_that_the_usage_is_not_missed():
    head, tail = STREAM[: -len(b"data: [DONE]\n\n")], b"data: [DONE]\n\n"
    tap = FORMAT.tap(HEAD, "upstream-model")
    tap.feed(head)
    assert not tap.done
    assert tap.feed(tail) == tail
    assert tap.done
    tap, _ = tapped(head)
    assert tap.done, "a finish without [DONE] is an end, too"


def test_it_completes_an_unfinished_last_event_or_leaves_it_out():
    raw = without_usage(STREAM)
    tap, out = tapped(raw.rstrip(b"\n"))
    assert out == renamed(raw)
    assert tap.done
    tap, out = tapped(sse(chunk({"content": "x"}), done=False), b'data: {"choices": [')
    assert out == renamed(sse(chunk({"content": "x"}), done=False))
    assert not tap.done
    assert tapped(b": half a comment")[1] == b""


@pytest.mark.parametrize(
    ("delta", "ready"),
    [
        ({"role": "assistant", "content": ""}, False),
        ({"role": "assistant", "content": None, "tool_calls": [], "refusal": None}, False),
        ({"reasoning": "", "reasoning_details": []}, False),
        ({}, False),
        (None, False),
        ("x", False),
        ({"content": "x"}, True),
        ({"content": [{"type": "text", "text": "x"}]}, True),
        ({"reasoning_content": "x"}, True),
        ({"reasoning": "x"}, True),
        ({"reasoning_details": [{"data": "x"}]}, True),
        ({"refusal": "x"}, True),
        ({"function_call": {"name": "f"}}, True),
        ({"audio": {"data": "x"}}, True),
        ({"images": [{}]}, True),
        (calls(call(0, id="a", name="f")), True),
    ],
)
def test_it_is_ready_at_the_first_content_and_not_before(delta, ready):
    tap = FORMAT.tap(HEAD, "m")
    raw = chunk()
    raw["choices"][0]["delta"] = delta
    azure = {"choices": [], "prompt_filter_results": [], "model": ""}
    tap.feed(b": ping\n\n" + sse(azure, {"choices": "x"}, {"choices": ["x"]}, raw, done=False))
    assert tap.ready is ready


@pytest.mark.parametrize(
    "fault",
    [
        sse({"error": {"message": "Overloaded", "code": 503}}),
        sse(chunk({}, "error", error={"message": "Overloaded", "code": "503"})),
        b'event: error\ndata: {"error":{"message":"Overloaded","status_code":503}}\n\n',
        b'event:error\r\ndata: {"error":{"message":"Overloaded","status_code":503}}\r\n\r\n',
        b'error: {"code":503,"message":"Overloaded"}\n\n',
    ],
)
@pytest.mark.parametrize("before", [b"", sse(chunk({"content": "x"}), done=False)])
def test_it_forwards_neither_an_error_nor_what_follows(fault, before):
    """A `[DONE]` behind an error would look like a complete answer."""
    tap = FORMAT.tap(HEAD, "upstream-model")
    out = tap.feed(before)
    out += tap.feed(fault) + tap.feed(STREAM) + tap.close()
    assert out == renamed(before)
    assert tap.error is not None
    assert (tap.error.status, tap.error.message) == (503, "Overloaded")
    assert (tap.ready, tap.done) == (bool(before), False)


def test_it_takes_nothing_back_for_an_error_behind_the_finish():
    raw = sse(
        chunk({"content": "x"}, "length"),
        chunk({}, error={"message": "Token limit"}, usage=COUNTS),
        done=False,
    )
    tap, out = tapped(raw, b"event: error\ndata: x\n\n", b"data: [DONE]\n\n")
    assert (tap.error, tap.done, tap.usage) == (None, True, Usage(input=10, output=5))
    assert out.endswith(b"[DONE]\n\n")


@pytest.mark.parametrize(
    ("chunks", "done"),
    [
        ([chunk({"content": "4"})], True),
        ([chunk({"role": "assistant", "content": ""}), chunk({}, "stop")], True),
        ([chunk({"role": "assistant", "content": ""})], False),
        ([], False),
    ],
)
def test_it_counts_a_terminator_when_there_was_anything(chunks, done):
    tap, _ = tapped(sse(*chunks))
    assert tap.done is done


@pytest.mark.parametrize(
    "where",
    [
        {"usage": COUNTS},
        {"x_groq": {"id": "req", "usage": COUNTS}},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop", "usage": COUNTS}]},
    ],
)
def test_it_finds_the_usage_beside_choices_and_leaves_it_there(where):
    raw = sse(chunk({"content": "x"}), chunk({}, "stop", **where))
    for pieces in ((raw,), (raw[:50], raw[50:])):
        tap, out = tapped(*pieces)
        assert tap.usage == Usage(input=10, output=5)
        assert out == renamed(raw)


def test_it_counts_the_last_usage_of_many():
    raw = sse(
        *(
            chunk({"content": "x"}, usage={"prompt_tokens": 1, "completion_tokens": n})
            for n in range(1, 5)
        )
    )
    for size in (60, 10_000):
        tap, _ = tapped(*(raw[i : i + size] for i in range(0, len(raw), size)))
        assert tap.usage == Usage(input=1, output=4)
    tap, _ = tapped(raw.rstrip(b"\n").removesuffix(b"data: [DONE]").rstrip(b"\n"))
    assert tap.usage == Usage(input=1, output=4)


@pytest.mark.parametrize(
    ("spelling", "value"),
    [
        ('"model":"v/m"', "v/m"),
        ('"model": "v/m"', "v/m"),
        ('"model" : "v\\/m"', "v/m"),
        ('"model":"m\\u00f6"', "mö"),
    ],
)
def test_it_learns_how_the_provider_spells_the_model(spelling, value):
    line = f'data: {{"id":"1",{spelling},"choices":[{{"index":0,"delta":{{"content":"x"}}}}]}}\n\n'
    raw = (line * 5).encode()
    out = tapped(raw[:200], raw[200:])[1]
    assert out.count(b'"my-alias"') == 5
    assert orjson.loads(out.split(b"\n\n")[0][6:])["model"] == "my-alias"
    assert value.encode() not in out


def test_it_leaves_a_name_inside_of_the_answer_alone():
    """Tool arguments are JSON inside of a string: their quotes are escaped."""
    said = chunk(calls(call(0, arguments='{"model":"upstream-model","error":"x"}')))
    nested = chunk({"content": "x"}, x_groq={"models": [{"model": "another"}]})
    raw = sse(chunk({"content": "a"}), said, nested, done=False)
    tap, out = tapped(*(raw[i : i + 90] for i in range(0, len(raw), 90)))
    assert out == renamed(raw)
    assert tap.error is None


def test_it_tells_the_streams_own_model_from_others_beside_it():
    line = b'data: {"by":{"model":"a"},"model":"b","choices":[{"delta":{"content":"x"}}]}\n\n'
    _, out = tapped(line * 2)
    assert out == line.replace(b'"b"', b'"my-alias"') * 2
    escaped = line.replace(b'"model":"b"', b'"mod\\u0065l":"b"')
    _, out = tapped(escaped)
    assert out == escaped


def test_it_learns_again_when_the_model_changes():
    first = sse({"model": "", "choices": []}, chunk(), chunk({"content": "x"}), done=False)
    _, out = tapped(first, model="guess")
    assert out.count(b'"model":"my-alias"') == 3


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


def content(tap: Tap) -> int:
    return tap.output_bytes


def test_it_tells_how_much_was_said():
    texts = [f"word{i} " for i in range(200)]
    raw = sse(*(chunk({"content": text}) for text in texts))
    said = sum(map(len, texts))
    for size in (1, 100, 5_000, 10**6):
        tap, _ = tapped(*(raw[i : i + size] for i in range(0, len(raw), size)))
        assert content(tap) == pytest.approx(said, rel=0.25)


def test_it_counts_a_block_that_ends_without_content():
    tap = FORMAT.tap(HEAD, "m")
    tap.feed(sse(chunk({"content": "x"}), done=False))
    tap.feed(sse(chunk({"content": "abcd"}), chunk({"role": "assistant"}), done=False))
    assert content(tap) == 5


def test_it_is_quick_enough_for_the_hot_path():
    """At most 10 µs for each event, however it arrives."""
    events = [sse(chunk({"content": f" tok{i}"}, usage=None), done=False) for i in range(4000)]
    for size in (1, 50):
        pieces = [b"".join(events[i : i + size]) for i in range(0, len(events), size)]
        best = min(_seconds(pieces) for _ in range(3))
        assert best / len(events) < 10e-6


def _seconds(pieces: list[bytes]) -> float:
    tap = FORMAT.tap(HEAD, "upstream-model")
    began = time.process_time()
    for piece in pieces:
        tap.feed(piece)
    return time.process_time() - began


NAMES = ["delta", "content", "usage", "error", "model", "x_groq", "finish_reason"]
JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(NAMES), inner),
    max_leaves=8,
)


@given(chunks=st.lists(JSON, max_size=4), size=st.integers(1, 80))
def test_it_never_crashes_on_adversarial_events(chunks, size):
    raw = sse(*({"choices": [item], "model": item, "usage": item} for item in chunks))
    tap = FORMAT.tap(HEAD, "m")
    for i in range(0, len(raw), size):
        tap.feed(raw[i : i + size])
    tap.close()
