"""The order that the API demands of a conversation."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniroute.gateway import ir
from omniroute.gateway.errors import Unsupported

from .facts import BUDGETED, MODEL, assistant, call, result, system, user, wire

SIGNED = ir.Thinking(text="t", signature="sig", origin="anthropic")
SEALED = ir.Thinking(redacted="data", origin="anthropic")


def turns(*messages: ir.Message) -> list[tuple[str, list[Any]]]:
    """Each turn's role and, for every block, what it is about."""
    return [
        (message["role"], [gist(block) for block in message["content"]])
        for message in wire(*messages).body["messages"]
    ]


def gist(block: dict[str, Any]) -> Any:
    return block.get("text") or block.get("tool_use_id") or block.get("id") or block["type"]


def test_it_puts_leading_system_text_into_its_field_in_order() -> None:
    body = wire(system("a"), system("b", " "), user("x")).body
    assert body["system"] == [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert [message["role"] for message in body["messages"]] == ["user"]


def test_it_lets_later_system_text_speak_in_its_place_marked_as_what_it_is() -> None:
    made = wire(user("x"), system("Be brief."), assistant("y"), system("End."))
    assert [
        (message["role"], [block["text"] for block in message["content"]])
        for message in made.body["messages"]
    ] == [
        ("user", ["x", "<system>\nBe brief.\n</system>"]),
        ("assistant", ["y"]),
        ("user", ["<system>\nEnd.\n</system>"]),
    ]
    assert made.losses == ("messages.role",)


def test_it_lets_a_lone_system_prompt_ask_the_question() -> None:
    made = wire(system("You are a potato."), user(" "))
    assert made.body["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": "You are a potato."}]}
    ]
    assert "system" not in made.body
    assert made.losses == ("messages.role",)


def test_it_drops_opaque_system_blocks_by_name() -> None:
    made = wire(user("x"), system(ir.Opaque(format="anthropic", value={"type": "tool_addition"})))
    assert "messages.content" in made.losses


@pytest.mark.parametrize("kind", [ir.Image, ir.Document])
def test_it_refuses_files_that_were_uploaded_to_another_provider(kind: type[ir.Image]) -> None:
    upload = kind(source=ir.Source(file_id="file-1"))
    found = ir.ToolResult(call_id="1", parts=(upload,))
    for said in ([user(upload)], [user("x"), assistant(call("1")), user(found)]):
        with pytest.raises(Unsupported, match="Send the file as data"):
            wire(*said)
        assert wire(*said, format="anthropic").body["messages"]


def test_it_merges_turns_of_the_same_role() -> None:
    assert turns(user("a"), user("b"), assistant("c"), assistant("d"), user("e")) == [
        ("user", ["a", "b"]),
        ("assistant", ["c", "d"]),
        ("user", ["e"]),
    ]


def test_it_sends_no_empty_text_block() -> None:
    """Empty assistant content beside a call is what most Chat clients send."""
    assert turns(user("x", "", " \n"), assistant("", call("a")), user(result("a"))) == [
        ("user", ["x"]),
        ("assistant", ["a"]),
        ("user", ["a"]),
    ]


def test_it_drops_a_turn_that_has_nothing_left_and_joins_its_neighbours() -> None:
    assert turns(user("a"), assistant("", " "), user("b")) == [("user", ["a", "b"])]


def test_it_answers_all_calls_of_a_turn_first_thing_in_the_next_and_in_order() -> None:
    assert turns(
        user("x"),
        assistant("hm", call("a"), call("b")),
        user("wait"),
        user(result("b")),
        user(result("a")),
    ) == [("user", ["x"]), ("assistant", ["hm", "a", "b"]), ("user", ["a", "b", "wait"])]


def test_it_fetches_a_result_that_comes_late() -> None:
    assert turns(user("x"), assistant(call("a")), user("y"), assistant("z"), user(result("a"))) == [
        ("user", ["x"]),
        ("assistant", ["a"]),
        ("user", ["a", "y"]),
        ("assistant", ["z"]),
    ]


def test_it_marks_a_missing_result_and_says_so() -> None:
    made = wire(user("x"), assistant(call("a"), call("b")), user(result("b")))
    first, second = made.body["messages"][2]["content"]
    assert first["tool_use_id"] == "a"
    assert first["is_error"] is True
    assert "not recorded" in first["content"]
    assert (second["tool_use_id"], second["content"]) == ("b", "found")
    assert made.losses == ("messages.tool_result.missing",)


def test_it_adds_a_turn_for_results_when_a_call_ends_the_conversation() -> None:
    assert turns(user("x"), assistant(call("a"))) == [
        ("user", ["x"]),
        ("assistant", ["a"]),
        ("user", ["a"]),
    ]


def test_it_drops_results_without_a_call_and_says_so() -> None:
    made = wire(user("x", result("ghost")), assistant("y", result("odd")), user("z"))
    assert "tool_result" not in str(made.body)
    assert made.losses == ("messages.tool_result",)


def test_it_drops_a_second_result_for_the_same_call() -> None:
    made = wire(user("x"), assistant(call("a")), user(result("a", "1"), result("a", "2")))
    assert [block["content"] for block in made.body["messages"][2]["content"]] == ["1"]
    assert made.losses == ("messages.tool_result",)


def test_it_drops_a_result_that_stands_before_its_call() -> None:
    made = wire(user("x", result("a", "early")), assistant(call("a")), user(result("a", "due")))
    assert made.body["messages"][2]["content"][0]["content"] == "due"
    assert made.losses == ("messages.tool_result",)


def test_it_tells_ids_apart_that_a_model_uses_in_every_turn() -> None:
    made = wire(
        user("x"),
        assistant(call("0"), call("0")),
        user(result("0", "one"), result("0", "two")),
        assistant(call("0")),
        user(result("0", "three")),
    )
    blocks = [block for message in made.body["messages"] for block in message["content"]]
    calls = [block["id"] for block in blocks if block["type"] == "tool_use"]
    answers = {
        block["tool_use_id"]: block["content"] for block in blocks if block["type"] == "tool_result"
    }
    assert len(set(calls)) == 3
    assert [answers[call_id] for call_id in calls] == ["one", "two", "three"]
    assert set(made.ids.values()) == {"0"}


def test_it_gives_an_unanswered_call_not_the_result_of_its_namesake() -> None:
    made = wire(user("x"), assistant(call("0")), user("y"), assistant(call("0")), user(result("0")))
    [missing, _] = made.body["messages"][2]["content"]
    assert missing["is_error"] is True
    assert made.body["messages"][4]["content"][0]["content"] == "found"


def test_it_keeps_thinking_that_anthropic_signed_and_drops_the_rest() -> None:
    made = wire(
        user("x"),
        assistant(
            SIGNED,
            SEALED,
            ir.Thinking(text="unsigned", origin="anthropic"),
            ir.Thinking(text="deepseek's", origin="openai_chat"),
            ir.Thinking(text="gemini's", signature="g", origin="gemini"),
            ir.Thinking(redacted="encrypted", origin="openai_responses"),
            "y",
        ),
        user("z"),
    )
    assert made.body["messages"][1]["content"] == [
        {"type": "thinking", "thinking": "t", "signature": "sig"},
        {"type": "redacted_thinking", "data": "data"},
        {"type": "text", "text": "y"},
    ]
    assert made.losses == ("messages.thinking",)


def test_it_ends_no_turn_in_thinking() -> None:
    made = wire(user("x"), assistant(SIGNED, "y", SEALED), user("z"), assistant(SIGNED), user("w"))
    assert [[gist(block) for block in m["content"]] for m in made.body["messages"]] == [
        ["x"],
        ["thinking", "y"],
        ["z", "w"],
    ]
    assert made.losses == ("messages.thinking",)


def test_it_trims_the_white_space_that_a_begun_answer_must_not_end_in() -> None:
    assert turns(user("x"), assistant("I think \n")) == [
        ("user", ["x"]),
        ("assistant", ["I think"]),
    ]


def test_it_switches_thinking_off_when_the_open_tool_turn_has_lost_its_thinking() -> None:
    foreign = ir.Thinking(text="deepseek's", origin="openai_chat")
    history = (user("x"), assistant(foreign, call("a")), user(result("a")))
    made = wire(*history, model=BUDGETED, reasoning=ir.Reasoning(effort="high"))
    assert made.body["thinking"] == {"type": "disabled"}
    assert "thinking" in made.losses


def test_it_leaves_thinking_on_where_it_is_allowed_to_be() -> None:
    on = {"type": "enabled", "budget_tokens": 24576}
    asked = ir.Reasoning(effort="high")
    kept = (user("x"), assistant(SIGNED, call("a")), user(result("a")))
    assert wire(*kept, model=BUDGETED, reasoning=asked).body["thinking"] == on
    closed = (user("x"), assistant(call("a")), user(result("a")), assistant("y"), user("z"))
    assert wire(*closed, model=BUDGETED, reasoning=asked).body["thinking"] == on
    # Adaptive thinking does not ask for the thinking of earlier steps.
    open_turn = (user("x"), assistant(call("a")), user(result("a")))
    assert wire(*open_turn, model=MODEL, reasoning=asked).body["thinking"] == {"type": "adaptive"}


# --- any conversation at all ---

call_ids = st.sampled_from(["a", "b", "c.d:0", ""])
parts = st.one_of(
    st.sampled_from([ir.Text(text="t"), ir.Text(text=" "), SIGNED, ir.Refusal(text="no")]),
    st.builds(call, call_ids),
    st.builds(result, call_ids),
)
messages = st.builds(
    lambda role, parts: ir.Message(
        role=role,
        parts=tuple(p for p in parts if isinstance(p, ir.Text) or role != "system"),
    ),
    st.sampled_from(["user", "assistant", "assistant", "system"]),
    st.lists(parts, max_size=4),
)


@given(st.lists(messages, max_size=7))
def test_it_sends_every_conversation_in_the_demanded_order(history: list[ir.Message]) -> None:
    # Calls are the model's, whoever says them: users have none.
    history = [
        ir.Message(
            role=message.role,
            parts=tuple(
                part
                for part in message.parts
                if message.role == "assistant" or not isinstance(part, ir.ToolCall)
            ),
        )
        for message in history
    ]
    sent = wire(user("start"), *history).body["messages"]
    assert [message["role"] for message in sent] == [
        ("user", "assistant")[n % 2] for n in range(len(sent))
    ]
    seen: set[str] = set()
    for message, following in zip(sent, [*sent[1:], {"content": []}], strict=True):
        assert message["content"]
        used = [block["id"] for block in message["content"] if block["type"] == "tool_use"]
        assert seen.isdisjoint(used)
        seen.update(used)
        assert len(set(used)) == len(used)
        answers = [block.get("tool_use_id") for block in following["content"]]
        assert answers[: len(used)] == used
        assert not any(answers[len(used) :])
