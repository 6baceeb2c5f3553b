"""Every recorded exchange, checked against an extraction that shares no code with the format."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from omniroute.gateway import ir
from omniroute.gateway.errors import InvalidRequest, UpstreamError
from omniroute.gateway.formats import FORMATS, Head
from omniroute.gateway.formats.gemini import FORMAT, ArrayStream
from omniroute.gateway.snapshot import Model

from .wire import GOOGLE, HEAD, chunks_in, events, finishes, parts

pytestmark = pytest.mark.recordings

# A role that Google refuses as well.
REFUSED = {"otel-contrib--test_generate_content_invalid_role-01-08cf6850"}
# The model called a function that nobody had declared: not told again, or clients would run it.
BROKEN = {
    "pydantic-ai--test_multimodal_tool_return_matrix_direct-uploaded_file-video-google_vertex_-01"
    "-e86440c9"
}
REASONS = {
    "STOP": "stop",
    1: "stop",
    "MAX_TOKENS": "length",
    2: "length",
    "SAFETY": "content_filter",
    "MODEL_ARMOR": "content_filter",
    "UNEXPECTED_TOOL_CALL": "error",
}
GOOGLES_OWN = ("fileData", "file_data", "executableCode", "toolCall")
# How chat and Anthropic clients are told of a broken or filtered answer.
OTHER_WORDS = {
    "openai_chat": {},
    "openai_responses": {},
    "anthropic": {"content_filter": "refusal", "error": "length"},
}


def folders(root: Path, kind: str, name: str) -> Iterator[Path]:
    found = sorted(path.parent for path in root.glob(f"gemini.{kind}/*/*/{name}"))
    assert found
    return iter(found)


def load(folder: Path, name: str) -> Any:
    return orjson.loads((folder / name).read_bytes())


def model_of(folder: Path) -> str:
    return str(load(folder, "meta.json")["model"] or "unknown")


def answers(root: Path) -> Iterator[tuple[Path, Any]]:
    for folder in folders(root, "generateContent", "response.json"):
        if load(folder, "meta.json")["status"] == 200:
            yield folder, load(folder, "response.json")


def streams(root: Path) -> Iterator[tuple[Path, bytes, list[Any]]]:
    for folder in folders(root, "streamGenerateContent", "response.sse"):
        raw = (folder / "response.sse").read_bytes()
        lines = raw.decode().replace("\r", "").split("\n")
        yield folder, raw, [orjson.loads(line[6:]) for line in lines if line.startswith("data: ")]


# --- the other extraction ---


def raw_parts(chunks: list[Any]) -> list[Any]:
    return [
        part
        for chunk in chunks
        for candidate in chunk.get("candidates", ())
        for part in candidate.get("content", {}).get("parts", ())
    ]


def text_of(chunks: list[Any], thought: bool) -> str:
    return "".join(
        part["text"]
        for part in raw_parts(chunks)
        if "text" in part and bool(part.get("thought")) is thought
    )


def calls_of(chunks: list[Any]) -> list[tuple[str, Any, str | None]]:
    return [
        (
            part["functionCall"]["name"],
            part["functionCall"].get("args", {}),
            part.get("thoughtSignature"),
        )
        for part in raw_parts(chunks)
        if "functionCall" in part
    ]


def reason_of(chunks: list[Any]) -> str:
    reasons = [
        candidate["finishReason"]
        for chunk in chunks
        for candidate in chunk.get("candidates", ())
        if candidate.get("finishReason")
    ]
    reason = REASONS[reasons[-1]] if reasons else "content_filter"
    return "tool_calls" if reason == "stop" and calls_of(chunks) else reason


def signatures_of(chunks: list[Any]) -> list[str]:
    return [part["thoughtSignature"] for part in raw_parts(chunks) if "thoughtSignature" in part]


def usage_of(chunks: list[Any]) -> Any:
    told = [chunk["usageMetadata"] for chunk in chunks if "usageMetadata" in chunk]
    return told[-1] if told and "promptTokenCount" in told[-1] else None


# --- comparing ---


def said(given: Any, kind: type[Any]) -> str:
    return "".join(part.text for part in given if isinstance(part, kind))


def check_parts(folder: Path, given: Any, chunks: list[Any]) -> None:
    assert said(given, ir.Text) == text_of(chunks, False), folder
    assert said(given, ir.Thinking) == text_of(chunks, True), folder
    made = [part for part in given if isinstance(part, ir.ToolCall)]
    assert [
        (
            call.name,
            orjson.loads(call.arguments),
            call.extra.get("gemini", {}).get("thoughtSignature"),
        )
        for call in made
    ] == calls_of(chunks), folder
    assert len({call.id for call in made}) == len(made)
    given_ids = [
        part["functionCall"].get("id") for part in raw_parts(chunks) if "functionCall" in part
    ]
    assert [call.id for call, want in zip(made, given_ids, strict=True) if want] == [
        want for want in given_ids if want
    ]
    kept = [
        part.value["thoughtSignature"]
        if isinstance(part, ir.Opaque)
        else part.extra["gemini"]["thoughtSignature"]
        for part in given
        if "thoughtSignature"
        in (part.value if isinstance(part, ir.Opaque) else part.extra.get("gemini", {}))
    ]
    assert kept == signatures_of(chunks), folder
    opaque = [part for part in raw_parts(chunks) if not part.keys() & {"text", "functionCall"}]
    assert [part.value for part in given if isinstance(part, ir.Opaque)] == opaque, folder


def check_usage(folder: Path, usage: Any, raw: Any) -> None:
    if raw is None:
        assert usage is None, folder
        return
    thoughts = raw.get("thoughtsTokenCount", 0)
    assert usage.prompt == raw["promptTokenCount"] + raw.get("toolUsePromptTokenCount", 0)
    assert usage.cache_read == raw.get("cachedContentTokenCount", 0)
    assert usage.output == raw.get("candidatesTokenCount", 0) + thoughts
    assert usage.reasoning == thoughts
    assert not usage.suspect
    assert usage.prompt + usage.output == raw["totalTokenCount"], folder


def test_it_reads_every_recorded_answer_right(recordings):
    for folder, body in answers(recordings):
        response = FORMAT.read_response(body)
        check_parts(folder, response.parts, [body])
        assert response.finish == reason_of([body]), folder
        assert (response.id, response.model) == (body.get("responseId", ""), body["modelVersion"])
        check_usage(folder, response.usage, usage_of([body]))
        assert FORMAT.response_usage(body) == response.usage
        assert FORMAT.is_answer(body) is bool(raw_parts([body])), folder


def test_it_reads_every_recorded_stream_right_as_events_and_as_an_array(recordings):
    for folder, raw, chunks in streams(recordings):
        found = events(raw)
        assert events(*(raw[at : at + 97] for at in range(0, len(raw), 97))) == found, folder
        array = b"[" + b"\n,\r\n".join(map(orjson.dumps, chunks)) + b"\n]"
        assert events(*(array[at : at + 97] for at in range(0, len(array), 97))) == found, folder
        check_parts(folder, parts(found), chunks)
        assert finishes(found) == [reason_of(chunks)], folder
        usages = [event.usage for event in found if isinstance(event, ir.UsageReport)]
        check_usage(folder, usages[-1] if usages else None, usage_of(chunks))


def test_it_passes_every_recorded_stream_on_unchanged(recordings):
    for folder, raw, chunks in streams(recordings):
        model = chunks[0]["modelVersion"]
        expected = raw.replace(orjson.dumps(model), b'"my-alias"')
        for size in (64, 1500, len(raw)):
            tap = FORMAT.tap(HEAD, "another-spelling")
            out = b"".join(tap.feed(raw[at : at + size]) for at in range(0, len(raw), size))
            out += tap.close()
            assert out.rstrip() == expected.rstrip(), folder
            assert (tap.ready, tap.done, tap.error) == (True, True, None), folder
            check_usage(folder, tap.usage, usage_of(chunks))
        array = ArrayStream()
        told = orjson.loads(array.feed(out) + array.close())
        assert told == [{**chunk, "modelVersion": "my-alias"} for chunk in chunks], folder


def test_it_tells_every_recorded_answer_again_to_its_own_clients(recordings):
    for folder, body in answers(recordings):
        read = FORMAT.read_response(body)
        written = FORMAT.write_response(read, HEAD)
        if folder.name in BROKEN:
            assert not raw_parts([written])
            with pytest.raises(UpstreamError):
                FORMAT.read_response(written)
            continue
        again = FORMAT.read_response(written)
        assert again.parts == read.parts, folder
        assert again.extra == read.extra, folder
        assert again.finish == read.finish, folder
    for folder, raw, chunks in streams(recordings):
        writer = FORMAT.writer(HEAD)
        written = b"".join(map(writer.write, events(raw))) + writer.close()
        check_parts(folder, parts(events(written)), chunks)
        assert finishes(events(written)) == [reason_of(chunks)], folder
        check_usage(folder, tap_usage(written), adjusted(usage_of(chunks)))
        ends = [c.get("finishReason") for item in chunks_in(written) for c in item["candidates"]]
        assert [end for end in ends if end] == ends[-1:]


def tap_usage(raw: bytes) -> Any:
    tap = FORMAT.tap(HEAD, "my-alias")
    tap.feed(raw)
    tap.close()
    return tap.usage


def adjusted(raw: Any) -> Any:
    """What tools put into the prompt is told as a part of the prompt."""
    prompt = raw["promptTokenCount"] + raw.get("toolUsePromptTokenCount", 0)
    return {**raw, "promptTokenCount": prompt, "toolUsePromptTokenCount": 0}


@pytest.mark.parametrize("name", ["openai_chat", "openai_responses", "anthropic"])
def test_it_gives_every_recorded_answer_to_the_clients_of_other_formats(recordings, name: str):
    target = FORMATS[name]
    head = Head(id="0193", model="alias", created=1, include_usage=True)
    for folder, body in answers(recordings):
        read = FORMAT.read_response(body)
        written = target.write_response(read, head)
        if folder.name in BROKEN and name == "openai_responses":
            assert written["status"] == "failed"
            continue
        again = target.read_response(written)
        assert said(again.parts, ir.Text) == text_of([body], False), folder
        check_calls(folder, again.parts, [body])
        assert again.finish == OTHER_WORDS[name].get(reason_of([body]), reason_of([body])), folder
        if read.usage is not None:
            assert again.usage is not None
            assert again.usage.prompt == read.usage.prompt, folder
            assert again.usage.output == read.usage.output, folder
    for folder, raw, chunks in streams(recordings):
        writer, reader = target.writer(head), target.reader()
        told = b"".join(map(writer.write, events(raw))) + writer.close()
        found = [*reader.feed(told), *reader.close()]
        assert said(parts(found), ir.Text) == text_of(chunks, False), folder
        check_calls(folder, parts(found), chunks)
        assert finishes(found) == [reason_of(chunks)], folder
        usages = [event.usage for event in found if isinstance(event, ir.UsageReport)]
        want = adjusted(usage_of(chunks))
        assert usages[-1].prompt == want["promptTokenCount"], folder
        assert usages[-1].prompt + usages[-1].output == want["totalTokenCount"], folder


def check_calls(folder: Path, given: Any, chunks: list[Any]) -> None:
    made = [part for part in given if isinstance(part, ir.ToolCall)]
    assert [(call.name, orjson.loads(call.arguments)) for call in made] == [
        (name, args) for name, args, _ in calls_of(chunks)
    ], folder


def test_it_understands_every_recorded_refusal(recordings):
    seen = {}
    for folder in folders(recordings, "generateContent", "response.json"):
        status = load(folder, "meta.json")["status"]
        if status == 200:
            continue
        body = load(folder, "response.json")
        error = FORMAT.read_error(status, orjson.dumps(body))
        assert error.status == status
        assert body["error"]["message"] == error.message, folder
        assert error.code == body["error"]["status"]
        seen[status] = error.kind
    assert seen == {400: "invalid_request", 404: "not_found"}


def unmerged(messages: Any) -> list[tuple[str, list[ir.Part]]]:
    """One entry for all that one side says in a row, as the API has it."""
    found: list[tuple[str, list[ir.Part]]] = []
    for message in messages:
        if found and found[-1][0] == message.role:
            found[-1][1].extend(message.parts)
        else:
            found.append((message.role, list(message.parts)))
    return found


def test_it_carries_every_recorded_request_through_the_hub(recordings):
    both = [
        *folders(recordings, "generateContent", "request.json"),
        *folders(recordings, "streamGenerateContent", "request.json"),
    ]
    for folder in both:
        given = {**load(folder, "request.json"), "model": model_of(folder), "stream": False}
        if folder.name in REFUSED:
            with pytest.raises(InvalidRequest):
                FORMAT.read_request(given)
            continue
        asked = FORMAT.read_request(given)
        wire = FORMAT.write_request(asked, GOOGLE, Model(id=model_of(folder)))
        assert wire.losses == (), folder
        again = FORMAT.read_request({**wire.body, "model": asked.model, "stream": False})
        assert unmerged(again.messages) == unmerged(asked.messages), folder
        for name in ("tools", "tool_choice", "sampling", "output", "reasoning", "extra"):
            assert getattr(again, name) == getattr(asked, name), (folder, name)
        assert again.max_tokens == asked.max_tokens
        passed = FORMAT.passthrough(given, GOOGLE, Model(id=model_of(folder)))
        assert passed == load(folder, "request.json"), folder
        assert all(passed[key] is given[key] for key in passed), folder


@pytest.mark.parametrize("name", ["openai_chat", "openai_responses", "anthropic"])
def test_it_asks_other_providers_what_was_recorded(recordings, name: str):
    """Requests with media or with code that only Google knows are refused; no other may fail."""
    target = FORMATS[name]
    refused = 0
    for folder in folders(recordings, "generateContent", "request.json"):
        if folder.name in REFUSED:
            continue
        given = {**load(folder, "request.json"), "model": "m", "stream": False}
        request = FORMAT.read_request(given)
        try:
            wire = target.write_request(request, GOOGLE, Model(id="m"))
        except InvalidRequest:
            assert any(word in repr(given) for word in GOOGLES_OWN), folder
            refused += 1
            continue
        again = target.read_request(wire.body)
        calls = [
            (part.name, orjson.loads(part.arguments))
            for message in again.messages
            for part in message.parts
            if isinstance(part, ir.ToolCall)
        ]
        assert calls == [
            (part.name, orjson.loads(part.arguments))
            for message in request.messages
            for part in message.parts
            if isinstance(part, ir.ToolCall)
        ], folder
    assert refused < 20
