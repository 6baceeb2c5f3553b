"""Every recorded exchange, checked against an extraction that shares no code with the format."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from omniroute.gateway import ir
from omniroute.gateway.errors import InvalidRequest, UpstreamError
from omniroute.gateway.formats.openai_chat import FORMAT
from omniroute.gateway.snapshot import Model
from tests.recorded import chat_calls, chat_text, chat_thought

from .wire import ASKED, HEAD, finishes, parts, provider, read

pytestmark = pytest.mark.recordings

# An empty conversation, recorded because OpenAI refuses it as well.
REFUSED = {"envoy-ai-gateway--chat-no-messages-01-7429717a"}
# The provider's error event ends it: no finish.
BROKEN = {"pydantic-ai--test_tool_use_failed_error_streaming_with_text-01-6d0a617b"}
# Answered 200 in the recording, although the body is an error.
ERROR_IN_200 = {"openllmetry--test_prompt_content_filtering-01-17624332"}
# An empty id in the recording: ours is not the recorded one.
WITHOUT_IDS = {"pydantic-ai--test_compatible_api_with_tool_calls_without_id-01-5a3d5411"}
# Tokens that only the total tells of: Google's thoughts.
HIDDEN_TOKENS = {
    "pydantic-ai--test_compatible_api_with_tool_calls_without_id-01-5a3d5411",
    "pydantic-ai--test_compatible_api_with_tool_calls_without_id-02-30df67c0",
}
REASONS = {
    "stop": "stop",
    "eos": "stop",
    "": "stop",
    None: "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}


def folders(root: Path, name: str) -> Iterator[Path]:
    found = sorted(path.parent for path in (root / "openai.chat").glob(f"*/*/{name}"))
    assert found
    return iter(found)


def load(folder: Path, name: str) -> Any:
    return orjson.loads((folder / name).read_bytes())


def chunks(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "response.sse").read_text().splitlines()
    return [orjson.loads(line[6:]) for line in lines if line.startswith("data: {")]


def said(got: list[ir.Part], kind: type[Any]) -> str:
    return "".join(part.text for part in got if isinstance(part, kind))


def check_usage(folder: Path, usage: Any, raw: dict[str, Any] | None) -> None:
    if raw is None:
        assert usage is None
        return
    assert usage.prompt == raw["prompt_tokens"]
    if folder.name in HIDDEN_TOKENS:
        assert usage.prompt + usage.output == raw["total_tokens"]
    else:
        assert usage.output == raw["completion_tokens"]
    details = raw.get("prompt_tokens_details") or {}
    cached = details.get("cached_tokens") or raw.get("prompt_cache_hit_tokens")
    assert usage.cache_read == (cached or raw.get("num_cached_tokens") or 0)
    assert usage.cache_write == (details.get("cache_write_tokens") or 0)
    reasoning = (raw.get("completion_tokens_details") or {}).get("reasoning_tokens") or 0
    if folder.name not in HIDDEN_TOKENS:
        assert usage.reasoning == min(reasoning, usage.output)


def test_it_reads_every_recorded_answer_right(recordings):
    for folder in folders(recordings, "response.json"):
        if load(folder, "meta.json")["status"] != 200:
            continue
        body = load(folder, "response.json")
        if folder.name in ERROR_IN_200:
            with pytest.raises(UpstreamError):
                FORMAT.read_response(body)
            continue
        response = FORMAT.read_response(body)
        message = body["choices"][0].get("message", {})
        got = list(response.parts)
        assert said(got, ir.Text) == chat_text(message.get("content")), folder
        assert said(got, ir.Thinking) == chat_thought(message), folder
        assert said(got, ir.Refusal) == (message.get("refusal") or ""), folder
        want = chat_calls(message)
        made = [part for part in got if isinstance(part, ir.ToolCall)]
        assert [c.name for c in made] == [name for _, _, name, _ in want], folder
        assert [c.arguments for c in made] == [
            function.get("arguments") or "{}" for _, _, _, function in want
        ], folder
        if folder.name not in WITHOUT_IDS:
            assert [c.id for c in made if not c.id.startswith("call_")] == [
                id_ for _, id_, _, _ in want if id_ and not id_.startswith("call_")
            ], folder
        reason = REASONS[body["choices"][0]["finish_reason"]]
        if made and reason == "stop":
            reason = "tool_calls"
        if message.get("refusal"):
            reason = "refusal"
        assert response.finish == reason, folder
        check_usage(folder, response.usage, body.get("usage"))
        assert FORMAT.response_usage(body) == response.usage


def test_it_reads_every_recorded_stream_right(recordings):
    for folder in folders(recordings, "response.sse"):
        raw = (folder / "response.sse").read_bytes()
        events = read(raw)
        in_pieces = read(*(raw[i : i + 97] for i in range(0, len(raw), 97)))
        assert list(map(repr, in_pieces)) == list(map(repr, events)), folder
        got = parts(events)
        choices = [
            choice
            for item in chunks(folder)
            for choice in item.get("choices", ())
            if not choice["index"]
        ]
        seen = [choice["delta"] for choice in choices]
        assert said(got, ir.Text) == "".join(chat_text(d.get("content")) for d in seen), folder
        assert said(got, ir.Thinking) == "".join(map(chat_thought, seen)), folder
        want: dict[int, list[str]] = {}
        for index, id_, name, function in (entry for d in seen for entry in chat_calls(d)):
            known = want.setdefault(index, [id_, name, ""])
            known[2] += function.get("arguments") or ""
        made = [part for part in got if isinstance(part, ir.ToolCall)]
        assert [[c.id, c.name, c.arguments] for c in made] == list(want.values()), folder
        reasons = [choice["finish_reason"] for choice in choices if choice.get("finish_reason")]
        if folder.name in BROKEN:
            assert isinstance(events[-1], ir.Failure)
            assert not finishes(events)
        else:
            reason = REASONS[reasons[0] if reasons else None]
            assert finishes(events) == [ir.Finish(reason=reason)], folder
        told = [item.get("usage") or item.get("x_groq", {}).get("usage") for item in chunks(folder)]
        usages = [event.usage for event in events if isinstance(event, ir.UsageReport)]
        last = next((raw_usage for raw_usage in reversed(told) if raw_usage), None)
        check_usage(folder, usages[-1] if usages else None, last)


def test_it_passes_every_recorded_stream_on_unchanged(recordings):
    for folder in folders(recordings, "response.sse"):
        raw = (folder / "response.sse").read_bytes()
        model = next(item["model"] for item in chunks(folder) if item["model"])
        for size in (64, 1500, len(raw)):
            tap = FORMAT.tap(ASKED, "another-spelling")
            out = b"".join(tap.feed(raw[i : i + size]) for i in range(0, len(raw), size))
            out += tap.close()
            usages = [e.usage for e in read(raw) if isinstance(e, ir.UsageReport)]
            assert tap.usage == (usages[-1] if usages else None), folder
            if folder.name in BROKEN:
                assert tap.error is not None
                assert not tap.done
                continue
            spelling = b'"model":' + orjson.dumps(model)
            expected = raw.replace(spelling, b'"model":"my-alias"')
            expected = expected.replace(b'"model":""', b'"model":"my-alias"')
            assert out == expected, folder
            assert tap.done, folder
            assert tap.error is None, folder
            content = any(isinstance(event, ir.PartStart) for event in read(raw))
            assert tap.ready is content, folder
        swallowing = FORMAT.tap(HEAD, model)
        out = swallowing.feed(raw) + swallowing.close()
        assert b'"choices":[],"usage":{' not in out, folder


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
        kinds = {400: "invalid_request", 404: "not_found", 429: "rate_limit"}
        assert error.kind == kinds[status], folder
    assert seen == 9


def unthinking(asked: ir.Request) -> list[tuple[str, list[ir.Part]]]:
    return [
        (message.role, [part for part in message.parts if not isinstance(part, ir.Thinking)])
        for message in asked.messages
    ]


def test_it_carries_every_recorded_request_through_the_hub(recordings):
    for folder in folders(recordings, "request.json"):
        body = load(folder, "request.json")
        if folder.name in REFUSED:
            with pytest.raises(InvalidRequest):
                FORMAT.read_request(body)
            continue
        asked = FORMAT.read_request(body)
        assert asked.model == body["model"]
        wire = FORMAT.write_request(asked, provider(replay_reasoning=True), Model(id=body["model"]))
        assert set(wire.losses) <= {"thinking", "n"}, folder
        back = FORMAT.read_request(wire.body)
        assert unthinking(back) == unthinking(asked), folder
        assert back.tools == asked.tools, folder
        assert back.tool_choice == asked.tool_choice or not asked.tools, folder
        assert back.sampling == asked.sampling or asked.sampling.n != 1, folder
        assert (back.max_tokens, back.stream, back.output) == (
            asked.max_tokens,
            asked.stream,
            asked.output,
        ), folder
        assert back.extra == asked.extra, folder
        passed = FORMAT.passthrough(body, provider(system_role="developer"), Model(id="m"))
        assert {k: v for k, v in passed.items() if k not in ("model", "stream_options")} == {
            k: v for k, v in body.items() if k not in ("model", "stream_options")
        }, folder
