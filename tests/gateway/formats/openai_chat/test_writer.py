"""Writing a stream for a Chat Completions client."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from openai.types.chat import ChatCompletionChunk

from omniroute.gateway import ir
from omniroute.gateway.errors import UpstreamError
from omniroute.gateway.formats import Head
from omniroute.gateway.formats.openai_chat import FORMAT
from omniroute.gateway.usage import Usage

from .wire import ASKED, HEAD, deltas, request, wrote

START = ir.Start(id="x", model="y")
USAGE = ir.UsageReport(usage=Usage(input=10, output=5, reasoning=2))


def part(index: int, part: ir.Part, *texts: str) -> list[ir.Event]:
    more = [ir.PartDelta(index=index, text=text) for text in texts]
    return [ir.PartStart(index=index, part=part), *more, ir.PartStop(index=index)]


def call(index: int, id_: str = "a", name: str = "f", *texts: str) -> list[ir.Event]:
    return part(index, ir.ToolCall(id=id_, name=name), *texts)


def ended(events: Iterable[ir.Event], reason: ir.FinishReason = "stop") -> list[ir.Event]:
    return [START, *events, USAGE, ir.Finish(reason=reason)]


def test_it_writes_role_text_finish_and_done():
    chunks = wrote(ended(part(0, ir.Text(text=""), "Hel", "lo")))
    assert chunks[-1] == "[DONE]"
    assert deltas(chunks) == [
        {"role": "assistant", "content": ""},
        {"content": "Hel"},
        {"content": "lo"},
        {},
    ]
    assert [item["choices"][0]["finish_reason"] for item in chunks[:-1]] == [
        None,
        None,
        None,
        "stop",
    ]
    for item in chunks[:-1]:
        assert item["id"] == "chatcmpl-0190"
        assert item["model"] == "my-alias", "clients drop what names another model"
        assert item["created"] == 1_700_000_000
        assert item["object"] == "chat.completion.chunk"
        assert "usage" not in item
        ChatCompletionChunk.model_validate(item, strict=True)


def test_it_sends_the_usage_only_when_asked_and_after_the_finish():
    chunks = wrote(ended(part(0, ir.Text(text=""), "x")), ASKED)
    assert [item["usage"] for item in chunks[:-2]] == [None] * 3
    assert chunks[-2]["choices"] == []
    assert chunks[-2]["usage"]["total_tokens"] == 15
    assert chunks[-2]["usage"]["completion_tokens_details"] == {"reasoning_tokens": 2}
    assert ChatCompletionChunk.model_validate(chunks[-2]).usage is not None

    without = [event for event in ended([]) if event is not USAGE]
    assert wrote(without, ASKED)[-2]["choices"], "no numbers are better than invented ones"


def test_it_gives_calls_an_index_a_type_and_interleaved_fragments():
    """Clients fail without `index`, and Copilot without `type`."""
    chunks = wrote(
        ended(
            [
                ir.PartStart(index=3, part=ir.ToolCall(id="a", name="f")),
                ir.PartDelta(index=3, text='{"x"'),
                ir.PartStart(index=5, part=ir.ToolCall(id="b", name="g")),
                ir.PartDelta(index=5, text="{}"),
                ir.PartDelta(index=3, text=":1}"),
                ir.PartStop(index=5),
                ir.PartStop(index=3),
            ],
            "tool_calls",
        )
    )
    assert deltas(chunks)[1:-1] == [
        {"tool_calls": [entry]}
        for entry in (
            {
                "index": 0,
                "id": "a",
                "type": "function",
                "function": {"name": "f", "arguments": ""},
            },
            {"index": 0, "function": {"arguments": '{"x"'}},
            {
                "index": 1,
                "id": "b",
                "type": "function",
                "function": {"name": "g", "arguments": ""},
            },
            {"index": 1, "function": {"arguments": "{}"}},
            {"index": 0, "function": {"arguments": ":1}"}},
        )
    ]
    assert chunks[-2]["choices"][0]["finish_reason"] == "tool_calls"


def test_it_gives_a_call_without_arguments_an_empty_object():
    """Anthropic streams such a call with no JSON at all."""
    said = deltas(wrote(ended(call(0))))
    assert said[2] == {"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]}


def test_it_ends_a_part_that_was_never_stopped():
    events = ended([ir.PartStart(index=0, part=ir.ToolCall(id="a", name="f"))])
    assert deltas(wrote(events))[2]["tool_calls"][0]["function"] == {"arguments": "{}"}


def test_it_loses_nothing_of_what_a_part_begins_with():
    said = deltas(
        wrote(
            ended(
                [
                    *part(0, ir.Thinking(text="t", signature="s", origin="anthropic")),
                    *part(1, ir.Text(text="x"), "y"),
                    *part(2, ir.Refusal(text="n"), "o"),
                    *part(3, ir.ToolCall(id="a", name="f", arguments="{}")),
                ]
            )
        )
    )
    assert said[1:-1] == [
        {
            "reasoning_content": "t",
            "reasoning_details": [
                {
                    "type": "reasoning.text",
                    "text": "t",
                    "format": "anthropic-claude-v1",
                    "index": 0,
                }
            ],
        },
        {
            "reasoning_details": [
                {
                    "type": "reasoning.text",
                    "signature": "omniroute:s",
                    "format": "anthropic-claude-v1",
                    "index": 0,
                }
            ]
        },
        {"content": "x"},
        {"content": "y"},
        {"refusal": "n"},
        {"refusal": "o"},
        {
            "tool_calls": [
                {
                    "index": 0,
                    "id": "a",
                    "type": "function",
                    "function": {"name": "f", "arguments": ""},
                }
            ]
        },
        {"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]},
    ]


def test_it_sends_a_signature_under_its_owners_name():
    vendor = {"openai_chat": {"format": "xai-responses-v1"}}
    said = deltas(
        wrote(
            ended(
                [
                    *part(0, ir.Thinking(origin="openai_chat"), "plain"),
                    ir.PartStart(index=1, part=ir.Thinking(origin="openai_responses")),
                    ir.PartDelta(index=1, text="sum"),
                    ir.PartDelta(index=1, signature="enc"),
                    ir.PartStop(index=1),
                    *part(2, ir.Thinking(redacted="red", origin="anthropic")),
                    ir.PartStart(index=3, part=ir.Thinking(origin="openai_chat")),
                    ir.PartDelta(index=3, signature="x", extra=vendor),
                    ir.PartStop(index=3),
                ]
            )
        )
    )
    assert [delta.get("reasoning_content") for delta in said[1:-1]] == [
        "plain",
        "sum",
        None,
        None,
        None,
    ]
    assert [delta["reasoning_details"] for delta in said[2:-1]] == [
        [{"type": kind, field: value, "format": owner, "index": index}]
        for kind, field, value, owner, index in (
            ("reasoning.summary", "summary", "sum", "openai-responses-v1", 1),
            ("reasoning.encrypted", "data", "omniroute:enc", "openai-responses-v1", 1),
            ("reasoning.encrypted", "data", "omniroute:red", "anthropic-claude-v1", 2),
            ("reasoning.text", "signature", "x", "xai-responses-v1", 3),
        )
    ]


def test_it_sends_thought_signatures_on_the_call():
    extra = {"gemini": {"thoughtSignature": "sig"}}
    said = deltas(
        wrote(
            ended(
                [
                    *part(0, ir.ToolCall(id="a", name="f", extra=extra), "{}"),
                    ir.PartStart(index=1, part=ir.ToolCall(id="b", name="f")),
                    ir.PartDelta(index=1, text="{}", extra=extra),
                    ir.PartStop(index=1),
                ]
            )
        )
    )
    carried = {"google": {"thought_signature": "omniroute:sig"}}
    assert said[1]["tool_calls"][0]["extra_content"] == carried
    assert said[4] == {"tool_calls": [{"index": 1, "extra_content": carried}]}


def test_it_gives_a_freeform_call_to_its_client_as_raw_text():
    head = Head(
        id="1",
        model="m",
        created=1,
        request=request(tools=(ir.Tool(name="patch", freeform={}),)),
    )
    events = ended(
        [
            *part(0, ir.ToolCall(id="a", name="patch"), '{"input":', '"*** Begin"}'),
            *part(1, ir.ToolCall(id="b", name="patch", freeform=True), "raw ", "text"),
            *part(2, ir.ToolCall(id="c", name="patch", freeform=True)),
        ]
    )
    entries = [delta["tool_calls"][0] for delta in deltas(wrote(events, head))[1:-1]]
    assert entries == [
        {"index": 0, "id": "a", "type": "custom", "custom": {"name": "patch", "input": ""}},
        {"index": 0, "custom": {"input": "*** Begin"}},
        {"index": 1, "id": "b", "type": "custom", "custom": {"name": "patch", "input": ""}},
        {"index": 1, "custom": {"input": "raw "}},
        {"index": 1, "custom": {"input": "text"}},
        {"index": 2, "id": "c", "type": "custom", "custom": {"name": "patch", "input": ""}},
    ]


def test_it_sends_images_and_leaves_out_what_has_no_place():
    image = ir.Image(source=ir.Source(url="https://x.example/a.png"))
    opaque = ir.Opaque(format="anthropic", value={"type": "server_tool_use"})
    said = deltas(wrote(ended([*part(0, opaque, "log"), *part(1, image)])))
    assert said[1:-1] == [
        {"images": [{"type": "image_url", "image_url": {"url": "https://x.example/a.png"}}]}
    ]


@pytest.mark.parametrize(
    ("events", "reason", "word"),
    [
        ([], "stop", "stop"),
        ([], "stop_sequence", "stop"),
        ([], "pause", "stop"),
        ([], "tool_calls", "stop"),
        ([], "refusal", "content_filter"),
        (part(0, ir.Refusal(text=""), "No."), "refusal", "stop"),
        (call(0), "stop", "tool_calls"),
        (call(0), "length", "length"),
        ([], "error", "error"),
    ],
)
def test_it_always_sends_a_finish_that_agrees_with_the_answer(events, reason, word):
    chunks = wrote(ended(events, reason))
    assert chunks[-2]["choices"][0]["finish_reason"] == word
    assert chunks[-1] == "[DONE]"


def test_it_sends_the_role_first_even_when_the_start_was_left_out():
    chunks = wrote(part(0, ir.Text(text=""), "x"))
    assert deltas(chunks)[0] == {"role": "assistant", "content": ""}
    assert deltas(wrote([ir.Finish(reason="stop")]))[0]["role"] == "assistant"


def test_it_writes_nothing_that_looks_like_an_end_after_a_failure():
    failure = ir.Failure(error=UpstreamError("x", status=500, kind="server"))
    chunks = wrote([START, *part(0, ir.Text(text=""), "x"), failure, ir.Finish(reason="stop")])
    assert chunks[-1] != "[DONE]"
    assert all(item["choices"][0]["finish_reason"] is None for item in chunks)
    error = UpstreamError("x", status=500, kind="server")
    assert FORMAT.stream_error(error, "1") is None, "a clean end would run half a call"


def test_it_ignores_events_that_belong_to_no_part():
    said = deltas(
        wrote(
            ended(
                [
                    ir.PartDelta(index=9, text="x"),
                    ir.PartStop(index=9),
                    *part(0, ir.Text(text=""), ""),
                    *part(1, ir.Refusal(text=""), ""),
                ]
            )
        )
    )
    assert said == [{"role": "assistant", "content": ""}, {}]


def test_it_shares_nothing_between_two_writers():
    one, two = FORMAT.writer(HEAD), FORMAT.writer(HEAD)
    assert one.write(START) == two.write(START)
    assert one.write(START) == b""
    assert FORMAT.keepalive.startswith(b":")
    assert FORMAT.stream_content_type.startswith("text/event-stream")
    assert FORMAT.path("m", stream=True) == "/chat/completions"
    assert FORMAT.request_headers(None) == {}
