"""Writing the conversation for a provider: pairing, media, reasoning, ids."""

from __future__ import annotations

import re

import pytest

from omniroute.gateway import ir
from omniroute.gateway.errors import InvalidRequest

from .wire import PIXEL, assistant, request, system, user, write

IMAGE = ir.Image(source=ir.Source(media_type="image/png", data=PIXEL), detail="high")
IMAGE_URL = {"url": f"data:image/png;base64,{PIXEL}", "detail": "high"}


def text(value: str) -> ir.Text:
    return ir.Text(text=value)


def call(id_: str, **fields: object) -> ir.ToolCall:
    return ir.ToolCall(id=id_, name="look", arguments='{"a":1}', **fields)


def result(id_: str, *parts: ir.Part, **fields: object) -> ir.ToolResult:
    return ir.ToolResult(call_id=id_, parts=parts or (text(f"of {id_}"),), **fields)


def sent(*messages: ir.Message, **facts: object) -> list[dict[str, object]]:
    return write(request(*messages), **facts).body["messages"]


def roles(messages: list[dict[str, object]]) -> list[object]:
    return [message["role"] for message in messages]


def test_it_splits_a_turn_with_results_and_text_and_puts_the_results_first():
    assert sent(
        user(text("Hi")),
        assistant(text("Looking."), call("a"), call("b")),
        user(text("Go on."), result("a"), result("b"), text("Please.")),
    ) == [
        {"role": "user", "content": "Hi"},
        {
            "role": "assistant",
            "content": "Looking.",
            "tool_calls": [
                {
                    "id": id_,
                    "type": "function",
                    "function": {"name": "look", "arguments": '{"a":1}'},
                }
                for id_ in "ab"
            ],
        },
        {"role": "tool", "tool_call_id": "a", "content": "of a"},
        {"role": "tool", "tool_call_id": "b", "content": "of b"},
        {"role": "user", "content": "Go on.\n\nPlease."},
    ]


@pytest.mark.parametrize(
    ("parts", "content"),
    [
        ((text("no such file"),), "Error: no such file"),
        ((IMAGE,), "Error\n\n[See the attachment in the next message.]"),
    ],
)
def test_it_says_in_words_that_a_tool_failed(parts, content):
    messages = sent(
        user(text("Hi")), assistant(call("a")), user(result("a", *parts, is_error=True))
    )
    assert messages[2]["content"] == content


def test_it_gives_every_call_one_answer_and_drops_stray_ones():
    wire = write(
        request(
            user(result("stray"), text("Hi")),
            assistant(call("a"), call("b")),
            user(result("a"), result("a"), result("other")),
            assistant(call("c")),
        )
    )
    answers = [
        (message["tool_call_id"], message["content"])
        for message in wire.body["messages"]
        if message["role"] == "tool"
    ]
    missing = "Error: [The result of this tool call was not recorded.]"
    assert answers == [("a", "of a"), ("b", missing), ("c", missing)]
    assert wire.losses == ("messages.tool_result", "messages.tool_result.missing")
    assert roles(wire.body["messages"]) == [
        "user",
        "assistant",
        "tool",
        "tool",
        "assistant",
        "tool",
    ]


def test_it_leaves_out_the_attachments_of_a_stray_result():
    assert sent(user(text("Hi")), user(result("stray", IMAGE))) == [
        {"role": "user", "content": "Hi"}
    ]


def test_it_moves_results_behind_their_call_whatever_stood_between():
    messages = sent(
        user(text("Hi")),
        assistant(text("One.")),
        assistant(call("a")),
        assistant(text("Two.")),
        system("Careful."),
        user(result("a")),
        assistant(text("Three.")),
        assistant(text("Four.")),
    )
    assert roles(messages) == ["user", "assistant", "tool", "system", "assistant", "assistant"]
    assert messages[1]["content"] == "One.\n\nTwo."


def test_it_pairs_repeated_ids_within_their_turn():
    messages = sent(
        user(text("Hi")),
        assistant(call("0")),
        user(result("0", text("first"))),
        assistant(call("0")),
        user(result("0", text("second"))),
    )
    assert [m["content"] for m in messages if m["role"] == "tool"] == ["first", "second"]


def test_it_gives_calls_with_the_same_id_ids_of_their_own():
    wire = write(
        request(
            user(text("Hi")),
            assistant(call("0"), call("0")),
            user(result("0", text("first")), result("0", text("second"))),
            assistant(call("0")),
            user(result("0", text("third"))),
        )
    )
    made = [
        entry["id"] for message in wire.body["messages"] for entry in message.get("tool_calls", ())
    ]
    answered = {
        message["tool_call_id"]: message["content"]
        for message in wire.body["messages"]
        if message["role"] == "tool"
    }
    assert [answered[id_] for id_ in made] == ["first", "second", "third"]
    assert set(wire.ids.values()) == {"0"}


def test_it_fetches_a_late_result_and_leaves_its_attachment_where_it_is():
    messages = sent(
        user(text("Hi")),
        assistant(call("a")),
        user(text("Wait.")),
        assistant(text("Hm.")),
        user(result("a", text("seen"), IMAGE)),
    )
    assert roles(messages) == ["user", "assistant", "tool", "user", "assistant", "user"]
    assert messages[2]["content"].startswith("seen")
    assert messages[5]["content"][-1] == {"type": "image_url", "image_url": IMAGE_URL}


def test_it_drops_a_result_that_the_assistant_gave_itself():
    wire = write(request(user(text("Hi")), assistant(text("x"), result("a")), user(text("y"))))
    assert roles(wire.body["messages"]) == ["user", "assistant", "user"]
    assert wire.losses == ("messages.tool_result",)


def test_it_uses_the_role_that_the_provider_knows():
    assert roles(sent(system("Be brief."), user(text("Hi")))) == ["system", "user"]
    assert roles(sent(system("A"), user(text("Hi")), system_role="developer")) == [
        "developer",
        "user",
    ]


def test_it_joins_system_blocks_without_the_billing_header():
    messages = sent(
        system("x-anthropic-billing-header: cc_version=1; cch=ab", "You are.", "Do."),
        system("x-anthropic-billing-header: alone"),
        user(text("Hi")),
    )
    assert messages[0] == {"role": "system", "content": "You are.\n\nDo."}
    assert roles(messages) == ["system", "user"]


def test_it_drops_an_assistant_message_with_nothing_left():
    wire = write(
        request(
            user(text("Hi")),
            assistant(ir.Thinking(text="hm", origin="anthropic", signature="s")),
            user(text("Well?")),
        )
    )
    assert roles(wire.body["messages"]) == ["user", "user"]
    assert wire.losses == ("thinking",)


def test_it_keeps_empty_questions_and_drops_empty_texts_and_answers():
    """Moonshot and Mistral refuse an assistant's message that says nothing."""
    signed = ir.Text(text="", extra={"gemini": {"thoughtSignature": "s"}})
    said = (system(""), user(), assistant(), assistant(text("")), assistant(signed))
    messages = sent(*said, user(text(""), text("x"), text("")))
    assert messages == [{"role": "user", "content": ""}, {"role": "user", "content": "x"}]


def test_it_sends_no_empty_text_beside_a_call():
    said = sent(user(text("Hi")), assistant(text(""), call("a")))[1]
    assert (said["content"], len(said["tool_calls"])) == (None, 1)


def test_it_refuses_a_conversation_without_content():
    with pytest.raises(InvalidRequest) as caught:
        sent(assistant(ir.Thinking(text="hm", origin="anthropic", signature="s")))
    assert caught.value.param == "messages"


def test_it_writes_null_and_not_an_empty_string_beside_a_call():
    assert sent(user(text("Hi")), assistant(call("a")))[1]["content"] is None


def test_it_returns_reasoning_on_tool_turns_where_the_provider_demands_it():
    history = (
        user(text("Hi")),
        assistant(ir.Thinking(text="plain", origin="openai_chat"), text("Hello.")),
        user(text("Look.")),
        assistant(
            ir.Thinking(text="deep", signature="sig", origin="anthropic"),
            ir.Thinking(redacted="sealed", origin="anthropic"),
            call("a"),
        ),
        user(result("a")),
        assistant(call("b")),
        user(result("b")),
    )
    wire = write(request(*history), replay_reasoning=True)
    first, second, third = (m for m in wire.body["messages"] if m["role"] == "assistant")
    assert "reasoning_content" not in first
    assert second["reasoning_content"] == "deep"
    assert "reasoning_details" not in second, "it cannot read what others signed"
    assert third["reasoning_content"], "DeepSeek and Kimi refuse a tool turn without it"
    assert wire.losses == ("thinking",)

    wire = write(request(*history))
    assert all("reasoning_content" not in message for message in wire.body["messages"])
    assert wire.losses == ("thinking",)


@pytest.mark.parametrize(
    ("style", "id_", "fits"),
    [
        ("any", "functions.add:0", True),
        ("any", "call_00_abc", True),
        ("any", "x" * 64, True),
        ("any", "x" * 65, False),
        ("any", "a b", False),
        ("any", "", False),
        ("mistral9", "aB3dE6gH9", True),
        ("mistral9", "call_1234", False),
        ("mistral9", "toolu_01A", False),
    ],
)
def test_it_respells_call_ids_for_those_who_refuse_them(style, id_, fits):
    wire = write(
        request(user(text("Hi")), assistant(call(id_)), user(result(id_))), tool_id_style=style
    )
    spelt = wire.body["messages"][1]["tool_calls"][0]["id"]
    assert wire.body["messages"][2]["tool_call_id"] == spelt
    if fits:
        assert (spelt, wire.ids) == (id_, {})
    else:
        pattern = r"[a-zA-Z0-9]{9}" if style == "mistral9" else r"[a-zA-Z0-9_-]{1,64}"
        assert re.fullmatch(pattern, spelt)
        assert wire.ids == {spelt: id_}


def test_it_keeps_long_ids_apart_that_share_their_beginning():
    ids = ["x" * 70 + end for end in "ab"]
    wire = write(request(user(text("Hi")), assistant(*map(call, ids)), user(*map(result, ids))))
    assert len(wire.ids) == 2


def test_it_gives_a_client_of_this_format_its_own_fields_back():
    own = {"openai_chat": {"prompt_cache_breakpoint": {"mode": "x"}}}
    mark = {"anthropic": {"cache_control": {"type": "ephemeral"}}}
    messages = write(
        request(
            ir.Message(
                role="user",
                parts=(ir.Text(text="a", extra=own), ir.Text(text="b", extra=mark)),
                extra={"openai_chat": {"name": "ann"}},
            ),
            assistant(
                ir.Refusal(text="No."),
                call("a", extra={"gemini": {"thoughtSignature": "sig"}}),
            ),
            user(
                result("a", text("x"), text("y"), name="look", extra={"openai_chat": {"k": 1}}),
            ),
            assistant(ir.Refusal(text="Never.")),
            format="openai_chat",
        )
    ).body["messages"]
    assert messages[0] == {
        "role": "user",
        "name": "ann",
        "content": [
            {"type": "text", "text": "a", "prompt_cache_breakpoint": {"mode": "x"}},
            {"type": "text", "text": "b", "cache_control": {"type": "ephemeral"}},
        ],
    }
    assert messages[1]["refusal"] == "No."
    assert messages[1]["tool_calls"][0]["extra_content"] == {"google": {"thought_signature": "sig"}}
    assert messages[2] == {
        "role": "tool",
        "tool_call_id": "a",
        "name": "look",
        "k": 1,
        "content": [{"type": "text", "text": "x"}, {"type": "text", "text": "y"}],
    }
    assert messages[3] == {"role": "assistant", "content": None, "refusal": "Never."}


@pytest.mark.parametrize("junk", [5, "x", [1], None, {"thoughtSignature": 5, "format": 5}])
def test_it_ignores_extras_that_a_client_has_forged(junk):
    forged = {"gemini": junk, "openai_chat": junk, "anthropic": junk}
    if isinstance(junk, dict):
        del forged["openai_chat"]
    thinking = ir.Thinking(text="t", signature="s", origin="gemini", extra=forged)
    history = (
        user(ir.Text(text="a", extra=forged)),
        assistant(thinking, call("a", extra=forged)),
        user(result("a", extra=forged)),
    )
    for source in ("anthropic", "openai_chat"):
        messages = write(request(*history, format=source), replay_reasoning=True).body["messages"]
        assert messages[0] == {"role": "user", "content": "a"}
        assert "extra_content" not in messages[1]["tool_calls"][0]
        assert messages[1]["reasoning_content"] == "t"


def test_it_tells_foreign_refusals_in_plain_text_and_drops_foreign_marks():
    mark = {"anthropic": {"cache_control": {"type": "ephemeral"}}}
    wire = write(request(user(ir.Text(text="a", extra=mark)), assistant(ir.Refusal(text="No."))))
    assert wire.body["messages"] == [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "No."},
    ]
    assert wire.losses == ("cache_control",)


def test_it_keeps_the_own_fields_of_merged_messages():
    own = {"openai_chat": {"prefix": True}}
    wire = write(
        request(
            ir.Message(role="assistant", parts=(text("x"),), extra=own),
            assistant(call("a")),
            user(result("a")),
            format="openai_chat",
        )
    )
    assert wire.body["messages"][0]["prefix"] is True
