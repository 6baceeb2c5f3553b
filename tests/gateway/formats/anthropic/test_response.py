"""Whole answers, in both directions."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from omniroute.gateway import ir
from omniroute.gateway.errors import UpstreamError, UpstreamFailure
from omniroute.gateway.formats.anthropic import FORMAT
from omniroute.gateway.usage import Usage

from .facts import HEAD, call
from .golden import MESSAGE


def written(*parts: ir.Part, **fields: Any) -> dict[str, Any]:
    made = {"id": "x", "model": "upstream", "parts": parts, "finish": "stop", **fields}
    return FORMAT.write_response(ir.Response(**made), HEAD)


def test_it_shows_the_client_the_model_that_it_asked_for() -> None:
    """Claude Code drops thinking of messages whose model is not the one it asked for."""
    assert written(ir.Text(text="x"))["model"] == HEAD.model
    body = dict(MESSAGE)
    FORMAT.rename(body, "my-alias")
    assert body == {**MESSAGE, "model": "my-alias"}
    for other in (None, [], {"type": "error"}):
        FORMAT.rename(other, "my-alias")


@pytest.mark.parametrize("finish", get_args(ir.FinishReason))
@pytest.mark.parametrize("parts", [(), (ir.Text(text="x"),), (call("a"),)])
def test_it_never_says_tool_use_without_a_call_nor_end_turn_with_one(
    finish: ir.FinishReason, parts: tuple[ir.Part, ...]
) -> None:
    answer = written(*parts, finish=finish)
    calls = any(block["type"] == "tool_use" for block in answer["content"])
    assert answer["stop_reason"] != ("end_turn" if calls else "tool_use")


@pytest.mark.parametrize(
    ("finish", "parts", "reason"),
    [
        ("stop", (), "end_turn"),
        ("tool_calls", (call("a"),), "tool_use"),
        ("length", (call("a", arguments='{"x'),), "max_tokens"),
        ("stop_sequence", (), "stop_sequence"),
        ("content_filter", (), "refusal"),
        ("refusal", (), "refusal"),
        ("pause", (), "pause_turn"),
        ("error", (), "end_turn"),
        ("error", (call("a"),), "max_tokens"),
    ],
)
def test_it_writes_every_finish(
    finish: ir.FinishReason, parts: tuple[ir.Part, ...], reason: str
) -> None:
    assert written(*parts, finish=finish)["stop_reason"] == reason


def test_it_tells_the_stop_sequence() -> None:
    answer = written(finish="stop_sequence", stop_sequence="END")
    assert (answer["stop_reason"], answer["stop_sequence"]) == ("stop_sequence", "END")


def test_it_takes_an_empty_answer_for_one() -> None:
    assert written(ir.Text(text=""))["content"] == []
    empty = FORMAT.read_response({**MESSAGE, "content": [], "stop_reason": "max_tokens"})
    assert (empty.parts, empty.finish) == ((), "length")


def test_it_estimates_what_the_provider_did_not_tell() -> None:
    usage = written(ir.Text(text="x" * 400))["usage"]
    assert usage["input_tokens"] == HEAD.prompt_estimate
    assert 50 < usage["output_tokens"] < 200
    assert written()["usage"]["output_tokens"] == 0
    known = written(ir.Text(text="x"), usage=Usage(input=5, output=6))["usage"]
    assert (known["input_tokens"], known["output_tokens"]) == (5, 6)


def test_it_gives_a_call_without_an_id_one() -> None:
    content = written(call(""), call(""))["content"]
    assert [block["id"] for block in content] == ["toolu_0193aabb_0", "toolu_0193aabb_1"]


def test_it_carries_foreign_thinking_through_the_client_and_back() -> None:
    """Also what nobody signed: no Anthropic endpoint must ever see it as its own."""
    thoughts = (
        ir.Thinking(text="unsigned"),
        ir.Thinking(text="deepseek's", origin="openai_chat"),
        ir.Thinking(text="gemini's", signature="g+/=", origin="gemini"),
        ir.Thinking(
            redacted="encrypted",
            origin="openai_responses",
            extra={"openai_responses": {"id": "rs_1"}},
        ),
    )
    content = written(*thoughts, ir.Text(text="x"))["content"]
    assert [block["type"] for block in content] == [*["thinking"] * 4, "text"]
    assert all(block["signature"] for block in content[:4])
    body = {"model": "m", "messages": [{"role": "assistant", "content": content}]}
    assert FORMAT.read_request(body).messages[0].parts == (*thoughts, ir.Text(text="x"))


@pytest.mark.parametrize("tail", ["", "!", "W10", "e30", "eyJuZXh0IjoxfQ", "eyJvcmlnaW4iOjV9"])
def test_it_survives_marks_that_somebody_forged(tail: str) -> None:
    block = {"type": "thinking", "thinking": "x", "signature": f"omniroute:{tail}"}
    body = {
        "model": "m",
        "messages": [{"role": "assistant", "content": [block, {"type": "text", "text": "y"}]}],
    }
    parts = FORMAT.read_request(body).messages[0].parts
    assert parts[-1] == ir.Text(text="y")
    assert not any(isinstance(part, ir.Thinking) and part.signature for part in parts)


def test_it_writes_parts_that_its_clients_cannot_be_shown_as_words() -> None:
    picture = ir.Image(source=ir.Source(url="u"))
    content = written(picture, ir.Refusal(text="No."), ir.Opaque(format="gemini", value=1))[
        "content"
    ]
    assert [block["type"] for block in content] == ["text", "text"]
    assert "image" in content[0]["text"]
    assert content[1]["text"] == "No."


def test_it_gives_back_what_only_it_understands() -> None:
    body = {
        **MESSAGE,
        "content": [{"type": "compaction", "content": "so far"}],
        "stop_reason": "compaction",
        "container": {"id": "c"},
        "stop_details": None,
    }
    response = FORMAT.read_response(body)
    assert response.finish == "pause"
    again = FORMAT.write_response(response, HEAD)
    assert again == {**body, "id": "msg_0193aabb", "model": "my-alias"}


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (
            {"type": "error", "error": {"type": "overloaded_error", "message": "x"}},
            529,
            "overloaded",
        ),
        ({"error": {"message": "x"}}, 502, "server"),
        ({"error": "x"}, 502, "server"),
        ({"code": 500, "msg": "x", "success": False}, 500, "server"),
        (
            {"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}},
            402,
            "billing",
        ),
        ([{"error": {"type": "not_found_error", "message": "x"}}], 404, "not_found"),
    ],
)
def test_it_finds_an_error_inside_a_200(body: Any, status: int, kind: str) -> None:
    with pytest.raises(UpstreamError) as caught:
        FORMAT.read_response(body)
    assert (caught.value.status, caught.value.kind) == (status, kind)


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "x",
        {},
        {"content": None},
        {"content": 5},
        {"content": [5]},
        {"content": [{"type": "text"}]},
        {"content": [{"type": "tool_use", "id": "a", "name": "b", "input": [1]}]},
    ],
)
def test_it_calls_a_malformed_answer_broken(body: Any) -> None:
    with pytest.raises(UpstreamFailure) as caught:
        FORMAT.read_response(body)
    assert caught.value.kind == "protocol"


def test_it_reads_answers_of_careless_hosts() -> None:
    body = {
        "content": [
            {"type": "text", "text": "x"},
            {"type": "tool_use", "id": "a", "name": "b", "input": '{"y": 1}'},
            {"type": "tool_use", "id": "c", "name": "d"},
        ],
        "id": None,
        "model": 5,
        "stop_reason": None,
        "stop_sequence": [],
        "base_resp": {"status_code": 0, "status_msg": ""},
    }
    response = FORMAT.read_response(body)
    assert response.parts[1:] == (call("a", "b", '{"y": 1}'), call("c", "d", "{}"))
    assert (response.id, response.model, response.finish) == ("", "", "tool_calls")
    assert FORMAT.read_response({"content": "plain"}).parts == (ir.Text(text="plain"),)
