"""Every recorded exchange, checked against an extraction that shares no code with the format."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from omniroute.gateway import ir
from omniroute.gateway.errors import InvalidRequest, UpstreamFailure
from omniroute.gateway.formats.openai_responses import FORMAT
from omniroute.gateway.snapshot import Model
from omniroute.gateway.usage import Usage
from tests.recorded import full_name, response_whole

from .grammar import checked
from .wire import HEAD, folded, provider, read, written

pytestmark = pytest.mark.recordings

# Asked for in the background: these answers were not finished when they were sent.
UNFINISHED = "test_background_mode"
# Requests that only OpenAI's own store could complete; here they are refused with advice.
STATEFUL = {
    "background": "unsupported_parameter",
    "conversation": "conversation_not_found",
    "previous_response_id": "previous_response_not_found",
}
COMPACTED = "test_openai_responses_compact_stateful_mode_stream-04"
# Lists of hosted tools that were done in another order than they were announced in, or never; the
# hub tells of each when it is whole.
SHUFFLED = "mcp_list_tools_stream_backfills_missing_results"


def folders(root: Path, name: str) -> Iterator[Path]:
    found = sorted(path.parent for path in (root / "openai.responses").glob(f"*/*/{name}"))
    assert len(found) > 20
    return iter(found)


def load(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_bytes())


def told(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "response.sse").read_text().splitlines()
    return [json.loads(line[6:]) for line in lines if line.startswith("data: {")]


def streamed(folder: Path) -> list[dict[str, Any]]:
    output: list[dict[str, Any]] = response_whole((folder / "response.sse").read_bytes())["output"]
    return output


def of_type(output: list[dict[str, Any]], *kinds: str) -> list[dict[str, Any]]:
    return [item for item in output if item["type"] in kinds]


def extracted(output: list[dict[str, Any]]) -> dict[str, Any]:
    """Text, reasoning, calls and the rest of an answer's items."""
    return {
        "text": [part["text"] for item in of_type(output, "message") for part in item["content"]],
        "thinking": [
            (
                "\n\n".join(p["text"] for p in item["summary"] or item.get("content") or ()),
                item.get("encrypted_content"),
            )
            for item in of_type(output, "reasoning")
            if item["summary"] or item.get("content") or item.get("encrypted_content")
        ],
        "calls": [
            (item["call_id"], full_name(item), json.loads(item["arguments"]))
            for item in of_type(output, "function_call")
        ],
        "others": [
            item for item in output if item["type"] not in ("message", "reasoning", "function_call")
        ],
    }


def found(parts: tuple[ir.Part, ...]) -> dict[str, Any]:
    return {
        "text": [part.text for part in parts if isinstance(part, ir.Text)],
        "thinking": [
            (part.text, part.signature)
            for part in parts
            if isinstance(part, ir.Thinking) and (part.text or part.signature)
        ],
        "calls": [
            (part.id, part.name, json.loads(part.arguments))
            for part in parts
            if isinstance(part, ir.ToolCall)
        ],
        "others": [part.value for part in parts if isinstance(part, ir.Opaque)],
    }


def settled(folder: Path, told: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """With the name of the recording, and without an order where that cannot be the same."""
    if SHUFFLED in folder.name:
        told = {**told, "others": sorted(told["others"], key=str)}
    return folder.name, told


def reason(output: list[dict[str, Any]]) -> str:
    return "tool_calls" if of_type(output, "function_call") else "stop"


def check_usage(usage: Usage | None, raw: dict[str, Any]) -> None:
    assert usage is not None
    assert not usage.suspect
    details = raw["input_tokens_details"]
    assert usage.prompt == raw["input_tokens"]
    assert usage.cache_read == details["cached_tokens"]
    assert usage.cache_write == (details.get("cache_write_tokens") or 0)
    assert usage.output == raw["output_tokens"]
    assert usage.reasoning == raw["output_tokens_details"]["reasoning_tokens"]
    assert usage.prompt + usage.output == raw["total_tokens"]


def test_it_reads_every_recorded_answer(recordings):
    seen = 0
    for folder in folders(recordings, "response.json"):
        if load(folder, "meta.json")["status"] != 200:
            continue
        body = load(folder, "response.json")
        assert FORMAT.is_answer(body), folder
        if UNFINISHED in folder.name and body["status"] == "queued":
            with pytest.raises(UpstreamFailure, match="not finished"):
                FORMAT.read_response(body)
            continue
        seen += 1
        answer = FORMAT.read_response(body)
        assert found(answer.parts) == extracted(body["output"]), folder
        assert answer.finish == reason(body["output"]), folder
        assert (answer.id, answer.model) == (body["id"], body["model"])
        check_usage(answer.usage, body["usage"])
        assert FORMAT.response_usage(body) == answer.usage
    assert seen > 120


def test_it_reads_every_recorded_stream(recordings):
    for folder in folders(recordings, "response.sse"):
        raw = (folder / "response.sse").read_bytes()
        events = read(raw)
        in_pieces = read(*(raw[i : i + 97] for i in range(0, len(raw), 97)))
        assert in_pieces == events, folder
        last = told(folder)[-1]["response"]
        assert settled(folder, found(folded(events))) == settled(
            folder, extracted(streamed(folder))
        )
        assert [e.reason for e in events if isinstance(e, ir.Finish)] == [reason(last["output"])]
        assert events[0] == ir.Start(id=last["id"], model=told(folder)[0]["response"]["model"])
        [usage] = [e.usage for e in events if isinstance(e, ir.UsageReport)]
        check_usage(usage, last["usage"])


def test_it_never_takes_a_recorded_stream_that_was_cut_for_complete(recordings):
    for folder in folders(recordings, "response.sse"):
        raw = (folder / "response.sse").read_bytes()
        end = raw.index(b"response.completed")
        for cut in range(0, end, max(1, end // 40)):
            assert not [e for e in read(raw[:cut]) if isinstance(e, ir.Finish)], folder


def test_it_writes_every_recorded_stream_again(recordings):
    for folder in folders(recordings, "response.sse"):
        events = read((folder / "response.sse").read_bytes())
        again = checked(written(events))
        wanted = extracted(streamed(folder))
        assert settled(folder, extracted(again["output"])) == settled(folder, wanted)
        check_usage(FORMAT.response_usage(again), again["usage"])


def test_it_passes_every_recorded_stream_through(recordings):
    for folder in folders(recordings, "response.sse"):
        raw = (folder / "response.sse").read_bytes()
        wanted = raw
        for model in {one["response"]["model"] for one in told(folder) if "response" in one}:
            named, renamed = (f'"model":"{name}"'.encode() for name in (model, HEAD.model))
            wanted = wanted.replace(named, renamed)
        for size in (64, 1500, len(raw)):
            tap = FORMAT.tap(HEAD, "another-spelling")
            out = b"".join(tap.feed(raw[i : i + size]) for i in range(0, len(raw), size))
            assert out + tap.close() == wanted, folder
            assert (tap.ready, tap.done, tap.error) == (True, True, None), folder
            check_usage(tap.usage, told(folder)[-1]["response"]["usage"])


def test_it_writes_every_recorded_answer_again(recordings):
    for folder in folders(recordings, "response.json"):
        body = load(folder, "response.json")
        if load(folder, "meta.json")["status"] != 200 or body["status"] == "queued":
            continue
        again = FORMAT.write_response(FORMAT.read_response(body), HEAD)
        assert extracted(again["output"]) == extracted(body["output"]) or not body["output"], folder
        check_usage(FORMAT.response_usage(body), again["usage"])


def test_it_understands_every_recorded_refusal(recordings):
    seen = 0
    for folder in folders(recordings, "response.json"):
        status = load(folder, "meta.json")["status"]
        if status == 200:
            continue
        seen += 1
        body = load(folder, "response.json")
        error = FORMAT.read_error(status, orjson.dumps(body))
        assert error.status == status
        assert body["error"]["message"].partition("http")[0] in error.message
        kind = "not_found" if body["error"]["code"] == "model_not_found" else "invalid_request"
        assert error.kind == kind, folder
    assert seen == 5


def test_it_carries_every_recorded_request_through_the_hub(recordings):
    refused = 0
    for folder in folders(recordings, "request.json"):
        body = load(folder, "request.json")
        state = next((code for key, code in STATEFUL.items() if body.get(key)), None)
        if state or COMPACTED in folder.name:
            with pytest.raises(InvalidRequest) as caught:
                FORMAT.read_request(body)
            assert caught.value.code == (state or "unsupported_parameter"), folder
            refused += 1
            continue
        asked = FORMAT.read_request(body)
        assert said(asked) == asked_in(body), folder
        facts = Model(id=body["model"])
        wire = FORMAT.write_request(asked, provider(freeform_tools=True), facts)
        assert set(wire.losses) <= {
            "thinking",
            "tool_choice",
            "messages.tool_result",
            "messages.tool_result.missing",
        }, folder
        back = FORMAT.read_request(wire.body)
        assert said(back)["text"] == said(asked)["text"], folder
        assert back.output == asked.output, folder
        passed = FORMAT.passthrough(body, provider(id="openai"), Model(id="m"))
        assert passed == {**body, "model": "m"}, folder
    assert refused == 10


def said(asked: ir.Request) -> dict[str, Any]:
    parts = [part for message in asked.messages for part in message.parts]
    results = [part for part in parts if isinstance(part, ir.ToolResult)]
    return {
        "text": [part.text for part in parts if isinstance(part, ir.Text)],
        "calls": [(p.id, json.loads(p.arguments)) for p in parts if isinstance(p, ir.ToolCall)],
        "results": [
            (r.call_id, [p.text for p in r.parts if isinstance(p, ir.Text)]) for r in results
        ],
        "sealed": [p.signature for p in parts if isinstance(p, ir.Thinking) and p.signature],
        "media": sum(isinstance(part, ir.Image | ir.Document) for part in parts),
    }


def asked_in(body: dict[str, Any]) -> dict[str, Any]:
    items = body["input"] if isinstance(body["input"], list) else [{"content": body["input"]}]
    contents = [part for item in items for part in _contents(item)]
    instructions = [body["instructions"]] if body.get("instructions") else []
    calls = [item for item in items if item.get("type") == "function_call"]
    results = [item for item in items if item.get("type") == "function_call_output"]
    return {
        "text": instructions + [part["text"] for part in contents if part.get("text")],
        "calls": [(item["call_id"], json.loads(item["arguments"])) for item in calls],
        "results": [
            (item["call_id"], [o for o in [item["output"]] if isinstance(o, str) and o])
            for item in results
        ],
        "sealed": [item["encrypted_content"] for item in items if item.get("encrypted_content")],
        "media": sum(part["type"] in ("input_image", "input_file") for part in contents),
    }


def _contents(item: dict[str, Any]) -> list[dict[str, Any]]:
    if item.get("type") == "reasoning":
        return []
    content = item.get("content")
    return [{"type": "input_text", "text": content}] if isinstance(content, str) else content or []
