"""What gateways got wrong before, where one file of the format alone does not show it."""

from __future__ import annotations

import pytest

from omniroute.gateway import ir
from omniroute.gateway.formats.openai_chat import FORMAT
from omniroute.gateway.snapshot import Model

from .wire import (
    ASKED,
    HEAD,
    assistant,
    call,
    calls,
    chunk,
    deltas,
    finishes,
    parts,
    read,
    request,
    sse,
    system,
    user,
    write,
    wrote,
)

COUNTS = {"prompt_tokens": 3, "completion_tokens": 0, "total_tokens": 3}


@pytest.mark.parametrize("finish", ["stop", "length", "content_filter"])
def test_it_takes_an_empty_completion_for_an_answer_and_not_for_a_fault(finish):
    raw = sse(chunk({"role": "assistant", "content": ""}), chunk({}, finish))
    assert parts(read(raw)) == []
    assert [event.reason for event in finishes(read(raw))] == [finish]
    tap = FORMAT.tap(HEAD, "upstream-model")
    assert tap.feed(raw).endswith(b"[DONE]\n\n")
    assert (tap.done, tap.error) == (True, None)
    chunks = wrote(read(raw))
    assert chunks[-2]["choices"][0]["finish_reason"] == finish


def test_it_takes_an_error_as_first_event_for_a_failure_and_not_for_an_empty_success():
    raw = sse({"error": {"message": "overloaded", "type": "overloaded_error"}})
    [failure] = read(raw)
    assert isinstance(failure, ir.Failure)
    assert failure.error.kind == "overloaded"
    tap = FORMAT.tap(HEAD, "m")
    assert tap.feed(raw) + tap.close() == b""
    assert (tap.ready, tap.done) == (False, False)
    assert tap.error is not None


def test_it_carries_the_usage_behind_the_finish_to_the_client_once():
    raw = sse(
        chunk({"content": "x"}),
        chunk({}, "stop"),
        chunk(choices=[{"index": 0, "delta": {}}], usage=COUNTS),
        chunk(choices=[], usage=COUNTS),
    )
    chunks = wrote(read(raw), ASKED)
    assert [item["usage"] is not None for item in chunks[:-1]] == [False, False, False, True]
    assert sum(bool(item["choices"][0]["finish_reason"]) for item in chunks[:-2]) == 1


def test_it_keeps_interleaved_parallel_calls_whole():
    fragments = [
        calls(call(0, id="a", name="f", arguments=""), call(1, id="b", name="g", arguments="")),
        calls(call(1, arguments='{"b"')),
        calls(call(0, arguments='{"a"')),
        calls(call(1, arguments=":2}"), call(0, arguments=":1}")),
    ]
    chunks = wrote(read(sse(*map(chunk, fragments), chunk({}, "stop"))))
    heard: dict[int, str] = {}
    for delta in deltas(chunks):
        for entry in delta.get("tool_calls", ()):
            index = entry["index"]
            heard[index] = heard.get(index, "") + entry["function"].get("arguments", "")
    assert heard == {0: '{"a":1}', 1: '{"b":2}'}
    assert chunks[-2]["choices"][0]["finish_reason"] == "tool_calls"


def test_it_never_makes_a_call_that_was_cut_by_the_limit_look_complete():
    raw = sse(
        chunk(calls(call(0, id="a", name="rm", arguments='{"path": "/'))), chunk({}, "length")
    )
    chunks = wrote(read(raw))
    assert chunks[-2]["choices"][0]["finish_reason"] == "length"
    assert parts(read(raw))[0].arguments == '{"path": "/'


def test_it_carries_a_coding_agents_request_and_not_only_a_bare_one():
    """Tools of every kind, reasoning, a namespace, a freeform edit in the history."""
    schema = {"type": "object", "properties": {"cmd": {"type": "string"}}}
    patch = ir.ToolCall(id="c2", name="apply_patch", arguments="*** Begin Patch", freeform=True)
    wire = write(
        request(
            system("You are an agent."),
            user(ir.Text(text="x" * 50_000)),
            assistant(ir.Text(text="Let me see.")),
            assistant(ir.ToolCall(id="c1", name="shell", arguments='{"cmd":"ls"}')),
            assistant(patch),
            user(ir.ToolResult(call_id="c1", parts=(ir.Text(text="a.py"),))),
            user(ir.ToolResult(call_id="c2", parts=(ir.Text(text="Done"),))),
            format="openai_responses",
            stream=True,
            tools=(
                ir.Tool(name="shell", schema=schema, strict=False),
                ir.Tool(name="apply_patch", freeform={"type": "grammar", "syntax": "lark"}),
                ir.Tool(name="spawn", namespace="agents", schema=schema),
                ir.Tool(name="web_search", hosted={"type": "web_search"}),
            ),
            tool_choice=ir.ToolChoice(mode="auto"),
            parallel_tool_calls=True,
            reasoning=ir.Reasoning(effort="medium", visible=True),
            prompt_cache_key="session",
            extra={"openai_responses": {"client_metadata": {}, "include": []}},
        ),
        Model(id="m", thinking=("effort",)),
    )
    assert [message["role"] for message in wire.body["messages"]] == [
        "system",
        "user",
        "assistant",
        "tool",
        "tool",
    ]
    assert [c["id"] for c in wire.body["messages"][2]["tool_calls"]] == ["c1", "c2"]
    assert [tool["function"]["name"] for tool in wire.body["tools"]] == [
        "shell",
        "apply_patch",
        "agents__spawn",
    ]
    assert all(tool["function"]["name"] for tool in wire.body["tools"])
    assert wire.body["reasoning_effort"] == "medium"
    assert "client_metadata" not in wire.body
    assert wire.losses == (
        "openai_responses.client_metadata",
        "openai_responses.include",
        "tools.web_search",
    )


def test_it_carries_a_freeform_call_through_a_server_that_knows_only_functions():
    asked = request(tools=(ir.Tool(name="apply_patch", freeform={}),))
    sent = write(asked).body["tools"][0]["function"]["name"]
    answer = sse(
        chunk(calls(call(0, id="a", name=sent, arguments='{"input": "*** Beg'))),
        chunk(calls(call(0, arguments='in\\n"}'))),
        chunk({}, "tool_calls"),
    )
    head = HEAD.__class__(id="1", model="m", created=1, request=asked)
    entries = [delta["tool_calls"][0] for delta in deltas(wrote(read(answer), head))[1:-1]]
    assert "".join(entry["custom"]["input"] for entry in entries) == "*** Begin\n"
    back = ir.ToolCall(id="a", name="apply_patch", arguments="*** Begin\n", freeform=True)
    again = write(request(user(ir.Text(text="Hi")), assistant(back), tools=asked.tools)).body
    assert again["messages"][1]["tool_calls"][0]["function"] == {
        "name": "apply_patch",
        "arguments": '{"input":"*** Begin\\n"}',
    }


def test_it_puts_the_name_that_the_client_asked_for_into_every_chunk():
    raw = sse(chunk({"content": "x"}), chunk({}, "stop"), chunk(choices=[], usage=COUNTS))
    assert {item["model"] for item in wrote(read(raw), ASKED)[:-1]} == {"my-alias"}
    tap = FORMAT.tap(ASKED, "something-else")
    out = tap.feed(raw) + tap.close()
    assert b"upstream-model" not in out
    assert out.count(b"my-alias") == 3
