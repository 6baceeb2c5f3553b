"""A stream put together again as its clients do it: the turn that they keep and send back."""

from __future__ import annotations

import json
from typing import Any


def blocks(events: list[Any]) -> list[dict[str, Any]]:
    """Of Messages: no block inside another, and every delta in its own."""
    found: list[dict[str, Any]] = []
    open_at, pieces = None, ""
    for event in events:
        match event["type"]:
            case "content_block_start":
                assert (open_at, event["index"]) == (None, len(found))
                open_at, pieces = event["index"], ""
                found.append(dict(event["content_block"]))
            case "content_block_delta":
                assert event["index"] == open_at
                delta = dict(event["delta"])
                kind = delta.pop("type")
                pieces += delta.pop("partial_json", "")
                for name, value in delta.items():
                    found[-1][name] = found[-1].get(name, "") + value
                assert kind.endswith("_delta")
            case "content_block_stop":
                if found[-1]["type"] == "tool_use":
                    found[-1]["input"] = json.loads(pieces or "{}")
                open_at = None
    assert events[-1]["type"] == "message_stop"
    return found


def items(events: list[Any]) -> list[dict[str, Any]]:
    """Of Responses: what was announced, said in deltas and done is what completes."""
    said: dict[str, str] = {}
    announced: list[str] = []
    done: list[dict[str, Any]] = []
    for number, event in enumerate(events):
        assert event["sequence_number"] == number
        kind = event["type"]
        if kind == "response.output_item.added":
            assert event["output_index"] == len(announced)
            announced.append(event["item"]["id"])
        elif kind.endswith(("arguments.delta", "input.delta", "text.delta")):
            assert event["item_id"] == announced[-1]
            said[event["item_id"]] = said.get(event["item_id"], "") + event["delta"]
        elif kind == "response.output_item.done":
            done.append(event["item"])
    assert [item["id"] for item in done] == announced
    last = events[-1]
    assert (last["type"], last["response"]["output"]) == ("response.completed", done)
    for item in done:
        whole = item.get("arguments", item.get("input"))
        assert whole is None or whole == said[item["id"]]
    return done


def parts(events: list[Any]) -> list[dict[str, Any]]:
    """Of Gemini: neighbouring text in one, as its CLI keeps it."""
    found: list[dict[str, Any]] = []
    for event in events:
        for part in event["candidates"][0].get("content", {}).get("parts", []):
            plain = part.keys() <= {"text", "thought"}
            if plain and found and found[-1].keys() == part.keys():
                found[-1]["text"] += part["text"]
            elif part.get("text", "-") or "thoughtSignature" in part:
                found.append(dict(part))
    assert events[-1]["candidates"][0]["finishReason"] == "STOP"
    return found


def message(events: list[Any]) -> dict[str, Any]:
    """Of Chat Completions: with what clients that show reasoning send back."""
    content, thought = "", ""
    calls: dict[int, dict[str, Any]] = {}
    for event in events[:-1]:
        for choice in event["choices"]:
            delta = choice["delta"]
            content += delta.get("content") or ""
            thought += delta.get("reasoning_content") or ""
            for piece in delta.get("tool_calls", []):
                started = {"id": "", "type": "function", "function": {"name": "", "arguments": ""}}
                call = calls.setdefault(piece["index"], started)
                call["id"] = call["id"] or piece.get("id", "")
                for name in ("name", "arguments"):
                    call["function"][name] += piece["function"].get(name, "")
    assert events[-1] == "[DONE]"
    said: dict[str, Any] = {"role": "assistant", "content": content}
    if thought:
        said["reasoning_content"] = thought
    return {**said, "tool_calls": list(calls.values())} if calls else said
