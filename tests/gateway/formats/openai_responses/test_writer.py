"""What a client is streamed, and the same answer in one piece."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from omniroute.gateway import ir
from omniroute.gateway.errors import UpstreamError
from omniroute.gateway.formats.openai_responses import FORMAT
from omniroute.gateway.usage import Usage

from . import grammar
from .wire import HEAD, PIXEL, answer, call, head, said, streamed, thought, written

USAGE = Usage(input=30, cache_read=60, cache_write_5m=10, output=20, reasoning=5)
START = ir.Start(id="x", model="upstream-model")
BROKEN = UpstreamError("It broke.", status=502, kind="server")
CUSTOM = {"type": "custom", "name": "apply_patch", "description": "", "format": {"type": "text"}}
SPACES = {
    "type": "namespace",
    "name": "agents",
    "description": "",
    "tools": [
        {
            "type": "function",
            "name": "spawn",
            "description": "",
            "parameters": {"type": "object", "properties": {}},
            "strict": False,
        },
        {"type": "custom", "name": "tell", "description": ""},
    ],
}


def response(*parts: ir.Part | str, **fields: Any) -> dict[str, Any]:
    return grammar.checked(answer(*parts, **fields))


def output(*parts: ir.Part | str, **fields: Any) -> list[dict[str, Any]]:
    """The items of a stream, which are those of a whole answer as well."""
    found = response(*parts, **fields)
    of = fields.get("of", HEAD)
    reason = fields.get("reason", "stop")
    whole = ir.Response(id="x", model="y", parts=said(*parts), finish=reason)
    answered = FORMAT.write_response(whole, of)
    for moving in ("completed_at", "usage"):
        answered.pop(moving)
        found.pop(moving)
    assert answered == found
    return found["output"]


def names(stream: bytes) -> list[str]:
    return [one["type"].removeprefix("response.") for one in grammar.events(stream)]


def test_it_writes_text_with_the_whole_skeleton():
    assert names(answer("Hi!")) == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    assert output("Hi!") == [
        {
            "id": "msg_0193aabb0000",
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "Hi!", "annotations": [], "logprobs": []}],
        }
    ]


def test_it_writes_refusals():
    [item] = output(ir.Refusal(text="No."), reason="refusal")
    assert item["content"] == [{"type": "refusal", "refusal": "No."}]
    assert response(ir.Refusal(text="No."), reason="refusal")["status"] == "completed"
    assert names(answer(ir.Refusal(text="No.")))[4:7] == [
        "refusal.delta",
        "refusal.delta",
        "refusal.done",
    ]


def test_it_writes_calls():
    assert names(answer(call(arguments='{"at":1}'), reason="tool_calls"))[2:] == [
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
        "completed",
    ]
    assert output(call(arguments='{"at":1}'), reason="tool_calls") == [
        {
            "id": "fc_0193aabb0000",
            "type": "function_call",
            "call_id": "call_1",
            "name": "look",
            "status": "completed",
            "arguments": '{"at":1}',
        }
    ]


def test_it_writes_the_arguments_of_a_call_that_has_none():
    """Also as a delta: some clients listen to nothing else."""
    stream = answer(call(arguments=""), reason="tool_calls")
    [delta] = [one for one in grammar.events(stream) if one["type"].endswith(".delta")]
    assert delta["delta"] == "{}"
    assert output(call(arguments=""), reason="tool_calls")[0]["arguments"] == "{}"


def test_it_makes_an_id_for_a_call_that_has_none():
    first, second = output(call(""), call(""), reason="tool_calls")
    assert first["call_id"].startswith("call_")
    assert first["call_id"] != second["call_id"]


def test_it_writes_reasoning_as_a_summary():
    sealed = ir.Thinking(text="Hm.", signature="s", origin="anthropic")
    assert names(answer(sealed))[2:] == [
        "output_item.added",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
        "completed",
    ]
    assert names(answer(ir.Thinking(redacted="s", origin="anthropic")))[2:] == [
        "output_item.added",
        "output_item.done",
        "completed",
    ]
    [item] = output(thought("Hm.", "s"))
    assert item == {
        "id": "rs_0193aabb0000",
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": "Hm."}],
        "encrypted_content": "s",
    }


def test_it_writes_reasoning_that_is_only_signed():
    for signed in (thought("", "s"), ir.Thinking(signature="s", origin="openai_responses")):
        [item] = output(signed)
        assert (item["summary"], item["encrypted_content"]) == ([], "s")
    start = ir.PartStart(index=0, part=thought("", "s"))
    stream = written([START, start, ir.PartStop(index=0), ir.Finish(reason="stop")])
    assert grammar.checked(stream)["output"][0]["encrypted_content"] == "s"


def test_it_counts_all_items_in_one_row():
    parts = (thought(), "Hi", call("a"), call("b"))
    found = output(*parts, reason="tool_calls")
    assert [item["type"] for item in found] == [
        "reasoning",
        "message",
        "function_call",
        "function_call",
    ]
    assert len({item["id"] for item in found}) == 4


def test_it_puts_neighbouring_texts_into_one_message():
    [item] = output("a", "b", ir.Refusal(text="c"))
    assert [part["type"] for part in item["content"]] == ["output_text", "output_text", "refusal"]
    first, _, second = output("a", call(), "b", reason="tool_calls")
    assert (first["content"][0]["text"], second["content"][0]["text"]) == ("a", "b")


def test_it_opens_no_item_for_a_part_that_says_nothing():
    quiet = [ir.Text(text=""), ir.Thinking(), ir.Refusal(text="")]
    assert [item["type"] for item in output(*quiet, call(), reason="tool_calls")] == [
        "function_call"
    ]
    late = [START, ir.PartStart(index=0, part=ir.Text(text="")), ir.PartDelta(index=0, text="")]
    extra = ir.PartDelta(index=0, extra={"openai_chat": {}})
    stream = written([*late, extra, ir.PartStop(index=0), ir.Finish(reason="stop")])
    assert len(grammar.checked(stream)["output"]) == 1


def test_it_answers_an_empty_completion_with_an_empty_message():
    """Clients do not take `output: []` for an answer."""
    for reason in ("stop", "length", "content_filter"):
        [item] = output(reason=reason)
        assert [part["text"] for part in item["content"]] == [""]


def test_it_writes_pictures_as_what_clients_know():
    data = ir.Source(data=PIXEL, media_type="image/png")
    [item] = output(ir.Image(source=data))
    assert item == {
        "id": "ig_0193aabb0000",
        "type": "image_generation_call",
        "status": "completed",
        "result": PIXEL,
    }
    start = ir.PartStart(index=0, part=ir.Image(source=data))
    more = [START, start, ir.PartDelta(index=0, text="x"), ir.Finish(reason="stop")]
    assert grammar.checked(written(more))["output"] == [item]
    link = ir.Image(source=ir.Source(url="https://x.example/a.png"))
    [item] = output(link)
    assert item["content"][0]["text"] == "![image](https://x.example/a.png)"


@pytest.mark.parametrize(
    ("part", "word"),
    [
        (ir.Audio(source=ir.Source(data="QQ==")), "audio"),
        (ir.Document(source=ir.Source(data="QQ==")), "document"),
        (ir.Image(source=ir.Source(file_id="file_1")), "image"),
        (ir.ToolResult(call_id="x"), "toolresult"),
    ],
)
def test_it_tells_of_content_that_clients_cannot_be_shown(part, word):
    [item] = output(part)
    assert f"holds {word} content" in item["content"][0]["text"]


def test_it_keeps_items_of_its_own_and_leaves_others_out():
    search = {"id": "ws_1", "type": "web_search_call", "status": "completed"}
    kept = ir.Opaque(format="openai_responses", value=search)
    foreign = ir.Opaque(format="anthropic", value={"type": "server_tool_use"})
    found = output("a", foreign, kept, foreign, "b")
    assert [item["type"] for item in found] == ["message", "web_search_call", "message"]
    assert found[1] == search


def test_it_carries_what_must_come_back_with_a_call():
    signed = replace(call(), extra={"gemini": {"thoughtSignature": "sig"}})
    found = output("Hi", signed, reason="tool_calls")
    assert [item["type"] for item in found] == ["message", "reasoning", "function_call"]
    assert found[1]["encrypted_content"].startswith("omniroute:")


def test_it_gives_freeform_calls_back_as_raw_text():
    """Whether the provider knew freeform tools, or only the function that stood in."""
    of = head(tools=[CUSTOM])
    wrapped = call(name="apply_patch", arguments='{"input":"*** Begin\\nü"}')
    native = ir.ToolCall(id="call_1", name="apply_patch", arguments="*** Begin\nü", freeform=True)
    for part in (wrapped, native):
        [item] = output(part, reason="tool_calls", of=of)
        assert item == {
            "id": "ctc_0193aabb0000",
            "type": "custom_tool_call",
            "call_id": "call_1",
            "name": "apply_patch",
            "status": "completed",
            "input": "*** Begin\nü",
        }
    assert "custom_tool_call_input.delta" in names(answer(wrapped, of=of))
    unwrapped = call(name="apply_patch", arguments="*** Begin")
    assert output(unwrapped, of=of)[0]["input"] == "*** Begin"


def test_it_takes_a_freeform_call_that_nobody_offered_at_its_word():
    native = ir.ToolCall(id="call_1", name="say", freeform=True)
    [item] = output(native)
    assert (item["type"], item["input"]) == ("custom_tool_call", "")


def test_it_gives_calls_their_namespace_back():
    of = head(tools=[SPACES])
    found = output(call("a", "agents__spawn"), call("b", "agents__tell", "x"), of=of)
    assert [(item["type"], item["namespace"], item["name"]) for item in found] == [
        ("function_call", "agents", "spawn"),
        ("custom_tool_call", "agents", "tell"),
    ]


def test_it_never_calls_a_call_complete_that_the_limit_has_cut():
    cut = call("b", arguments='{"at":')
    first, second = output(call("a"), cut, reason="length")
    assert (first["status"], second["status"]) == ("completed", "incomplete")
    assert second["arguments"] == '{"at":'
    [item] = output(call(arguments=""), reason="length")
    assert item["arguments"] == ""


@pytest.mark.parametrize("reason", ["error", "failure"])
def test_it_fails_a_broken_answer_so_that_clients_ask_again(reason):
    """Never half a call: only items that were whole are in the output."""
    half = [*streamed(said("Hi", call("a", arguments='{"at":'))), ir.UsageReport(usage=USAGE)]
    last = ir.Finish(reason="error") if reason == "error" else ir.Failure(error=BROKEN)
    found = grammar.checked(written([START, *half, last, ir.Finish(reason="stop")]))
    assert found["status"] == "failed"
    assert found["error"]["code"] == "server_error"
    assert [item["type"] for item in found["output"]] == ["message"]
    whole = ir.Response(id="x", model="y", parts=said("Hi"), finish="error")
    assert FORMAT.write_response(whole, HEAD)["error"]["code"] == "server_error"


def test_it_writes_nothing_behind_the_end():
    writer = FORMAT.writer(HEAD)
    for event in (START, ir.Finish(reason="stop")):
        assert writer.write(event)
    for event in (*streamed(said("late")), ir.UsageReport(usage=USAGE), ir.Finish(reason="stop")):
        assert writer.write(event) == b""
    assert writer.close() == b""


def test_it_begins_with_whatever_comes_first():
    assert names(written([ir.Finish(reason="stop")]))[:2] == ["created", "in_progress"]
    assert names(written([ir.Failure(error=BROKEN)])) == ["created", "in_progress", "failed"]
    assert names(written([START, START, ir.Finish(reason="stop")])).count("created") == 1
    text = ir.PartStart(index=0, part=ir.Text(text="whole"))
    assert grammar.checked(written([text, ir.Finish(reason="stop")]))["output"]


def test_it_keeps_line_ends_inside_of_the_data():
    stream = answer("a\nb\r\n\u2028ü")
    assert grammar.checked(stream)["output"][0]["content"][0]["text"] == "a\nb\r\n\u2028ü"


def test_it_costs_the_same_for_each_delta_however_long_the_answer_is():
    def cost(deltas: int) -> float:
        writer = FORMAT.writer(HEAD)
        writer.write(START)
        writer.write(ir.PartStart(index=0, part=ir.Text(text="")))
        began = time.process_time()
        for _ in range(deltas):
            writer.write(ir.PartDelta(index=0, text="word "))
        return (time.process_time() - began) / deltas

    assert min(cost(10_000) for _ in range(3)) < 4 * min(cost(1_000) for _ in range(3))
