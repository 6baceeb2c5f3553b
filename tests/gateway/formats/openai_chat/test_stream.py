"""Reading a provider's stream, with everything that real ones do to it."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniroute.gateway import ir
from omniroute.gateway.errors import UpstreamFailure
from omniroute.gateway.formats.openai_chat import FORMAT
from omniroute.gateway.usage import Usage

from .wire import call, calls, chunk, finishes, parts, read, sse

USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
GOLDEN = sse(
    chunk({"role": "assistant", "content": ""}),
    chunk({"reasoning_content": "Hm, "}),
    chunk({"reasoning_content": "äöü 🤔"}),
    chunk({"content": "Ja, "}),
    chunk({"content": "natürlich 🙂"}),
    chunk(calls(call(0, id="a", type="function", name="look", arguments=""))),
    chunk(calls(call(0, arguments='{"city":'))),
    chunk(calls(call(1, id="b", type="function", name="find", arguments=""))),
    chunk(calls(call(1, arguments='{"x":'))),
    chunk(calls(call(0, arguments='"Köln"}'))),
    chunk(calls(call(1, arguments="1}"))),
    chunk(finish="tool_calls"),
    chunk(choices=[], usage=USAGE),
)
PARTS = [
    ir.Thinking(text="Hm, äöü 🤔", origin="openai_chat"),
    ir.Text(text="Ja, natürlich 🙂"),
    ir.ToolCall(id="a", name="look", arguments='{"city":"Köln"}'),
    ir.ToolCall(id="b", name="find", arguments='{"x":1}'),
]


def test_it_reads_reasoning_text_and_interleaved_parallel_calls():
    events = read(GOLDEN)
    assert events[0] == ir.Start(id="c1", model="upstream-model")
    assert parts(events) == PARTS
    assert events[-2:] == [
        ir.UsageReport(usage=Usage(input=10, output=5)),
        ir.Finish(reason="tool_calls"),
    ]


@given(cuts=st.lists(st.integers(0, len(GOLDEN)), max_size=8).map(sorted))
def test_it_reads_the_same_events_for_any_split(cuts):
    edges = [0, *cuts, len(GOLDEN)]
    assert read(*(GOLDEN[a:b] for a, b in pairwise(edges))) == read(GOLDEN)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_it_reads_the_same_events_one_byte_at_a_time(end):
    """Also inside of a character, of CRLF, and with comments and without a space after `data:`."""
    text = GOLDEN.decode().replace("data: ", ": ping\n\ndata:").replace("\n", end)
    raw = b"\xef\xbb\xbf" + text.encode()
    assert read(*(raw[i : i + 1] for i in range(len(raw)))) == read(GOLDEN)


def test_it_never_takes_a_cut_for_the_end():
    """The last chunk before the finish is complete at this byte, and no earlier."""
    complete = GOLDEN.index(b'"finish_reason":"tool_calls"')
    complete = GOLDEN.index(b"\n", complete)
    for cut in range(len(GOLDEN) + 1):
        assert bool(finishes(read(GOLDEN[:cut]))) is (cut >= complete), cut


def test_it_reads_nothing_behind_the_end():
    again = sse(chunk({"content": "more"}, "stop"))
    assert read(GOLDEN + again) == read(GOLDEN)
    assert len(finishes(read(GOLDEN, again))) == 1


def test_it_reopens_no_call_after_the_finish():
    events = read(
        sse(
            chunk(calls(call(0, id="a", name="f", arguments="{}"))),
            chunk(finish="tool_calls"),
            chunk(calls(call(0, arguments="late"))),
            chunk({"content": "late"}, "stop"),
        )
    )
    assert parts(events) == [
        ir.ToolCall(id="a", name="f", arguments="{}"),
        ir.Text(text="late"),
    ]
    assert finishes(events) == [ir.Finish(reason="tool_calls")]


@pytest.mark.parametrize(
    ("reason", "delta", "meaning"),
    [
        ("stop", {"content": "x"}, "stop"),
        ("eos", {"content": "x"}, "stop"),
        ("stop", calls(call(0, id="a", name="f")), "tool_calls"),
        ("tool_calls", {"content": "x"}, "stop"),
        ("function_call", calls(call(0, id="a", name="f")), "tool_calls"),
        ("length", calls(call(0, id="a", name="f", arguments='{"a')), "length"),
        ("model_length", {"content": "x"}, "length"),
        ("content_filter", {}, "content_filter"),
        ("sensitive", {}, "content_filter"),
        ("stop", {"refusal": "No."}, "refusal"),
        ("error", {"content": "x"}, "error"),
        ("insufficient_system_resource", {"content": "x"}, "error"),
    ],
)
def test_it_translates_every_spelling_of_the_finish(reason, delta, meaning):
    """Content and finish may also share a chunk."""
    assert finishes(read(sse(chunk(delta, reason))))[0].reason == meaning
    assert finishes(read(sse(chunk(delta), chunk(finish=reason))))[0].reason == meaning


def test_it_counts_the_first_of_two_finishes():
    events = read(sse(chunk({"content": "x"}, "length"), chunk({}, "stop")))
    assert finishes(events) == [ir.Finish(reason="length")]


@pytest.mark.parametrize(("matched", "meaning"), [("END", "END"), (128009, None), (None, None)])
def test_it_tells_which_stop_string_matched(matched, meaning):
    raw = chunk({"content": "x"}, "stop")
    raw["choices"][0]["stop_reason"] = matched
    [finish] = finishes(read(sse(raw)))
    assert finish == ir.Finish(reason="stop_sequence" if meaning else "stop", stop_sequence=meaning)


def test_it_counts_the_end_of_the_stream_when_a_finish_was_seen():
    assert finishes(read(sse(chunk({"content": "x"}, "stop"), done=False)))
    assert not finishes(read(sse(chunk({"content": "x"}), done=False)))


@pytest.mark.parametrize(
    ("chunks", "whole"),
    [
        ([chunk({"content": "4"}), chunk({"content": ""})], True),
        ([chunk(calls(call(0, id="a", name="f", arguments="{}")))], True),
        ([chunk(calls(call(0, id="a", name="f", arguments='{"path": "/')))], False),
        ([chunk({"role": "assistant", "content": ""})], False),
        ([], False),
    ],
)
def test_it_counts_a_terminator_alone_unless_something_is_half_written(chunks, whole):
    """Snowflake never sends a finish; but half a call must never be run."""
    assert bool(finishes(read(sse(*chunks)))) is whole


def test_it_needs_no_blank_line_at_the_end_but_a_whole_event():
    raw = sse(chunk({"content": "x"}, "stop"), chunk(choices=[], usage=USAGE))
    assert read(raw.rstrip(b"\n")) == read(raw)
    cut = raw.removesuffix(b"data: [DONE]\n\n").rstrip(b"\n")
    assert read(cut) == read(raw)
    assert finishes(read(cut[:-1]))
    assert not any(isinstance(event, ir.UsageReport) for event in read(cut[:-1]))


@pytest.mark.parametrize(
    "where",
    [
        {"choices": [], "usage": USAGE},
        {"usage": USAGE},
        {"x_groq": {"usage": USAGE}},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop", "usage": USAGE}]},
    ],
)
def test_it_finds_the_usage_wherever_it_is(where):
    events = read(sse(chunk({"content": "x"}), chunk({}, "stop", **where), chunk({}, "stop")))
    reports = [event.usage for event in events if isinstance(event, ir.UsageReport)]
    assert reports == [Usage(input=10, output=5)]
    assert isinstance(events[-1], ir.Finish)


def test_it_reports_usage_on_every_chunk_when_it_changes():
    first, last = ({**USAGE, "completion_tokens": n, "total_tokens": 10 + n} for n in (1, 2))
    events = read(
        sse(
            chunk({"content": "x"}, usage=first),
            chunk({"content": "y"}, usage=first),
            chunk({}, "stop", usage=last),
        )
    )
    reports = [event.usage.output for event in events if isinstance(event, ir.UsageReport)]
    assert reports == [1, 2]


def test_it_passes_over_odd_chunks():
    azure = {"id": "", "object": "", "model": "", "choices": [], "prompt_filter_results": []}
    done = chunk({"content": ""}, "stop", object="chat.completion.done")
    done["choices"][0]["message"] = {"role": "assistant", "content": "xy"}
    other = chunk({"content": "second choice"}, "length")
    other["choices"][0]["index"] = 1
    events = read(
        b": OPENROUTER PROCESSING\n\n" + sse(azure, {"id": "c1"}, {"choices": None}, done=False),
        sse(chunk({"content": "x"}), other, chunk({"content": "y"}, id="c2"), done),
    )
    assert events[0] == ir.Start(id="c1", model="upstream-model")
    assert parts(events) == [ir.Text(text="xy")]
    assert finishes(events) == [ir.Finish(reason="stop")]


@pytest.mark.parametrize(
    "fault",
    [
        sse({"error": {"message": "Overloaded", "code": 503}}),
        sse(chunk({"content": ""}, "error", error={"message": "Overloaded", "code": 503})),
        b'event: error\ndata: {"error":{"message":"Overloaded","status_code":503}}\n\n',
        b'error: {"code":503,"message":"Overloaded"}\n\n',
        b"event: error\ndata: Overloaded\n\n",
    ],
)
def test_it_ends_without_a_finish_at_an_error(fault):
    events = read(sse(chunk({"content": "x"}), done=False) + fault + GOLDEN)
    assert isinstance(events[-1], ir.Failure)
    assert events[-1].error.message == "Overloaded"
    assert events[-1].error.status == 503
    assert events[-1].error.kind == "overloaded"
    assert not finishes(events)


@pytest.mark.parametrize(
    "fault",
    [
        sse(chunk({}, error={"message": "Token limit"}, usage=USAGE)),
        b"event: error\ndata: late\n\n" + sse(chunk(choices=[], usage=USAGE)),
    ],
)
def test_it_takes_nothing_back_for_an_error_behind_the_finish(fault):
    events = read(sse(chunk({"content": "x"}, "length"), done=False) + fault)
    assert events[-2:] == [
        ir.UsageReport(usage=Usage(input=10, output=5)),
        ir.Finish(reason="length"),
    ]


@pytest.mark.parametrize(
    "event",
    [
        b"data: {nonsense\n\n",
        b"data: [1]\n\n",
        b'data: "text"\n\n',
        b'data: {"choices": "x"}\n\n',
        b'data: {"choices": ["x"]}\n\n',
        b'data: {"choices": [{"delta": "x"}]}\n\n',
        b'data: {"choices": [{"delta": {"content": 5}}]}\n\n',
        b'data: {"choices": [{"delta": {"content": ["x"]}}]}\n\n',
        b'data: {"choices": [{"delta": {"tool_calls": {}}}]}\n\n',
        b'data: {"choices": [{"delta": {"tool_calls": ["x"]}}]}\n\n',
        b'data: {"choices": [{"delta": {"reasoning_details": "x"}}]}\n\n',
        b'data: {"choices": [{"delta": {"content": "\xff"}}]}\n\n',
        b'data: {"choices": [{"delta": {"tool_calls": [{"function": {"name": "f", "arguments": '
        + b'{"a":' * 400
        + b"1"
        + b"}" * 400
        + b"}}]}}]}\n\n",
        b"data: " + b"x" * (1 << 20) + b"x",
    ],
)
def test_it_takes_a_broken_stream_for_a_protocol_fault(event):
    with pytest.raises(UpstreamFailure) as caught:
        FORMAT.reader().feed(event)
    assert caught.value.kind in ("protocol", "too_large")


WORDS = """index delta finish_reason usage error content tool_calls id name function arguments
custom input type refusal images image_url url reasoning reasoning_details format text signature
data summary function_call extra_content google thought_signature thinking"""
KEYS = st.sampled_from(WORDS.split())
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@given(chunks=st.lists(st.dictionaries(KEYS, JSON, max_size=3), max_size=4), done=st.booleans())
def test_it_never_breaks_the_grammar_for_adversarial_chunks(
    chunks: list[dict[str, Any]], done: bool
):
    raw = sse(*({"choices": [item], **item} for item in chunks), done=done)
    try:
        events = read(raw)
    except UpstreamFailure:
        return
    parts(events)  # every delta and stop belongs to an open part
    assert len(finishes(events)) <= 1
    assert not finishes(events) or isinstance(events[-1], ir.Finish)
    assert orjson.loads(orjson.dumps(len(events))) >= 0
