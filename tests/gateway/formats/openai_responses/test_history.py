"""The order of items in a conversation for a provider: pairs, reasoning, and who says what."""

from __future__ import annotations

import pytest

from omniroute.gateway import ir
from omniroute.gateway.errors import InvalidRequest

from .wire import PATCH, ask, assistant, call, items, result, system, thought, user, wire


def kinds(*messages: ir.Message, **fields: object) -> list[str]:
    return [item["type"] for item in items(*messages, **fields)]


def test_it_makes_instructions_of_the_leading_system_prompts():
    written = wire(ask(system("a"), system("b", "c"), user("Hi"), system("d"))).body
    assert written["instructions"] == "a\n\nb\n\nc"
    assert [item["role"] for item in written["input"]] == ["user", "system"]
    written = wire(ask(user("Hi"), system("d")), system_role="developer").body
    assert "instructions" not in written
    assert written["input"][1] == {
        "type": "message",
        "role": "developer",
        "content": [{"type": "input_text", "text": "d"}],
    }


def test_it_sends_no_system_prompt_that_says_nothing():
    assert [item["role"] for item in items(user("Hi"), system(""))] == ["user"]
    with pytest.raises(InvalidRequest):
        items(system(""))


def test_it_leaves_a_system_prompt_with_a_picture_in_its_place():
    image = ir.Image(source=ir.Source(url="https://x.example/a.png"))
    written = wire(ask(system("a", image), user("Hi"))).body
    assert "instructions" not in written
    assert written["input"][0]["role"] == "system"


def test_it_leaves_out_of_system_text_what_only_another_api_understands():
    odd = ir.Opaque(format="anthropic", value={"type": "tool_addition"})
    written = wire(ask(system("a"), user("Hi"), system(odd), system("b", odd)))
    assert written.body["instructions"] == "a"
    assert [item["role"] for item in written.body["input"]] == ["user", "system"]
    assert written.losses == ("input",)


def test_it_lets_a_system_prompt_ask_alone():
    """The API answers no request without input."""
    written = wire(ask(system("Say hi."))).body
    assert "instructions" not in written
    assert [item["role"] for item in written["input"]] == ["system"]
    with pytest.raises(InvalidRequest):
        items(assistant(ir.Thinking(text="Hm.")))


def test_it_answers_every_call_right_behind_its_turn():
    """A provider refuses a call without its output, and DeepSeek one whose output comes late."""
    found = items(
        user("Hi"),
        assistant(call("a"), "text", call("b")),
        user(result("b", "B"), "Go on", result("a", "A")),
    )
    assert [(i["type"], i.get("call_id"), i.get("output")) for i in found[1:]] == [
        ("function_call", "a", None),
        ("message", None, None),
        ("function_call", "b", None),
        ("function_call_output", "a", "A"),
        ("function_call_output", "b", "B"),
        ("message", None, None),
    ]


def test_it_invents_a_result_for_a_call_that_has_none():
    written = wire(ask(user("Hi"), assistant(call("a"), call("b")), user(result("b"), "So?")))
    outputs = [i for i in written.body["input"] if i["type"] == "function_call_output"]
    assert [i["call_id"] for i in outputs] == ["a", "b"]
    assert "not recorded" in outputs[0]["output"]
    assert written.losses == ("messages.tool_result.missing",)


def test_it_drops_results_that_nobody_asked_for():
    written = wire(ask(user("Hi"), assistant("x"), user(result("gone"), "So?")))
    assert [item["type"] for item in written.body["input"]] == ["message"] * 3
    assert written.losses == ("messages.tool_result",)
    lonely = wire(ask(user("Hi"), user(result("gone"))))
    assert len(lonely.body["input"]) == 1


def test_it_sends_reasoning_of_its_own_before_what_it_led_to():
    found = items(user("Hi"), assistant(thought("a", "s"), call()), user(result()))
    assert [item["type"] for item in found[1:3]] == ["reasoning", "function_call"]
    assert found[1] == {
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": "a"}],
        "encrypted_content": "s",
    }


def test_it_sends_reasoning_that_has_nothing_to_show():
    """`summary` is required all the same."""
    for sealed in (thought("", "s"), thought("", None, redacted="s")):
        [item] = [i for i in items(assistant(sealed, "x")) if i["type"] == "reasoning"]
        assert item == {"type": "reasoning", "summary": [], "encrypted_content": "s"}


@pytest.mark.parametrize(
    "foreign",
    [
        ir.Thinking(text="Hm.", signature="s", origin="anthropic"),
        ir.Thinking(redacted="s", origin="anthropic"),
        ir.Thinking(text="Hm.", signature="s", origin="gemini"),
        ir.Thinking(text="Hm.", origin="openai_chat"),
        thought("Hm.", None),
    ],
)
def test_it_drops_reasoning_of_others_and_what_is_not_sealed(foreign):
    written = wire(ask(user("Hi"), assistant(foreign, "x")))
    assert [item["type"] for item in written.body["input"]] == ["message", "message"]
    assert written.losses == ("thinking",)


def test_it_drops_reasoning_that_led_to_nothing():
    """A provider refuses it "without its required following item"."""
    written = wire(ask(user("Hi"), assistant("x", thought(), thought()), user("So?")))
    assert [item["type"] for item in written.body["input"]] == ["message"] * 3
    assert written.losses == ("thinking",)
    empty = wire(ask(user("Hi"), assistant(thought(), ""), user("So?")))
    assert [item["type"] for item in empty.body["input"]] == ["message"] * 2


def test_it_sends_no_item_ids():
    """With nothing stored, a provider knows none of them."""
    search = {"id": "ws_1", "type": "web_search_call", "status": "completed"}
    found = items(
        user("Hi"),
        assistant(thought(), ir.Opaque(format="openai_responses", value=search), "x", call()),
        user(result()),
        format="openai_responses",
    )
    assert {"type": "web_search_call", "status": "completed"} in found
    assert all("id" not in item for item in found)


def test_it_puts_neighbouring_texts_into_one_message():
    found = items(user("Hi"), assistant("a", ir.Refusal(text="b"), "", call(), "c"), user(result()))
    assert found[1]["content"] == [
        {"type": "output_text", "text": "a", "annotations": []},
        {"type": "refusal", "refusal": "b"},
    ]
    assert [item["type"] for item in found[2:4]] == ["function_call", "message"]


def test_it_tells_phases_apart():
    phased = ir.Text(text="a", extra={"openai_responses": {"phase": "commentary"}})
    found = items(user("Hi"), assistant(phased, phased, "b"), format="openai_responses")
    assert [(item.get("phase"), len(item["content"])) for item in found[1:]] == [
        ("commentary", 2),
        (None, 1),
    ]
    assert "phase" not in found[1]["content"][0]


def test_it_says_that_a_call_failed():
    failed = ir.ToolResult(call_id="call_1", parts=(ir.Text(text="no file"),), is_error=True)
    silent = ir.ToolResult(call_id="call_2", is_error=True)
    found = items(user("Hi"), assistant(call(), call("call_2")), user(failed, silent))
    assert [item["output"] for item in found[3:]] == ["Error: no file", "Error"]


def test_it_writes_outputs_as_text_or_as_a_list():
    results = (ir.ToolResult(call_id="a"), result("b", "x"), result("c", "x", "y"))
    found = items(user("Hi"), assistant(call("a"), call("b"), call("c")), user(*results))
    texts = [{"type": "input_text", "text": "x"}, {"type": "input_text", "text": "y"}]
    assert [item["output"] for item in found[4:]] == ["", "x", texts]


def test_it_carries_freeform_calls_as_what_the_provider_takes():
    raw = ir.ToolCall(id="call_1", name="apply_patch", arguments="*** Begin", freeform=True)
    asked = ask(user("Hi"), assistant(raw), user(result("call_1", "Done")), tools=(PATCH,))
    assert wire(asked, freeform_tools=True).body["input"][1:] == [
        {
            "type": "custom_tool_call",
            "call_id": "call_1",
            "name": "apply_patch",
            "input": "*** Begin",
        },
        {"type": "custom_tool_call_output", "call_id": "call_1", "output": "Done"},
    ]
    assert wire(asked).body["input"][1:] == [
        {
            "type": "function_call",
            "call_id": "call_1",
            "name": "apply_patch",
            "arguments": '{"input":"*** Begin"}',
        },
        {"type": "function_call_output", "call_id": "call_1", "output": "Done"},
    ]


def test_it_spells_ids_and_names_that_do_not_fit_and_leads_back():
    long, name = "toolu_" + "x" * 80, "mcp:search files"
    written = wire(ask(user("Hi"), assistant(call(long, name)), user(result(long))))
    made, answered = written.body["input"][1:]
    assert made["call_id"] == answered["call_id"]
    assert len(made["call_id"]) <= 64
    assert written.ids == {made["call_id"]: long}
    assert written.names == {made["name"]: name}


def test_it_keeps_calls_apart_that_share_an_id():
    """Some models count from zero in each turn."""
    found = items(
        user("Hi"),
        assistant(call("0", arguments='{"n":1}')),
        user(result("0", "first")),
        assistant(call("0", arguments='{"n":2}')),
        user(result("0", "second")),
    )
    ids = [item["call_id"] for item in found[1:]]
    assert ids[0] == ids[1] != ids[2] == ids[3]
    assert [item["output"] for item in found[2::2]] == ["first", "second"]


def test_it_drops_what_only_another_provider_understands():
    written = wire(
        ask(user("Hi"), assistant(ir.Opaque(format="anthropic", value={"type": "x"}), "a"))
    )
    assert [item["type"] for item in written.body["input"]] == ["message", "message"]
    assert written.losses == ("input",)


def test_it_fills_in_arguments_that_are_missing():
    assert items(user("Hi"), assistant(call(arguments="")), user(result()))[1]["arguments"] == "{}"
