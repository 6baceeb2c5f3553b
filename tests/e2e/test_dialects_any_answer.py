"""Whatever a provider says, in whatever pieces it arrives: a stream tells a client the same as a
whole answer, in every pair of formats."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniroute.gateway.formats import FORMATS, Head, Wire
from omniroute.gateway.translation.stream import Translation
from tests.e2e import folding
from tests.e2e.speech import NAMED, STREAMS, WHOLES, Call, Speech
from tests.e2e.wire import events
from tests.upstream import sse

FORMS = {"oai": "openai_chat", "ant": "anthropic", "rsp": "openai_responses", "gem": "gemini"}
HEAD = Head(id="0190-a", model="asked-for", created=1, include_usage=True)

texts = st.sampled_from(["", "a", "Hello «wörld» ☀\n\n", "data: {}\r\n", "x" * 200])
calls = st.builds(
    Call,
    st.uuids().map(lambda made: f"call_{made.hex[:8]}"),
    st.sampled_from(["f", "g", "mcp__server__tool"]),
    st.sampled_from([{}, {"a": 1}, {"text": "«ü»\n", "deep": {"er": [None, 1.5, True]}}]),
)
speeches = st.builds(
    Speech,
    text=texts,
    thinking=st.sampled_from(["", "Hm.", "Let me «think»."]),
    seal=st.sampled_from(["", "c2VhbA=="]),
    calls=st.lists(calls, max_size=3, unique_by=lambda call: call.id).map(tuple),
    output=st.integers(5, 500),
)


@st.composite
def cut(draw: st.DrawFn, raw: bytes) -> list[bytes]:
    places = sorted(draw(st.lists(st.integers(0, len(raw)), max_size=12)))
    return [raw[a:b] for a, b in zip([0, *places], [*places, len(raw)], strict=True)]


def streamed(dialect: str, form: str, pieces: list[bytes]) -> Any:
    reader, writer = FORMATS[FORMS[form]].reader(), FORMATS[dialect].writer(HEAD)
    pipe = Translation(reader, writer, Wire(body={}))
    said = b"".join(pipe.feed(piece) for piece in pieces) + pipe.close()
    assert pipe.done
    assert pipe.error is None
    told = events(said.decode())
    match dialect:
        case "openai_chat":
            finish = [c["finish_reason"] for event in told[:-1] for c in event["choices"]]
            usage = next(event["usage"] for event in told[:-1] if event.get("usage"))
            return heard(dialect, folding.message(told), finish[-1], usage)
        case "anthropic":
            (last,) = [event for event in told if event["type"] == "message_delta"]
            usage = told[0]["message"]["usage"] | last["usage"]
            return heard(dialect, folding.blocks(told), last["delta"]["stop_reason"], usage)
        case "openai_responses":
            last = told[-1]["response"]
            return heard(dialect, folding.items(told), last["status"], last["usage"])
        case _:
            reason = told[-1]["candidates"][0]["finishReason"]
            return heard(dialect, folding.parts(told), reason, told[-1]["usageMetadata"])


def whole(dialect: str, form: str, body: Any) -> Any:
    read = FORMATS[FORMS[form]].read_response(body)
    said = orjson.loads(orjson.dumps(FORMATS[dialect].write_response(read, HEAD)))
    match dialect:
        case "openai_chat":
            (choice,) = said["choices"]
            return heard(dialect, choice["message"], choice["finish_reason"], said["usage"])
        case "anthropic":
            return heard(dialect, said["content"], said["stop_reason"], said["usage"])
        case "openai_responses":
            return heard(dialect, said["output"], said["status"], said["usage"])
        case _:
            (candidate,) = said["candidates"]
            parts = candidate.get("content", {}).get("parts", [])
            return heard(dialect, parts, candidate["finishReason"], said["usageMetadata"])


def heard(dialect: str, turn: Any, finish: str, usage: dict[str, Any]) -> dict[str, Any]:
    """What a client makes of an answer, however its parts were cut."""
    text, thought = "", ""
    called: list[tuple[str, Any]] = []
    match dialect:
        case "openai_chat":
            text, thought = turn.get("content") or "", turn.get("reasoning_content") or ""
            functions = [call["function"] for call in turn.get("tool_calls", [])]
            called = [(each["name"], json.loads(each["arguments"])) for each in functions]
        case "anthropic":
            text = "".join(block.get("text", "") for block in turn)
            thought = "".join(block.get("thinking", "") for block in turn)
            called = [(b["name"], b["input"]) for b in turn if b["type"] == "tool_use"]
        case "openai_responses":
            for item in turn:
                text += "".join(part["text"] for part in item.get("content", []))
                thought += "".join(part["text"] for part in item.get("summary", []))
                if "arguments" in item:
                    called.append((item["name"], json.loads(item["arguments"])))
        case _:
            for part in turn:
                if "functionCall" in part:
                    called.append((part["functionCall"]["name"], part["functionCall"]["args"]))
                elif part.get("thought"):
                    thought += part["text"]
                else:
                    text += part.get("text", "")
    counts = {name: n for name, n in usage.items() if isinstance(n, int) and n}
    return {"text": text, "thought": thought, "calls": called, "end": finish, "usage": counts}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dialect", FORMS.values())
@given(speech=speeches, data=st.data())
def test_a_stream_tells_the_same_as_a_whole_answer(
    dialect: str, form: str, speech: Speech, data: st.DataObject
) -> None:
    raw = b"".join(sse(STREAMS[form](speech), named=form in NAMED).pieces)
    found = streamed(dialect, form, data.draw(cut(raw)))
    assert found == whole(dialect, form, WHOLES[form](speech))
    assert found["text"] == speech.text
    assert found["thought"] == speech.thinking
    assert found["calls"] == [(call.name, call.arguments) for call in speech.calls]
