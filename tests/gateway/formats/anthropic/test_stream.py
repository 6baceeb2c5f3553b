"""Reading streams, whatever is done to their bytes."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniroute.gateway import ir
from omniroute.gateway.errors import UpstreamError, UpstreamFailure
from omniroute.gateway.formats.anthropic import FORMAT

from .facts import folded, sse_event
from .golden import STREAM

START = sse_event(
    "message_start", message={"id": "msg_1", "model": "m", "usage": {"input_tokens": 9}}
)
STOP = sse_event("message_stop")


def read(stream: bytes, size: int | None = None) -> list[ir.Event]:
    reader = FORMAT.reader()
    size = size or len(stream) or 1
    pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
    return [event for piece in pieces for event in reader.feed(piece)] + reader.close()


def block(start: dict[str, Any], *deltas: dict[str, Any], index: int = 0) -> bytes:
    return b"".join(
        [
            sse_event("content_block_start", index=index, content_block=start),
            *(sse_event("content_block_delta", index=index, delta=delta) for delta in deltas),
            sse_event("content_block_stop", index=index),
        ]
    )


def ending(reason: Any, **usage: Any) -> bytes:
    return sse_event("message_delta", delta={"stop_reason": reason}, usage=usage) + STOP


GOLDEN = read(STREAM)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_it_reads_the_same_events_in_pieces_of_any_size(size: int, line_end: bytes) -> None:
    assert read(STREAM.replace(b"\n", line_end), size) == GOLDEN


@given(st.lists(st.integers(0, len(STREAM)), max_size=6))
def test_it_reads_the_same_events_however_the_stream_is_cut(cuts: list[int]) -> None:
    reader = FORMAT.reader()
    edges = [0, *sorted(cuts), len(STREAM)]
    events = [event for a, b in pairwise(edges) for event in reader.feed(STREAM[a:b])]
    assert events + reader.close() == GOLDEN


def test_it_reads_hosts_that_leave_out_event_lines() -> None:
    bare = b"".join(line + b"\n\n" for line in STREAM.split(b"\n") if line.startswith(b"data:"))
    assert read(bare) == GOLDEN


def test_it_reads_hosts_that_leave_the_type_to_the_event_line() -> None:
    events = read(
        START + b'event: message_delta\ndata: {"delta":{"stop_reason":"max_tokens"}}\n\n' + STOP
    )
    assert events[-1] == ir.Finish(reason="length")


def test_it_never_takes_a_cut_stream_for_a_finished_one() -> None:
    """After every single byte: an end there is no Finish, unless the last event was whole."""
    last = STREAM.index(b"event: message_stop")
    whole = len(STREAM) - len("\n\n")
    for end in range(len(STREAM) + 1):
        finished = any(isinstance(event, ir.Finish) for event in read(STREAM[:end]))
        assert finished == (end >= whole), STREAM[last:end]


def test_it_needs_message_stop_even_after_the_stop_reason() -> None:
    cut = STREAM[: STREAM.index(b"event: message_stop")]
    events = read(cut)
    assert isinstance(events[-1], ir.UsageReport)


def test_it_ignores_what_comes_after_the_end() -> None:
    more = b"data: [DONE]\n\n" + block({"type": "text", "text": "late"}) + b"data: {broken\n\n"
    assert read(STREAM + more) == GOLDEN


def test_it_ignores_comments_pings_done_marks_and_events_of_the_future() -> None:
    noise = (
        b": hi\n\n" + sse_event("ping") + sse_event("message_sparkle", x=1) + b"data: [DONE]\n\n"
    )
    assert read(noise + STREAM.replace(b"event: content_block_stop", noise + b"event: x")) == GOLDEN


def test_it_takes_arguments_that_came_whole_in_the_start() -> None:
    start = {"type": "tool_use", "id": "t", "name": "n", "input": {"city": "Boston"}}
    events = read(START + block(start) + ending("tool_use"))
    assert folded(events) == (ir.ToolCall(id="t", name="n", arguments='{"city":"Boston"}'),)


def test_it_takes_text_and_thinking_that_came_in_the_start() -> None:
    events = read(
        START
        + block({"type": "thinking", "thinking": "hm", "signature": "sig"})
        + block({"type": "text", "text": "hi"}, {"type": "text_delta", "text": "!"}, index=1)
        + ending("end_turn")
    )
    assert folded(events) == (
        ir.Thinking(text="hm", signature="sig", origin="anthropic"),
        ir.Text(text="hi!"),
    )


def test_it_stops_blocks_that_their_host_forgot_to_stop() -> None:
    start = sse_event("content_block_start", index=0, content_block={"type": "text", "text": "x"})
    events = read(START + start + ending("end_turn"))
    assert events[-2:] == [ir.PartStop(index=0), ir.Finish(reason="stop")]


def test_it_collects_citations() -> None:
    cites = [{"type": "citations_delta", "citation": {"n": n}} for n in (1, 2)]
    text = {"type": "text_delta", "text": "x"}
    start = {"type": "text", "text": "", "citations": []}
    [part] = folded(read(START + block(start, cites[0], text, cites[1]) + ending("end_turn")))
    assert part == ir.Text(text="x", extra={"anthropic": {"citations": [{"n": 1}, {"n": 2}]}})


def test_it_gives_blocks_that_the_hub_has_no_word_for_whole() -> None:
    search = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
    query = [{"type": "input_json_delta", "partial_json": piece} for piece in ('{"q":', '"x"}')]
    compact = {"type": "compaction", "content": None}
    summary = [{"type": "compaction_delta", "content": piece} for piece in ("so ", "far", None)]
    unknown = {"type": "sparkle_delta", "x": 1}
    found = {"type": "web_search_tool_result", "tool_use_id": "s", "content": []}
    events = read(
        START
        + block(search, *query)
        + block(compact, *summary, unknown, index=1)
        + block(found, index=2)
        + block({"type": "text", "text": "x"}, unknown, index=3)
        + ending("end_turn")
    )
    assert folded(events) == (
        ir.Opaque(format="anthropic", value={**search, "input": {"q": "x"}}),
        ir.Opaque(format="anthropic", value={**compact, "content": "so far"}),
        ir.Opaque(format="anthropic", value=found),
        ir.Text(text="x"),
    )
    assert events[-1] == ir.Finish(reason="stop"), "a server's own call is nothing to run"


@pytest.mark.parametrize(
    ("reason", "call", "finish"),
    [
        ("end_turn", False, "stop"),
        ("end_turn", True, "tool_calls"),
        ("tool_use", True, "tool_calls"),
        ("tool_use", False, "stop"),
        ("max_tokens", False, "length"),
        ("max_tokens", True, "length"),
        ("model_context_window_exceeded", False, "length"),
        ("stop_sequence", False, "stop_sequence"),
        ("pause_turn", False, "pause"),
        ("compaction", False, "pause"),
        ("refusal", False, "refusal"),
        ("eos", False, "stop"),
        ("", True, "tool_calls"),
        (None, False, "stop"),
        (7, False, "stop"),
    ],
)
def test_it_reads_every_stop_reason(reason: Any, call: bool, finish: str) -> None:
    kind = (
        {"type": "tool_use", "id": "t", "name": "n", "input": {}}
        if call
        else {"type": "text", "text": "x"}
    )
    last = read(START + block(kind) + ending(reason))[-1]
    assert isinstance(last, ir.Finish)
    assert last.reason == finish


def test_it_keeps_what_the_ending_says_besides() -> None:
    delta = {
        "stop_reason": "model_context_window_exceeded",
        "stop_sequence": "END",
        "container": {"id": "c"},
    }
    end = sse_event("message_delta", delta=delta, context_management={"applied_edits": []})
    assert read(START + end + STOP)[-1] == ir.Finish(
        reason="length",
        stop_sequence="END",
        extra={
            "anthropic": {
                "container": {"id": "c"},
                "context_management": {"applied_edits": []},
                "stop_reason": "model_context_window_exceeded",
            }
        },
    )


def reported(*messages: bytes) -> Any:
    reports = [e for e in read(b"".join(messages) + STOP) if isinstance(e, ir.UsageReport)]
    return reports[-1].usage if reports else None


def test_it_lets_the_last_report_of_usage_count_and_adds_nothing_up() -> None:
    usage = reported(
        START,
        sse_event("message_delta", delta={}, usage={"input_tokens": 20, "output_tokens": 5}),
        sse_event("message_delta", delta={}, usage={"output_tokens": 8}),
    )
    assert (usage.input, usage.output) == (20, 8)


def test_it_keeps_the_split_of_cache_writes_while_their_sum_stands() -> None:
    split = {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20}
    start = sse_event(
        "message_start",
        message={"usage": {"cache_creation_input_tokens": 30, "cache_creation": split}},
    )
    for total, five, hour in ((30, 10, 20), (40, 40, 0)):
        end = {"cache_creation_input_tokens": total, "output_tokens": 1}
        usage = reported(start, sse_event("message_delta", delta={}, usage=end))
        assert (usage.cache_write_5m, usage.cache_write_1h) == (five, hour)


def test_it_does_not_believe_in_an_empty_prompt() -> None:
    """Some proxies know the prompt only at the start and report zero at the end."""
    zero = {"input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 3}
    usage = reported(START, sse_event("message_delta", delta={}, usage=zero))
    assert (usage.input, usage.output) == (9, 3)


def test_it_bills_what_compaction_used() -> None:
    usage = reported(
        START,
        sse_event(
            "message_delta",
            delta={},
            usage={
                "input_tokens": 181,
                "output_tokens": 8,
                "iterations": [
                    {
                        "type": "compaction",
                        "input_tokens": 100,
                        "output_tokens": 83,
                        "cache_read_input_tokens": 55096,
                    },
                    {"type": "message", "input_tokens": 181, "output_tokens": 8},
                    "odd",
                ],
            },
        ),
    )
    assert (usage.input, usage.output, usage.cache_read) == (281, 91, 55096)


@pytest.mark.parametrize(
    "raw",
    [
        {"input_tokens": -5, "output_tokens": 1},
        {"input_tokens": 2**60, "output_tokens": 1},
        {"input_tokens": "many"},
        {"input_tokens": 1, "output_tokens": 5, "output_tokens_details": {"thinking_tokens": 9}},
    ],
)
def test_it_marks_numbers_that_cannot_be_true(raw: dict[str, Any]) -> None:
    usage = FORMAT.response_usage({"usage": raw})
    assert usage is not None
    assert usage.suspect
    assert 0 <= usage.reasoning <= usage.output


@pytest.mark.parametrize("body", [None, [], {}, {"usage": None}, {"usage": 5}])
def test_it_knows_no_usage_where_there_is_none(body: Any) -> None:
    assert FORMAT.response_usage(body) is None


@pytest.mark.parametrize(
    ("event", "status", "kind"),
    [
        (
            sse_event("error", error={"type": "overloaded_error", "message": "Busy"}),
            529,
            "overloaded",
        ),
        (sse_event("error", error={"type": "api_error", "message": "Busy"}), 502, "server"),
        (b'data: {"error":{"type":"rate_limit_error","message":"Busy"}}\n\n', 429, "rate_limit"),
        (b'event: error\ndata: {"message":"Busy"}\n\n', 502, "server"),
        (b'error: {"message":"Busy"}\n\n', 502, "server"),
        (b'data: {"type":"error","message":"Busy"}\n\n', 502, "server"),
    ],
)
@pytest.mark.parametrize("before", [b"", START])
def test_it_reports_an_error_inside_the_stream(
    before: bytes, event: bytes, status: int, kind: str
) -> None:
    *_, last = read(before + event + STREAM)
    assert isinstance(last, ir.Failure)
    assert isinstance(last.error, UpstreamError)
    assert (last.error.status, last.error.kind, last.error.message) == (status, kind, "Busy")


@pytest.mark.parametrize(
    "event",
    [
        b"data: {broken\n\n",
        b"data: [1]\n\n",
        b"data: \xff\n\n",
        sse_event("message_start"),
        sse_event("message_start", message=[]),
        sse_event("message_start", message={"id": 5}),
        sse_event("content_block_start", index=0),
        sse_event("content_block_start", index="0", content_block={"type": "text", "text": ""}),
        sse_event("content_block_start", index=0, content_block={"type": "text"}),
        sse_event("content_block_delta", index=0, delta={"type": "text_delta", "text": "x"}),
        block({"type": "text", "text": ""}, {"type": "text_delta", "text": 5}),
        block({"type": "text", "text": ""}, "odd"),  # type: ignore[arg-type]
        block(
            {"type": "server_tool_use", "input": {}},
            {"type": "input_json_delta", "partial_json": "{"},
        ),
        block({"type": "compaction", "content": 5}, {"type": "compaction_delta", "content": "x"}),
        sse_event("message_delta", delta=5),
        sse_event("message_delta", usage=5),
    ],
)
def test_it_calls_a_broken_answer_broken(event: bytes) -> None:
    with pytest.raises(UpstreamFailure) as caught:
        read(START + event)
    assert caught.value.kind == "protocol"


def test_it_survives_a_stop_without_a_start() -> None:
    events = read(START + sse_event("content_block_stop", index=9) + ending("end_turn"))
    assert events[-1] == ir.Finish(reason="stop")


@given(
    st.sampled_from([1, "x", None, [], {}, True, {"type": "text"}, "error"]),
    st.integers(0, 400),
)
def test_it_survives_any_value_in_any_place_of_a_stream(value: Any, seed: int) -> None:
    import json

    lines = [line for line in STREAM.split(b"\n") if line.startswith(b"data:")]
    at = seed % len(lines)
    data = json.loads(lines[at][5:])
    keys = [(data, key) for key in data]
    for inner in [data[key] for key in data if isinstance(data[key], dict)]:
        keys += [(inner, key) for key in inner]
    place, key = keys[seed % len(keys)]
    place[key] = value
    lines[at] = b"data: " + json.dumps(data).encode()
    failure: UpstreamFailure | None = None
    try:
        read(b"".join(line + b"\n\n" for line in lines))
    except UpstreamFailure as exc:
        failure = exc
    assert failure is None or failure.kind == "protocol"
