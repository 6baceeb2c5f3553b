"""Requests, answers and streams through the hub: the same text, calls and results on both sides."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest

from omniroute.gateway import ir
from omniroute.gateway.formats import FORMATS, Head, Wire
from omniroute.gateway.formats.openai_responses import FORMAT
from omniroute.gateway.snapshot import Model
from omniroute.gateway.translation.stream import Translation, restored

from .codex import OTHERS, REQUEST, provider, sent
from .grammar import checked
from .wire import (
    HEAD,
    begun,
    call_stream,
    ended,
    event,
    folded,
    function_call,
    message,
    response,
    text_stream,
)

REASONING = {
    "id": "rs_1",
    "type": "reasoning",
    "summary": [{"type": "summary_text", "text": "Hm."}],
    "encrypted_content": "gAAAA==",
}
ANSWER = response("completed", REASONING, message("Hi ü"), function_call('{"command":"ls"}'))
STREAM = b"".join(
    [
        begun(),
        event("output_item.added", output_index=0, item={**REASONING, "summary": []}),
        event("reasoning_summary_text.delta", output_index=0, summary_index=0, delta="Hm."),
        event("output_item.done", output_index=0, item=REASONING),
        text_stream("Hi ", "ü", at=1),
        call_stream('{"command":', '"ls"}', at=2),
        ended(REASONING, message("Hi ü"), function_call('{"command":"ls"}')),
    ]
)
ASKED = ir.Request(format="openai_responses", model="m", messages=())
every_other = pytest.mark.parametrize("name", OTHERS)


def gist(parts: Any) -> dict[str, Any]:
    """What must be the same on both sides."""
    found = list(parts)
    return {
        "text": "".join(p.text for p in found if isinstance(p, ir.Text)),
        "calls": [(p.name, orjson.loads(p.arguments)) for p in found if isinstance(p, ir.ToolCall)],
    }


def conversation(request: ir.Request) -> dict[str, Any]:
    parts = [part for one in request.messages for part in one.parts]
    results = [part for part in parts if isinstance(part, ir.ToolResult)]
    ids = {p.id: p.name for p in parts if isinstance(p, ir.ToolCall)}
    plain = [
        replace(p, arguments=orjson.dumps({"input": p.arguments}).decode())
        if isinstance(p, ir.ToolCall) and p.freeform
        else p
        for p in parts
    ]
    return {
        **gist(plain),
        "results": [(ids[r.call_id], gist(r.parts)["text"]) for r in results],
        "tools": sorted(
            f"{t.namespace}__{t.name}" if t.namespace else t.name for t in request.tools
        ),
    }


@every_other
def test_it_says_the_same_to_a_provider_of_another_format(name):
    asked = FORMAT.read_request(REQUEST)
    received = FORMATS[name].read_request({"model": "m", **sent(name).body})
    wanted = conversation(replace(asked, tools=tuple(t for t in asked.tools if t.hosted is None)))
    assert conversation(received) == wanted


@every_other
def test_it_says_what_a_client_of_another_format_has_said(name):
    """From that client's own spelling of a Codex session to a Responses provider."""
    body = {"model": "m", **sent(name).body}
    asked = FORMATS[name].read_request(body)
    wire = FORMAT.write_request(asked, provider("openai_responses"), Model(id="m"))
    assert conversation(FORMAT.read_request(wire.body)) == conversation(asked)


@every_other
def test_it_answers_a_client_of_another_format(name):
    read = FORMAT.read_response(ANSWER)
    head = replace(HEAD, request=replace(ASKED, format=name))
    told = FORMATS[name].write_response(read, head)
    back = FORMATS[name].read_response(told)
    assert gist(back.parts) == {"text": "Hi ü", "calls": [("look", {"command": "ls"})]}
    assert back.finish == "tool_calls"
    assert back.usage is not None
    assert (back.usage.prompt, back.usage.output) == (100, 20)


@every_other
def test_it_streams_to_a_client_of_another_format(name):
    head = replace(HEAD, request=replace(ASKED, format=name), include_usage=True)
    pipe = Translation(FORMAT.reader(), FORMATS[name].writer(head), Wire(body={}))
    pieces = [STREAM[i : i + 41] for i in range(0, len(STREAM), 41)]
    told = b"".join(map(pipe.feed, pieces)) + pipe.close()
    assert (pipe.done, pipe.ready, pipe.error) == (True, True, None)
    reader = FORMATS[name].reader()
    events = [*reader.feed(told), *reader.close()]
    assert gist(folded(events)) == {"text": "Hi ü", "calls": [("look", {"command": "ls"})]}
    assert [e.reason for e in events if isinstance(e, ir.Finish)] == ["tool_calls"]


@every_other
def test_it_carries_an_answer_of_another_format_to_its_own_client(name):
    """Both whole and streamed, in that format's own spelling."""
    parts = FORMAT.read_response(ANSWER).parts[1:]
    head = Head(
        id="up", model="m", created=1, request=replace(ASKED, format=name), include_usage=True
    )
    whole = ir.Response(id="x", model="m", parts=parts, finish="tool_calls")
    read = FORMATS[name].read_response(FORMATS[name].write_response(whole, head))
    found = FORMAT.read_response(FORMAT.write_response(read, HEAD))
    assert gist(found.parts) == gist(parts)
    assert found.finish == "tool_calls"
    pipe = Translation(FORMAT.reader(), FORMATS[name].writer(head), Wire(body={}))
    theirs = pipe.feed(STREAM) + pipe.close()
    ours = Translation(FORMATS[name].reader(), FORMAT.writer(HEAD), Wire(body={}))
    output = checked(ours.feed(theirs) + ours.close())["output"]
    assert gist(
        p for item in output for p in FORMAT.read_response(response("completed", item)).parts
    ) == gist(parts)


def as_history(name: str, answer: Any) -> dict[str, Any]:
    """The next request of a client that got `answer`."""
    match name:
        case "anthropic":
            said = {"role": "assistant", "content": answer["content"]}
            return {"messages": [{"role": "user", "content": "Hi"}, said]}
        case "gemini":
            asked = {"role": "user", "parts": [{"text": "Hi"}]}
            return {"contents": [asked, answer["candidates"][0]["content"]]}
        case _:
            said = answer["choices"][0]["message"]
            return {"messages": [{"role": "user", "content": "Hi"}, said]}


@every_other
def test_it_returns_its_own_reasoning_through_a_client_of_another_format(name):
    """Sealed reasoning is of use to its maker only, and comes back to it byte for byte."""
    head = replace(HEAD, request=replace(ASKED, format=name))
    told = FORMATS[name].write_response(FORMAT.read_response(ANSWER), head)
    asked = FORMATS[name].read_request({"model": "m", **as_history(name, told)})
    wire = FORMAT.write_request(asked, provider("openai_responses"), Model(id="m"))
    sealed = [item for item in wire.body["input"] if item["type"] == "reasoning"]
    assert [item["encrypted_content"] for item in sealed] == ["gAAAA=="]


@every_other
def test_it_leads_ids_and_names_back_to_the_client(name):
    """Whatever the provider had to be told instead."""
    asked = FORMAT.read_request(
        {
            "model": "m",
            "input": [
                {"role": "user", "content": "Hi"},
                function_call(call_id="call:1/" + "x" * 70, name="n" * 70),
                {"type": "function_call_output", "call_id": "call:1/" + "x" * 70, "output": "x"},
            ],
            "tools": [{"type": "function", "name": "n" * 70}],
        }
    )
    wire = FORMATS[name].write_request(asked, provider(name), Model(id="m"))
    sent = next(iter(wire.names))
    assert len(sent) <= 64
    call = restored(ir.ToolCall(id="new", name=sent, arguments="{}"), wire)
    whole = ir.Response(id="x", model="m", parts=(call,), finish="tool_calls")
    [item] = FORMAT.write_response(whole, replace(HEAD, request=asked))["output"]
    assert item["name"] == "n" * 70
