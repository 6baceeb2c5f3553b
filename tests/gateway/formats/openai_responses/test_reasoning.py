"""Reasoning: read from providers, carried through clients, and back to who made it."""

from __future__ import annotations

from typing import Any

import pytest

from omniroute.gateway import ir
from omniroute.gateway.formats import FORMATS
from omniroute.gateway.formats.openai_responses import FORMAT
from omniroute.gateway.snapshot import Model

from .grammar import checked
from .wire import (
    HEAD,
    answer,
    assistant,
    begun,
    body,
    call,
    ended,
    event,
    folded,
    provider,
    read,
    response,
    thought,
    wire,
)

BARE = {"id": "rs_1", "type": "reasoning", "summary": []}
SEALED = {**BARE, "encrypted_content": "s"}


def summary(*texts: str) -> list[dict[str, str]]:
    return [{"type": "summary_text", "text": text} for text in texts]


def stream(*told: bytes, done: dict[str, Any] | None = None) -> tuple[ir.Part, ...]:
    last = [event("output_item.done", output_index=0, item=done)] if done else []
    added = event("output_item.added", output_index=0, item=BARE)
    return folded(read(begun(), added, *told, *last, ended(*([done] if done else []))))


def step(kind: str, **fields: Any) -> bytes:
    return event(kind, item_id="rs_1", output_index=0, **fields)


def test_it_reads_reasoning_that_shows_nothing():
    """The usual case: an item with only its seal."""
    assert stream(done=SEALED) == (thought("", "s"),)
    assert stream(done=BARE) == ()
    assert FORMAT.read_response(response("completed", SEALED)).parts == (thought("", "s"),)


def test_it_reads_the_sections_of_a_summary_as_one_text():
    told = [
        step("reasoning_summary_part.added", summary_index=0, part=summary("")[0]),
        step("reasoning_summary_text.delta", summary_index=0, delta="One "),
        step("reasoning_summary_text.delta", summary_index=0, delta="thing."),
        step("reasoning_summary_text.done", summary_index=0, text="One thing."),
        step("reasoning_summary_part.done", summary_index=0, part=summary("One thing.")[0]),
        step("reasoning_summary_text.delta", summary_index=1, delta="Another."),
        step("reasoning_summary_text.done", summary_index=2, text="Third."),
        step("reasoning_summary_text.delta", summary_index=3, delta=""),
    ]
    whole = {**SEALED, "summary": summary("One thing.", "Another.", "Third.")}
    wanted = (thought("One thing.\n\nAnother.\n\nThird.", "s"),)
    assert stream(*told, done=whole) == wanted
    assert stream(done=whole) == wanted
    assert FORMAT.read_response(response("completed", whole)).parts == wanted


@pytest.mark.parametrize("name", ["reasoning_text", "reasoning"])
def test_it_reads_reasoning_itself(name):
    told = [
        step(f"{name}.delta", content_index=0, delta="Raw "),
        step(f"{name}.delta", content_index=0, delta="thought."),
        step(f"{name}.done", content_index=0, text="Raw thought."),
    ]
    whole = {**BARE, "content": [{"type": "reasoning_text", "text": "Raw thought."}]}
    wanted = (thought("Raw thought.", None),)
    assert stream(*told, done=whole) == wanted
    assert stream(told[-1]) == wanted
    assert FORMAT.read_response(response("completed", whole)).parts == wanted


def test_it_tells_the_same_thought_only_once():
    told = [
        step("reasoning_summary_text.delta", summary_index=0, delta="Short."),
        step("reasoning_text.delta", content_index=0, delta="Long."),
        step("reasoning_text.done", content_index=0, text="Long."),
    ]
    assert stream(*told, done={**SEALED, "summary": summary("Short.")}) == (thought("Short.", "s"),)


def test_it_reads_reasoning_that_was_never_announced():
    told = step("reasoning_text.delta", content_index=0, delta="Hm.")
    assert folded(read(begun(), told, ended())) == (thought("Hm.", None),)


def carried(part: ir.Thinking) -> dict[str, Any]:
    """The item that a client gets for a part of another family."""
    response = checked(answer(part, "Hi"))
    item, _ = response["output"]
    whole = ir.Response(id="r", model="m", parts=(part, ir.Text(text="Hi")), finish="stop")
    assert FORMAT.write_response(whole, HEAD)["output"] == response["output"]
    assert isinstance(item, dict)
    return item


FOREIGN = [
    ir.Thinking(text="Hm.", signature="sig==", origin="anthropic"),
    ir.Thinking(text="", signature="sig==", origin="anthropic"),
    ir.Thinking(redacted="sealed==", origin="anthropic"),
    ir.Thinking(text="Hm.", signature="sig", origin="gemini", extra={"gemini": {"a": 1}}),
    ir.Thinking(text="Hm.", origin="openai_chat"),
    ir.Thinking(text="Hm."),
]


@pytest.mark.parametrize("part", FOREIGN)
def test_it_carries_reasoning_of_others_through_a_client(part):
    item = carried(part)
    assert item["encrypted_content"].startswith("omniroute:")
    assert FORMAT.read_request(body(item)).messages == (assistant(part),)


@pytest.mark.parametrize("part", FOREIGN)
def test_it_carries_it_also_where_the_client_returns_only_the_seal(part):
    """Codex drops the text."""
    only = {"type": "reasoning", "summary": []}
    only["encrypted_content"] = carried(part)["encrypted_content"]
    assert FORMAT.read_request(body(only)).messages == (assistant(part),)


def test_it_gives_a_client_its_own_familys_seal_as_it_is():
    assert carried(thought("Hm.", "s"))["encrypted_content"] == "s"
    assert carried(thought("", None, redacted="s"))["encrypted_content"] == "s"
    assert carried(thought("Hm.", None))["encrypted_content"] is None


def test_it_returns_reasoning_to_its_owner_byte_for_byte():
    """From Anthropic through Codex and back: text and signature must be the same."""
    signed = ir.Thinking(text="Let me ü", signature="EqQB+/==", origin="anthropic")
    output = checked(answer(signed, call(), reason="tool_calls"))["output"]
    found = {"type": "function_call_output", "call_id": "call_1", "output": "x"}
    asked = FORMAT.read_request(body({"role": "user", "content": "Hi"}, *output, found))
    sent = FORMATS["anthropic"].write_request(asked, provider(), Model(id="claude-sonnet-5"))
    assert sent.body["messages"][1]["content"][0] == {
        "type": "thinking",
        "thinking": "Let me ü",
        "signature": "EqQB+/==",
    }


@pytest.mark.parametrize("part", FOREIGN)
def test_it_never_shows_a_seal_of_others_to_a_provider_of_its_own(part):
    item = carried(part)
    asked = FORMAT.read_request(
        body({"role": "user", "content": "Hi"}, item, {"role": "assistant", "content": "x"})
    )
    assert "omniroute:" not in str(wire(asked).body)
    passed = FORMAT.passthrough(body(item), provider(), Model(id="m"))
    assert passed["input"] == []


def test_it_shows_reasoning_as_a_summary():
    item = carried(ir.Thinking(text="Hm.", signature="sig==", origin="anthropic"))
    assert item["summary"] == summary("Hm.")
    assert carried(ir.Thinking(redacted="x", origin="anthropic"))["summary"] == []
