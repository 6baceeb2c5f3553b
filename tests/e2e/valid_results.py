"""Every tool call of a request is answered once, at once and in the place that its API demands."""

from __future__ import annotations

from typing import Any


def results_follow(form: str, body: dict[str, Any]) -> None:
    {"oai": _chat, "ant": _messages, "rsp": _responses, "gem": _gemini}[form](body)


def _chat(body: dict[str, Any]) -> None:
    waiting: list[str] = []
    seen: set[str] = set()
    for message in body["messages"]:
        if message["role"] == "tool":
            waiting.remove(message["tool_call_id"])
            continue
        assert not waiting, f"unanswered: {waiting}"
        waiting = [call["id"] for call in message.get("tool_calls", [])]
        assert seen.isdisjoint(waiting)
        seen |= set(waiting)
    assert not waiting, f"unanswered: {waiting}"


def _messages(body: dict[str, Any]) -> None:
    waiting: list[str] = []
    seen: set[str] = set()
    for message in body["messages"]:
        blocks = message["content"]
        answered = [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
        assert [block["type"] for block in blocks[: len(answered)]] == ["tool_result"] * len(
            answered
        )
        assert sorted(answered) == sorted(waiting)
        waiting = [block["id"] for block in blocks if block["type"] == "tool_use"]
        assert seen.isdisjoint(waiting)
        seen |= set(waiting)
    assert not waiting, f"unanswered: {waiting}"


def _responses(body: dict[str, Any]) -> None:
    waiting: set[str] = set()
    seen: set[str] = set()
    for item in body["input"]:
        match item["type"]:
            case "function_call":
                assert item["call_id"] not in seen
                seen.add(item["call_id"])
                waiting.add(item["call_id"])
            case "function_call_output":
                waiting.remove(item["call_id"])
            case "message" if item["role"] == "user":
                assert not waiting, f"unanswered: {waiting}"
    assert not waiting, f"unanswered: {waiting}"


def _gemini(body: dict[str, Any]) -> None:
    waiting: list[tuple[str, str | None]] = []
    for content in body["contents"]:
        parts = content["parts"]
        answered = [part["functionResponse"] for part in parts if "functionResponse" in part]
        assert all("functionResponse" in part for part in parts[: len(answered)])
        found = [(answer["name"], answer.get("id")) for answer in answered]
        assert found == waiting, "results that do not match the calls"
        called = [part["functionCall"] for part in parts if "functionCall" in part]
        waiting = [(call["name"], call.get("id")) for call in called]
    assert not waiting, f"unanswered: {waiting}"
