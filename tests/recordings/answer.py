"""What a client gets: read with the official SDK's types and by the rules of its stream."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

from anthropic.types import Message, RawMessageStreamEvent
from google.genai.types import GenerateContentResponse
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from tests.gateway.formats.anthropic.facts import message_in
from tests.gateway.formats.openai_responses.grammar import checked
from tests.recorded import Json, events_in

_ID = re.compile(r"[a-zA-Z0-9_.:-]+")
_MODELS: dict[str, tuple[TypeAdapter, TypeAdapter]] = {
    "openai_chat": (TypeAdapter(ChatCompletion), TypeAdapter(ChatCompletionChunk)),
    "anthropic": (TypeAdapter(Message), TypeAdapter(RawMessageStreamEvent)),
    "openai_responses": (TypeAdapter(Response), TypeAdapter(ResponseStreamEvent)),
    "gemini": (TypeAdapter(GenerateContentResponse), TypeAdapter(GenerateContentResponse)),
}


def pieces(raw: bytes, *, streamed: bool) -> list[Json]:
    """The JSON objects of an answer."""
    if not streamed:
        return [json.loads(raw)]
    if raw.startswith(b"["):
        found: list[Json] = json.loads(raw)
        return found
    return [data for _, data in events_in(raw)]


def models(found: list[Json]) -> Iterator[str]:
    """The names by which the model calls itself in an answer."""
    for piece in found:
        for holder in (piece, piece.get("message"), piece.get("response")):
            for name in ("model", "modelVersion"):
                if holder and holder.get(name):
                    yield holder[name]


def call_ids(api: str, found: list[Json]) -> list[str]:
    """Of all calls in a translated answer."""
    ids: list[str] = []
    for piece in found:
        match api:
            case "openai_chat":
                for choice in piece["choices"]:
                    told = choice.get("message") or choice.get("delta")
                    ids += [call["id"] for call in told.get("tool_calls") or () if "id" in call]
            case "anthropic":
                blocks = [*piece.get("content", ()), piece.get("content_block", {})]
                ids += [block["id"] for block in blocks if block.get("type") == "tool_use"]
            case "openai_responses":
                items = [*piece.get("output", ()), piece.get("item", {})]
                done = piece.get("type") != "response.output_item.added"
                ids += [item["call_id"] for item in items if done and "call_id" in item]
            case "gemini":
                for candidate in piece.get("candidates", ()):
                    parts = candidate["content"]["parts"]
                    ids += [part["functionCall"]["id"] for part in parts if "functionCall" in part]
    return ids


def check(api: str, raw: bytes, found: list[Json], *, streamed: bool) -> None:
    """Raises ValidationError or AssertionError for what is not an answer of `api`."""
    for piece in found:
        _MODELS[api][streamed].validate_python(piece)
    ids = call_ids(api, found)
    assert len(set(ids)) == len(ids)
    assert all(_ID.fullmatch(one) for one in ids)
    if streamed and not raw.startswith(b"["):
        _STREAMS[api](raw)


def _chat(stream: bytes) -> None:
    assert stream.endswith(b"\n\ndata: [DONE]\n\n")
    chunks = [chunk for _, chunk in events_in(stream)]
    reasons = [choice["finish_reason"] for chunk in chunks for choice in chunk["choices"]]
    assert [reason for reason in reasons if reason] == reasons[-1:]
    assert len({chunk["id"] for chunk in chunks}) == 1


def _gemini(stream: bytes) -> None:
    chunks = [chunk for _, chunk in events_in(stream)]
    reasons = [one.get("finishReason") for chunk in chunks for one in chunk.get("candidates", ())]
    assert [reason for reason in reasons if reason] == reasons[-1:]
    assert b"[DONE]" not in stream


_STREAMS: dict[str, Callable[[bytes], object]] = {
    "openai_chat": _chat,
    "anthropic": message_in,
    "openai_responses": checked,
    "gemini": _gemini,
}
