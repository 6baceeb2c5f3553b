"""Streams of other formats, built without any of the product's code."""

from __future__ import annotations

from typing import Any

import orjson


def chat(*deltas: dict[str, Any], finish: str | None = "stop", usage: bool = True) -> bytes:
    """Chat Completions; a final usage chunk as OpenAI sends it."""
    chunks: list[dict[str, Any]] = [_chunk({"role": "assistant", "content": ""})]
    chunks += [_chunk(delta) for delta in deltas]
    if finish:
        chunks.append(_chunk({}, finish))
    if usage:
        counts = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
        chunks.append({**_chunk({}), "choices": [], "usage": counts})
    lines = [b"data: " + orjson.dumps(chunk) + b"\n\n" for chunk in chunks]
    return b"".join(lines) + (b"data: [DONE]\n\n" if finish else b"")


def _chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "c1", "object": "chat.completion.chunk", "model": "m", "choices": [choice]}


def fragment(index: int, **fields: Any) -> dict[str, Any]:
    """A delta with one piece of a tool call."""
    function = {key: fields.pop(key) for key in ("name", "arguments") if key in fields}
    return {"tool_calls": [{"index": index, **fields, "function": function}]}


def anthropic(*blocks: tuple[dict[str, Any], list[dict[str, Any]]], reason: str) -> bytes:
    """The Messages API: (block, its deltas) one after another."""
    usage = {"input_tokens": 10, "output_tokens": 1}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": []}
    told = [_event("message_start", message={**message, "stop_reason": None, "usage": usage})]
    for index, (block, deltas) in enumerate(blocks):
        told.append(_event("content_block_start", index=index, content_block=block))
        told += [_event("content_block_delta", index=index, delta=delta) for delta in deltas]
        told.append(_event("content_block_stop", index=index))
    delta = {"stop_reason": reason, "stop_sequence": None}
    told.append(_event("message_delta", delta=delta, usage={"output_tokens": 5}))
    return b"".join([*told, _event("message_stop")])


def text_block(*texts: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    deltas = [{"type": "text_delta", "text": text} for text in texts]
    return {"type": "text", "text": ""}, deltas


def thinking_block(text: str, signature: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    deltas = [
        {"type": "thinking_delta", "thinking": text},
        {"type": "signature_delta", "signature": signature},
    ]
    return {"type": "thinking", "thinking": "", "signature": ""}, deltas


def tool_block(
    call_id: str, name: str, *pieces: str
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
    return {"type": "tool_use", "id": call_id, "name": name, "input": {}}, deltas


def _event(kind: str, **fields: Any) -> bytes:
    data = orjson.dumps({"type": kind, **fields})
    return b"event: " + kind.encode() + b"\ndata: " + data + b"\n\n"
