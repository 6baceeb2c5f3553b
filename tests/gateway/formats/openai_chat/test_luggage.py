"""What was signed elsewhere travels through a client of this format and comes out at its owner."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from omniroute.gateway import ir
from omniroute.gateway.formats import Head
from omniroute.gateway.formats.openai_chat import FORMAT
from omniroute.gateway.snapshot import Model, Provider

HEAD = Head(id="1", model="m", created=1)
PLAIN = Provider(
    id="p", alias="p", name="P", format="openai_chat", base_url="https://chat.example.com/v1"
)
MODEL = Model(id="upstream")
SIGNED: dict[str, tuple[ir.Part, ...]] = {
    "anthropic": (ir.Thinking(text="hm", signature="s+/=", origin="anthropic"),),
    "anthropic, sealed": (ir.Thinking(redacted="d+/=", origin="anthropic"),),
    "responses": (ir.Thinking(text="hm", signature="e+/=", origin="openai_responses"),),
    "gemini": (),
}
CALL = ir.ToolCall(id="a", name="f", arguments="{}")
GEMINI = ir.ToolCall(
    id="a", name="f", arguments="{}", extra={"gemini": {"thoughtSignature": "g+/="}}
)
QUESTION = {"role": "user", "content": "Hi"}
RESULT = {"role": "tool", "tool_call_id": "a", "content": "x"}


def said(owner: str) -> dict[str, Any]:
    """The message that a client gets and keeps."""
    parts = (*SIGNED[owner], GEMINI if owner == "gemini" else CALL)
    answer = ir.Response(id="1", model="m", parts=parts, finish="tool_calls")
    message: dict[str, Any] = FORMAT.write_response(answer, HEAD)["choices"][0]["message"]
    return message


def asked(message: dict[str, Any]) -> dict[str, Any]:
    return {"model": "m", "messages": [QUESTION, message, RESULT]}


@pytest.mark.parametrize("owner", SIGNED)
def test_it_comes_back_as_it_was(owner: str) -> None:
    read = FORMAT.read_request(asked(said(owner))).messages[1]
    assert read.parts == (*SIGNED[owner], GEMINI if owner == "gemini" else CALL)


@pytest.mark.parametrize("owner", [owner for owner in SIGNED if owner != "gemini"])
def test_it_comes_back_from_an_sdk_that_strings_all_deltas_together(owner: str) -> None:
    message = said(owner)
    for entry in message["reasoning_details"]:
        entry["format"] *= 3
    assert FORMAT.read_request(asked(message)).messages[1].parts[:-1] == SIGNED[owner]


@pytest.mark.parametrize("owner", SIGNED)
def test_a_provider_of_this_format_sees_nothing_of_it(owner: str) -> None:
    body = FORMAT.passthrough(asked(said(owner)), PLAIN, MODEL)
    call = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    bare = {"role": "assistant", "content": None, "refusal": None, "tool_calls": [call]}
    assert body == {"model": "upstream", "messages": [QUESTION, bare, RESULT]}


def test_a_provider_that_wants_reasoning_back_gets_the_text() -> None:
    provider = replace(PLAIN, replay_reasoning=True)
    message = FORMAT.passthrough(asked(said("anthropic")), provider, MODEL)["messages"][1]
    assert message["reasoning_content"] == "hm"
    assert "reasoning_details" not in message


def test_what_this_formats_own_providers_said_goes_back_untouched() -> None:
    details = [{"type": "reasoning.text", "text": "hm", "format": "anthropic-claude-v1"}]
    own = {
        "role": "assistant",
        "content": "x",
        "reasoning_content": "hm",
        "reasoning_details": [{**details[0], "signature": "s"}],
        "tool_calls": [{"id": "a", "extra_content": {"google": {"thought_signature": "g"}}}],
    }
    body = asked(own)
    assert FORMAT.passthrough(body, PLAIN, MODEL)["messages"] is body["messages"]


@pytest.mark.parametrize(
    "odd", [7, [7], [{"role": "assistant", "tool_calls": [7], "reasoning_details": [7, {}]}]]
)
def test_it_leaves_odd_messages_to_the_provider(odd: Any) -> None:
    assert FORMAT.passthrough({"messages": odd}, PLAIN, MODEL)["messages"] is odd
