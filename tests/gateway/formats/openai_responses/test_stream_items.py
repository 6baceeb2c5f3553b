"""Items of a provider's stream: unannounced, unended, overlapping, nameless, freeform."""

from __future__ import annotations

import pytest

from omniroute.gateway import ir
from omniroute.gateway.errors import UpstreamFailure

from .wire import (
    begun,
    call_stream,
    ended,
    event,
    folded,
    function_call,
    message,
    read,
    said,
    text_stream,
)


@pytest.mark.parametrize("indexed", [True, False])
def test_it_finds_items_by_index_or_by_id(indexed):
    stream = begun() + text_stream("a") + text_stream("b", at=1, item_id="msg_2")
    stream += call_stream("{}", at=2) + ended(message("a"), message("b"), function_call())
    for index in range(3):
        told = f'"output_index":{index}'.encode()
        stream = stream.replace(told, told if indexed else b'"x":0')
    assert len(folded(read(stream))) == 3


def test_it_survives_an_index_that_never_rises():
    stream = begun() + text_stream("a") + text_stream("b", item_id="msg_2")
    stream += ended(message("a"), message("b"))
    assert folded(read(stream)) == said("a", "b")
    unended = event("output_item.added", output_index=0, item=function_call(""))
    stream = begun() + unended + text_stream("b") + ended(function_call(), message("b"))
    assert [type(part) for part in folded(read(stream))] == [ir.ToolCall, ir.Text]


def test_it_reads_items_that_were_never_announced():
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    stream = b"".join(
        [
            event("output_text.delta", **place, delta="a"),
            event("output_text.delta", **place, delta="b"),
            event("unheard_of.delta", output_index=7, delta="x"),
            event("output_item.done", output_index=0, item=message("ab")),
            ended(message("ab")),
        ]
    )
    events = read(stream)
    assert events[0] == ir.Start(id="", model="")
    assert folded(events) == said("ab")


def test_it_waits_for_the_name_of_a_call():
    nameless = {**function_call(""), "name": None}
    place = {"item_id": "fc_1", "output_index": 0}
    deltas = [event("function_call_arguments.delta", **place, delta=d) for d in ('{"a"', ":1}")]
    announced = event("output_item.added", output_index=0, item=nameless)
    done = event("output_item.done", output_index=0, item=function_call('{"a":1}'))
    events = read(begun(), announced, *deltas, done, ended(function_call('{"a":1}')))
    assert folded(events) == (ir.ToolCall(id="call_1", name="look", arguments='{"a":1}'),)
    with pytest.raises(UpstreamFailure, match="without a name"):
        read(begun(), announced, ended())


def test_it_ignores_steps_of_a_call_that_say_nothing():
    place = {"item_id": "fc_1", "output_index": 0}
    announced = event("output_item.added", output_index=0, item=function_call(""))
    step = event("function_call.in_progress", **place)
    [part] = folded(read(begun(), announced, step, ended(function_call("[1]"))))
    assert part == ir.ToolCall(id="call_1", name="look", arguments="[1]")


def test_it_reads_freeform_calls():
    announced = {
        "id": "ctc_1",
        "type": "custom_tool_call",
        "call_id": "call_1",
        "name": "patch",
        "input": "",
    }
    place = {"item_id": "ctc_1", "output_index": 0}
    whole = {**announced, "input": "*** Begin"}
    added = event("output_item.added", output_index=0, item=announced)
    deltas = [event("custom_tool_call_input.delta", **place, delta=d) for d in ("*** ", "Begin")]
    done = event("custom_tool_call_input.done", **place, input="*** Begin")
    raw = ir.ToolCall(id="call_1", name="patch", arguments="*** Begin", freeform=True)
    for told in ((*deltas, done), (done,), ()):
        assert folded(read(begun(), added, *told, ended(whole))) == (raw,)
    [part] = folded(read(begun(), added, ended(announced)))
    assert part == ir.ToolCall(id="call_1", name="patch", freeform=True)


def test_it_names_calls_of_a_namespace_fully():
    [part] = folded(read(begun(), ended(function_call(namespace="agents"))))
    assert part.name == "agents__look"
    [part] = folded(read(begun(), ended(function_call(namespace="look"))))
    assert part.name == "look"


def test_it_takes_the_items_id_for_a_call_without_its_own():
    [part] = folded(read(begun(), ended(function_call(call_id=None))))
    assert part.id == "fc_1"


def test_it_reads_items_that_overlap():
    """OpenRouter ends the reasoning only behind the message."""
    place = {"item_id": "rs_1", "output_index": 0, "content_index": 0}
    reasoning = {"type": "reasoning", "id": "rs_1", "summary": []}
    whole = {**reasoning, "content": [{"type": "reasoning_text", "text": "Hm."}]}
    stream = b"".join(
        [
            begun(),
            event("output_item.added", output_index=0, item=reasoning),
            event("reasoning_text.delta", **place, delta="Hm."),
            text_stream("4", at=1),
            event("reasoning_text.done", **place, text="Hm."),
            event("output_item.done", output_index=0, item=whole),
            ended(whole, message("4")),
        ]
    )
    assert folded(read(stream)) == (
        ir.Thinking(text="Hm.", origin="openai_responses"),
        *said("4"),
    )


def test_it_ends_items_that_were_never_done():
    """A hosted list of tools was seen to be announced only."""
    listed = {"id": "mcpl_1", "type": "mcp_list_tools", "tools": []}
    announced = event("output_item.added", output_index=0, item=listed)
    full = {**listed, "tools": [{"name": "f"}]}
    for output, value in (((full,), full), ((), listed), ((message("x"),), listed)):
        [part, *_] = folded(read(begun(), announced, ended(*output)))
        assert part == ir.Opaque(format="openai_responses", value=value)
