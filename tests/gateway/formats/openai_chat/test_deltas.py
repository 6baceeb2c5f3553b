"""Reading the deltas that the vendors really send."""

from __future__ import annotations

import pytest

from omniroute.gateway import ir
from omniroute.gateway.errors import UpstreamFailure

from .wire import call, calls, chunk, finishes, parts, read, sse


@pytest.mark.parametrize(
    ("deltas", "made"),
    [
        pytest.param(
            [calls(call(0, id="a", type="function", name="f", arguments='{"a":1}'))],
            [ir.ToolCall(id="a", name="f", arguments='{"a":1}')],
            id="whole in one delta",
        ),
        pytest.param(
            [
                calls(call(None, id="a", name="f", arguments='{"a":1}')),
                calls(call(None, id="b", name="f", arguments='{"a":2}')),
            ],
            [
                ir.ToolCall(id="a", name="f", arguments='{"a":1}'),
                ir.ToolCall(id="b", name="f", arguments='{"a":2}'),
            ],
            id="no index, no type",
        ),
        pytest.param(
            [
                calls(call(None, id="a", name="f", arguments="{")),
                calls(call(None, arguments='"a":1')),
                calls(call(None, id="a", arguments="}")),
            ],
            [ir.ToolCall(id="a", name="f", arguments='{"a":1}')],
            id="no index, fragments with and without an id",
        ),
        pytest.param(
            [
                calls(call(0, id="a", name="f", arguments="")),
                calls(call(0, id="a", name="f", arguments="{")),
                calls(call(0, id="", name="", arguments="}")),
            ],
            [ir.ToolCall(id="a", name="f", arguments="{}")],
            id="name repeated or empty later",
        ),
        pytest.param(
            [
                calls(call(0, id="a", name="f", arguments="{}")),
                calls(call(0, id="b", name="f", arguments="{}")),
            ],
            [
                ir.ToolCall(id="a", name="f", arguments="{}"),
                ir.ToolCall(id="b", name="f", arguments="{}"),
            ],
            id="the same index for two calls",
        ),
        pytest.param(
            [
                calls(call(0, id="a")),
                calls(call(0, arguments="{")),
                calls(call(0, name="f")),
                calls(call(0, arguments="}")),
            ],
            [ir.ToolCall(id="a", name="f", arguments="{}")],
            id="the name comes late",
        ),
        pytest.param(
            [calls(call(0, id="a", name="f", arguments={"a": {"b": 1}}))],
            [ir.ToolCall(id="a", name="f", arguments='{"a":{"b":1}}')],
            id="arguments as an object",
        ),
        pytest.param(
            [calls(call(0, id="a", name="f", arguments=None))],
            [ir.ToolCall(id="a", name="f", arguments="{}")],
            id="no arguments at all",
        ),
        pytest.param(
            [
                {"function_call": {"name": "f", "arguments": ""}},
                {"function_call": {"arguments": "{}"}},
            ],
            [ir.ToolCall(id="call_eb0ddc0b4f1e9d2a7e4b4a4e", name="f", arguments="{}")],
            id="the older function_call",
        ),
        pytest.param(
            [
                {
                    "tool_calls": [
                        {"index": 0, "id": "a", "type": "custom", "custom": {"name": "p"}}
                    ]
                },
                {"tool_calls": [{"index": 0, "custom": {"input": "*** "}}]},
                {"tool_calls": [{"index": 0, "custom": {"input": "Begin"}}]},
            ],
            [ir.ToolCall(id="a", name="p", arguments="*** Begin", freeform=True)],
            id="a freeform tool",
        ),
        pytest.param(
            [
                {
                    "tool_calls": [
                        {
                            **call(0, id="a", type="function", name="f", arguments="{}"),
                            "custom": {"name": "", "input": ""},
                        }
                    ],
                    "function_call": {"name": "", "arguments": ""},
                }
            ],
            [ir.ToolCall(id="a", name="f", arguments="{}")],
            id="empty twins of a call",
        ),
        pytest.param([{"tool_calls": [{"index": 0}]}, {"tool_calls": [{}]}], [], id="empty calls"),
        pytest.param(
            [
                {
                    "extra_content": {"google": {"thought_signature": "whole"}},
                    **calls(
                        call(0, id="a", name="f", arguments="{}"),
                        call(1, id="b", name="f", arguments="{}"),
                    ),
                },
                calls(
                    call(
                        2,
                        id="c",
                        name="f",
                        arguments="{}",
                        extra_content={"google": {"thought_signature": "own"}},
                    )
                ),
            ],
            [
                ir.ToolCall(
                    id="a",
                    name="f",
                    arguments="{}",
                    extra={"gemini": {"thoughtSignature": "whole"}},
                ),
                ir.ToolCall(id="b", name="f", arguments="{}"),
                ir.ToolCall(
                    id="c", name="f", arguments="{}", extra={"gemini": {"thoughtSignature": "own"}}
                ),
            ],
            id="thought signatures on the message and on a call",
        ),
    ],
)
def test_it_puts_tool_calls_together(deltas, made):
    events = read(sse(*map(chunk, deltas), chunk(finish="stop")))
    got = parts(events)
    if made and made[0].id.startswith("call_"):
        assert got[0].id.startswith("call_")
        made = [ir.ToolCall(id=got[0].id, name=made[0].name, arguments=made[0].arguments)]
    assert got == made
    assert finishes(events) == [ir.Finish(reason="tool_calls" if made else "stop")]


def test_it_gives_lasting_ids_to_calls_without_one():
    raw = sse(
        chunk(calls(call(0, id="", name="f", arguments="{}"), call(1, name="f", arguments="{}"))),
        chunk(finish="tool_calls"),
    )
    first, second = parts(read(raw))
    assert first.id != second.id
    assert parts(read(raw)) == [first, second]
    nameless = raw.replace(b'"id":"c1"', b'"id":""')
    assert parts(read(nameless))[0].id != parts(read(nameless))[0].id


def test_it_refuses_a_call_without_a_name():
    with pytest.raises(UpstreamFailure, match="without a name"):
        read(sse(chunk(calls(call(0, id="a", arguments="{}"))), chunk(finish="stop")))


@pytest.mark.parametrize(
    ("deltas", "made"),
    [
        pytest.param(
            [{"reasoning": "a"}, {"reasoning": "b"}],
            [ir.Thinking(text="ab", origin="openai_chat")],
            id="reasoning",
        ),
        pytest.param(
            [
                {
                    "reasoning": "a",
                    "reasoning_details": [
                        {"type": "reasoning.text", "text": "a", "format": "anthropic-claude-v1"}
                    ],
                },
                {
                    "reasoning_details": [
                        {
                            "type": "reasoning.text",
                            "text": "",
                            "signature": "s",
                            "format": "anthropic-claude-v1",
                        }
                    ]
                },
                {
                    "reasoning_details": [
                        {"type": "reasoning.text", "text": "b", "format": "anthropic-claude-v1"}
                    ]
                },
            ],
            [
                ir.Thinking(text="a", signature="s", origin="anthropic"),
                ir.Thinking(text="b", origin="anthropic"),
            ],
            id="the same text in two fields counts once, and a signature ends its block",
        ),
        pytest.param(
            [
                {
                    "reasoning": "a",
                    "reasoning_details": [{"signature": "s", "format": "google-gemini-v1"}],
                }
            ],
            [ir.Thinking(text="a", signature="s", origin="gemini")],
            id="text here, its signature there",
        ),
        pytest.param(
            [
                {
                    "reasoning_details": [
                        {"summary": "a", "format": "openai-responses-v1", "index": 0}
                    ]
                },
                {"reasoning_details": [{"data": "e", "format": "openai-responses-v1", "index": 1}]},
            ],
            [ir.Thinking(text="a", signature="e", origin="openai_responses")],
            id="a summary and what it is the summary of",
        ),
        pytest.param(
            [{"reasoning_details": [{"data": "e", "format": "anthropic-claude-v1"}]}],
            [ir.Thinking(redacted="e", origin="anthropic")],
            id="redacted",
        ),
        pytest.param(
            [
                {"reasoning_details": [{"text": "a", "format": None}]},
                {"reasoning_details": [{"signature": "s", "format": "vendor-v1"}]},
            ],
            [ir.Thinking(text="a", signature="s", origin="openai_chat")],
            id="a format that nobody knows",
        ),
        pytest.param(
            [
                {"content": ""},
                {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "a"}]}]},
                {"content": [{"type": "thinking", "thinking": "b"}, {"type": "text", "text": "c"}]},
                {"content": "d"},
            ],
            [ir.Thinking(text="ab", origin="openai_chat"), ir.Text(text="cd")],
            id="Mistral's content lists",
        ),
        pytest.param(
            [{"content": [{"type": "reference", "reference_ids": [1]}]}],
            [ir.Opaque(format="openai_chat", value={"type": "reference", "reference_ids": [1]})],
            id="content that the hub has no word for",
        ),
        pytest.param(
            [
                {"content": "a"},
                {
                    "images": [
                        {"type": "image_url", "image_url": {"url": "data:image/png;base64,QQ=="}}
                    ]
                },
                {"content": [{"type": "image_url", "image_url": {"url": "https://x.example/a"}}]},
                {"images": [{"image_url": {"url": ""}}]},
                {"content": "b"},
            ],
            [
                ir.Text(text="a"),
                ir.Image(source=ir.Source(media_type="image/png", data="QQ==")),
                ir.Image(source=ir.Source(url="https://x.example/a")),
                ir.Text(text="b"),
            ],
            id="images that the model made",
        ),
        pytest.param(
            [
                {"role": "assistant", "content": None, "tool_calls": []},
                {"role": "assistant", "content": "a", "tool_calls": [], "refusal": ""},
                {"role": "assistant", "content": "", "tool_calls": None},
                {"role": "assistant", "content": "b", "tool_calls": []},
            ],
            [ir.Text(text="ab")],
            id="empty fields on every delta end nothing",
        ),
        pytest.param(
            [
                calls(call(0, id="a", name="f", arguments="{")),
                {"content": "x"},
                calls(call(0, arguments="}")),
            ],
            [ir.ToolCall(id="a", name="f", arguments="{}"), ir.Text(text="x")],
            id="text between the pieces of a call",
        ),
    ],
)
def test_it_reads_what_the_vendors_write(deltas, made):
    assert parts(read(sse(*map(chunk, deltas), chunk(finish="stop")))) == made


@pytest.mark.parametrize(
    "text",
    ["<think>hm, hm</think>\n\nYes < no", "\n <think>hm, hm</think>Yes < no"],
)
def test_it_tells_inline_reasoning_apart_where_the_provider_writes_it(text):
    for size in (1, 3, 50):
        pieces = [text[i : i + size] for i in range(0, len(text), size)]
        raw = sse(*(chunk({"content": piece}) for piece in pieces), chunk(finish="stop"))
        assert parts(read(raw, inline_think=True)) == [
            ir.Thinking(text="hm, hm", origin="openai_chat"),
            ir.Text(text="Yes < no"),
        ]
        assert parts(read(raw)) == [ir.Text(text=text)]


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("plain <think>x</think>", [ir.Text(text="plain <think>x</think>")]),
        ("<th", [ir.Text(text="<th")]),
        ("<think>cut </thi", [ir.Thinking(text="cut </thi", origin="openai_chat")]),
        ("<think></think>x", [ir.Text(text="x")]),
        ("<think>a</think> ", [ir.Thinking(text="a", origin="openai_chat")]),
        ("", []),
    ],
)
def test_it_takes_inline_reasoning_that_is_none_or_is_cut(text, made):
    raw = sse(*(chunk({"content": letter}) for letter in text), chunk(finish="stop"))
    assert parts(read(raw, inline_think=True)) == made
