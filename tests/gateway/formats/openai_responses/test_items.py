"""A client's `input`, item by item."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from omniroute.gateway import ir
from omniroute.gateway.formats.openai_responses import FORMAT

from .wire import (
    HEAD,
    assistant,
    body,
    call,
    function_call,
    messages,
    result,
    system,
    thought,
    user,
)

SUMMARY = [{"type": "summary_text", "text": "Hm."}]


def told(**fields: Any) -> dict[str, Any]:
    return {"type": "message", **fields}


def test_it_reads_messages_of_every_role_with_and_without_their_type():
    assert messages(
        told(role="system", content="a"),
        {"role": "developer", "content": [{"type": "input_text", "text": "b"}]},
        {"role": "user", "content": "c"},
        told(role="assistant", content=[{"type": "output_text", "text": "d", "annotations": []}]),
        {"role": "assistant", "content": "e"},
        told(role="user", content=[{"type": "text", "text": "f"}]),
    ) == (system("a"), system("b"), user("c"), assistant("d", "e"), user("f"))


def test_it_reads_a_refusal_where_it_stands():
    [message] = messages(told(role="assistant", content=[{"type": "refusal", "refusal": "No."}]))
    assert message == assistant(ir.Refusal(text="No."))


def test_it_makes_one_message_of_all_that_the_model_said_in_a_turn():
    """Text, reasoning and calls of one turn belong together in every other API."""
    found = messages(
        {"role": "user", "content": "Go"},
        {"type": "reasoning", "summary": SUMMARY, "encrypted_content": "gAAAA-sealed=="},
        told(role="assistant", content="On it.", id="msg_1", status="completed"),
        function_call('{"at":"x"}'),
        {"type": "custom_tool_call", "call_id": "call_2", "name": "patch", "input": "*** Begin"},
        {"type": "function_call_output", "call_id": "call_1", "output": "found"},
        {"type": "custom_tool_call_output", "call_id": "call_2", "output": "done"},
        {"role": "user", "content": "Thanks"},
    )
    raw = ir.ToolCall(id="call_2", name="patch", arguments="*** Begin", freeform=True)
    assert found == (
        user("Go"),
        assistant(thought(), "On it.", call(arguments='{"at":"x"}'), raw),
        user(result("call_1", "found"), result("call_2", "done")),
        user("Thanks"),
    )


def test_it_starts_a_new_turn_behind_the_results():
    found = messages(
        function_call(),
        {"type": "function_call_output", "call_id": "call_1", "output": "a"},
        function_call(call_id="call_2"),
        {"type": "function_call_output", "call_id": "call_2", "output": "b"},
    )
    assert [message.role for message in found] == ["assistant", "user", "assistant", "user"]


@pytest.mark.parametrize(
    ("given", "arguments"),
    [("", "{}"), (None, "{}"), ('{"a": 1}', '{"a": 1}'), ({"a": 1}, '{"a":1}')],
)
def test_it_reads_arguments_however_they_were_written(given, arguments):
    [message] = messages(function_call(given))
    assert message == assistant(call(arguments=arguments))


def test_it_reads_results_that_are_lists():
    [message] = messages(
        {
            "type": "function_call_output",
            "call_id": "call_1",
            "output": [
                {"type": "input_text", "text": "seen"},
                {"type": "input_image", "image_url": "https://x.example/a.png"},
            ],
        }
    )
    image = ir.Image(source=ir.Source(url="https://x.example/a.png"))
    assert message == user(result("call_1", "seen", image))


def test_it_reads_a_result_that_says_nothing():
    [message] = messages({"type": "function_call_output", "call_id": "call_1", "output": ""})
    assert message == user(ir.ToolResult(call_id="call_1"))


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"summary": SUMMARY, "encrypted_content": "s", "id": "rs_1"}, thought("Hm.", "s")),
        ({"summary": [], "encrypted_content": "s"}, thought("", "s")),
        ({"summary": None, "encrypted_content": "s", "content": None}, thought("", "s")),
        ({"summary": SUMMARY, "encrypted_content": None}, ir.Thinking(text="Hm.")),
        ({"summary": SUMMARY * 2}, ir.Thinking(text="Hm.\n\nHm.")),
        (
            {"summary": [], "content": [{"type": "reasoning_text", "text": "Raw."}]},
            ir.Thinking(text="Raw."),
        ),
        ({"summary": SUMMARY, "content": [{"text": "Raw."}]}, ir.Thinking(text="Hm.")),
    ],
)
def test_it_reads_reasoning_with_and_without_id_summary_and_seal(given, wanted):
    assert messages({"type": "reasoning", **given}) == (assistant(wanted),)


def test_it_keeps_the_phase_of_what_was_said():
    [message] = messages(
        told(
            role="assistant",
            phase="commentary",
            content=[{"type": "output_text", "text": "a"}, {"type": "refusal", "refusal": "b"}],
        ),
    )
    phased = ir.Text(text="a", extra={"openai_responses": {"phase": "commentary"}})
    assert message == assistant(phased, ir.Refusal(text="b"))


def test_it_keeps_annotations_and_cache_marks_of_texts():
    note = {"type": "url_citation", "url": "u"}
    mark = {"mode": "explicit"}
    found = messages(
        told(
            role="assistant", content=[{"type": "output_text", "text": "a", "annotations": [note]}]
        ),
        {"role": "user", "content": [{"type": "input_text", "text": "b", "breakpoint": mark}]},
    )
    assert found[0].parts[0].extra == {"openai_responses": {"annotations": [note]}}
    assert found[1].parts[0].extra == {"openai_responses": {"breakpoint": mark}}


def test_it_drops_items_that_say_nothing():
    found = messages(
        {"role": "system", "content": ""},
        {"role": "user", "content": []},
        told(role="assistant", content=[{"type": "output_text", "text": ""}]),
        {"role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
    )
    assert found == (user("Hi"),)


def test_it_strips_what_clients_add_to_items():
    """Codex's built-in provider adds notes to itself; ids belong to a store that is not here."""
    plain = {"role": "user", "content": "Hi"}
    noted = {**plain, "id": "msg_1", "internal_chat_message_metadata_passthrough": {"turn": 1}}
    assert messages(noted) == messages(plain)


@pytest.mark.parametrize(
    "item",
    [
        {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {}},
        {"type": "local_shell_call", "call_id": "c", "action": {}, "status": "completed"},
        {"type": "tool_search_call", "call_id": "c", "arguments": {}},
    ],
)
def test_it_keeps_items_of_hosted_tools_whole(item):
    found = messages({"role": "user", "content": "Hi"}, item, {"role": "assistant", "content": "x"})
    assert found[1] == assistant(ir.Opaque(format="openai_responses", value=item), "x")


def test_it_keeps_content_that_it_does_not_know_whole():
    value = {"type": "input_hologram", "data": "x"}
    [message] = messages({"role": "user", "content": [value]})
    assert message.parts == (ir.Opaque(format="openai_responses", value=value),)


def test_it_gives_calls_of_a_namespace_their_full_name():
    inner = {"type": "function", "name": "spawn", "parameters": {}}
    tools = [{"type": "namespace", "name": "agents", "description": "d", "tools": [inner]}]
    [message] = messages(function_call(name="spawn", namespace="agents"), tools=tools)
    assert message.parts[0].name == "agents__spawn"
    [message] = messages(function_call(name="old", namespace="gone"))
    assert message.parts[0].name == "gone__old"


def test_it_knows_that_a_deferred_tool_is_its_own_namespace():
    """What OpenAI's tool search has found is called so, and is offered without a namespace."""
    tools = [{"type": "function", "name": "rate", "defer_loading": True}]
    [message] = messages(function_call(name="rate", namespace="rate"), tools=tools)
    assert message.parts[0].name == "rate"


def test_it_puts_back_what_was_carried_for_a_call():
    """A signature that Gemini wants back on the call itself travels before it."""
    signed = ir.ToolCall(id="call_1", name="look", extra={"gemini": {"thoughtSignature": "sig"}})
    response = ir.Response(id="r", model="m", parts=(signed,), finish="tool_calls")

    output = FORMAT.write_response(response, HEAD)["output"]
    assert [item["type"] for item in output] == ["reasoning", "function_call"]
    asked = FORMAT.read_request(body(*output))
    assert asked.messages == (assistant(replace(signed, arguments="{}")),)
