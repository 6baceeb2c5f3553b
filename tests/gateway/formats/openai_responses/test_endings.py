"""How a provider's stream ends: complete, cut short, filtered, failed."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from omniroute.gateway import ir
from omniroute.gateway.errors import UpstreamError, UpstreamFailure
from omniroute.gateway.formats.openai_responses import FORMAT

from .wire import HEAD, begun, ended, event, function_call, message, read, response, text_stream

FAILED = {"code": "server_error", "message": "The server had an error."}


def reason(*output: Any, kind: str = "completed", **fields: Any) -> ir.FinishReason:
    last = read(begun(), ended(*output, kind=kind, **fields))[-1]
    assert isinstance(last, ir.Finish)
    return last.reason


@pytest.mark.parametrize(
    ("output", "fields", "wanted"),
    [
        ([message("x")], {}, "stop"),
        ([], {}, "stop"),
        ([message("x"), function_call()], {}, "tool_calls"),
        ([message({"type": "refusal", "refusal": "No."})], {}, "refusal"),
        ([message("x")], {"status": "cancelled"}, "error"),
        ([message("x")], {"status": "incomplete"}, "length"),
        ([message("x")], {"status": "complete"}, "stop"),
    ],
)
def test_it_reads_why_an_answer_is_complete(output, fields, wanted):
    assert reason(*output, **fields) == wanted
    told = {**response("completed", *output), **fields}
    assert FORMAT.read_response(told).finish == wanted


@pytest.mark.parametrize(
    ("details", "wanted"),
    [
        ({"reason": "max_output_tokens"}, "length"),
        ({"reason": "content_filter"}, "content_filter"),
        ({"reason": "steered"}, "length"),
        ({}, "length"),
        (None, "length"),
    ],
)
def test_it_never_takes_an_incomplete_answer_for_a_complete_one(details, wanted):
    """A call that the token limit has cut must not look whole."""
    for output in ([message("x")], [function_call('{"a"')]):
        found = reason(*output, kind="incomplete", incomplete_details=details)
        assert found == wanted
        told = response("incomplete", *output, incomplete_details=details)
        assert FORMAT.read_response(told).finish == wanted


@pytest.mark.parametrize("before", [b"", begun(), begun() + text_stream("x")])
@pytest.mark.parametrize(
    "fault",
    [
        event("failed", response=response("failed", error=FAILED)),
        event("completed", response=response("failed", error=FAILED)),
        event("completed", response=response("completed", error=FAILED)),
        b'event: error\ndata: {"type":"error","code":"server_error",'
        b'"message":"The server had an error.","param":null,"sequence_number":3}\n\n',
        b'data: {"type":"error","error":{"code":"server_error",'
        b'"message":"The server had an error."}}\n\n',
        b'data: {"error":{"code":"server_error","message":"The server had an error."}}\n\n',
        b'event: error\ndata: {"code":"server_error","message":"The server had an error."}\n\n',
    ],
)
def test_it_reads_an_error_before_and_after_content(before, fault):
    events = read(before, fault, text_stream("late", at=5), ended())
    last = events[-1]
    assert isinstance(last, ir.Failure)
    assert isinstance(last.error, UpstreamError)
    assert (last.error.message, last.error.code) == ("The server had an error.", "server_error")
    assert (last.error.status, last.error.kind) == (502, "server")
    tap = FORMAT.tap(HEAD, "upstream-model")
    sent = tap.feed(before) + tap.feed(fault) + tap.feed(ended()) + tap.close()
    assert sent == before.replace(b"upstream-model", b"my-alias")
    assert (tap.done, tap.error and tap.error.message) == (False, "The server had an error.")


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        ("rate_limit_exceeded", "Please try again in 11s.", "rate_limit"),
        ("insufficient_quota", "You exceeded your current quota.", "billing"),
        ("context_length_exceeded", "Too long.", "context_length"),
        ("server_is_overloaded", "Busy.", "overloaded"),
        ("invalid_prompt", "Bad.", "invalid_request"),
    ],
)
def test_it_tells_failures_apart(code, message, kind):
    told = {"code": code, "message": message}
    last = read(event("failed", response=response("failed", error=told)))[-1]
    assert isinstance(last, ir.Failure)
    assert last.error.kind == kind
    assert last.error.code == code


def test_it_reads_a_failure_without_a_reason():
    last = read(event("failed", response=response("failed")))[-1]
    assert isinstance(last, ir.Failure)
    assert last.error.message


def test_it_raises_the_error_of_a_whole_answer():
    for body in (
        response("failed", error=FAILED),
        response("completed", error=FAILED),
        {"error": FAILED},
    ):
        assert not FORMAT.is_answer(body)
        with pytest.raises(UpstreamError, match="The server had an error"):
            FORMAT.read_response(body)
    with pytest.raises(UpstreamError):
        FORMAT.read_response(response("failed"))


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"id": "resp_1", "object": "response"}, "protocol"),
        ([], "protocol"),
        (response("completed", "x"), "protocol"),
        (response("completed", message(3)), "protocol"),
        (response("in_progress"), "incomplete"),
        (response("queued"), "incomplete"),
    ],
)
def test_it_takes_nothing_else_for_an_answer(body, kind):
    with pytest.raises(UpstreamFailure) as caught:
        FORMAT.read_response(body)
    assert caught.value.kind == kind


def test_it_leaves_secrets_out_of_an_error():
    told = {"code": "server_error", "message": "Incorrect key sk-proj-abcdefgh12345678 given"}
    error = read(event("failed", response=response("failed", error=told)))[-1].error
    assert "abcdefgh" not in error.message
    error = FORMAT.read_error(401, orjson.dumps({"error": told}))
    assert "abcdefgh" not in error.message
    assert (error.status, error.kind) == (401, "authentication")
