"""A strict client: reads a stream as the API's own documentation describes it.

It shares no code with the format. Whatever clients were seen to break without is asserted here.
"""

from __future__ import annotations

from typing import Any

import orjson

REQUIRED = (
    *("id", "object", "created_at", "completed_at", "status", "incomplete_details", "model"),
    *("previous_response_id", "instructions", "output", "error", "tools", "tool_choice"),
    *("truncation", "parallel_tool_calls", "text", "top_p", "presence_penalty"),
    *("frequency_penalty", "top_logprobs", "temperature", "reasoning", "usage"),
    *("max_output_tokens", "max_tool_calls", "store", "background", "service_tier", "metadata"),
    *("safety_identifier", "prompt_cache_key"),
)
_TERMINAL = ("response.completed", "response.incomplete", "response.failed")
_CALLS = {
    "function_call": ("response.function_call_arguments", "arguments"),
    "custom_tool_call": ("response.custom_tool_call_input", "input"),
}


def events(stream: bytes) -> list[dict[str, Any]]:
    """The events of a stream, whose names and numbers are as they must be."""
    found = []
    assert stream.endswith(b"\n\n")
    for number, block in enumerate(stream.removesuffix(b"\n\n").split(b"\n\n")):
        name, data = block.split(b"\n")
        told = orjson.loads(data.removeprefix(b"data: "))
        assert name == b"event: " + told["type"].encode()
        assert told["sequence_number"] == number
        found.append(told)
    return found


def checked(stream: bytes) -> dict[str, Any]:
    """The response object in the last event; the whole stream must lead to it."""
    told = events(stream)
    assert [one["type"] for one in told[:2]] == ["response.created", "response.in_progress"]
    for one in (*told[:2], told[-1]):
        assert not [field for field in REQUIRED if field not in one["response"]]
    assert told[0]["response"] == told[1]["response"]
    assert told[0]["response"]["status"] == "in_progress"
    assert told[0]["response"]["output"] == []
    assert told[-1]["type"] in _TERMINAL
    reader = _Items()
    for one in told[2:-1]:
        reader.take(one)
    last: dict[str, Any] = told[-1]["response"]
    assert last["id"] == told[0]["response"]["id"]
    assert told[-1]["type"] == f"response.{last['status']}"
    assert last["output"] == reader.done
    if last["status"] != "failed":
        assert reader.item is None, "an item that is not done"
        usage = last["usage"]
        assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
        assert all("encrypted_content" in i for i in last["output"] if i["type"] == "reasoning")
    return last


class _Items:
    """One item at a time; what its deltas say is what it is in the end."""

    def __init__(self) -> None:
        self.done: list[dict[str, Any]] = []
        self.item: dict[str, Any] | None = None
        self._part: dict[str, Any] | None = None
        self._text: str | None = None

    def take(self, told: dict[str, Any]) -> None:
        kind = told["type"].removeprefix("response.")
        assert told["output_index"] == len(self.done)
        if kind == "output_item.added":
            self._added(told["item"])
            return
        assert self.item is not None, f"{kind} outside of an item"
        if kind == "output_item.done":
            self._done(told["item"])
            return
        assert told["item_id"] == self.item["id"]
        if self.item["type"] == "message":
            self._content(kind, told)
        elif self.item["type"] == "reasoning":
            self._summary(kind, told)
        else:
            self._call(told)

    def _added(self, item: dict[str, Any]) -> None:
        assert self.item is None, "two items open"
        assert item["id"] not in [one["id"] for one in self.done]
        self.item, self._text = dict(item), None
        if item["type"] in (*_CALLS, "message"):
            assert item["status"] == "in_progress"
        if item["type"] in (*_CALLS, "message", "reasoning"):
            assert not any(map(item.get, ("content", "summary", "arguments", "input")))

    def _done(self, item: dict[str, Any]) -> None:
        assert self.item is not None
        assert self._part is None, "a part that is not done"
        same = {key: item[key] for key in ("id", "type")}
        assert same == {key: self.item[key] for key in ("id", "type")}
        if item["type"] == "message":
            assert item["content"] == self.item["content"]
        elif item["type"] == "reasoning":
            assert item["summary"] == self.item["summary"]
        elif item["type"] in _CALLS:
            field = _CALLS[item["type"]][1]
            assert item[field] == self.item["done"], "no done event"
            assert {"call_id", "name"} <= item.keys()
        if item["type"] in (*_CALLS, "message"):
            assert item["status"] in ("completed", "incomplete")
        self.done.append(item)
        self.item = None

    def _content(self, kind: str, told: dict[str, Any]) -> None:
        assert self.item is not None
        assert told["content_index"] == len(self.item["content"])
        if kind == "content_part.added":
            assert self._part is None
            self._part, self._text = told["part"], ""
            return
        assert self._part is not None
        name = {"output_text": "output_text", "refusal": "refusal"}[self._part["type"]]
        field = {"output_text": "text", "refusal": "refusal"}[name]
        if kind == f"{name}.delta":
            assert told["delta"]
            assert name == "refusal" or told["logprobs"] == []
            self._text = (self._text or "") + told["delta"]
        elif kind == f"{name}.done":
            assert told[field] == self._text
            self._text = None
        else:
            assert kind == "content_part.done"
            assert self._text is None, "no done event"
            assert set(told["part"]) == set(self._part)
            self.item["content"].append(told["part"])
            self._part = None

    def _summary(self, kind: str, told: dict[str, Any]) -> None:
        assert self.item is not None
        assert told["summary_index"] == len(self.item["summary"])
        match kind:
            case "reasoning_summary_part.added":
                self._part, self._text = told["part"], ""
            case "reasoning_summary_text.delta":
                self._text = (self._text or "") + told["delta"]
            case "reasoning_summary_text.done":
                assert told["text"] == self._text
            case _:
                assert kind == "reasoning_summary_part.done"
                assert told["part"] == {"type": "summary_text", "text": self._text}
                self.item["summary"].append(told["part"])
                self._part = None

    def _call(self, told: dict[str, Any]) -> None:
        assert self.item is not None
        name, field = _CALLS[self.item["type"]]
        assert "done" not in self.item
        if told["type"] == f"{name}.delta":
            assert told["delta"]
            self._text = (self._text or "") + told["delta"]
        else:
            assert told["type"] == f"{name}.done"
            assert told[field] == (self._text or "")
            self.item["done"] = told[field]
