"""Providers, models and streams that the tests of this folder share."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from omniroute.gateway import ir
from omniroute.gateway.formats import Head, Wire
from omniroute.gateway.formats.anthropic import FORMAT
from omniroute.gateway.snapshot import Model, Provider
from tests.recorded import events_in

PROVIDER = Provider(
    id="anthropic",
    alias="anthropic",
    name="Anthropic",
    format="anthropic",
    base_url="https://api.anthropic.com/v1",
)
GLM = replace(PROVIDER, id="glm", alias="glm", name="GLM")
MODEL = Model(id="claude-sonnet-5", max_output=64_000, thinking=("adaptive", "off"))
BUDGETED = Model(id="claude-sonnet-4-5", max_output=64_000, thinking=("budget", "off"))
HEAD = Head(id="0193-aa-bb", model="my-alias", created=1_700_000_000, prompt_estimate=77)


def user(*parts: ir.Part | str) -> ir.Message:
    return ir.Message(role="user", parts=tuple(map(part_of, parts)))


def assistant(*parts: ir.Part | str) -> ir.Message:
    return ir.Message(role="assistant", parts=tuple(map(part_of, parts)))


def system(*parts: ir.Part | str) -> ir.Message:
    return ir.Message(role="system", parts=tuple(map(part_of, parts)))


def part_of(part: ir.Part | str) -> ir.Part:
    return ir.Text(text=part) if isinstance(part, str) else part


def call(call_id: str, name: str = "look", arguments: str = "{}") -> ir.ToolCall:
    return ir.ToolCall(id=call_id, name=name, arguments=arguments)


def result(call_id: str, text: str = "found") -> ir.ToolResult:
    return ir.ToolResult(call_id=call_id, parts=(ir.Text(text=text),))


def ask(*messages: ir.Message, **fields: Any) -> ir.Request:
    """A request of another format, so that nothing is taken over just because it was ours."""
    given = messages or (user("Hi"),)
    return ir.Request(**{"format": "openai_chat", "model": "m", "messages": given, **fields})


def wire(*messages: ir.Message, model: Model = MODEL, **fields: Any) -> Wire:
    return FORMAT.write_request(ask(*messages, **fields), PROVIDER, model)


def sse_event(kind: str, **fields: Any) -> bytes:
    data = json.dumps({"type": kind, **fields}, ensure_ascii=False, separators=(",", ":"))
    return f"event: {kind}\ndata: {data}\n\n".encode()


def message_in(stream: bytes) -> dict[str, Any]:
    """What a client makes of a stream; asserts the grammar that clients rely on on the way."""
    events = events_in(stream)
    assert [name for name, _ in events] == [data["type"] for _, data in events]
    assert events[0][0] == "message_start"
    assert [name for name, _ in events[-2:]] == ["message_delta", "message_stop"]
    message = events[0][1]["message"]
    assert message["content"] == []
    assert message["stop_reason"] is None
    open_block: dict[str, Any] | None = None
    for name, data in events[1:-2]:
        if name == "content_block_start":
            assert open_block is None, "two blocks open"
            assert data["index"] == len(message["content"])
            open_block = dict(data["content_block"])
            open_block.update({"json": ""} if "input" in open_block else {})
            assert open_block.get("text", "") == ""
            message["content"].append(open_block)
        elif name == "content_block_delta":
            assert open_block is not None, "a delta without a block"
            assert data["index"] == len(message["content"]) - 1
            _apply(open_block, data["delta"])
        else:
            assert name == "content_block_stop", name
            assert data["index"] == len(message["content"]) - 1
            assert open_block is not None, "a stop without a block"
            open_block = None
    assert open_block is None, "a block left open"
    for block in message["content"]:
        if "json" in block:
            block["input"] = json.loads(block.pop("json"))
    delta = events[-2][1]
    has_call = any(block["type"] == "tool_use" for block in message["content"])
    reason = delta["delta"]["stop_reason"]
    assert reason
    assert reason != "tool_use" or has_call
    assert reason != "end_turn" or not has_call
    return {**message, **delta["delta"], "usage": delta["usage"]}


def _apply(block: dict[str, Any], delta: dict[str, Any]) -> None:
    match delta["type"]:
        case "text_delta":
            assert block["type"] == "text"
            block["text"] += delta["text"]
        case "thinking_delta":
            assert block["type"] == "thinking"
            assert not block["signature"]
            block["thinking"] += delta["thinking"]
        case "signature_delta":
            assert block["type"] == "thinking"
            assert not block["signature"]
            block["signature"] = delta["signature"]
        case "input_json_delta":
            block["json"] += delta["partial_json"]
        case "citations_delta":
            block.setdefault("citations", []).append(delta["citation"])
        case kind:
            raise AssertionError(kind)


def folded(events: Iterable[ir.Event]) -> tuple[ir.Part, ...]:
    """The parts that the hub's events tell of, in the order of their starts."""
    parts: dict[int, ir.Part] = {}
    stopped: set[int] = set()
    for event in events:
        match event:
            case ir.PartStart(index=index, part=part):
                assert index not in parts
                assert index > max(parts, default=-1)
                parts[index] = part
            case ir.PartDelta(index=index) as delta:
                assert index not in stopped
                parts[index] = _grown(parts[index], delta)
            case ir.PartStop(index=index):
                assert index in parts
                assert index not in stopped
                stopped.add(index)
    assert stopped == parts.keys()
    return tuple(parts.values())


def _grown(part: ir.Part, delta: ir.PartDelta) -> ir.Part:
    extra = {**part.extra, **delta.extra}
    match part:
        case ir.ToolCall():
            return replace(part, arguments=part.arguments + delta.text, extra=extra)
        case ir.Thinking():
            signature = delta.signature or part.signature
            return replace(part, text=part.text + delta.text, signature=signature, extra=extra)
        case ir.Text() | ir.Refusal():
            return replace(part, text=part.text + delta.text, extra=extra)
    raise AssertionError(part)
