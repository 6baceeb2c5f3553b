"""Reading a provider's stream, with everything that real ones do to it."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniroute.gateway import ir
from omniroute.gateway.errors import UpstreamFailure
from omniroute.gateway.formats.openai_chat import FORMAT
from omniroute.gateway.usage import Usage

from .wire import call, calls, chunk, finishes, parts, read, sse

USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
GOLDEN = sse(
    chunk({"role": "assistant", "content": ""}),
    chunk({"reasoning_content": "Hm, "}),
    chunk({"reasoning_content": "äöü 🤔"}),
    chunk({"content": "Ja, "}),
    chunk({"content": "natürlich 🙂"}),
    chunk(calls(call(0, id="a", type="function", name="look", arguments=""))),
    chunk(calls(call(0, arguments='{"city":'))),
    chunk(calls(call(1, id="b", type="function", name="find", arguments=""))),
    chunk(calls(call(1, arguments='{"x":'))),
    chunk(calls(call(0, arguments='"Köln"}'))),
    chunk(calls(call(1, arguments="1}"))),
    chunk(finish="tool_calls"),
    chunk(choices=[], usage=USAGE),
)
PARTS = [
    ir.Thinking(text="Hm, äöü 🤔", origin="openai_chat"),
    ir.Text(text="Ja, natürlich 🙂"),
    ir.ToolCall(id="a", name="look", arguments='{"city":"Köln"}'),
    ir.ToolCall(id="b", name="find", arguments='{"x":1}'),
]


def test_it_reads_reasoning_text_and_interleaved_parallel_calls():
    events = read(GOLDEN)
    assert events[0] == ir.Start(id="c1", model="upstream-model")
    assert parts(events) == PARTS
    assert events[-2:] == [
        ir.UsageReport(usage=Usage(input=10, output=5)),
        ir.Finish(reason="tool_calls"),
    ]


@given(cuts=st.lists(st.integers(0, len(GOLDEN)), max_size=8).map(sorted))
def test_any_split_gives_the_same_events(cuts):
    edges = [0, *cuts, len(GOLDEN)]
    assert read(*(GOLDEN[a:b] for a, b in pairwise(edges))) == read(GOLDEN)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_one_byte_at_a_time_gives_the_same_events(end):
    """Also inside of a character, of CRLF, and with comments and without a space after `data:`."""
    text = GOLDEN.decode().replace("data: ", ": ping\n\ndata:").replace("\n", end)
    raw = b"\xef\xbb\xbf" + text.encode()
    assert read(*(raw[i : i + 1] for i in range(len(raw)))) == read(GOLDEN)


def test_a_cut_at_any_byte_is_never_taken_for_the_end():
    """The last chunk before the finish is complete at this byte, and no earlier."""
    complete = GOLDEN.index(b'"finish_reason":"tool_calls"')
    complete = GOLDEN.index(b"\n", complete)
    for cut in range(len(GOLDEN) + 1):
        assert bool(finishes(read(GOLDEN[:cut]))) is (cut >= complete), cut


def test_nothing_follows_the_end():
    again = sse(chunk({"content": "more"}, "stop"))
    assert read(GOLDEN + again) == read(GOLDEN)
    assert len(finishes(read(GOLDEN, again))) == 1


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


def test_calls_without_an_id_get_ids_of_their_own_that_do_not_change():
    raw = sse(
        chunk(calls(call(0, id="", name="f", arguments="{}"), call(1, name="f", arguments="{}"))),
        chunk(finish="tool_calls"),
    )
    first, second = parts(read(raw))
    assert first.id != second.id
    assert parts(read(raw)) == [first, second]
    nameless = raw.replace(b'"id":"c1"', b'"id":""')
    assert parts(read(nameless))[0].id != parts(read(nameless))[0].id


def test_a_call_without_a_name_is_a_fault_and_not_a_call():
    with pytest.raises(UpstreamFailure, match="without a name"):
        read(sse(chunk(calls(call(0, id="a", arguments="{}"))), chunk(finish="stop")))


def test_what_comes_after_the_finish_does_not_reopen_a_call():
    events = read(
        sse(
            chunk(calls(call(0, id="a", name="f", arguments="{}"))),
            chunk(finish="tool_calls"),
            chunk(calls(call(0, arguments="late"))),
            chunk({"content": "late"}, "stop"),
        )
    )
    assert parts(events) == [
        ir.ToolCall(id="a", name="f", arguments="{}"),
        ir.Text(text="late"),
    ]
    assert finishes(events) == [ir.Finish(reason="tool_calls")]


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
    ("reason", "delta", "meaning"),
    [
        ("stop", {"content": "x"}, "stop"),
        ("eos", {"content": "x"}, "stop"),
        ("stop", calls(call(0, id="a", name="f")), "tool_calls"),
        ("tool_calls", {"content": "x"}, "stop"),
        ("function_call", calls(call(0, id="a", name="f")), "tool_calls"),
        ("length", calls(call(0, id="a", name="f", arguments='{"a')), "length"),
        ("model_length", {"content": "x"}, "length"),
        ("content_filter", {}, "content_filter"),
        ("sensitive", {}, "content_filter"),
        ("stop", {"refusal": "No."}, "refusal"),
        ("error", {"content": "x"}, "error"),
        ("insufficient_system_resource", {"content": "x"}, "error"),
    ],
)
def test_it_translates_every_spelling_of_the_finish(reason, delta, meaning):
    """Content and finish may also share a chunk."""
    assert finishes(read(sse(chunk(delta, reason))))[0].reason == meaning
    assert finishes(read(sse(chunk(delta), chunk(finish=reason))))[0].reason == meaning


def test_the_first_of_two_finishes_counts():
    events = read(sse(chunk({"content": "x"}, "length"), chunk({}, "stop")))
    assert finishes(events) == [ir.Finish(reason="length")]


@pytest.mark.parametrize(("matched", "meaning"), [("END", "END"), (128009, None), (None, None)])
def test_it_tells_which_stop_string_matched(matched, meaning):
    raw = chunk({"content": "x"}, "stop")
    raw["choices"][0]["stop_reason"] = matched
    [finish] = finishes(read(sse(raw)))
    assert finish == ir.Finish(reason="stop_sequence" if meaning else "stop", stop_sequence=meaning)


def test_the_end_of_the_stream_counts_when_a_finish_was_seen():
    assert finishes(read(sse(chunk({"content": "x"}, "stop"), done=False)))
    assert not finishes(read(sse(chunk({"content": "x"}), done=False)))


@pytest.mark.parametrize(
    ("chunks", "whole"),
    [
        ([chunk({"content": "4"}), chunk({"content": ""})], True),
        ([chunk(calls(call(0, id="a", name="f", arguments="{}")))], True),
        ([chunk(calls(call(0, id="a", name="f", arguments='{"path": "/')))], False),
        ([chunk({"role": "assistant", "content": ""})], False),
        ([], False),
    ],
)
def test_a_done_without_a_finish_counts_unless_something_is_half_written(chunks, whole):
    """Snowflake never sends a finish; but half a call must never be run."""
    assert bool(finishes(read(sse(*chunks)))) is whole


def test_the_last_event_needs_no_blank_line_but_must_be_whole():
    raw = sse(chunk({"content": "x"}, "stop"), chunk(choices=[], usage=USAGE))
    assert read(raw.rstrip(b"\n")) == read(raw)
    cut = raw.removesuffix(b"data: [DONE]\n\n").rstrip(b"\n")
    assert read(cut) == read(raw)
    assert finishes(read(cut[:-1]))
    assert not any(isinstance(event, ir.UsageReport) for event in read(cut[:-1]))


@pytest.mark.parametrize(
    "where",
    [
        {"choices": [], "usage": USAGE},
        {"usage": USAGE},
        {"x_groq": {"usage": USAGE}},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop", "usage": USAGE}]},
    ],
)
def test_it_finds_the_usage_wherever_it_is(where):
    events = read(sse(chunk({"content": "x"}), chunk({}, "stop", **where), chunk({}, "stop")))
    reports = [event.usage for event in events if isinstance(event, ir.UsageReport)]
    assert reports == [Usage(input=10, output=5)]
    assert isinstance(events[-1], ir.Finish)


def test_usage_on_every_chunk_is_reported_when_it_changes():
    first, last = ({**USAGE, "completion_tokens": n, "total_tokens": 10 + n} for n in (1, 2))
    events = read(
        sse(
            chunk({"content": "x"}, usage=first),
            chunk({"content": "y"}, usage=first),
            chunk({}, "stop", usage=last),
        )
    )
    reports = [event.usage.output for event in events if isinstance(event, ir.UsageReport)]
    assert reports == [1, 2]


def test_odd_chunks_neither_crash_nor_count():
    azure = {"id": "", "object": "", "model": "", "choices": [], "prompt_filter_results": []}
    done = chunk({"content": ""}, "stop", object="chat.completion.done")
    done["choices"][0]["message"] = {"role": "assistant", "content": "xy"}
    other = chunk({"content": "second choice"}, "length")
    other["choices"][0]["index"] = 1
    events = read(
        b": OPENROUTER PROCESSING\n\n" + sse(azure, {"id": "c1"}, {"choices": None}, done=False),
        sse(chunk({"content": "x"}), other, chunk({"content": "y"}, id="c2"), done),
    )
    assert events[0] == ir.Start(id="c1", model="upstream-model")
    assert parts(events) == [ir.Text(text="xy")]
    assert finishes(events) == [ir.Finish(reason="stop")]


@pytest.mark.parametrize(
    "fault",
    [
        sse({"error": {"message": "Overloaded", "code": 503}}),
        sse(chunk({"content": ""}, "error", error={"message": "Overloaded", "code": 503})),
        b'event: error\ndata: {"error":{"message":"Overloaded","status_code":503}}\n\n',
        b'error: {"code":503,"message":"Overloaded"}\n\n',
        b"event: error\ndata: Overloaded\n\n",
    ],
)
def test_an_error_in_the_stream_ends_it_without_a_finish(fault):
    events = read(sse(chunk({"content": "x"}), done=False) + fault + GOLDEN)
    assert isinstance(events[-1], ir.Failure)
    assert events[-1].error.message == "Overloaded"
    assert events[-1].error.status == 503
    assert events[-1].error.kind == "overloaded"
    assert not finishes(events)


@pytest.mark.parametrize(
    "fault",
    [
        sse(chunk({}, error={"message": "Token limit"}, usage=USAGE)),
        b"event: error\ndata: late\n\n" + sse(chunk(choices=[], usage=USAGE)),
    ],
)
def test_an_error_behind_the_finish_takes_nothing_back(fault):
    events = read(sse(chunk({"content": "x"}, "length"), done=False) + fault)
    assert events[-2:] == [
        ir.UsageReport(usage=Usage(input=10, output=5)),
        ir.Finish(reason="length"),
    ]


@pytest.mark.parametrize(
    "text",
    ["<think>hm, hm</think>\n\nYes < no", "\n <think>hm, hm</think>Yes < no"],
)
def test_inline_reasoning_is_told_apart_where_the_provider_writes_it(text):
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
def test_inline_reasoning_that_is_none_or_is_cut(text, made):
    raw = sse(*(chunk({"content": letter}) for letter in text), chunk(finish="stop"))
    assert parts(read(raw, inline_think=True)) == made


@pytest.mark.parametrize(
    "event",
    [
        b"data: {nonsense\n\n",
        b"data: [1]\n\n",
        b'data: "text"\n\n',
        b'data: {"choices": "x"}\n\n',
        b'data: {"choices": ["x"]}\n\n',
        b'data: {"choices": [{"delta": "x"}]}\n\n',
        b'data: {"choices": [{"delta": {"content": 5}}]}\n\n',
        b'data: {"choices": [{"delta": {"content": ["x"]}}]}\n\n',
        b'data: {"choices": [{"delta": {"tool_calls": {}}}]}\n\n',
        b'data: {"choices": [{"delta": {"tool_calls": ["x"]}}]}\n\n',
        b'data: {"choices": [{"delta": {"reasoning_details": "x"}}]}\n\n',
        b'data: {"choices": [{"delta": {"content": "\xff"}}]}\n\n',
        b'data: {"choices": [{"delta": {"tool_calls": [{"function": {"name": "f", "arguments": '
        + b'{"a":' * 400
        + b"1"
        + b"}" * 400
        + b"}}]}}]}\n\n",
        b"data: " + b"x" * (1 << 20) + b"x",
    ],
)
def test_a_broken_stream_is_a_protocol_fault(event):
    with pytest.raises(UpstreamFailure) as caught:
        FORMAT.reader().feed(event)
    assert caught.value.kind in ("protocol", "too_large")


WORDS = """index delta finish_reason usage error content tool_calls id name function arguments
custom input type refusal images image_url url reasoning reasoning_details format text signature
data summary function_call extra_content google thought_signature thinking"""
KEYS = st.sampled_from(WORDS.split())
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@given(chunks=st.lists(st.dictionaries(KEYS, JSON, max_size=3), max_size=4), done=st.booleans())
def test_adversarial_chunks_never_crash_and_never_break_the_grammar(
    chunks: list[dict[str, Any]], done: bool
):
    raw = sse(*({"choices": [item], **item} for item in chunks), done=done)
    try:
        events = read(raw)
    except UpstreamFailure:
        return
    parts(events)  # every delta and stop belongs to an open part
    assert len(finishes(events)) <= 1
    assert not finishes(events) or isinstance(events[-1], ir.Finish)
    assert orjson.loads(orjson.dumps(len(events))) >= 0
