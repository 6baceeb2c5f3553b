"""What a model says, once, and how each format says it: as a whole answer and as a stream.

The streams are as real providers make them: arguments in fragments, those of parallel calls mixed
where the format can do that, and usage where each format has it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.upstream import Answer, Received, reply, sse

FINISHES = {
    "oai": {
        "stop": "stop",
        "length": "length",
        "tool_calls": "tool_calls",
        "filtered": "content_filter",
    },
    "ant": {
        "stop": "end_turn",
        "length": "max_tokens",
        "tool_calls": "tool_use",
        "filtered": "refusal",
    },
    "gem": {"stop": "STOP", "length": "MAX_TOKENS", "tool_calls": "STOP", "filtered": "SAFETY"},
}
NAMED = frozenset({"ant", "rsp"})  # formats whose events have a name line


@dataclass(frozen=True)
class Call:
    id: str
    name: str
    arguments: Any


@dataclass(frozen=True)
class Speech:
    """`seal` is the owner's signature of the thinking; `raw` names calls with raw text input."""

    text: str = ""
    thinking: str = ""
    seal: str = ""
    calls: tuple[Call, ...] = ()
    finish: str = ""
    input: int = 12  # all of it
    cached: int = 4
    output: int = 5  # all of it
    reasoning: int = 0

    @property
    def ending(self) -> str:
        return self.finish or ("tool_calls" if self.calls else "stop")


def answering(form: str, speech: Speech) -> Callable[[Received], Answer]:
    """For a fake provider's script: a stream or a whole answer, as it is asked for."""

    def answer(request: Received) -> Answer:
        if request.json.get("stream") or ":stream" in request.path:
            return sse(STREAMS[form](speech), named=form in NAMED)
        return reply(WHOLES[form](speech))

    return answer


def words(text: str) -> list[str]:
    """`text` in pieces, as it streams."""
    size = max(1, len(text) // 3)
    return [text[at : at + size] for at in range(0, len(text), size)]


def _arguments(call: Call) -> str:
    return json.dumps(call.arguments)


def chat_usage(speech: Speech) -> dict[str, Any]:
    return {
        "prompt_tokens": speech.input,
        "completion_tokens": speech.output,
        "total_tokens": speech.input + speech.output,
        "prompt_tokens_details": {"cached_tokens": speech.cached},
        "completion_tokens_details": {"reasoning_tokens": speech.reasoning},
    }


def chat_whole(speech: Speech) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": speech.text or None}
    if speech.thinking:
        message["reasoning_content"] = speech.thinking
    if speech.calls:
        message["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": _arguments(call)},
            }
            for call in speech.calls
        ]
    choice = {"index": 0, "message": message, "finish_reason": FINISHES["oai"][speech.ending]}
    head = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "fake-model"}
    return {**head, "choices": [choice], "usage": chat_usage(speech)}


def chat_stream(speech: Speech) -> list[Any]:
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "fake"}

    def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        return {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    events: list[Any] = [chunk({"role": "assistant", "content": ""})]
    events += [chunk({"reasoning_content": word}) for word in words(speech.thinking)]
    events += [chunk({"content": word}) for word in words(speech.text)]
    pieces = [words(_arguments(call)) for call in speech.calls]
    for index, call in enumerate(speech.calls):
        function = {"name": call.name, "arguments": ""}
        start = {"index": index, "id": call.id, "type": "function", "function": function}
        events.append(chunk({"tool_calls": [start]}))
    for row in range(max(map(len, pieces), default=0)):  # the fragments of all calls, mixed
        for index, piece in enumerate(pieces):
            if row < len(piece):
                more = {"index": index, "function": {"arguments": piece[row]}}
                events.append(chunk({"tool_calls": [more]}))
    events.append(chunk({}, FINISHES["oai"][speech.ending]))
    return [*events, {**head, "choices": [], "usage": chat_usage(speech)}, "[DONE]"]


def _blocks(speech: Speech) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    if speech.thinking or speech.seal:
        blocks.append(
            {"type": "thinking", "thinking": speech.thinking, "signature": speech.seal or "c2ln"}
        )
    if speech.text:
        blocks.append({"type": "text", "text": speech.text})
    blocks += (
        {"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments}
        for call in speech.calls
    )
    return blocks


def messages_whole(speech: Speech) -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "fake-model",
        "content": _blocks(speech),
        "stop_reason": FINISHES["ant"][speech.ending],
        "stop_sequence": None,
        "usage": {
            "input_tokens": speech.input - speech.cached,
            "cache_read_input_tokens": speech.cached,
            "cache_creation_input_tokens": 0,
            "output_tokens": speech.output,
        },
    }


def messages_stream(speech: Speech) -> list[Any]:
    whole = messages_whole(speech)
    usage = {**whole["usage"], "output_tokens": 1}
    begun = {**whole, "content": [], "stop_reason": None, "usage": usage}
    events: list[Any] = [{"type": "message_start", "message": begun}]
    for index, block in enumerate(whole["content"]):
        at = {"index": index}
        match block["type"]:
            case "text":
                empty, deltas = {"text": ""}, [("text", word) for word in words(block["text"])]
            case "thinking":
                empty = {"thinking": "", "signature": ""}
                deltas = [("thinking", word) for word in words(block["thinking"])]
                deltas.append(("signature", block["signature"]))
            case _:
                empty, pieces = {"input": {}}, ["", *words(json.dumps(block["input"]))]
                deltas = [("input_json", piece) for piece in pieces]
        events.append({"type": "content_block_start", **at, "content_block": {**block, **empty}})
        for kind, piece in deltas:
            name = "partial_json" if kind == "input_json" else kind
            delta = {"type": f"{kind}_delta", name: piece}
            events.append({"type": "content_block_delta", **at, "delta": delta})
        events.append({"type": "content_block_stop", **at})
    ending = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    told = {"output_tokens": speech.output}
    return [
        *events,
        {"type": "message_delta", "delta": ending, "usage": told},
        {"type": "message_stop"},
    ]


def _items(speech: Speech) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    if speech.thinking or speech.seal:
        summary = [{"type": "summary_text", "text": speech.thinking}] if speech.thinking else []
        sealed = {"encrypted_content": speech.seal or "c2VhbA=="}
        items.append({"id": "rs_1", "type": "reasoning", "summary": summary, **sealed})
    if speech.text:
        content = [{"type": "output_text", "text": speech.text, "annotations": []}]
        message = {"id": "msg_1", "type": "message", "role": "assistant", "content": content}
        items.append({**message, "status": "completed"})
    items += (
        {
            "id": f"fc_{number}",
            "type": "function_call",
            "call_id": call.id,
            "name": call.name,
            "arguments": _arguments(call),
            "status": "completed",
        }
        for number, call in enumerate(speech.calls)
    )
    return items


def responses_whole(speech: Speech) -> dict[str, Any]:
    why = {"length": "max_output_tokens", "filtered": "content_filter"}.get(speech.ending)
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": "incomplete" if why else "completed",
        "incomplete_details": {"reason": why} if why else None,
        "model": "fake-model",
        "output": _items(speech),
        "usage": {
            "input_tokens": speech.input,
            "input_tokens_details": {"cached_tokens": speech.cached},
            "output_tokens": speech.output,
            "output_tokens_details": {"reasoning_tokens": speech.reasoning},
            "total_tokens": speech.input + speech.output,
        },
    }


def responses_stream(speech: Speech) -> list[Any]:
    whole = responses_whole(speech)
    begun = {**whole, "status": "in_progress", "output": [], "usage": None}
    events = [("created", {"response": begun}), ("in_progress", {"response": begun})]
    for index, item in enumerate(whole["output"]):
        events += _item_events(item, {"item_id": item["id"], "output_index": index})
    events.append((whole["status"], {"response": whole}))
    return [
        {"type": f"response.{name}", "sequence_number": number, **fields}
        for number, (name, fields) in enumerate(events)
    ]


def _item_events(item: dict[str, Any], at: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    index = {"output_index": at["output_index"]}
    events: list[tuple[str, dict[str, Any]]] = []
    match item["type"]:
        case "message":
            empty, part = {"content": []}, item["content"][0]
            place = {**at, "content_index": 0}
            events.append(("content_part.added", {**place, "part": {**part, "text": ""}}))
            events += (("output_text.delta", {**place, "delta": w}) for w in words(part["text"]))
            events.append(("output_text.done", {**place, "text": part["text"]}))
            events.append(("content_part.done", {**place, "part": part}))
        case "reasoning":
            empty, place = {"summary": [], "encrypted_content": None}, {**at, "summary_index": 0}
            for part in item["summary"]:
                blank = {**part, "text": ""}
                events.append(("reasoning_summary_part.added", {**place, "part": blank}))
                for word in words(part["text"]):
                    events.append(("reasoning_summary_text.delta", {**place, "delta": word}))
                events.append(("reasoning_summary_text.done", {**place, "text": part["text"]}))
                events.append(("reasoning_summary_part.done", {**place, "part": part}))
        case _:
            empty, name = {"arguments": ""}, "function_call_arguments"
            events += ((f"{name}.delta", {**at, "delta": w}) for w in words(item["arguments"]))
            events.append((f"{name}.done", {**at, "arguments": item["arguments"]}))
    added = {**item, **empty, "status": "in_progress"}
    return [
        ("output_item.added", {**index, "item": added}),
        *events,
        ("output_item.done", {**index, "item": item}),
    ]


def _parts(speech: Speech) -> list[dict[str, Any]]:
    """The seal is on the first call, or on the text where there is none."""
    parts: list[dict[str, Any]] = []
    seal = {"thoughtSignature": speech.seal} if speech.seal else {}
    if speech.thinking:
        parts.append({"text": speech.thinking, "thought": True})
    if speech.text:
        parts.append({"text": speech.text, **({} if speech.calls else seal)})
    for number, call in enumerate(speech.calls):
        function = {"name": call.name, "args": call.arguments}
        called = {**function, **({"id": call.id} if call.id else {})}
        parts.append({"functionCall": called, **({} if number else seal)})
    return parts


def gemini_whole(speech: Speech) -> dict[str, Any]:
    return _gemini(speech, _parts(speech), ended=True)


def _gemini(speech: Speech, parts: list[dict[str, Any]], *, ended: bool) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": parts}, "index": 0}
    if ended:
        candidate["finishReason"] = FINISHES["gem"][speech.ending]
    usage = {
        "promptTokenCount": speech.input,
        "cachedContentTokenCount": speech.cached,
        "candidatesTokenCount": speech.output - speech.reasoning,
        "thoughtsTokenCount": speech.reasoning,
        "totalTokenCount": speech.input + speech.output,
    }
    head = {"modelVersion": "fake-model", "responseId": "g1"}
    return {"candidates": [candidate], "usageMetadata": usage, **head}


def gemini_stream(speech: Speech) -> list[Any]:
    pieces: list[dict[str, Any]] = []
    for part in _parts(speech):
        if "text" in part and "thoughtSignature" not in part:
            pieces += ({**part, "text": word} for word in words(part["text"]))
        else:
            pieces.append(part)
    chunks = [_gemini(speech, [piece], ended=False) for piece in pieces]
    return [*chunks, _gemini(speech, [{"text": ""}], ended=True)]


WHOLES: dict[str, Callable[[Speech], dict[str, Any]]] = {
    "oai": chat_whole,
    "ant": messages_whole,
    "rsp": responses_whole,
    "gem": gemini_whole,
}
STREAMS: dict[str, Callable[[Speech], list[Any]]] = {
    "oai": chat_stream,
    "ant": messages_stream,
    "rsp": responses_stream,
    "gem": gemini_stream,
}
