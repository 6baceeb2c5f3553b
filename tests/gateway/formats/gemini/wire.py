"""Short ways to build Gemini data and to look at what the format makes of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import orjson

from omniroute.gateway import ir
from omniroute.gateway.formats import FORMATS, Head, Wire
from omniroute.gateway.formats.gemini import FORMAT
from omniroute.gateway.snapshot import Model, Provider

HEAD = Head(id="0193-aa-bb", model="my-alias", created=1_700_000_000, prompt_estimate=77)
GOOGLE = Provider(
    id="gemini",
    alias="gemini",
    name="Google Gemini",
    format="gemini",
    base_url="https://generativelanguage.googleapis.com/v1beta",
    auth_header="x-goog-api-key",
    auth_scheme="",
)
OTHER = replace(GOOGLE, id="other", base_url="https://gemini.example.com/v1beta")
THIRD = Model(id="gemini-3-flash-preview", max_output=65_536, thinking=("level",))
SECOND = Model(id="gemini-2.5-flash", max_output=65_536, thinking=("budget", "off"))
PIXEL = "iVBORw0KGgo="
assert FORMATS["gemini"] is FORMAT


def user(*parts: ir.Part | str) -> ir.Message:
    return ir.Message(role="user", parts=tuple(map(part_of, parts)))


def assistant(*parts: ir.Part | str) -> ir.Message:
    return ir.Message(role="assistant", parts=tuple(map(part_of, parts)))


def system(*parts: ir.Part | str) -> ir.Message:
    return ir.Message(role="system", parts=tuple(map(part_of, parts)))


def part_of(part: ir.Part | str) -> ir.Part:
    return ir.Text(text=part) if isinstance(part, str) else part


def call(call_id: str, name: str = "look", arguments: str = "{}", **extra: Any) -> ir.ToolCall:
    return ir.ToolCall(
        id=call_id,
        name=name,
        arguments=arguments,
        extra={"gemini": extra} if extra else ir.NO_EXTRA,
    )


def result(call_id: str, *parts: ir.Part | str, **fields: Any) -> ir.ToolResult:
    given = tuple(map(part_of, parts or ("found",)))
    return ir.ToolResult(call_id=call_id, parts=given, **fields)


def ask(*messages: ir.Message, **fields: Any) -> ir.Request:
    """A request of another format, so that nothing is taken over just because it was ours."""
    given = messages or (user("Hi"),)
    return ir.Request(**{"format": "openai_chat", "model": "m", "messages": given, **fields})


def write(
    *messages: ir.Message, model: Model = THIRD, provider: Provider = GOOGLE, **fields: Any
) -> Wire:
    return FORMAT.write_request(ask(*messages, **fields), provider, model)


def contents(*messages: ir.Message, model: Model = THIRD, **fields: Any) -> list[Any]:
    found: list[Any] = write(*messages, model=model, **fields).body["contents"]
    return found


def body(*contents: Any, **fields: Any) -> dict[str, Any]:
    given = list(contents) or [{"role": "user", "parts": [{"text": "Hi"}]}]
    return {"model": "gemini-3", "contents": given, **fields}


def read(*contents: Any, **fields: Any) -> ir.Request:
    return FORMAT.read_request(body(*contents, **fields))


def turn(role: str, *parts: Any) -> dict[str, Any]:
    return {"role": role, "parts": list(parts)}


def function_call(name: str, args: Any = None, **fields: Any) -> dict[str, Any]:
    """A part with a call; `id` belongs to the call, everything else to the part."""
    inner = {"id": fields.pop("id")} if "id" in fields else {}
    return {"functionCall": {**inner, "name": name, "args": args or {}}, **fields}


def function_response(name: str, response: Any, **fields: Any) -> dict[str, Any]:
    return {"functionResponse": {"name": name, "response": response, **fields}}


def chunk(*parts: Any, finish: str | None = None, **fields: Any) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"parts": list(parts), "role": "model"}, "index": 0}
    if finish is not None:
        candidate["finishReason"] = finish
    return {
        "candidates": [candidate],
        "modelVersion": "upstream-model",
        "responseId": "r1",
        **fields,
    }


def sse(*chunks: Any) -> bytes:
    """Events as Google writes them."""
    return b"".join(b"data: " + orjson.dumps(item) + b"\r\n\r\n" for item in chunks)


def events(*pieces: bytes) -> list[ir.Event]:
    reader = FORMAT.reader()
    found = [event for piece in pieces for event in reader.feed(piece)]
    return [*found, *reader.close()]


def parts(found: Iterable[ir.Event]) -> list[ir.Part]:
    """The parts of a stream, put together as any reader of events would."""
    begun: dict[int, ir.Part] = {}
    stopped: set[int] = set()
    for event in found:
        match event:
            case ir.PartStart(index=index, part=part):
                assert index not in begun
                begun[index] = part
            case ir.PartDelta(index=index):
                assert index not in stopped
                begun[index] = _more(begun[index], event)
            case ir.PartStop(index=index):
                assert index not in stopped
                stopped.add(index)
    return list(begun.values())


def _more(part: ir.Part, delta: ir.PartDelta) -> ir.Part:
    match part:
        case ir.ToolCall():
            return replace(part, arguments=part.arguments + delta.text)
        case ir.Thinking():
            signature = delta.signature or part.signature
            extra = {**part.extra, **delta.extra} or ir.NO_EXTRA
            return replace(part, text=part.text + delta.text, signature=signature, extra=extra)
        case ir.Text() | ir.Refusal():
            return replace(part, text=part.text + delta.text)
    raise AssertionError(part)


def finishes(found: Iterable[ir.Event]) -> list[ir.FinishReason]:
    return [event.reason for event in found if isinstance(event, ir.Finish)]


def stream_of(*given: ir.Part, reason: ir.FinishReason = "stop") -> list[ir.Event]:
    """The events of an answer, each part in one piece."""
    found: list[ir.Event] = [ir.Start(id="x", model="upstream")]
    for index, part in enumerate(given):
        match part:
            case ir.ToolCall(arguments=text):
                begun: ir.Part = replace(part, arguments="")
            case ir.Text(text=text) | ir.Refusal(text=text):
                begun = replace(part, text="")
            case ir.Thinking(text=text):
                begun = replace(part, text="", signature=None)
            case _:
                begun, text = part, ""
        found.append(ir.PartStart(index=index, part=begun))
        if text:
            found.append(ir.PartDelta(index=index, text=text))
        if isinstance(part, ir.Thinking) and part.signature:
            found.append(ir.PartDelta(index=index, signature=part.signature))
        found.append(ir.PartStop(index=index))
    return [*found, ir.Finish(reason=reason)]


def wrote(found: Iterable[ir.Event], head: Head = HEAD) -> list[Any]:
    """The chunks that a client reads."""
    writer = FORMAT.writer(head)
    raw = b"".join(writer.write(event) for event in found) + writer.close()
    return chunks_in(raw)


def chunks_in(raw: bytes) -> list[Any]:
    assert raw == b"" or raw.endswith(b"\n\n")
    found = raw.split(b"\n\n")[:-1]
    assert all(event.startswith(b"data: {") for event in found)
    return [orjson.loads(event.removeprefix(b"data: ")) for event in found]


def said(chunks: Iterable[Any]) -> list[Any]:
    """All parts of all chunks."""
    return [
        part
        for item in chunks
        for candidate in item.get("candidates", ())
        for part in candidate["content"]["parts"]
    ]
