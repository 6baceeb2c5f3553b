"""Reading a client's request."""

from __future__ import annotations

import pytest

from omniroute.gateway import ir
from omniroute.gateway.formats.openai_chat import FORMAT

from .wire import PIXEL, body

FUNCTION = {"name": "look", "description": "Looks.", "parameters": {"type": "object"}}


EVERYTHING = body(
    max_completion_tokens=100,
    max_tokens=7,
    stream=True,
    stream_options={"include_usage": True},
    tools=[{"type": "function", "function": {**FUNCTION, "strict": True}}],
    tool_choice="auto",
    parallel_tool_calls=False,
    response_format={"type": "text"},
    reasoning_effort="high",
    temperature=0,
    top_p=0.5,
    top_k=40,
    stop="END",
    seed=3,
    n=2,
    frequency_penalty=0.1,
    presence_penalty=-0.1,
    logprobs=True,
    top_logprobs=2,
    logit_bias={"50256": -100},
    user="old",
    safety_identifier="new",
    service_tier="flex",
    prompt_cache_key="key",
    verbosity="low",
    metadata={"a": "b"},
    store=False,
    vendor={"x": [1]},
)
READ = ir.Request(
    format="openai_chat",
    model="m",
    messages=(ir.Message(role="user", parts=(ir.Text(text="Hi"),)),),
    max_tokens=100,
    stream=True,
    include_usage=True,
    tools=(ir.Tool(name="look", description="Looks.", schema={"type": "object"}, strict=True),),
    tool_choice=ir.ToolChoice(mode="auto"),
    parallel_tool_calls=False,
    output=ir.OutputFormat(kind="text"),
    reasoning=ir.Reasoning(effort="high"),
    sampling=ir.Sampling(
        temperature=0,
        top_p=0.5,
        top_k=40,
        stop=("END",),
        seed=3,
        n=2,
        frequency_penalty=0.1,
        presence_penalty=-0.1,
        logprobs=True,
        top_logprobs=2,
        logit_bias={"50256": -100},
    ),
    user="new",
    service_tier="flex",
    prompt_cache_key="key",
    verbosity="low",
    metadata={"a": "b"},
    extra={"openai_chat": {"store": False, "vendor": {"x": [1]}}},
)


def test_it_reads_every_field_that_the_hub_models():
    assert FORMAT.read_request(EVERYTHING) == READ


def test_it_takes_null_for_absent_as_clients_send_it():
    names = (
        "max_tokens temperature tools tool_choice response_format stop stream stream_options seed"
        " user metadata reasoning_effort reasoning thinking functions logit_bias"
    )
    assert FORMAT.read_request(body(**dict.fromkeys(names.split()))) == FORMAT.read_request(body())


CONVERSATION = [
    {"role": "developer", "content": "Be brief."},
    {"role": "system", "content": [{"type": "text", "text": "Be kind."}]},
    {
        "role": "user",
        "name": "ann",
        "content": [
            {"type": "text", "text": "What is this?"},
            {
                "type": "image_url",
                "image_url": {"url": f"data:image/png;base64,{PIXEL}", "detail": "low"},
            },
            {"type": "image_url", "image_url": "https://x.example/a.png"},
            {"type": "file", "file": {"file_id": "file-1"}},
            {
                "type": "file",
                "file": {
                    "file_data": "data:application/pdf;base64,QQ==",
                    "filename": "a.pdf",
                },
            },
            {"type": "file", "file": {"file_data": "QQ=="}},
            {"type": "input_audio", "input_audio": {"data": "QQ==", "format": "mp3"}},
            {"type": "input_audio", "input_audio": {"data": "QQ==", "format": "flac"}},
            {"type": "video_url", "video_url": {"url": "https://x.example/v"}},
        ],
    },
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "look"}},
            {
                "id": "b",
                "type": "custom",
                "custom": {"name": "patch", "input": "*** Begin"},
            },
        ],
    },
    {"role": "tool", "tool_call_id": "a", "content": "ok", "name": "look"},
    {
        "role": "tool",
        "tool_call_id": "b",
        "content": [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}],
    },
    {"role": "user", "content": ""},
]
TURNS = (
    ir.Message(role="system", parts=(ir.Text(text="Be brief."),)),
    ir.Message(role="system", parts=(ir.Text(text="Be kind."),)),
    ir.Message(
        role="user",
        parts=(
            ir.Text(text="What is this?"),
            ir.Image(source=ir.Source(media_type="image/png", data=PIXEL), detail="low"),
            ir.Image(source=ir.Source(url="https://x.example/a.png")),
            ir.Document(source=ir.Source(file_id="file-1")),
            ir.Document(source=ir.Source(media_type="application/pdf", data="QQ=="), name="a.pdf"),
            ir.Document(source=ir.Source(media_type="application/pdf", data="QQ==")),
            ir.Audio(source=ir.Source(media_type="audio/mpeg", data="QQ==")),
            ir.Audio(source=ir.Source(media_type="audio/flac", data="QQ==")),
            ir.Opaque(
                format="openai_chat",
                value={"type": "video_url", "video_url": {"url": "https://x.example/v"}},
            ),
        ),
        extra={"openai_chat": {"name": "ann"}},
    ),
    ir.Message(
        role="assistant",
        parts=(
            ir.ToolCall(id="a", name="look", arguments="{}"),
            ir.ToolCall(id="b", name="patch", arguments="*** Begin", freeform=True),
        ),
    ),
    ir.Message(
        role="user",
        parts=(
            ir.ToolResult(call_id="a", parts=(ir.Text(text="ok"),), name="look"),
            ir.ToolResult(call_id="b", parts=(ir.Text(text="one"), ir.Text(text="two"))),
        ),
    ),
    ir.Message(role="user", parts=()),
)


def test_it_reads_a_conversation_with_parallel_calls_and_media():
    assert FORMAT.read_request(body(messages=CONVERSATION)).messages == TURNS


def test_it_keeps_results_that_end_the_conversation():
    asked = FORMAT.read_request(
        body(messages=[{"role": "tool", "tool_call_id": "a", "content": None}])
    )
    assert asked.messages == (ir.Message(role="user", parts=(ir.ToolResult(call_id="a"),)),)


def test_it_pairs_the_older_function_calls_with_their_results():
    asked = FORMAT.read_request(
        body(
            functions=[FUNCTION],
            function_call={"name": "look"},
            messages=[
                {"role": "user", "content": "Hi"},
                {"role": "assistant", "content": "", "function_call": {"name": "look"}},
                {"role": "function", "name": "look", "content": "first"},
                {"role": "assistant", "function_call": {"name": "look", "arguments": '{"a":1}'}},
                {"role": "function", "name": "look", "content": "second"},
            ],
        )
    )
    made = [p for m in asked.messages for p in m.parts if isinstance(p, ir.ToolCall)]
    results = [p for m in asked.messages for p in m.parts if isinstance(p, ir.ToolResult)]
    assert [call.id for call in made] == [result.call_id for result in results]
    assert made[0].id != made[1].id
    assert [call.arguments for call in made] == ["{}", '{"a":1}']
    assert asked.tool_choice == ir.ToolChoice(mode="named", names=("look",))
    assert [tool.name for tool in asked.tools] == ["look"]


@pytest.mark.parametrize(
    ("message", "thinking"),
    [
        (
            {"reasoning_content": "hm"},
            [ir.Thinking(text="hm", origin="openai_chat")],
        ),
        ({"reasoning": "hm"}, [ir.Thinking(text="hm", origin="openai_chat")]),
        ({"reasoning": {"effort": "low"}}, []),
        (
            {
                "reasoning_content": "hm",
                "reasoning_details": [
                    {
                        "type": "reasoning.text",
                        "text": "hm",
                        "signature": "sig",
                        "format": "anthropic-claude-v1",
                    }
                ],
            },
            [ir.Thinking(text="hm", signature="sig", origin="anthropic")],
        ),
        (
            {
                "reasoning_details": [
                    {"type": "reasoning.text", "signature": "sig", "format": "google-gemini-v1"}
                ]
            },
            [ir.Thinking(signature="sig", origin="gemini")],
        ),
        (
            {
                "reasoning_details": [
                    {"type": "reasoning.summary", "summary": "s", "format": "openai-responses-v1"},
                    {"type": "reasoning.encrypted", "data": "e", "format": "openai-responses-v1"},
                ]
            },
            [ir.Thinking(text="s", signature="e", origin="openai_responses")],
        ),
        (
            {
                "reasoning_details": [
                    {"type": "reasoning.encrypted", "data": "e", "format": "xai-responses-v1"}
                ]
            },
            [
                ir.Thinking(
                    redacted="e",
                    origin="openai_chat",
                    extra={"openai_chat": {"format": "xai-responses-v1"}},
                )
            ],
        ),
        (
            {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]},
            [ir.Thinking(text="hm", origin="openai_chat")],
        ),
    ],
)
def test_it_knows_who_made_the_reasoning_that_comes_back(message, thinking):
    asked = FORMAT.read_request(body(messages=[{"role": "assistant", **message}]))
    assert list(asked.messages[0].parts) == thinking


def test_it_keeps_marks_on_content_with_the_format_that_owns_them():
    marked = {"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}, "vendor": 1}
    asked = FORMAT.read_request(body(messages=[{"role": "user", "content": [marked]}]))
    assert asked.messages[0].parts[0].extra == {
        "openai_chat": {"vendor": 1},
        "anthropic": {"cache_control": {"type": "ephemeral"}},
    }


def test_it_reads_refusals_and_thought_signatures_of_history():
    asked = FORMAT.read_request(
        body(
            messages=[
                {"role": "assistant", "content": None, "refusal": "No."},
                {"role": "assistant", "content": [{"type": "refusal", "refusal": "Never."}]},
                {
                    "role": "assistant",
                    "tool_calls": [
                        {
                            "id": "a",
                            "type": "function",
                            "function": {"name": "f", "arguments": "{}"},
                            "extra_content": {"google": {"thought_signature": "sig"}},
                        }
                    ],
                },
            ]
        )
    )
    assert asked.messages[0].parts == (ir.Refusal(text="No."),)
    assert asked.messages[1].parts == (ir.Refusal(text="Never."),)
    assert asked.messages[2].parts[0].extra == {"gemini": {"thoughtSignature": "sig"}}


@pytest.mark.parametrize(
    ("fields", "meaning"),
    [
        ({"reasoning_effort": "none"}, ir.Reasoning(mode="off", effort="none")),
        ({"reasoning_effort": "xhigh"}, ir.Reasoning(effort="xhigh")),
        ({"reasoning": {"effort": "low", "max_tokens": 9}}, ir.Reasoning(effort="low")),
        ({"reasoning": {"max_tokens": 2000}}, ir.Reasoning(budget=2000)),
        ({"reasoning": {"enabled": True, "exclude": True}}, ir.Reasoning(mode="on", visible=False)),
        ({"reasoning": {"enabled": False}}, ir.Reasoning(mode="off", effort="none")),
        ({"reasoning": {"effort": "none"}}, ir.Reasoning(mode="off", effort="none")),
        ({"thinking": {"type": "disabled"}}, ir.Reasoning(mode="off", effort="none")),
        (
            {"thinking": {"type": "enabled", "budget_tokens": 5}},
            ir.Reasoning(mode="on", budget=5),
        ),
        ({"thinking": {"clear": True}}, ir.Reasoning(mode="on")),
        ({"thinking": {"type": "adaptive"}}, ir.Reasoning(mode="adaptive")),
        ({}, None),
    ],
)
def test_it_reads_every_dialect_of_reasoning_control(fields, meaning):
    assert FORMAT.read_request(body(**fields)).reasoning == meaning


@pytest.mark.parametrize(
    ("wanted", "meaning"),
    [
        ({"type": "json_object"}, ir.OutputFormat(kind="json_object")),
        (
            {
                "type": "json_schema",
                "json_schema": {"name": "a", "strict": True, "schema": {"type": "object"}},
            },
            ir.OutputFormat(kind="json_schema", name="a", strict=True, schema={"type": "object"}),
        ),
    ],
)
def test_it_reads_the_wanted_form_of_the_answer(wanted, meaning):
    assert FORMAT.read_request(body(response_format=wanted)).output == meaning
