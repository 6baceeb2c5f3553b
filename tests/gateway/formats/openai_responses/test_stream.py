"""A provider's stream, read."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniroute.gateway import ir
from omniroute.gateway.errors import UpstreamFailure
from omniroute.gateway.formats.openai_responses import FORMAT
from omniroute.gateway.usage import Usage

from .wire import (
    COUNTS,
    begun,
    call_stream,
    ended,
    event,
    folded,
    function_call,
    message,
    output_text,
    read,
    response,
    said,
    text_stream,
)

USAGE = Usage(input=30, cache_read=60, cache_write_5m=10, output=20, reasoning=5)
STREAM = b"".join(
    [
        begun(),
        event("in_progress", response=response("in_progress")),
        text_stream("Grüße, ", "Welt 🌍"),
        call_stream('{"at":', '"ü"}', at=1),
        ended(message("Grüße, Welt 🌍"), function_call('{"at":"ü"}')),
    ]
)
PARTS = said("Grüße, Welt 🌍", ir.ToolCall(id="call_1", name="look", arguments='{"at":"ü"}'))


def finish(events: list[ir.Event]) -> ir.FinishReason | None:
    found = [one.reason for one in events if isinstance(one, ir.Finish)]
    assert len(found) < 2
    return found[0] if found else None


def failure(*pieces: bytes) -> Any:
    last = read(*pieces)[-1]
    assert isinstance(last, ir.Failure)
    return last.error


def test_it_reads_text_and_calls():
    events = read(STREAM)
    assert events[0] == ir.Start(id="resp_1", model="upstream-model")
    assert folded(events) == PARTS
    assert events[-2:] == [ir.UsageReport(usage=USAGE), ir.Finish(reason="tool_calls")]


def test_it_passes_every_delta_on_as_it_comes():
    deltas = [one.text for one in read(STREAM) if isinstance(one, ir.PartDelta)]
    assert deltas == ["Grüße, ", "Welt 🌍", '{"at":', '"ü"}']


@given(cuts=st.lists(st.integers(0, len(STREAM)), max_size=8).map(sorted))
def test_it_reads_the_same_for_any_split(cuts):
    edges = [0, *cuts, len(STREAM)]
    pieces = [STREAM[a:b] for a, b in pairwise(edges)]
    assert read(*pieces) == read(STREAM)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_it_takes_line_ends_comments_and_missing_spaces(end, size):
    raw = STREAM.replace(b"data: ", b": OPENROUTER PROCESSING\n\ndata:").replace(b"\n", end)
    assert read(*(raw[i : i + size] for i in range(0, len(raw), size))) == read(STREAM)


def test_it_needs_no_event_lines():
    """OpenRouter and Bedrock leave them out."""
    lines = [line for line in STREAM.split(b"\n") if not line.startswith(b"event:")]
    assert read(b"\n".join(lines)) == read(STREAM)


def test_it_reads_the_type_from_the_event_line_where_the_data_has_none():
    assert read(STREAM.replace(b'"type":"response.', b'"kind":"response.')) == read(STREAM)


def test_it_is_complete_without_a_done_line_and_not_by_one():
    assert finish(read(STREAM + b"data: [DONE]\n\n")) == "tool_calls"
    cut = STREAM[: STREAM.index(b"event: response.completed")]
    assert finish(read(cut + b"data: [DONE]\n\n")) is None


def test_it_never_takes_a_cut_for_the_end():
    complete = STREAM.rstrip(b"\n")
    for cut in range(len(complete)):
        assert finish(read(STREAM[:cut])) is None, cut
    assert finish(read(complete)) == "tool_calls"


def test_it_hears_nothing_behind_the_end():
    late = text_stream("late", at=9) + event("error", code="x", message="y") + ended()
    assert read(STREAM + late) == read(STREAM)


def test_it_reads_items_that_have_no_deltas():
    """Some servers announce an item and then send it whole."""
    stream = b"".join(
        [
            begun(),
            event("output_item.added", output_index=0, item=message()),
            event("output_item.done", output_index=0, item=message("Hi")),
            event("output_item.added", output_index=1, item=function_call("")),
            event("output_item.done", output_index=1, item=function_call('{"a":1}')),
            event("output_item.done", output_index=2, item=function_call("", "fc_2", call_id="b")),
            ended(),
        ]
    )
    calls = [("call_1", '{"a":1}'), ("b", "{}")]
    assert folded(read(stream)) == said(
        "Hi", *(ir.ToolCall(id=i, name="look", arguments=a) for i, a in calls)
    )


@pytest.mark.parametrize(
    "kind", ["output_text.done", "content_part.done", "output_item.done", "response"]
)
def test_it_reads_a_text_from_whichever_event_has_it(kind):
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    told = {
        "output_text.done": event("output_text.done", **place, text="Hi"),
        "content_part.done": event("content_part.done", **place, part=output_text("Hi")),
        "output_item.done": event("output_item.done", output_index=0, item=message("Hi")),
        "response": b"",
    }
    announced = event("output_item.added", output_index=0, item=message())
    assert folded(read(begun(), announced, told[kind], ended(message("Hi")))) == said("Hi")


@pytest.mark.parametrize("kind", ["function_call_arguments.done", "output_item.done", "response"])
def test_it_reads_arguments_from_whichever_event_has_them(kind):
    place = {"item_id": "fc_1", "output_index": 0}
    whole = function_call('{"a":1}')
    told = {
        "function_call_arguments.done": event(
            "function_call_arguments.done", **place, arguments='{"a":1}'
        ),
        "output_item.done": event("output_item.done", output_index=0, item=whole),
        "response": b"",
    }
    announced = event("output_item.added", output_index=0, item=function_call(""))
    [part] = folded(read(begun(), announced, told[kind], ended(whole)))
    assert part == ir.ToolCall(id="call_1", name="look", arguments='{"a":1}')


def test_it_reads_an_answer_that_only_the_last_event_holds():
    assert folded(read(begun(), ended(message("Hi"), function_call()))) == said(
        "Hi", ir.ToolCall(id="call_1", name="look", arguments="{}")
    )
    assert read(ended(message("Hi")))[0] == ir.Start(id="resp_1", model="upstream-model")


def test_it_says_nothing_twice():
    done = event("output_item.done", output_index=0, item=message("Hi"))
    assert folded(read(begun(), text_stream("Hi"), ended(message("Hi")))) == said("Hi")
    assert folded(read(begun(), text_stream("Hi"), done, ended(message("Hi")))) == said("Hi", "Hi")


def test_it_reads_several_contents_of_one_message():
    place = {"item_id": "msg_1", "output_index": 0}
    refusal = {"type": "refusal", "refusal": "No."}
    stream = b"".join(
        [
            begun(),
            event("output_item.added", output_index=0, item=message()),
            event("output_text.delta", **place, content_index=0, delta="Hm."),
            event("refusal.delta", **place, content_index=1, delta="No."),
            event("refusal.done", **place, content_index=1, refusal="No."),
            event("output_item.done", output_index=0, item=message("Hm.", refusal)),
            ended(message("Hm.", refusal)),
        ]
    )
    events = read(stream)
    assert folded(events) == said("Hm.", ir.Refusal(text="No."))
    assert finish(events) == "refusal"
    assert folded(read(begun(), ended(message(refusal)))) == (ir.Refusal(text="No."),)


def test_it_reads_a_refusal_that_only_its_done_event_holds():
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    told = event("refusal.done", **place, refusal="No.")
    announced = event("output_item.added", output_index=0, item=message())
    assert folded(read(begun(), announced, told, ended())) == (ir.Refusal(text="No."),)


def test_it_gives_no_part_to_an_item_that_says_nothing():
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    quiet = event("output_text.delta", **place, delta="") + event("content_part.added", **place)
    announced = event("output_item.added", output_index=0, item=message())
    events = read(begun(), announced, quiet, ended(message("")))
    assert folded(events) == ()
    assert finish(events) == "stop"


def test_it_keeps_annotations_of_a_text():
    note = {"type": "url_citation", "url": "u"}
    noted = message(output_text("Hi", annotations=[note]))
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    stream = b"".join(
        [
            begun(),
            event("output_item.added", output_index=0, item=message()),
            event("output_text.delta", **place, delta="Hi", obfuscation="xyz", logprobs=[]),
            event("output_text.annotation.added", **place, annotation=note, annotation_index=0),
            event("output_item.done", output_index=0, item=noted),
            ended(noted),
        ]
    )
    text = ir.Text(text="Hi", extra={"openai_responses": {"annotations": [note]}})
    assert folded(read(stream)) == (text,)
    assert FORMAT.read_response(response("completed", noted)).parts == (text,)


def test_it_reads_contents_that_it_does_not_know_whole():
    value = {"type": "hologram", "data": "x"}
    events = read(begun(), ended(message("a", value)))
    assert folded(events) == said("a", ir.Opaque(format="openai_responses", value=value))


def test_it_counts_nothing_that_was_not_told():
    events = read(begun(), ended(message("x"), usage=None))
    assert not [one for one in events if isinstance(one, ir.UsageReport)]
    events = read(begun(), ended(message("x"), usage=COUNTS))
    assert ir.UsageReport(usage=USAGE) in events


@pytest.mark.parametrize("raw", [b"{nonsense", b"[1]", b'"x"'])
def test_it_refuses_an_event_that_is_no_object(raw):
    with pytest.raises(UpstreamFailure) as caught:
        read(b"data: " + raw + b"\n\n")
    assert caught.value.kind == "protocol"


NAMES = [
    "type",
    "item",
    "response",
    "delta",
    "output",
    "content",
    "output_index",
    "item_id",
    "part",
]
WORDS = ["message", "reasoning", "function_call", "output_text", "response.output_item.done"]
JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(NAMES), inner),
    max_leaves=8,
)
KINDS = [
    *("created", "output_item.added", "output_item.done", "output_text.delta", "refusal.done"),
    *("content_part.done", "function_call_arguments.done", "reasoning_text.delta", "completed"),
    *("failed", "custom_tool_call_input.delta", "reasoning_summary_text.done", "incomplete"),
]


@given(
    told=st.lists(st.tuples(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(NAMES), JSON)))
)
def test_it_never_crashes_on_adversarial_events(told):
    stream = b"".join(
        event(kind, **{**fields, "type": f"response.{kind}"}) for kind, fields in told
    )
    with suppress(UpstreamFailure):
        read(stream)
