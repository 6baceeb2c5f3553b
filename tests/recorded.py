"""What a recorded answer says: a plain reading of each API that shares no code with the product.

A stream is first laid together into the whole answer that it amounts to; then one function per API
tells text, calls, ending and usage. Both work on what the gateway's clients get as well.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

Ending = Literal["stop", "length", "tool_calls", "content_filter", "error"]
Json = dict[str, Any]

# The folders of recordings by the API that the answers in them have.
FOLDERS = {
    "openai_chat": ("openai.chat",),
    "anthropic": ("anthropic.messages",),
    "openai_responses": ("openai.responses",),
    "gemini": ("gemini.generateContent", "gemini.streamGenerateContent"),
}
_CHAT_ENDINGS: dict[str | None, Ending] = {
    **dict.fromkeys(("stop", "eos", "", None), "stop"),
    **dict.fromkeys(("tool_calls", "function_call"), "tool_calls"),
    "length": "length",
    "content_filter": "content_filter",
    "error": "error",
}
_MESSAGE_ENDINGS: dict[str, Ending] = {
    **dict.fromkeys(("end_turn", "stop_sequence", "pause_turn", "compaction"), "stop"),
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "refusal": "content_filter",
    "error": "error",
}
# Some endpoints tell the number of the reason.
_GEMINI_ENDINGS: dict[str | int, Ending] = {
    **dict.fromkeys(("STOP", 1, "CONTINUATION"), "stop"),
    **dict.fromkeys(("MAX_TOKENS", 2), "length"),
    **dict.fromkeys(("SAFETY", "MODEL_ARMOR"), "content_filter"),
    "UNEXPECTED_TOOL_CALL": "error",
    "OTHER": "error",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """`calls` are (name, arguments); counts are None where the answer has none. White space of
    `thought` is left out, because every API cuts reasoning into other sections."""

    text: str
    thought: str = ""
    calls: list[tuple[str, Any]]
    ending: Ending
    prompt: int | None = None
    cached: int | None = None
    written: int | None = None  # into the cache
    output: int | None = None
    reasoning: int | None = None


@dataclass(frozen=True)
class Recording:
    folder: Path
    api: str

    @property
    def name(self) -> str:
        return self.folder.name

    @cached_property
    def streamed(self) -> bool:
        return (self.folder / "response.sse").exists()

    @cached_property
    def raw(self) -> bytes:
        return (self.folder / f"response.{'sse' if self.streamed else 'json'}").read_bytes()

    @cached_property
    def request(self) -> Json:
        found: Json = json.loads((self.folder / "request.json").read_bytes())
        return found

    @property
    def broken(self) -> bool:
        """A stream that ends in an error."""
        return self.streamed and self.told.ending == "error"

    @cached_property
    def told(self) -> Told:
        return told(self.api, self.raw, streamed=self.streamed)


def answered(root: Path) -> list[Recording]:
    """Every recorded answer of status 200 that is JSON or a stream."""
    return [
        Recording(meta.parent, api)
        for api, folders in FOLDERS.items()
        for folder in folders
        for meta in sorted(root.glob(f"{folder}/*/*/meta.json"))
        if json.loads(meta.read_bytes())["status"] == 200
        and not (meta.parent / "response.txt").exists()
    ]


def told(api: str, raw: bytes, *, streamed: bool) -> Told:
    """What an answer of `api` says."""
    whole, read = _READERS[api]
    return read(whole(raw) if streamed else json.loads(raw))


def events_in(stream: bytes) -> list[tuple[str, Json]]:
    """(event line, data) of an SSE stream, by a plain reading of it; `[DONE]` is left out."""
    found = []
    for block in stream.decode().replace("\r\n", "\n").replace("\r", "\n").split("\n\n"):
        name, data = "", ""
        for line in block.split("\n"):
            field, _, value = line.partition(":")
            name = value.strip() if field == "event" else name
            data = value.strip() if field == "data" else data
        if data and data != "[DONE]":
            found.append((name, json.loads(data)))
    return found


def chat_text(content: Any) -> str:
    """The text in a content, which may be Mistral's list."""
    if isinstance(content, list):
        return "".join(item["text"] for item in content if item["type"] == "text")
    return content or ""


def chat_thought(message: Json) -> str:
    content = message.get("content")
    if isinstance(content, list):
        items = [item["thinking"] for item in content if item["type"] == "thinking"]
        return "".join(piece["text"] for item in items for piece in item)
    told = message.get("reasoning_content") or message.get("reasoning")
    if told:
        return str(told)
    details = message.get("reasoning_details") or []
    return "".join(item.get("text") or item.get("summary") or "" for item in details)


def chat_calls(message: Json) -> list[list[Any]]:
    """[index, id, name, function] of every call, or fragment of one, in a message or a delta."""
    found = []
    for n, call in enumerate(message.get("tool_calls") or ()):
        function = call["function"]
        found.append([call.get("index", n), call.get("id"), function.get("name"), function])
    legacy = message.get("function_call")
    if legacy and legacy["name"]:
        found.append([0, None, legacy["name"], legacy])
    return found


def _chat_whole(stream: bytes) -> Json:
    message: Json = {"content": "", "refusal": "", "reasoning": ""}
    calls: dict[int, Json] = {}
    reason, usage = None, None
    for _, chunk in events_in(stream):
        usage = chunk.get("usage") or chunk.get("x_groq", {}).get("usage") or usage
        for choice in chunk.get("choices", ()):
            if choice["index"]:
                continue
            delta = choice["delta"]
            message["content"] += chat_text(delta.get("content"))
            message["refusal"] += delta.get("refusal") or ""
            message["reasoning"] += chat_thought(delta)
            reason = reason or choice.get("finish_reason")
            for index, id_, name, function in chat_calls(delta):
                call = calls.setdefault(index, {"id": id_, "name": name, "arguments": ""})
                call["arguments"] += function.get("arguments") or ""
        if "error" in chunk:  # which takes nothing back once the answer has ended
            reason = reason or "error"
    message["tool_calls"] = [{"function": call} for call in calls.values()]
    return {"choices": [{"message": message, "finish_reason": reason}], "usage": usage}


def _chat(body: Json) -> Told:
    choice = (body.get("choices") or [{"finish_reason": "error"}])[0]
    message = choice.get("message", {})
    refusal = message.get("refusal") or ""
    calls = [
        (name, _given(function.get("arguments"))) for _, _, name, function in chat_calls(message)
    ]
    usage = body.get("usage")
    return Told(
        text=chat_text(message.get("content")) + refusal,
        thought=_dense(chat_thought(message)),
        calls=calls,
        ending=_ending(_CHAT_ENDINGS[choice["finish_reason"]], calls, refusal),
        **(_chat_usage(usage) if usage else {}),
    )


def _chat_usage(usage: Json) -> dict[str, int]:
    details = usage.get("prompt_tokens_details") or {}
    cached = details.get("cached_tokens") or usage.get("prompt_cache_hit_tokens")
    thought = (usage.get("completion_tokens_details") or {}).get("reasoning_tokens") or 0
    # Google counts thoughts in the total only.
    hidden = max(0, usage["total_tokens"] - usage["prompt_tokens"] - usage["completion_tokens"])
    output = usage["completion_tokens"] + hidden
    return {
        "prompt": usage["prompt_tokens"],
        "cached": cached or usage.get("num_cached_tokens") or 0,
        "written": details.get("cache_write_tokens") or 0,
        "output": output,
        "reasoning": min(thought, output) or hidden,
    }


def message_whole(stream: bytes) -> Json:
    """A stream of the Messages API as one message: the deltas laid over the starts."""
    message: Json = {}
    for _, data in events_in(stream):
        match data["type"]:
            case "message_start":
                message = data["message"]
            case "content_block_start":
                block = dict(data["content_block"])
                message["content"].append({**block, "json": ""})
            case "content_block_delta":
                _add(message["content"][data["index"]], data["delta"])
            case "message_delta":
                message.update(data["delta"])
                message["usage"].update(data["usage"])
            case "error":
                message["stop_reason"] = "error"
    for block in message["content"]:
        if block["type"] == "tool_use" and block["json"]:
            block["input"] = json.loads(block["json"])
    return message


def _add(block: Json, delta: Json) -> None:
    for field, into in (("text", "text"), ("thinking", "thinking"), ("partial_json", "json")):
        block[into] = block.get(into, "") + delta.get(field, "")
    if delta["type"] == "signature_delta":
        block["signature"] = delta["signature"]


def message_rounds(usage: Json) -> list[Json]:
    """Where a provider compacted the conversation, it bills that beside the totals it reports."""
    rounds = usage.get("iterations") or []
    if any(one["type"] == "compaction" for one in rounds):
        return [one for one in rounds if one["type"] != "advisor_message"]
    return [usage]


def _message(body: Json) -> Told:
    blocks = body["content"]
    calls = [(block["name"], block["input"]) for block in blocks if block["type"] == "tool_use"]
    rounds = message_rounds(body["usage"])

    def total(field: str) -> int:
        return sum(one.get(field) or 0 for one in rounds)

    cached, written = total("cache_read_input_tokens"), total("cache_creation_input_tokens")
    details = [one.get("output_tokens_details") or {} for one in rounds]
    return Told(
        text="".join(block["text"] for block in blocks if block["type"] == "text"),
        thought=_dense(
            "".join(block["thinking"] for block in blocks if block["type"] == "thinking")
        ),
        calls=calls,
        ending=_ending(_MESSAGE_ENDINGS[body["stop_reason"]], calls),
        prompt=total("input_tokens") + cached + written,
        cached=cached,
        written=written,
        output=total("output_tokens"),
        reasoning=sum(one.get("thinking_tokens") or 0 for one in details),
    )


def response_whole(stream: bytes) -> Json:
    """A stream of the Responses API as one response. OpenAI seals reasoning anew for the last
    event, so only an item that was never done is taken from there."""
    events = [data for _, data in events_in(stream)]
    last: Json = events[-1]["response"]
    output = list(last["output"])
    for data in events:
        if data["type"] == "response.output_item.done":
            output[data["output_index"] : data["output_index"] + 1] = [data["item"]]
    return {**last, "output": output}


def _response(body: Json) -> Told:
    content = [
        part for item in body["output"] if item["type"] == "message" for part in item["content"]
    ]
    calls = [
        (full_name(item), _given(item["arguments"]))
        for item in body["output"]
        if item["type"] == "function_call"
    ]
    refusal = "".join(part["refusal"] for part in content if part["type"] == "refusal")
    ending: Ending = {"incomplete": "length", "failed": "error"}.get(body["status"], "stop")
    if (body.get("incomplete_details") or {}).get("reason") == "content_filter":
        ending = "content_filter"
    thoughts = [item for item in body["output"] if item["type"] == "reasoning"]
    shown = [part for item in thoughts for part in item["summary"] or item.get("content") or ()]
    usage = body.get("usage")
    return Told(
        text="".join(part["text"] for part in content if part["type"] == "output_text") + refusal,
        thought=_dense("".join(part["text"] for part in shown)),
        calls=calls,
        ending=_ending(ending, calls, refusal),
        **(_response_usage(usage) if usage else {}),
    )


def _response_usage(usage: Json) -> dict[str, int]:
    details = usage.get("input_tokens_details") or {}
    return {
        "prompt": usage["input_tokens"],
        "cached": details.get("cached_tokens") or 0,
        "written": details.get("cache_write_tokens") or 0,
        "output": usage["output_tokens"],
        "reasoning": (usage.get("output_tokens_details") or {}).get("reasoning_tokens") or 0,
    }


def full_name(item: Json) -> str:
    """A tool that a search has found is its own namespace, and that is no part of its name."""
    namespace, name = item.get("namespace"), item["name"]
    return f"{namespace}__{name}" if namespace not in (None, "", name) else name


def _gemini_whole(stream: bytes) -> Json:
    """Of either framing."""
    chunks = (
        json.loads(stream) if stream.startswith(b"[") else [chunk for _, chunk in events_in(stream)]
    )
    parts: list[Json] = []
    whole: Json = {}
    candidate: Json = {}
    for chunk in chunks:
        whole |= chunk
        candidate |= {"finishReason": "OTHER"} if "error" in chunk else {}
        for found in chunk.get("candidates", ()):
            candidate |= found
            parts += found.get("content", {}).get("parts", ())
    return {**whole, "candidates": [{**candidate, "content": {"parts": parts}}]}


def _gemini(body: Json) -> Told:
    candidate = (body.get("candidates") or [{"finishReason": "SAFETY"}])[0]
    parts = candidate.get("content", {}).get("parts", [])
    calls = [
        (part["functionCall"]["name"], part["functionCall"].get("args", {}))
        for part in parts
        if "functionCall" in part
    ]
    usage = body.get("usageMetadata", {})
    return Told(
        text="".join(part.get("text", "") for part in parts if not part.get("thought")),
        thought=_dense("".join(part.get("text", "") for part in parts if part.get("thought"))),
        calls=calls,
        ending=_ending(_GEMINI_ENDINGS[candidate["finishReason"]], calls),
        **(_gemini_usage(usage) if "promptTokenCount" in usage else {}),
    )


def _gemini_usage(usage: Json) -> dict[str, int]:
    """This API has no word for what is written into a cache."""
    thought = usage.get("thoughtsTokenCount", 0)
    return {
        "prompt": usage["promptTokenCount"] + usage.get("toolUsePromptTokenCount", 0),
        "cached": usage.get("cachedContentTokenCount", 0),
        "output": usage.get("candidatesTokenCount", 0) + thought,
        "reasoning": thought,
    }


def _ending(reason: Ending, calls: list[Any], refusal: str = "") -> Ending:
    """What the answer holds decides how a natural end is meant."""
    if reason != "stop":
        return reason
    return "tool_calls" if calls else "content_filter" if refusal else "stop"


def _dense(text: str) -> str:
    return "".join(text.split())


def _given(arguments: str | None) -> Any:
    return json.loads(arguments or "{}")


_READERS: dict[str, tuple[Callable[[bytes], Json], Callable[[Json], Told]]] = {
    "openai_chat": (_chat_whole, _chat),
    "anthropic": (message_whole, _message),
    "openai_responses": (response_whole, _response),
    "gemini": (_gemini_whole, _gemini),
}
