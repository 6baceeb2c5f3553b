"""Short ways to build Chat Completions data and to look at what the format makes of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from omniroute.gateway import ir
from omniroute.gateway.formats import FORMATS, Head, Wire
from omniroute.gateway.formats.openai_chat import FORMAT
from omniroute.gateway.snapshot import Model, Provider

HEAD = Head(id="0190", model="my-alias", created=1_700_000_000)
ASKED = Head(id="0190", model="my-alias", created=1_700_000_000, include_usage=True)
PIXEL = "iVBORw0KGgo="
assert FORMATS["openai_chat"] is FORMAT


def provider(**facts: Any) -> Provider:
    return Provider(
        id="any", alias="any", name="Any", format="openai_chat", base_url="http://any", **facts
    )


def request(*messages: ir.Message, **fields: Any) -> ir.Request:
    """A request that came in another format, unless said otherwise."""
    found = messages or (user(ir.Text(text="Hi")),)
    return ir.Request(**{"format": "anthropic", "model": "m", "messages": found, **fields})


def user(*parts: ir.Part) -> ir.Message:
    return ir.Message(role="user", parts=parts)


def assistant(*parts: ir.Part) -> ir.Message:
    return ir.Message(role="assistant", parts=parts)


def system(*texts: str) -> ir.Message:
    return ir.Message(role="system", parts=tuple(ir.Text(text=text) for text in texts))


def write(asked: ir.Request, model: Model | None = None, **facts: Any) -> Wire:
    return FORMAT.write_request(asked, provider(**facts), model or Model(id="real-model"))


def body(**fields: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": "Hi"}], **fields}


def chunk(delta: Any = None, finish: str | None = None, **fields: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta if delta is not None else {}, "finish_reason": finish}
    return {
        "id": "c1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "upstream-model",
        "choices": [choice],
        **fields,
    }


def call(index: int | None, **fields: Any) -> dict[str, Any]:
    """One fragment of a tool call in a delta."""
    function = {key: fields.pop(key) for key in ("name", "arguments") if key in fields}
    found = {**fields, "function": function} if function else fields
    return found if index is None else {"index": index, **found}


def calls(*fragments: dict[str, Any]) -> dict[str, Any]:
    return {"tool_calls": list(fragments)}


def sse(*chunks: Any, done: bool = True) -> bytes:
    written = b"".join(b"data: " + orjson.dumps(item) + b"\n\n" for item in chunks)
    return written + b"data: [DONE]\n\n" if done else written


def read(*pieces: bytes, **options: Any) -> list[ir.Event]:
    reader = FORMAT.reader(**options)
    events = [event for piece in pieces for event in reader.feed(piece)]
    return [*events, *reader.close()]


def parts(events: Iterable[ir.Event]) -> list[ir.Part]:
    """The parts of a stream, put together as any reader of events would."""
    found: dict[int, dict[str, Any]] = {}
    for event in events:
        if isinstance(event, ir.PartStart):
            assert event.index not in found
            found[event.index] = {"part": event.part, "text": "", "signature": None, "open": True}
        elif isinstance(event, ir.PartDelta):
            assert found[event.index]["open"]
            found[event.index]["text"] += event.text
            found[event.index]["signature"] = event.signature or found[event.index]["signature"]
        elif isinstance(event, ir.PartStop):
            assert found[event.index]["open"]
            found[event.index]["open"] = False
    return [_joined(**{k: v for k, v in item.items() if k != "open"}) for item in found.values()]


def _joined(part: ir.Part, text: str, signature: str | None) -> ir.Part:
    match part:
        case ir.Text():
            return ir.Text(text=text)
        case ir.Refusal():
            return ir.Refusal(text=text)
        case ir.Thinking(redacted=None):
            return ir.Thinking(text=text, signature=signature, origin=part.origin)
        case ir.ToolCall():
            return ir.ToolCall(
                id=part.id, name=part.name, arguments=text, freeform=part.freeform, extra=part.extra
            )
        case _:
            return part


def finishes(events: Iterable[ir.Event]) -> list[ir.Finish]:
    return [event for event in events if isinstance(event, ir.Finish)]


def wrote(events: Iterable[ir.Event], head: Head = HEAD) -> list[Any]:
    """What a client reads: its chunks, and "[DONE]"."""
    writer = FORMAT.writer(head)
    raw = b"".join(writer.write(event) for event in events) + writer.close()
    assert raw == b"" or raw.endswith(b"\n\n")
    lines = [event.removeprefix(b"data: ") for event in raw.split(b"\n\n")[:-1]]
    return ["[DONE]" if line == b"[DONE]" else orjson.loads(line) for line in lines]


def deltas(chunks: Iterable[Any]) -> list[dict[str, Any]]:
    return [item["choices"][0]["delta"] for item in chunks if item != "[DONE]" and item["choices"]]
