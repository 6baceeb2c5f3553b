"""Whole answers, in both directions."""

from __future__ import annotations

from typing import Any

import pytest

from omniroute.gateway import ir
from omniroute.gateway.errors import UpstreamError, UpstreamFailure
from omniroute.gateway.formats.gemini import FORMAT
from omniroute.gateway.usage import Usage

from .wire import HEAD, PIXEL, call, chunk, function_call

USAGE = {"promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 15}


def answer(*parts: ir.Part, **fields: Any) -> Any:
    given = {"finish": "stop", **fields}
    response = ir.Response(id="x", model="upstream", parts=parts, **given)
    return FORMAT.write_response(response, HEAD)


def content(*parts: ir.Part, **fields: Any) -> list[Any]:
    found: list[Any] = answer(*parts, **fields)["candidates"][0]["content"]["parts"]
    return found


def test_it_joins_neighbours_and_keeps_what_is_signed_apart():
    read = FORMAT.read_response(
        chunk(
            {"text": "a", "thought": True},
            {"text": "b", "thought": True},
            {"text": "c"},
            {"text": "d"},
            {"text": "e", "thoughtSignature": "c2ln"},
            {"text": "f"},
            finish="STOP",
        )
    )
    assert read.parts == (
        ir.Thinking(text="ab", origin="gemini"),
        ir.Text(text="cd"),
        ir.Text(text="e", extra={"gemini": {"thoughtSignature": "c2ln"}}),
        ir.Text(text="f"),
    )


def test_it_takes_an_answer_without_a_reason_for_whole():
    assert FORMAT.read_response(chunk({"text": "Hi"})).finish == "stop"
    assert FORMAT.read_response(chunk(function_call("f"))).finish == "tool_calls"


def test_it_takes_an_empty_answer_for_an_answer():
    for empty in ({"content": {}}, {"content": {"role": "model"}}, {}):
        body = {"candidates": [{**empty, "finishReason": "MAX_TOKENS"}]}
        read = FORMAT.read_response(body)
        assert (read.parts, read.finish) == ((), "length")
        assert not FORMAT.is_answer(body), "must be looked at in full"
    assert content() == []


def test_it_takes_a_blocked_prompt_for_a_filtered_answer():
    body = {"promptFeedback": {"blockReason": "OTHER"}, "usageMetadata": {"trafficType": "X"}}
    read = FORMAT.read_response(body)
    assert (read.parts, read.finish, read.usage) == ((), "content_filter", None)
    written = FORMAT.write_response(read, HEAD)
    assert written["promptFeedback"] == {"blockReason": "OTHER"}
    assert "candidates" not in written
    rated = {**chunk(finish="STOP"), "promptFeedback": {"safetyRatings": []}}
    assert FORMAT.write_response(FORMAT.read_response(rated), HEAD)["candidates"]
    assert not FORMAT.is_answer(body)


@pytest.mark.parametrize("reason", ["MALFORMED_FUNCTION_CALL", "MISSING_THOUGHT_SIGNATURE"])
def test_it_raises_for_an_answer_that_broke_before_it_held_anything(reason: str):
    with pytest.raises(UpstreamError) as failed:
        FORMAT.read_response(chunk(finish=reason))
    assert failed.value.status == 502
    assert reason in failed.value.message
    assert failed.value.code == reason.lower()
    assert FORMAT.read_response(chunk({"text": "x"}, finish=reason)).finish == "error"


def test_it_raises_for_an_error_with_status_200():
    for body in ({"error": {"code": 429, "message": "Slow down."}}, [{"error": {"code": 429}}]):
        with pytest.raises(UpstreamError) as failed:
            FORMAT.read_response(body)
        assert failed.value.status == 429


@pytest.mark.parametrize("body", [{}, None, [], "x", {"candidates": []}, {"candidates": 1}])
def test_it_calls_what_is_no_answer_a_fault_of_the_protocol(body: Any):
    with pytest.raises(UpstreamFailure) as failed:
        FORMAT.read_response(body)
    assert failed.value.kind == "protocol"
    assert not FORMAT.is_answer(body)


def test_it_knows_a_plain_answer():
    assert FORMAT.is_answer(chunk({"text": "Hi"}))
    assert not FORMAT.is_answer({**chunk({"text": "Hi"}), "error": {"code": 500}})
    assert not FORMAT.is_answer(chunk())


@pytest.mark.parametrize(
    ("finish", "reason"),
    [
        ("stop", "STOP"),
        ("stop_sequence", "STOP"),
        ("tool_calls", "STOP"),
        ("length", "MAX_TOKENS"),
        ("content_filter", "SAFETY"),
        ("refusal", "SAFETY"),
        ("pause", "CONTINUATION"),
        ("error", "OTHER"),
    ],
)
def test_it_tells_the_client_why_an_answer_ended(finish: Any, reason: str):
    assert answer(ir.Text(text="x"), finish=finish)["candidates"][0]["finishReason"] == reason


def test_it_names_the_model_that_the_client_asked_for():
    written = answer(ir.Text(text="x"))
    assert (written["modelVersion"], written["responseId"]) == ("my-alias", "0193-aa-bb")
    body: Any = {"modelVersion": "upstream"}
    FORMAT.rename(body, "my-alias")
    assert body == {"modelVersion": "my-alias"}
    bare: Any = {"candidates": []}
    FORMAT.rename(bare, "my-alias")
    FORMAT.rename(None, "my-alias")
    assert bare == {"candidates": []}


def test_it_shows_every_kind_of_part():
    assert content(
        ir.Text(text="a"),
        ir.Refusal(text="no"),
        ir.Thinking(text="hm", origin="gemini"),
        call("c1", "f", '{"a":1}'),
        ir.Image(source=ir.Source(media_type="image/png", data=PIXEL)),
        ir.Image(source=ir.Source(url="https://example.com/a")),
        ir.Audio(source=ir.Source(media_type="audio/wav", data="aGk=")),
        ir.Document(source=ir.Source(media_type="application/pdf", file_id="files/a")),
        ir.Opaque(format="gemini", value={"executableCode": {}}),
    ) == [
        {"text": "a"},
        {"text": "no"},
        {"text": "hm", "thought": True},
        {"functionCall": {"id": "c1", "name": "f", "args": {"a": 1}}},
        {"inlineData": {"mimeType": "image/png", "data": PIXEL}},
        {"fileData": {"mimeType": "application/octet-stream", "fileUri": "https://example.com/a"}},
        {"inlineData": {"mimeType": "audio/wav", "data": "aGk="}},
        {"fileData": {"mimeType": "application/pdf", "fileUri": "files/a"}},
        {"executableCode": {}},
    ]


def test_it_does_not_show_the_logs_of_other_vendors_tools():
    odd = ir.Opaque(format="anthropic", value={"type": "server_tool_use"})
    assert content(odd, ir.ToolResult(call_id="x"), ir.Thinking(origin="gemini")) == []


def test_it_gives_a_freeform_call_as_one_with_an_input():
    made = ir.ToolCall(id="a", name="patch", arguments="*** Begin", freeform=True)
    assert content(made)[0]["functionCall"]["args"] == {"input": "*** Begin"}
    nameless = ir.ToolCall(id="", name="f")
    assert content(nameless) == [{"functionCall": {"name": "f", "args": {}}}]


@pytest.mark.parametrize("arguments", ["", "{}", '{"path": "/'])
def test_it_leaves_out_a_call_that_the_limit_cut(arguments: str):
    """Clients of this format run every call, whatever the reason says."""
    cut = call("b", "rm", arguments)
    for finish in ("length", "error"):
        assert content(ir.Text(text="a"), cut, finish=finish) == [{"text": "a"}]
    assert len(content(ir.Text(text="a"), cut, finish="tool_calls")) == 2
    assert len(content(cut, ir.Text(text="a"), finish="length")) == 2
    whole = call("b", "rm", '{"path":"/"}')
    assert len(content(whole, finish="length")) == 1
    free = ir.ToolCall(id="b", name="rm", arguments="", freeform=True)
    assert len(content(free, finish="length")) == 1


# --- usage ---


@pytest.mark.parametrize(
    ("raw", "want"),
    [
        (USAGE, Usage(input=10, output=5)),
        ({"promptTokenCount": 10}, Usage(input=10)),
        (
            {
                "promptTokenCount": 100,
                "toolUsePromptTokenCount": 7,
                "cachedContentTokenCount": 40,
                "candidatesTokenCount": 20,
                "thoughtsTokenCount": 30,
            },
            Usage(input=67, cache_read=40, output=50, reasoning=30),
        ),
        (
            {"promptTokenCount": 10, "cachedContentTokenCount": 99},
            Usage(cache_read=10, suspect=True),
        ),
        ({"promptTokenCount": -1, "candidatesTokenCount": 5}, Usage(output=5, suspect=True)),
        ({"promptTokenCount": "ten"}, Usage(suspect=True)),
        ({"trafficType": "ON_DEMAND"}, None),
        ({}, None),
        (None, None),
        ("x", None),
    ],
)
def test_it_counts_thoughts_as_output_and_the_cache_apart(raw: Any, want: Any):
    assert FORMAT.response_usage({"usageMetadata": raw}) == want
    assert FORMAT.read_response({**chunk({"text": "x"}), "usageMetadata": raw}).usage == want


def test_it_writes_usage_whose_total_adds_up():
    usage = Usage(input=60, cache_read=40, cache_write_5m=5, output=50, reasoning=30)
    written = answer(ir.Text(text="x"), usage=usage)["usageMetadata"]
    assert written == {
        "promptTokenCount": 105,
        "candidatesTokenCount": 20,
        "totalTokenCount": 155,
        "cachedContentTokenCount": 40,
        "thoughtsTokenCount": 30,
    }
    assert answer(usage=Usage(input=1, output=2))["usageMetadata"] == {
        "promptTokenCount": 1,
        "candidatesTokenCount": 2,
        "totalTokenCount": 3,
    }


def test_it_estimates_usage_that_nobody_reported():
    written = answer(ir.Text(text="x" * 400))["usageMetadata"]
    assert written["promptTokenCount"] == 77
    assert 100 <= written["candidatesTokenCount"] <= 120
    assert answer()["usageMetadata"]["candidatesTokenCount"] == 0


def test_it_finds_no_usage_in_what_is_no_answer():
    for body in (None, [], {}, {"usageMetadata": 5}):
        assert FORMAT.response_usage(body) is None
