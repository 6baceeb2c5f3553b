"""A provider's stream into events."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniroute.gateway import ir
from omniroute.gateway.errors import UpstreamFailure
from omniroute.gateway.formats.gemini import FORMAT
from omniroute.gateway.usage import Usage

from .golden import ARRAY, SIGNATURE, STREAM
from .wire import chunk, events, finishes, function_call, parts, sse

MODES = pytest.mark.parametrize("raw", [STREAM, ARRAY], ids=["events", "array"])


@MODES
@given(cuts=st.lists(st.integers(0, max(len(STREAM), len(ARRAY))), max_size=8))
def test_it_reads_the_same_however_the_bytes_are_split(raw: bytes, cuts: list[int]):
    edges = [0, *sorted(cuts), len(raw)]
    pieces = [raw[start:end] for start, end in pairwise(edges)]
    assert events(*pieces) == events(raw)


@MODES
def test_it_reads_the_same_byte_by_byte_even_inside_of_a_character(raw: bytes):
    assert events(*(raw[at : at + 1] for at in range(len(raw)))) == events(raw)


@MODES
def test_it_takes_no_truncated_stream_for_a_whole_one(raw: bytes):
    """The finish comes in the last object; until that is complete, the answer is not."""
    whole = events(raw)
    ends = len(raw.rstrip(b"\r\n ]"))
    for length in range(len(raw)):
        found = events(raw[:length])
        assert (finishes(found) == finishes(whole)) is (length >= ends), length
        if length < ends:
            assert not any(isinstance(event, ir.Failure) for event in found)


@pytest.mark.parametrize("end", [b"\n", b"\r"])
def test_it_takes_every_kind_of_line_end_and_a_byte_order_mark(end: bytes):
    raw = STREAM.replace(b"\r\n", end).replace(b"data: ", b"data:")
    assert events(raw) == events(STREAM)
    marked = b"\xef\xbb\xbf" + raw
    assert events(*(marked[at : at + 1] for at in range(len(marked)))) == events(STREAM)
    assert events(b": comment\r\n\r\n" + STREAM + b"data: [DONE]\n\n") == events(STREAM)
    assert events(b"\xef\xbb\xbf \n" + ARRAY) == events(STREAM)


def test_it_reads_one_object_where_a_stream_was_asked_for():
    raw = orjson.dumps(chunk({"text": "Hi"}, finish="STOP"))
    assert parts(events(raw)) == [ir.Text(text="Hi")]
    assert finishes(events(raw)) == ["stop"]


def test_it_is_silent_about_nothing():
    assert events() == events(b"") == events(b"\n\n") == events(b"[]") == events(b"data: {\n\n"[:7])


@pytest.mark.parametrize(
    ("reason", "want"),
    [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("SAFETY", "content_filter"),
        ("RECITATION", "content_filter"),
        ("BLOCKLIST", "content_filter"),
        ("PROHIBITED_CONTENT", "content_filter"),
        ("SPII", "content_filter"),
        ("MODEL_ARMOR", "content_filter"),
        ("IMAGE_SAFETY", "content_filter"),
        ("CONTINUATION", "pause"),
        ("MALFORMED_FUNCTION_CALL", "error"),
        ("UNEXPECTED_TOOL_CALL", "error"),
        ("OTHER", "error"),
        ("SOMETHING_NEW", "error"),
        (1, "stop"),
        (2, "length"),
        (3, "content_filter"),
        (10, "error"),
    ],
)
def test_it_tells_why_an_answer_ended(reason: Any, want: str):
    found = events(sse(chunk({"text": "Hi"}, finish=reason)))
    assert finishes(found) == [want]
    whole = FORMAT.read_response(chunk({"text": "Hi"}, finish=reason))
    assert whole.finish == want


@pytest.mark.parametrize("reason", [None, "", 0, "FINISH_REASON_UNSPECIFIED", ["STOP"]])
def test_it_takes_no_reason_for_an_end(reason: Any):
    raw = sse(chunk({"text": "Hi"}, finish="")).replace(b'""', orjson.dumps(reason))
    assert parts(events(raw)) == [ir.Text(text="Hi")]
    assert finishes(events(raw)) == []


@pytest.mark.parametrize("late", [True, False])
def test_it_calls_a_stop_with_a_call_tool_calls_wherever_the_call_was(late: bool):
    called, spoken = chunk(function_call("f")), chunk({"text": "So."})
    order = [spoken, called] if late else [called, spoken]
    raw = sse(*order, chunk({"text": ""}, finish="STOP"))
    assert finishes(events(raw)) == ["tool_calls"]


def test_it_lets_the_limit_beat_the_call():
    raw = sse(chunk(function_call("f")), chunk(finish="MAX_TOKENS"))
    assert finishes(events(raw)) == ["length"]


@pytest.mark.parametrize("reason", ["MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "OTHER"])
def test_it_fails_over_from_a_broken_call_before_any_content(reason: str):
    broken = chunk(finish=reason)
    broken["candidates"][0]["finishMessage"] = "Malformed function call: print("
    [start, failure] = events(sse(broken))
    assert isinstance(start, ir.Start)
    assert isinstance(failure, ir.Failure)
    assert failure.error.status == 502
    assert failure.error.kind == "server"
    assert failure.error.message == (
        f"The model ended its answer with {reason}: Malformed function call: print("
    )
    assert failure.error.code == reason.lower()


def test_it_never_takes_a_broken_call_for_a_clean_stop():
    raw = sse(chunk({"text": "I will"}), chunk(finish="MALFORMED_FUNCTION_CALL"))
    found = events(raw)
    assert finishes(found) == ["error"]
    assert parts(found) == [ir.Text(text="I will")]
    called = sse(chunk(function_call("nope"), finish="UNEXPECTED_TOOL_CALL"))
    assert finishes(events(called)) == ["error"]


def test_it_takes_a_blocked_prompt_for_a_filtered_answer():
    raw = sse({"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {}})
    found = events(raw)
    assert finishes(found) == ["content_filter"]
    assert parts(found) == []
    assert found[-1].extra == {"gemini": {"promptFeedback": {"blockReason": "SAFETY"}}}
    harmless = sse({"promptFeedback": {"safetyRatings": []}}, chunk({"text": "Hi"}, finish="STOP"))
    assert finishes(events(harmless)) == ["stop"]


def test_it_gives_every_call_an_id_of_its_own():
    raw = sse(
        chunk(function_call("f"), function_call("f"), function_call("g", id="c1")),
        chunk(function_call("f", id="c1"), finish="STOP"),
    )
    ids = [part.id for part in parts(events(raw)) if isinstance(part, ir.ToolCall)]
    assert len(set(ids)) == 4
    assert ids[2] == "c1"
    assert all(call_id.startswith("call_") for call_id in (ids[0], ids[1], ids[3]))
    assert ids == [part.id for part in parts(events(raw)) if isinstance(part, ir.ToolCall)]
    nameless = raw.replace(b',"responseId":"r1"', b"")
    others = [part.id for part in parts(events(nameless)) if isinstance(part, ir.ToolCall)]
    assert len({*others, *ids}) == 7


def test_it_keeps_signed_and_unsigned_text_apart():
    raw = sse(
        chunk({"text": "a"}),
        chunk({"text": "b"}),
        chunk({"text": "c", "thoughtSignature": SIGNATURE}),
        chunk({"text": "d"}),
        chunk({"text": "", "thoughtSignature": "c2ln"}, finish="STOP"),
    )
    assert parts(events(raw)) == [
        ir.Text(text="ab"),
        ir.Text(text="c", extra={"gemini": {"thoughtSignature": SIGNATURE}}),
        ir.Text(text="d"),
        ir.Text(text="", extra={"gemini": {"thoughtSignature": "c2ln"}}),
    ]


def test_it_ends_a_thought_with_its_signature():
    raw = sse(
        chunk({"text": "a", "thought": True}),
        chunk({"text": "", "thought": True}),
        chunk({"text": "b", "thought": True, "thoughtSignature": "c2ln"}),
        chunk({"text": "c", "thought": True}, {"text": "d"}, finish="STOP"),
    )
    assert parts(events(raw)) == [
        ir.Thinking(text="ab", signature="c2ln", origin="gemini"),
        ir.Thinking(text="c", origin="gemini"),
        ir.Text(text="d"),
    ]


def test_it_reads_what_is_neither_text_nor_call():
    code = {"executableCode": {"code": "1"}, "thoughtSignature": "c2ln"}
    raw = sse(
        chunk({"inlineData": {"mimeType": "image/png", "data": "aGk="}}, code, {}),
        chunk({"inlineData": {"mimeType": "audio/wav", "data": "aGk="}}, finish="STOP"),
    )
    assert parts(events(raw)) == [
        ir.Image(source=ir.Source(media_type="image/png", data="aGk=")),
        ir.Opaque(format="gemini", value=code),
        ir.Audio(source=ir.Source(media_type="audio/wav", data="aGk=")),
    ]


def test_it_reads_only_the_first_candidate():
    two = chunk({"text": "one"}, finish="STOP")
    second = {"index": 1, "content": {"parts": [{"text": "two"}]}, "finishReason": "MAX_TOKENS"}
    two["candidates"] = [second, *two["candidates"]]
    assert parts(events(sse(two))) == [ir.Text(text="one")]
    assert finishes(events(sse(two))) == ["stop"]


def test_it_counts_the_last_usage_only():
    def usage(thoughts: int) -> dict[str, Any]:
        counts = {"promptTokenCount": 10, "thoughtsTokenCount": thoughts}
        return {"usageMetadata": {**counts, "candidatesTokenCount": 5, "totalTokenCount": 99}}

    raw = sse(
        {**chunk({"text": "a"}), **usage(1)},
        {**chunk({"text": "b"}), **usage(1)},
        {**chunk({"text": "c"}, finish="STOP"), **usage(3)},
    )
    told = [event.usage for event in events(raw) if isinstance(event, ir.UsageReport)]
    assert told == [
        Usage(input=10, output=6, reasoning=1),
        Usage(input=10, output=8, reasoning=3),
    ]


def test_it_reports_an_error_inside_of_a_stream():
    error = {"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}
    for first in ((), (chunk({"text": "Hi"}),)):
        found = events(sse(*first, error, chunk({"text": "x"}, finish="STOP")))
        assert isinstance(found[-1], ir.Failure)
        assert (found[-1].error.status, found[-1].error.kind) == (503, "overloaded")
        assert finishes(found) == []
    listed = events(orjson.dumps([error]))
    assert isinstance(listed[-1], ir.Failure)


@pytest.mark.parametrize(
    "raw",
    [
        b"data: nonsense\n\n",
        b"data: [1]\n\n",
        b'data: {"candidates":5}\n\n',
        b'data: {"candidates":["x"]}\n\n',
        b'data: {"candidates":[{"content":"x"}]}\n\n',
        b'data: {"candidates":[{"content":{"parts":{}}}]}\n\n',
        b'data: {"candidates":[{"content":{"parts":[1]}}]}\n\n',
        b'data: {"candidates":[{"content":{"parts":[{"text":1}]}}]}\n\n',
        b'data: {"candidates":[{"content":{"parts":[{"functionCall":{}}]}}]}\n\n',
        sse(chunk({"functionCall": {"name": "f", "args": 1}})),
        b'data: {"promptFeedback":1}\n\n',
    ],
)
def test_it_calls_what_is_no_answer_a_fault_of_the_protocol(raw: bytes):
    with pytest.raises(UpstreamFailure) as failed:
        events(raw)
    assert failed.value.kind == "protocol"


def test_it_refuses_an_endless_event():
    reader = FORMAT.reader()
    reader.feed(b"data: ")
    with pytest.raises(UpstreamFailure) as failed:
        reader.feed(b"x" * (21 << 20))
    assert failed.value.kind == "too_large"


def test_it_takes_a_whole_picture_in_one_event():
    data = "A" * (3 << 20)
    raw = sse(chunk({"inlineData": {"mimeType": "image/png", "data": data}}, finish="STOP"))
    [image] = parts(events(raw))
    assert isinstance(image, ir.Image)
    assert image.source.data == data
