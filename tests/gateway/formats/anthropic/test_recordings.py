"""Every recorded exchange with an Anthropic endpoint, against a plain extraction of its own."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from omniroute.gateway import ir
from omniroute.gateway.errors import UpstreamError
from omniroute.gateway.formats.anthropic import FORMAT
from omniroute.gateway.snapshot import Model
from omniroute.gateway.usage import Usage
from tests.recorded import message_rounds, message_whole

from .facts import HEAD, PROVIDER, folded, message_in

pytestmark = pytest.mark.recordings


def exchanges(root: Path) -> Iterable[tuple[Path, dict[str, Any]]]:
    for meta in sorted(root.glob("anthropic.messages/*/*/meta.json")):
        yield meta.parent, json.loads(meta.read_bytes())


def streams(root: Path) -> list[Path]:
    found = [folder / "response.sse" for folder, _ in exchanges(root)]
    return [path for path in found if path.exists()]


def bodies(root: Path) -> list[tuple[Path, dict[str, Any]]]:
    found = [
        (folder, json.loads((folder / "response.json").read_bytes()))
        for folder, meta in exchanges(root)
        if meta["status"] == 200 and (folder / "response.json").exists()
    ]
    assert len(found) > 100
    return found


def extracted(message: dict[str, Any]) -> dict[str, Any]:
    """Text, calls and ending of a message, told without any of the product's code."""
    blocks = message["content"]
    return {
        "text": [block["text"] for block in blocks if block["type"] == "text"],
        "thinking": [
            (block["thinking"], block["signature"])
            for block in blocks
            if block["type"] == "thinking"
        ],
        "sealed": [block["data"] for block in blocks if block["type"] == "redacted_thinking"],
        "calls": [
            (block["id"], block["name"], block["input"])
            for block in blocks
            if block["type"] == "tool_use"
        ],
        "others": [
            block["type"]
            for block in blocks
            if block["type"] not in ("text", "thinking", "redacted_thinking", "tool_use")
        ],
        "reason": message["stop_reason"],
    }


def told(parts: tuple[ir.Part, ...], finish: str) -> dict[str, Any]:
    return {
        "text": [part.text for part in parts if isinstance(part, ir.Text)],
        "thinking": [
            (part.text, part.signature)
            for part in parts
            if isinstance(part, ir.Thinking) and part.redacted is None
        ],
        "sealed": [
            part.redacted for part in parts if isinstance(part, ir.Thinking) and part.redacted
        ],
        "calls": [
            (part.id, part.name, json.loads(part.arguments))
            for part in parts
            if isinstance(part, ir.ToolCall)
        ],
        "others": [part.value["type"] for part in parts if isinstance(part, ir.Opaque)],
        "reason": {
            "stop": "end_turn",
            "tool_calls": "tool_use",
            "stop_sequence": "stop_sequence",
            "pause": "compaction",
        }[finish],
    }


def check_usage(usage: Usage | None, raw: dict[str, Any]) -> None:
    assert usage is not None
    assert not usage.suspect
    rounds = message_rounds(raw)
    if rounds != [raw]:
        assert usage.input == sum(one["input_tokens"] for one in rounds)
        assert usage.output == sum(one["output_tokens"] for one in rounds)
        assert usage.cache_read == sum(one["cache_read_input_tokens"] for one in rounds)
        return
    assert usage.input == raw["input_tokens"]
    assert usage.output == raw["output_tokens"]
    assert usage.cache_read == (raw.get("cache_read_input_tokens") or 0)
    assert usage.cache_write == (raw.get("cache_creation_input_tokens") or 0)
    assert usage.reasoning == (raw.get("output_tokens_details") or {}).get("thinking_tokens", 0)


def test_it_reads_every_recorded_stream(recordings: Path) -> None:
    paths = streams(recordings)
    assert len(paths) >= 25
    for path in paths:
        stream = path.read_bytes()
        reader = FORMAT.reader()
        events = [
            event
            for at in range(0, len(stream), 997)
            for event in reader.feed(stream[at : at + 997])
        ]
        events += reader.close()
        finish = events[-1]
        assert isinstance(finish, ir.Finish), path
        message = message_whole(stream)
        assert told(folded(events), finish.reason) == extracted(message), path
        reports = [event.usage for event in events if isinstance(event, ir.UsageReport)]
        check_usage(reports[-1], message["usage"])


def test_it_writes_every_recorded_stream_again(recordings: Path) -> None:
    for path in streams(recordings):
        stream = path.read_bytes()
        reader, writer = FORMAT.reader(), FORMAT.writer(HEAD)
        events = [*reader.feed(stream), *reader.close()]
        again = message_in(b"".join(map(writer.write, events)) + writer.close())
        message = message_whole(stream)
        wanted = extracted(message)
        # An empty text block says nothing and is not opened.
        wanted["text"] = [text for text in wanted["text"] if text]
        assert extracted(again) == wanted, path


def test_it_passes_every_recorded_stream_through(recordings: Path) -> None:
    for path in streams(recordings):
        stream = path.read_bytes()
        message = message_whole(stream)
        tap = FORMAT.tap(HEAD, message["model"])
        sizes = range(0, len(stream), 1500)
        forwarded = b"".join(tap.feed(stream[at : at + 1500]) for at in sizes) + tap.close()
        named, renamed = (f'"model":"{name}"'.encode() for name in (message["model"], HEAD.model))
        assert forwarded == stream.replace(named, renamed, 1), path
        assert (tap.ready, tap.done, tap.error) == (True, True, None), path
        check_usage(tap.usage, message["usage"])
        assert tap.output_bytes > 0


def test_it_reads_every_recorded_answer(recordings: Path) -> None:
    for folder, body in bodies(recordings):
        response = FORMAT.read_response(body)
        assert told(response.parts, response.finish) == extracted(body), folder
        check_usage(response.usage, body["usage"])


def test_it_writes_every_recorded_answer_again(recordings: Path) -> None:
    for folder, body in bodies(recordings):
        again = FORMAT.write_response(FORMAT.read_response(body), HEAD)
        assert extracted(again) == extracted(body), folder
        kept = [block for block in body["content"] if block.get("text") != ""]
        assert again["content"] == kept, folder


def test_it_reads_every_recorded_refusal(recordings: Path) -> None:
    refused = [(f, m) for f, m in exchanges(recordings) if m["status"] != 200]
    assert refused
    for folder, meta in refused:
        raw = (folder / "response.json").read_bytes()
        error = FORMAT.read_error(meta["status"], raw)
        assert isinstance(error, UpstreamError)
        assert (error.status, error.kind) == (400, "invalid_request")
        assert error.message == json.loads(raw)["error"]["message"]


def test_it_passes_every_recorded_request_through(recordings: Path) -> None:
    for folder, _ in exchanges(recordings):
        body = json.loads((folder / "request.json").read_bytes())
        after = FORMAT.passthrough(body, PROVIDER, Model(id="other"))
        assert after == {**body, "model": "other"}, folder


def test_it_writes_every_recorded_request_again(recordings: Path) -> None:
    """As it was, up to what the API takes for the same; only those with system messages in
    mid-conversation come out otherwise: that text speaks through the user's turn."""
    for folder, _ in exchanges(recordings):
        body = json.loads((folder / "request.json").read_bytes())
        wire = FORMAT.write_request(FORMAT.read_request(body), PROVIDER, Model(id=body["model"]))
        if any(message["role"] == "system" for message in body["messages"]):
            assert "messages.role" in wire.losses
        else:
            assert canonical(wire.body) == canonical(body), folder
            assert wire.losses == ()


def canonical(body: dict[str, Any]) -> dict[str, Any]:
    """One spelling for what the API takes in several: strings for single text blocks, turns of
    the same role, an empty description, a schema without properties, the older output_format."""
    kept = {key: value for key, value in body.items() if key not in ("stream", "output_format")}
    if "output_format" in body:
        kept["output_config"] = {"format": body["output_format"]}
    kept["messages"] = []
    for message in body["messages"]:
        content = blocks_of(message["content"])
        if kept["messages"] and kept["messages"][-1]["role"] == message["role"]:
            kept["messages"][-1]["content"] += content
        else:
            kept["messages"].append({"role": message["role"], "content": content})
    kept["system"] = blocks_of(body.get("system") or [])
    kept["tools"] = [
        {
            **{key: value for key, value in tool.items() if value != ""},
            "input_schema": {"properties": {}, **tool.get("input_schema", {})},
        }
        for tool in body.get("tools") or []
    ]
    return kept


def blocks_of(content: Any) -> list[dict[str, Any]]:
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
    return [
        {**block, "content": blocks_of(block["content"]), "is_error": block.get("is_error", False)}
        if block["type"] == "tool_result"
        else block
        for block in blocks
        if block.get("text") != ""
    ]
