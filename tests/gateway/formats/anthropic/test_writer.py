"""Writing streams: what Anthropic clients need in order not to fail, hang or loop."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omniroute.gateway import ir
from omniroute.gateway.errors import UpstreamError, UpstreamFailure
from omniroute.gateway.formats.anthropic import FORMAT
from omniroute.gateway.usage import Usage

from .facts import HEAD, call, events_in, message_in

BEGIN = ir.Start(id="chatcmpl-1", model="gpt")


def write(*events: ir.Event) -> bytes:
    writer = FORMAT.writer(HEAD)
    return b"".join(map(writer.write, events)) + writer.close()


def whole(index: int, part: ir.Part, *texts: str) -> list[ir.Event]:
    deltas = [ir.PartDelta(index=index, text=text) for text in texts]
    return [ir.PartStart(index=index, part=part), *deltas, ir.PartStop(index=index)]


def finish(reason: ir.FinishReason = "stop", **fields: Any) -> ir.Finish:
    return ir.Finish(reason=reason, **fields)


EMPTY = ir.Text(text="")
NO_ARGS = call("c1", arguments="")


def test_it_streams_a_call_whose_name_and_arguments_came_together() -> None:
    """The event that opens a block must bring its own content along."""
    stream = write(BEGIN, *whole(0, NO_ARGS, '{"city":"Brno"}'), finish("tool_calls"))
    names = [name for name, _ in events_in(stream)]
    assert names[1:4] == ["content_block_start", "content_block_delta", "content_block_stop"]
    [block] = message_in(stream)["content"]
    assert block == {"type": "tool_use", "id": "c1", "name": "look", "input": {"city": "Brno"}}


def test_it_puts_interleaved_calls_into_blocks_of_their_own() -> None:
    stream = write(
        BEGIN,
        ir.PartStart(index=0, part=NO_ARGS),
        ir.PartStart(index=1, part=replace(NO_ARGS, id="c2")),
        ir.PartDelta(index=1, text='{"b":'),
        ir.PartDelta(index=0, text='{"a":1}'),
        ir.PartDelta(index=1, text="2}"),
        ir.PartStop(index=1),
        ir.PartStop(index=0),
        finish("tool_calls"),
    )
    assert [block["input"] for block in message_in(stream)["content"]] == [{"a": 1}, {"b": 2}]


def test_it_closes_text_before_a_call_opens_and_opens_no_empty_text() -> None:
    stream = write(
        BEGIN,
        ir.PartStart(index=0, part=EMPTY),
        ir.PartDelta(index=0, text=""),
        ir.PartStop(index=0),
        *whole(1, EMPTY, "Let me look."),
        *whole(2, NO_ARGS),
        *whole(3, EMPTY),
        finish("tool_calls"),
    )
    assert [block["type"] for block in message_in(stream)["content"]] == ["text", "tool_use"]


def test_it_sends_an_empty_object_for_a_call_without_arguments() -> None:
    stream = write(BEGIN, *whole(0, NO_ARGS), finish("tool_calls"))
    assert b'"partial_json":"{}"' in stream
    assert message_in(stream)["content"][0]["input"] == {}


def test_it_carries_usage_that_came_last_in_its_one_message_delta() -> None:
    stream = write(
        BEGIN,
        *whole(0, EMPTY, "x"),
        ir.UsageReport(usage=Usage(input=1, output=1)),
        ir.UsageReport(usage=Usage(input=20, cache_read=5, output=7, reasoning=3)),
        finish(),
    )
    assert [name for name, _ in events_in(stream)].count("message_delta") == 1
    usage = message_in(stream)["usage"]
    assert (usage["input_tokens"], usage["cache_read_input_tokens"]) == (20, 5)
    assert usage["output_tokens"] == 7
    assert usage["output_tokens_details"] == {"thinking_tokens": 3}


@pytest.mark.parametrize(
    ("known", "told"),
    [(None, HEAD.prompt_estimate), (Usage(), HEAD.prompt_estimate), (Usage(input=9), 9)],
)
def test_it_tells_prompt_tokens_at_the_start_known_or_estimated(
    known: Usage | None, told: int
) -> None:
    stream = write(ir.Start(id="", model="", usage=known), *whole(0, EMPTY, "x"), finish())
    assert events_in(stream)[0][1]["message"]["usage"]["input_tokens"] == told


def test_it_estimates_what_the_provider_did_not_tell() -> None:
    usage = message_in(write(BEGIN, *whole(0, EMPTY, "x" * 400), finish()))["usage"]
    assert usage["input_tokens"] == HEAD.prompt_estimate
    assert 50 < usage["output_tokens"] < 200


def test_it_names_the_model_that_the_client_asked_for_and_one_id_of_its_own() -> None:
    message = message_in(write(BEGIN, *whole(0, EMPTY, "x"), finish()))
    assert (message["model"], message["id"]) == (HEAD.model, "msg_0193aabb")


@pytest.mark.parametrize(
    ("finishing", "reason"),
    [
        (finish("stop_sequence", stop_sequence="END"), "stop_sequence"),
        (finish("length"), "max_tokens"),
        (finish("tool_calls"), "end_turn"),
        (finish("error"), "end_turn"),
        (finish("content_filter"), "refusal"),
        (finish("stop", extra={"anthropic": {"stop_reason": "compaction"}}), "compaction"),
    ],
)
def test_it_writes_the_reason(finishing: ir.Finish, reason: str) -> None:
    message = message_in(write(BEGIN, *whole(0, EMPTY, "x"), finishing))
    assert message["stop_reason"] == reason
    assert message["stop_sequence"] == finishing.stop_sequence


def test_it_lets_length_beat_a_half_written_call() -> None:
    stream = write(BEGIN, *whole(0, NO_ARGS, '{"cmd":"rm'), finish("length"))
    deltas = [data for name, data in events_in(stream) if name == "message_delta"]
    assert deltas[0]["delta"]["stop_reason"] == "max_tokens"


def test_it_writes_an_empty_answer() -> None:
    message = message_in(write(BEGIN, finish()))
    assert (message["content"], message["stop_reason"]) == ([], "end_turn")
    assert message_in(write(finish()))["model"] == HEAD.model


def test_it_writes_a_refusal_as_text() -> None:
    stream = write(BEGIN, *whole(0, ir.Refusal(text=""), "No", "."), finish("refusal"))
    assert message_in(stream)["content"] == [{"type": "text", "text": "No."}]


def test_it_writes_text_and_thinking_that_came_in_their_starts() -> None:
    thought = ir.Thinking(text="hm", signature="sig", origin="anthropic")
    stream = write(BEGIN, *whole(0, thought), *whole(1, ir.Text(text="x"), "y"), finish())
    assert message_in(stream)["content"] == [
        {"type": "thinking", "thinking": "hm", "signature": "sig"},
        {"type": "text", "text": "xy"},
    ]


def test_it_keeps_anthropic_thinking_as_it_is() -> None:
    blank = ir.Thinking(origin="anthropic")
    stream = write(
        BEGIN,
        ir.PartStart(index=0, part=blank),
        ir.PartDelta(index=0, signature="only=="),
        ir.PartStop(index=0),
        *whole(1, ir.Thinking(redacted="data==", origin="anthropic")),
        *whole(2, blank, "unsigned"),
        *whole(3, blank),
        finish(),
    )
    assert message_in(stream)["content"] == [
        {"type": "thinking", "thinking": "", "signature": "only=="},
        {"type": "redacted_thinking", "data": "data=="},
        {"type": "thinking", "thinking": "unsigned", "signature": ""},
    ]


def test_it_carries_foreign_thinking_through_the_client_and_back() -> None:
    google = {"openai_chat": {"format": "google-gemini-v1"}}
    stream = write(
        BEGIN,
        *whole(0, ir.Thinking(origin="openai_chat"), "let me ", "think"),
        ir.PartStart(index=1, part=ir.Thinking(text="sum", origin="gemini")),
        ir.PartDelta(index=1, signature="g==", extra=google),
        ir.PartStop(index=1),
        *whole(2, ir.Thinking(redacted="enc", origin="openai_responses")),
        *whole(3, ir.Thinking(origin="gemini")),
        *whole(4, EMPTY, "x"),
        finish(),
    )
    content = message_in(stream)["content"]
    body = {"model": "m", "messages": [{"role": "assistant", "content": content}]}
    assert FORMAT.read_request(body).messages[0].parts == (
        ir.Thinking(text="let me think", origin="openai_chat"),
        ir.Thinking(text="sum", signature="g==", origin="gemini", extra=google),
        ir.Thinking(redacted="enc", origin="openai_responses"),
        ir.Text(text="x"),
    )


def test_it_carries_gemini_signatures_of_calls_and_text() -> None:
    extra = {"gemini": {"thoughtSignature": "sig=="}}
    stream = write(
        BEGIN,
        *whole(0, ir.Text(text="", extra=extra), "x"),
        *whole(1, replace(NO_ARGS, extra=extra), "{}"),
        *whole(2, replace(NO_ARGS, id="c2"), "{}"),
        finish("tool_calls"),
    )
    content = message_in(stream)["content"]
    kinds = ["thinking", "text", "thinking", "tool_use", "tool_use"]
    assert [block["type"] for block in content] == kinds
    body = {"model": "m", "messages": [{"role": "assistant", "content": content}]}
    text, first, second = FORMAT.read_request(body).messages[0].parts
    assert text == ir.Text(text="x", extra=extra)
    assert first == replace(call("c1"), extra=extra)
    assert second == call("c2")


def test_it_gives_odd_and_missing_ids_a_valid_form() -> None:
    stream = write(
        BEGIN,
        *whole(0, replace(NO_ARGS, id="functions.add:0")),
        *whole(1, replace(NO_ARGS, id="")),
        finish("tool_calls"),
    )
    first, second = message_in(stream)["content"]
    assert first["id"].startswith("omni_")
    assert second["id"] == "toolu_0193aabb_1"


def test_it_says_what_it_cannot_show_and_leaves_out_what_it_does_not_know() -> None:
    picture = ir.Image(source=ir.Source(url="u"))
    stream = write(
        BEGIN,
        *whole(0, picture),
        *whole(1, ir.Opaque(format="openai_responses", value={"type": "x"}), "ignored"),
        finish(),
    )
    [block] = message_in(stream)["content"]
    assert "image" in block["text"]


def test_it_gives_back_blocks_that_only_it_understands() -> None:
    search = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"q": "x"}}
    found = {"type": "web_search_tool_result", "tool_use_id": "s", "content": []}
    parts = [ir.Opaque(format="anthropic", value=value) for value in (search, found)]
    stream = write(BEGIN, *whole(0, parts[0]), *whole(1, parts[1]), finish())
    assert message_in(stream)["content"] == [search, found]


def test_it_sends_each_citation_once() -> None:
    def cited(*numbers: int) -> ir.Event:
        fields = {"anthropic": {"citations": [{"n": n} for n in numbers]}}
        return ir.PartDelta(index=0, extra=fields)

    stream = write(
        BEGIN,
        ir.PartStart(index=0, part=EMPTY),
        ir.PartDelta(index=0, text="x"),
        cited(1),
        cited(1, 2),
        ir.PartDelta(index=0, extra={"openai_chat": {"annotations": []}}),
        ir.PartStop(index=0),
        finish(),
    )
    assert message_in(stream)["content"] == [
        {"type": "text", "text": "x", "citations": [{"n": 1}, {"n": 2}]}
    ]


def test_it_ends_a_failed_stream_with_the_error_that_makes_clients_retry() -> None:
    error = UpstreamError("Busy.", status=529, kind="overloaded")
    stream = write(
        BEGIN, *whole(0, EMPTY, "x")[:2], ir.Failure(error=error), ir.PartStop(index=0), finish()
    )
    name, data = events_in(stream)[-1]
    assert name == data["type"] == "error"
    assert data["error"] == {"type": "overloaded_error", "message": "Busy."}
    assert "message_stop" not in stream.decode()


def test_it_says_nothing_after_the_end_and_starts_only_once() -> None:
    once = write(BEGIN, *whole(0, EMPTY, "x"), finish())
    assert write(BEGIN, BEGIN, *whole(0, EMPTY, "x"), finish(), *whole(1, EMPTY, "y")) == once


def test_it_refuses_a_block_that_nobody_could_read() -> None:
    deep: Any = {}
    for _ in range(400):
        deep = {"x": deep}
    with pytest.raises(UpstreamFailure):
        write(BEGIN, *whole(0, ir.Opaque(format="anthropic", value={"type": "odd", "x": deep})))


# --- any events at all ---

begun = st.sampled_from(
    [
        EMPTY,
        ir.Text(text="t"),
        ir.Thinking(origin="anthropic"),
        ir.Thinking(text="t", origin="gemini"),
        ir.Thinking(redacted="r", origin="anthropic"),
        NO_ARGS,
        ir.Refusal(text=""),
        ir.Image(source=ir.Source(url="u")),
        ir.Opaque(format="anthropic", value={"type": "server_tool_use", "input": {"q": 1}}),
        ir.Opaque(format="gemini", value={}),
    ]
)


@settings(max_examples=150)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from(["delta", "delta", "sign", "stop", "usage"]))
    ),
    st.lists(begun, min_size=4, max_size=4),
    st.sampled_from(["stop", "length", "tool_calls", "error", "pause"]),
)
def test_it_keeps_the_grammar_whatever_the_events(
    steps: list[tuple[int, str]], parts: list[ir.Part], reason: ir.FinishReason
) -> None:
    events: list[ir.Event] = [BEGIN]
    open_parts: dict[int, ir.Part] = {}
    arguments: dict[int, list[str]] = {}
    for slot, (index, step) in enumerate(steps):
        key = next((key for key in open_parts if key % 4 == index), None)
        if key is None:
            key = slot * 4 + index
            open_parts[key] = parts[index]
            part = parts[index]
            part = replace(part, id=f"c{key}") if isinstance(part, ir.ToolCall) else part
            events.append(ir.PartStart(index=key, part=part))
            # A call's arguments are one JSON text in pieces, whatever comes in between.
            arguments[key] = list(json.dumps({"k": key}))
        elif step == "delta" and isinstance(open_parts[key], ir.ToolCall):
            text = arguments[key].pop(0) if arguments[key] else ""
            events.append(ir.PartDelta(index=key, text=text))
        elif step == "delta":
            events.append(ir.PartDelta(index=key, text="x"))
        elif step == "sign":
            events.append(ir.PartDelta(index=key, signature="s" if key % 2 else None))
        elif step == "stop":
            rest = "".join(arguments[key])
            if isinstance(open_parts.pop(key), ir.ToolCall):
                events.append(ir.PartDelta(index=key, text=rest))
            events.append(ir.PartStop(index=key))
        else:
            events.append(ir.UsageReport(usage=Usage(input=slot)))
    for key, part in open_parts.items():
        if isinstance(part, ir.ToolCall):
            events.append(ir.PartDelta(index=key, text="".join(arguments[key])))
    message_in(write(*events, finish(reason)))
