"""What real clients were seen to fail without. Each test is named after what breaks whom."""

from __future__ import annotations

import pytest

from omniroute.gateway import ir

from . import streams
from .codex import answered, head
from .grammar import events
from .wire import answer, call

STREAMS = {
    "text": answer("Hi there"),
    "call": answer(call(name="shell", arguments='{"a":1}'), reason="tool_calls", of=head()),
    "bare call": answer(call(arguments=""), reason="tool_calls"),
    "freeform": answer(call(name="apply_patch", arguments='{"input":"x"}'), of=head()),
    "reasoning": answer(ir.Thinking(text="Hm.", signature="s", origin="anthropic"), "Hi"),
    "refusal": answer(ir.Refusal(text="No."), reason="refusal"),
    "cut": answer("Hi", call(arguments='{"a'), reason="length"),
    "empty": answer(),
    "chat": answered("openai_chat", streams.chat({"content": "Hi"}, usage=False)),
    "anthropic": answered(
        "anthropic", streams.anthropic(streams.tool_block("a", "grep"), reason="tool_use")
    ),
}
every_stream = pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS.keys())


def of_kind(stream: bytes, kind: str) -> list[dict]:
    return [one for one in events(stream) if one["type"] == f"response.{kind}"]


@every_stream
def test_it_sends_the_terminal_event_without_which_codex_opencode_and_qwen_ask_again(stream):
    last = events(stream)[-1]
    assert last["type"] in ("response.completed", "response.incomplete")
    assert stream.endswith(b"\n\n")


@every_stream
def test_it_sends_the_done_event_of_every_item_that_codex_opencode_and_qwen_act_on(stream):
    done = [one["item"] for one in of_kind(stream, "output_item.done")]
    assert done
    assert done == events(stream)[-1]["response"]["output"]


@every_stream
def test_it_announces_every_item_as_opencode_pi_and_droid_need_it(stream):
    added = [one["item"]["id"] for one in of_kind(stream, "output_item.added")]
    assert added == [one["item"]["id"] for one in of_kind(stream, "output_item.done")]


@every_stream
def test_it_sends_the_deltas_that_opencode_qwen_and_droid_listen_to(stream):
    """Whatever an item says in the end was said in deltas as well."""
    for one in of_kind(stream, "output_item.done"):
        item = one["item"]
        said = [
            *(part.get("text") or part.get("refusal") for part in item.get("content", ())),
            item.get("arguments"),
            item.get("input"),
        ]
        deltas = "".join(
            told["delta"]
            for told in events(stream)
            if told["type"].endswith(".delta") and told["output_index"] == one["output_index"]
        )
        assert item["type"] == "reasoning" or deltas == "".join(filter(None, said))


@every_stream
def test_it_sends_the_usage_without_which_opencode_loops(stream):
    usage = events(stream)[-1]["response"]["usage"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"] > 0


@every_stream
def test_it_numbers_every_event_as_goose_needs_it(stream):
    assert [one["sequence_number"] for one in events(stream)] == list(range(len(events(stream))))


@every_stream
def test_it_fills_the_output_of_the_last_event_that_copilot_reads(stream):
    assert events(stream)[-1]["response"]["output"]


@every_stream
def test_it_names_every_event_in_its_own_line(stream):
    assert stream.count(b"event: response.") == stream.count(b"data: {") == len(events(stream))
