"""Events into a stream for Gemini clients."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from omniroute.gateway import ir
from omniroute.gateway.errors import UpstreamError
from omniroute.gateway.formats.gemini import FORMAT
from omniroute.gateway.usage import Usage

from .wire import HEAD, PIXEL, call, said, stream_of, wrote


def finishes(chunks: list[Any]) -> list[str | None]:
    return [item["candidates"][0].get("finishReason") for item in chunks]


def usages(chunks: list[Any]) -> list[Any]:
    return [item.get("usageMetadata") for item in chunks]


def test_it_sends_text_piece_by_piece_and_the_reason_on_the_last_chunk_only():
    chunks = wrote(
        [
            ir.Start(id="x", model="upstream"),
            ir.PartStart(index=0, part=ir.Text(text="He")),
            ir.PartDelta(index=0, text="llo"),
            ir.PartDelta(index=0, text=""),
            ir.PartStop(index=0),
            ir.Finish(reason="stop"),
        ]
    )
    assert said(chunks) == [{"text": "He"}, {"text": "llo"}, {"text": ""}]
    assert finishes(chunks) == [None, None, "STOP"]
    assert {item["modelVersion"] for item in chunks} == {"my-alias"}
    assert {item["responseId"] for item in chunks} == {"0193-aa-bb"}
    assert all(item["candidates"][0]["index"] == 0 for item in chunks)
    assert all(item["candidates"][0]["content"]["role"] == "model" for item in chunks)


def test_it_speaks_neither_event_names_nor_done():
    writer = FORMAT.writer(HEAD)
    raw = b"".join(map(writer.write, stream_of(ir.Text(text="x")))) + writer.close()
    assert b"[DONE]" not in raw
    assert b"event:" not in raw
    assert raw.count(b"data: ") == raw.count(b"\n\n") == 2


def test_it_sends_a_call_whole_and_with_its_id():
    """Arguments that arrive in fragments, of two calls at once."""
    chunks = wrote(
        [
            ir.Start(id="x", model="m"),
            ir.PartStart(index=0, part=ir.ToolCall(id="a", name="f")),
            ir.PartStart(index=1, part=ir.ToolCall(id="b", name="g")),
            ir.PartDelta(index=1, text='{"b"'),
            ir.PartDelta(index=0, text='{"a"'),
            ir.PartDelta(index=1, text=":2}"),
            ir.PartDelta(index=0, text=":1}"),
            ir.PartStop(index=0),
            ir.PartStop(index=1),
            ir.Finish(reason="tool_calls"),
        ]
    )
    assert said(chunks) == [
        {"functionCall": {"id": "a", "name": "f", "args": {"a": 1}}},
        {"functionCall": {"id": "b", "name": "g", "args": {"b": 2}}},
        {"text": ""},
    ]
    assert finishes(chunks) == [None, None, "STOP"]


def test_it_sends_a_call_without_arguments():
    chunks = wrote(stream_of(call("a", "now", ""), call("b", "now", "{}"), reason="tool_calls"))
    assert [part["functionCall"]["args"] for part in said(chunks)[:-1]] == [{}, {}]


@pytest.mark.parametrize("reason", ["length", "error"])
@pytest.mark.parametrize("arguments", ["", "{}", '{"path": "/'])
def test_it_leaves_out_a_call_that_was_cut(reason: Any, arguments: str):
    """Clients of this format run every call, whatever the reason says."""
    cut = call("b", "rm", arguments)
    assert said(wrote(stream_of(ir.Text(text="a"), cut, reason=reason))) == [
        {"text": "a"},
        {"text": ""},
    ]
    gone_on = said(wrote(stream_of(cut, ir.Text(text="a"), reason=reason)))
    assert [list(part) for part in gone_on] == [["functionCall"], ["text"], ["text"]]
    unstopped = [event for event in stream_of(cut) if not isinstance(event, ir.PartStop)]
    unstopped[-1] = ir.Finish(reason=reason)
    assert said(wrote(unstopped)) == [{"text": ""}]


def test_it_sends_arguments_that_are_no_object_rather_than_none():
    chunks = wrote(stream_of(call("a", "f", "oops"), reason="tool_calls"))
    assert said(chunks)[0]["functionCall"]["args"] == {"arguments": "oops"}


def test_it_marks_thoughts_and_ends_them_with_their_signature():
    own = ir.Thinking(text="hm", signature="c2ln", origin="gemini")
    unsigned = ir.Thinking(text="so", origin="gemini")
    chunks = wrote(stream_of(own, unsigned, ir.Thinking(origin="gemini"), ir.Text(text="x")))
    assert said(chunks) == [
        {"text": "hm", "thought": True},
        {"text": "", "thought": True, "thoughtSignature": "c2ln"},
        {"text": "so", "thought": True},
        {"text": "x"},
        {"text": ""},
    ]


def test_it_keeps_a_signature_on_the_text_that_it_belongs_to():
    extra = {"gemini": {"thoughtSignature": "c2ln"}}
    signed = ir.Text(text="ab", extra=extra)
    late = [
        ir.PartStart(index=0, part=ir.Text(text="x")),
        ir.PartDelta(index=0, extra=extra),
        ir.PartDelta(index=0, text="y"),
        ir.PartStop(index=0),
    ]
    assert said(wrote(stream_of(signed, ir.Text(text="", extra=extra)))) == [
        {"text": "ab", "thoughtSignature": "c2ln"},
        {"text": "", "thoughtSignature": "c2ln"},
        {"text": ""},
    ]
    assert said(wrote([*late, ir.Finish(reason="stop")])) == [
        {"text": "x"},
        {"text": "y", "thoughtSignature": "c2ln"},
        {"text": ""},
    ]


def test_it_keeps_a_signature_on_the_call_that_it_belongs_to():
    early = call("a", "f", '{"x":1}', thoughtSignature="c2ln")
    assert said(wrote(stream_of(early)))[0]["thoughtSignature"] == "c2ln"
    late = stream_of(call("a", "f", '{"x":1}'))
    late.insert(3, ir.PartDelta(index=0, extra={"gemini": {"thoughtSignature": "c2ln"}}))
    assert said(wrote(late))[0] == {
        "functionCall": {"id": "a", "name": "f", "args": {"x": 1}},
        "thoughtSignature": "c2ln",
    }


def test_it_shows_media_and_its_own_parts_and_nothing_of_other_vendors():
    chunks = wrote(
        stream_of(
            ir.Image(source=ir.Source(media_type="image/png", data=PIXEL)),
            ir.Opaque(format="gemini", value={"executableCode": {}}),
            ir.Opaque(format="anthropic", value={"type": "x"}),
            ir.Thinking(redacted="x", origin="gemini"),
            ir.Refusal(text="No."),
        )
    )
    assert said(chunks) == [
        {"inlineData": {"mimeType": "image/png", "data": PIXEL}},
        {"executableCode": {}},
        {"text": "No."},
        {"text": ""},
    ]
    odd = [
        ir.PartStart(index=0, part=ir.Opaque(format="gemini", value={"a": 1})),
        ir.PartDelta(index=0, text="x"),
        ir.PartStop(index=0),
        ir.PartStart(index=1, part=ir.Image(source=ir.Source(media_type="a/b", data=""))),
        ir.PartDelta(index=1, text="x"),
        ir.PartStop(index=1),
        ir.Finish(reason="stop"),
    ]
    assert [list(part) for part in said(wrote(odd))] == [["a"], ["inlineData"], ["text"]]


def test_it_tells_the_usage_so_far_on_every_chunk_and_always_on_the_last():
    chunks = wrote(
        [
            ir.Start(id="x", model="m", usage=Usage(input=10)),
            ir.PartStart(index=0, part=ir.Text(text="a")),
            ir.PartDelta(index=0, text="b"),
            ir.UsageReport(usage=Usage(input=10, output=5, reasoning=2)),
            ir.PartDelta(index=0, text="c"),
            ir.PartStop(index=0),
            ir.UsageReport(usage=Usage(input=10, output=7, reasoning=2)),
            ir.Finish(reason="stop"),
        ]
    )
    assert [usage["totalTokenCount"] for usage in usages(chunks)] == [10, 10, 15, 17]
    assert usages(chunks)[-1]["thoughtsTokenCount"] == 2


def test_it_estimates_the_usage_when_nobody_reports_any():
    chunks = wrote(stream_of(ir.Text(text="x" * 400)))
    assert usages(chunks)[0] is None
    assert usages(chunks)[-1]["promptTokenCount"] == 77
    assert 100 <= usages(chunks)[-1]["candidatesTokenCount"] <= 110


@pytest.mark.parametrize(
    ("reason", "word"),
    [("length", "MAX_TOKENS"), ("content_filter", "SAFETY"), ("error", "OTHER")],
)
def test_it_tells_why_the_answer_ended(reason: Any, word: str):
    assert finishes(wrote(stream_of(ir.Text(text="x"), reason=reason))) == [None, word]


def test_it_always_ends_with_a_reason_even_if_there_was_nothing_to_say():
    """Clients that get none ask again for ever."""
    chunks = wrote([ir.Finish(reason="stop")])
    assert finishes(chunks) == ["STOP"]
    assert usages(chunks)[0]["promptTokenCount"] == 77


def test_it_says_again_what_was_said_of_the_answer_as_a_whole():
    extra = {
        "gemini": {
            "createTime": "2026-01-01",
            "candidate": {"groundingMetadata": {"a": 1}, "finishMessage": "x"},
        }
    }
    [_, last] = wrote([*stream_of(ir.Text(text="x"))[:-1], ir.Finish(reason="stop", extra=extra)])
    assert last["createTime"] == "2026-01-01"
    assert last["candidates"][0]["groundingMetadata"] == {"a": 1}
    assert last["candidates"][0]["finishMessage"] == "x"
    harmless = {"gemini": {"promptFeedback": {"safetyRatings": []}}}
    [rated] = wrote([ir.Finish(reason="stop", extra=harmless)])
    assert finishes([rated]) == ["STOP"]
    feedback = {"gemini": {"promptFeedback": {"blockReason": "SAFETY"}}}
    [only] = wrote([ir.Finish(reason="content_filter", extra=feedback)])
    assert only["promptFeedback"] == {"blockReason": "SAFETY"}
    assert "candidates" not in only


def test_it_reports_a_failure_inside_of_the_stream_and_is_silent_from_then_on():
    error = UpstreamError("Gone.", status=502, kind="server")
    writer = FORMAT.writer(HEAD)
    raw = b"".join(
        writer.write(event)
        for event in (
            *stream_of(ir.Text(text="x"))[:-1],
            ir.Failure(error=error),
            ir.Finish(reason="stop"),
        )
    )
    raw += writer.close()
    last = orjson.loads(raw.split(b"\n\n")[-2].removeprefix(b"data: "))
    assert last["error"]["code"] == 502
    assert b"finishReason" not in raw
    after = FORMAT.writer(HEAD)
    assert after.write(ir.Finish(reason="stop"))
    assert after.write(ir.Finish(reason="stop")) == b""
    assert after.close() == b""


def test_it_works_no_harder_late_in_a_stream():
    """The cost of a chunk does not grow with what came before."""
    writer = FORMAT.writer(HEAD)
    writer.write(ir.PartStart(index=0, part=ir.Thinking(origin="anthropic")))
    sizes = {len(writer.write(ir.PartDelta(index=0, text="word "))) for _ in range(2000)}
    assert len(sizes) == 1
