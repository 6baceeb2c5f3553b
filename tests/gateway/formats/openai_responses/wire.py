"""Short ways to build Responses data and to look at what the format makes of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import orjson

from omniroute.gateway import ir
from omniroute.gateway.formats import FORMATS, Head, Wire
from omniroute.gateway.formats.openai_responses import FORMAT
from omniroute.gateway.snapshot import Model, Provider

HEAD = Head(id="0193-aa-bb", model="my-alias", created=1_700_000_000, prompt_estimate=77)
PIXEL = "iVBORw0KGgo="
SEALED = "gAAAA-sealed=="
COUNTS = {
    "input_tokens": 100,
    "input_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 10},
    "output_tokens": 20,
    "output_tokens_details": {"reasoning_tokens": 5},
    "total_tokens": 120,
}
LOOK = ir.Tool(
    name="look",
    description="Looks",
    schema={"type": "object", "properties": {"at": {"type": "string"}}},
)
PATCH = ir.Tool(
    name="apply_patch",
    freeform={"type": "grammar", "syntax": "lark", "definition": "start: x"},
)
assert FORMATS["openai_responses"] is FORMAT


def provider(**facts: Any) -> Provider:
    named = {"id": "any", "alias": "any", "name": "Any", "base_url": "http://any"}
    return Provider(**{**named, "format": "openai_responses", **facts})


def said(*parts: ir.Part | str) -> tuple[ir.Part, ...]:
    return tuple(ir.Text(text=part) if isinstance(part, str) else part for part in parts)


def user(*parts: ir.Part | str) -> ir.Message:
    return ir.Message(role="user", parts=said(*parts))


def assistant(*parts: ir.Part | str) -> ir.Message:
    return ir.Message(role="assistant", parts=said(*parts))


def system(*parts: ir.Part | str) -> ir.Message:
    return ir.Message(role="system", parts=said(*parts))


def call(call_id: str = "call_1", name: str = "look", arguments: str = "{}") -> ir.ToolCall:
    return ir.ToolCall(id=call_id, name=name, arguments=arguments)


def result(call_id: str = "call_1", *parts: ir.Part | str) -> ir.ToolResult:
    return ir.ToolResult(call_id=call_id, parts=said(*(parts or ("found",))))


def thought(text: str = "Hm.", signature: str | None = SEALED, **fields: Any) -> ir.Thinking:
    fields.setdefault("origin", "openai_responses")
    return ir.Thinking(text=text, signature=signature, **fields)


def ask(*messages: ir.Message, **fields: Any) -> ir.Request:
    """A request of another format, so that nothing is taken over just because it was ours."""
    given = messages or (user("Hi"),)
    return ir.Request(**{"format": "anthropic", "model": "m", "messages": given, **fields})


def wire(asked: ir.Request, model: Model | None = None, **facts: Any) -> Wire:
    return FORMAT.write_request(asked, provider(**facts), model or Model(id="gpt-5.5"))


def items(*messages: ir.Message, **fields: Any) -> list[dict[str, Any]]:
    """The input that is sent for a conversation."""
    return wire(ask(*messages, **fields)).body["input"]


def body(*items: Any, **fields: Any) -> dict[str, Any]:
    """A client's request."""
    return {"model": "m", "input": list(items) or "Hi", **fields}


def messages(*items: Any, **fields: Any) -> tuple[ir.Message, ...]:
    return FORMAT.read_request(body(*items, **fields)).messages


def head(**fields: Any) -> Head:
    """Of a client whose request had these fields."""
    return replace(HEAD, request=FORMAT.read_request({"model": "m", "input": "Hi", **fields}))


def response(status: str = "completed", *output: Any, **fields: Any) -> dict[str, Any]:
    """A response object as a provider makes it."""
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": status,
        "model": "upstream-model",
        "error": None,
        "incomplete_details": None,
        "output": list(output),
        "usage": COUNTS,
        **fields,
    }


def message(*content: Any, item_id: str = "msg_1", **fields: Any) -> dict[str, Any]:
    parts = [output_text(part) if isinstance(part, str) else part for part in content]
    return {"id": item_id, "type": "message", "role": "assistant", "content": parts, **fields}


def output_text(text: str, **fields: Any) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], **fields}


def function_call(arguments: str | None = "{}", item_id: str = "fc_1", **fields: Any) -> Any:
    named = {"id": item_id, "type": "function_call", "call_id": "call_1", "name": "look"}
    return {**named, "arguments": arguments, **fields}


def event(kind: str, **fields: Any) -> bytes:
    data = {"type": f"response.{kind}", "sequence_number": 0, **fields}
    return b"event: response." + kind.encode() + b"\ndata: " + orjson.dumps(data) + b"\n\n"


def begun(**fields: Any) -> bytes:
    return event("created", response=response("in_progress", usage=None, **fields))


def ended(*output: Any, kind: str = "completed", **fields: Any) -> bytes:
    return event(kind, response={**response(kind, *output), **fields})


def text_stream(*deltas: str, at: int = 0, item_id: str = "msg_1") -> bytes:
    """A message of one text, with all of its events."""
    place = {"item_id": item_id, "output_index": at, "content_index": 0}
    text = "".join(deltas)
    done = message(text, item_id=item_id, status="completed")
    return b"".join(
        [
            event("output_item.added", output_index=at, item=message(item_id=item_id)),
            event("content_part.added", **place, part=output_text("")),
            *(event("output_text.delta", **place, delta=delta) for delta in deltas),
            event("output_text.done", **place, text=text),
            event("content_part.done", **place, part=output_text(text)),
            event("output_item.done", output_index=at, item=done),
        ]
    )


def call_stream(*deltas: str, at: int = 0, item_id: str = "fc_1", **fields: Any) -> bytes:
    place = {"item_id": item_id, "output_index": at}
    arguments = "".join(deltas)
    announced = function_call("", item_id, **fields)
    return b"".join(
        [
            event("output_item.added", output_index=at, item=announced),
            *(event("function_call_arguments.delta", **place, delta=delta) for delta in deltas),
            event("function_call_arguments.done", **place, arguments=arguments),
            event("output_item.done", output_index=at, item={**announced, "arguments": arguments}),
        ]
    )


def read(*pieces: bytes) -> list[ir.Event]:
    reader = FORMAT.reader()
    events = [event for piece in pieces for event in reader.feed(piece)]
    return [*events, *reader.close()]


def folded(events: Iterable[ir.Event]) -> tuple[ir.Part, ...]:
    """The parts that the hub's events tell of; asserts the rules that every reader keeps."""
    parts: dict[int, ir.Part] = {}
    stopped: set[int] = set()
    for one in events:
        match one:
            case ir.PartStart(index=index, part=part):
                assert index > max(parts, default=-1)
                parts[index] = part
            case ir.PartDelta(index=index):
                assert index not in stopped
                parts[index] = _grown(parts[index], one)
            case ir.PartStop(index=index):
                assert index in parts
                assert index not in stopped
                stopped.add(index)
    assert stopped == parts.keys()
    return tuple(parts.values())


def _grown(part: ir.Part, delta: ir.PartDelta) -> ir.Part:
    extra = {**part.extra, **delta.extra}  # type: ignore[union-attr]  # an Opaque gets no delta
    match part:
        case ir.ToolCall():
            return replace(part, arguments=part.arguments + delta.text, extra=extra)
        case ir.Thinking():
            signature = delta.signature or part.signature
            return replace(part, text=part.text + delta.text, signature=signature, extra=extra)
        case ir.Text() | ir.Refusal():
            return replace(part, text=part.text + delta.text, extra=extra)
    raise AssertionError(part)


def streamed(parts: Iterable[ir.Part]) -> list[ir.Event]:
    """Parts as events: whole texts in two deltas each."""
    return [event for index, part in enumerate(parts) for event in _events(index, part)]


def _events(index: int, part: ir.Part) -> list[ir.Event]:
    match part:
        case ir.Text(text=text) | ir.Refusal(text=text):
            begun: ir.Part = replace(part, text="")
        case ir.Thinking(text=text, redacted=None):
            begun = replace(part, text="", signature=None)
        case ir.ToolCall(arguments=text):
            begun = replace(part, arguments="")
        case _:
            begun, text = part, ""
    half = len(text) // 2
    more = [ir.PartDelta(index=index, text=piece) for piece in (text[:half], text[half:]) if piece]
    if isinstance(part, ir.Thinking) and part.signature:
        more.append(ir.PartDelta(index=index, signature=part.signature))
    return [ir.PartStart(index=index, part=begun), *more, ir.PartStop(index=index)]


def written(events: Iterable[ir.Event], of: Head = HEAD) -> bytes:
    writer = FORMAT.writer(of)
    return b"".join(map(writer.write, events)) + writer.close()


def answer(*parts: ir.Part | str, reason: ir.FinishReason = "stop", of: Head = HEAD) -> bytes:
    """What a client gets for an answer of these parts."""
    start = ir.Start(id="x", model="y")
    return written([start, *streamed(said(*parts)), ir.Finish(reason=reason)], of)
