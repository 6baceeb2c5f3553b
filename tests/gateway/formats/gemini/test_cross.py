"""Through the hub to and from other formats: request, answer and stream."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from omniroute.gateway import ir
from omniroute.gateway.formats import FORMATS, Format, Head
from omniroute.gateway.formats.gemini import FORMAT
from omniroute.gateway.snapshot import Model, Provider
from omniroute.gateway.translation.stream import Translation

from .agents import AGENT_TOOLS
from .foreign import ANTHROPIC_ANSWER, CALL_ID, CHAT_ANSWER, FROM_ANTHROPIC, FROM_CHAT, SCHEMA
from .golden import ANSWER, REQUEST, SIGNATURE, STREAM
from .wire import GOOGLE, HEAD, PIXEL, THIRD, chunks_in, said

ANTHROPIC, CHAT = FORMATS["anthropic"], FORMATS["openai_chat"]
HOSTED = Provider(
    id="any", alias="any", name="Any", format="openai_chat", base_url="https://any.example/v1"
)
MODEL = Model(id="target", max_output=8192)
COUNTS = Head(id="0193", model="alias", created=1, include_usage=True)


def to_gemini(source: Format, body: dict[str, Any]) -> Any:
    return FORMAT.write_request(source.read_request(body), GOOGLE, THIRD)


def test_it_serves_a_chat_request():
    wire = to_gemini(CHAT, FROM_CHAT)
    assert wire.body["systemInstruction"] == {"parts": [{"text": "Be brief."}]}
    asked, called, answered = wire.body["contents"]
    assert asked["parts"][1] == {"inlineData": {"mimeType": "image/png", "data": PIXEL}}
    assert [part["functionCall"] for part in called["parts"]] == [
        {"id": "functions.find:0", "name": "find", "args": {"q": "cat"}},
        {"id": "functions.find:1", "name": "find", "args": {}},
    ]
    assert called["parts"][0]["thoughtSignature"] == "skip_thought_signature_validator"
    assert "thoughtSignature" not in called["parts"][1]
    assert [part["functionResponse"]["response"] for part in answered["parts"]] == [
        {"result": "a cat"},
        {"result": "nothing"},
    ]
    assert wire.body["generationConfig"] == {
        "seed": 1,
        "maxOutputTokens": 100,
        "stopSequences": ["END"],
        "responseMimeType": "application/json",
        "responseJsonSchema": SCHEMA,
        "thinkingConfig": {"thinkingLevel": "LOW", "includeThoughts": True},
    }
    assert wire.body["toolConfig"]["functionCallingConfig"] == {
        "mode": "ANY",
        "allowedFunctionNames": ["find"],
    }
    assert wire.losses == ("response_format.name",)


def test_it_serves_a_coding_agents_request_in_anthropics_words():
    wire = to_gemini(ANTHROPIC, FROM_ANTHROPIC)
    assert "billing" not in repr(wire.body)
    assert [turn["role"] for turn in wire.body["contents"]] == ["user", "model", "user"]
    called = wire.body["contents"][1]["parts"]
    assert called[0] == {"text": "Let me look."}
    answered, text, order = wire.body["contents"][2]["parts"]
    assert answered["functionResponse"] == {
        "id": CALL_ID,
        "name": "find",
        "response": {"error": "broken"},
        "parts": [{"inlineData": {"mimeType": "image/png", "data": PIXEL}}],
    }
    assert (text, order) == ({"text": "Go on."}, {"text": "<system>\nHurry.\n</system>"})
    declared = wire.body["tools"][0]["functionDeclarations"]
    assert [tool["parametersJsonSchema"] for tool in declared[:2]] == AGENT_TOOLS[:2]
    assert declared[2]["parametersJsonSchema"]["required"] == ["url"]
    assert wire.body["generationConfig"]["thinkingConfig"]["thinkingLevel"] == "LOW"
    assert set(wire.losses) == {
        "messages.cache_control",
        "messages.role",
        "messages.thinking",
        "parallel_tool_calls",
    }
    orjson.dumps(wire.body)


@pytest.mark.parametrize("target", [CHAT, ANTHROPIC], ids=["chat", "anthropic"])
def test_it_lets_a_gemini_client_ask_other_providers(target: Format):
    asked = {**REQUEST, "model": "m", "stream": True}
    del asked["toolConfig"]
    request = FORMAT.read_request(asked)
    wire = target.write_request(request, HOSTED, MODEL)
    again = target.read_request(wire.body)
    calls = [p for m in again.messages for p in m.parts if isinstance(p, ir.ToolCall)]
    results = [p for m in again.messages for p in m.parts if isinstance(p, ir.ToolResult)]
    assert [(call.name, orjson.loads(call.arguments)) for call in calls] == [
        ("weather", {"city": "Brno"}),
        ("weather", {"city": "Praha"}),
    ]
    assert [result.call_id for result in results] == [call.id for call in calls]
    assert [tool.name for tool in again.tools] == ["weather", "now"]
    assert again.stream
    assert again.max_tokens == 4096
    texts = [p.text for m in again.messages for p in m.parts if isinstance(p, ir.Text)]
    assert texts[:2] == ["Be brief.", "How is the weather here? žluťoučký 🐎"]
    assert "tools.googleSearch" in wire.losses


def shown(parts: Any) -> list[Any]:
    """What a reader of any format agrees on: text, and calls with their parsed arguments."""
    found: list[Any] = []
    for part in parts:
        if isinstance(part, ir.Text) and part.text:
            found.append(part.text)
        elif isinstance(part, ir.ToolCall):
            found.append((part.name, orjson.loads(part.arguments or "{}")))
    return found


SHOWN = ["Let me look 🐎.", ("look", {"where": "šuplík"}), ("now", {})]


@pytest.mark.parametrize("target", [CHAT, ANTHROPIC], ids=["chat", "anthropic"])
def test_it_gives_geminis_answer_to_other_clients(target: Format):
    read = FORMAT.read_response(ANSWER)
    again = target.read_response(target.write_response(read, COUNTS))
    assert shown(again.parts) == SHOWN
    assert again.finish == "tool_calls"
    thoughts = [part.text for part in again.parts if isinstance(part, ir.Thinking)]
    assert "Hm. žluťoučký" in thoughts
    assert again.usage is not None
    assert read.usage is not None
    assert (again.usage.prompt, again.usage.output) == (107, 50)


@pytest.mark.parametrize("target", [CHAT, ANTHROPIC], ids=["chat", "anthropic"])
@pytest.mark.parametrize("size", [1, 97, 100_000])
def test_it_gives_geminis_stream_to_other_clients(target: Format, size: int):
    wire = to_gemini(CHAT, FROM_CHAT)
    pipe = Translation(FORMAT.reader(), target.writer(COUNTS), wire)
    raw = b"".join(pipe.feed(STREAM[at : at + size]) for at in range(0, len(STREAM), size))
    raw += pipe.close()
    assert (pipe.ready, pipe.done, pipe.error) == (True, True, None)
    assert pipe.usage is not None
    assert pipe.usage.output == 50
    reader = target.reader()
    found = [*reader.feed(raw), *reader.close()]
    assert shown(folded(found)) == SHOWN
    assert found[-1].reason == "tool_calls"


def folded(events: Any) -> list[ir.Part]:
    begun: dict[int, Any] = {}
    texts: dict[int, str] = {}
    for event in events:
        if isinstance(event, ir.PartStart):
            begun[event.index] = event.part
            texts[event.index] = getattr(event.part, "text", "")
        elif isinstance(event, ir.PartDelta):
            texts[event.index] += event.text
    found: list[ir.Part] = []
    for index, part in begun.items():
        match part:
            case ir.ToolCall():
                found.append(ir.ToolCall(id=part.id, name=part.name, arguments=texts[index]))
            case ir.Text():
                found.append(ir.Text(text=texts[index]))
            case _:
                found.append(part)
    return found


@pytest.mark.parametrize(
    ("source", "answer"),
    [(CHAT, CHAT_ANSWER), (ANTHROPIC, ANTHROPIC_ANSWER)],
    ids=["chat", "anthropic"],
)
@pytest.mark.parametrize("streamed", [True, False])
def test_it_gives_the_answer_of_others_to_gemini_clients(
    source: Format, answer: dict[str, Any], streamed: bool
):
    read = source.read_response(answer)
    if streamed:
        # The other format's own writer makes the stream that its provider would send.
        writer = source.writer(COUNTS)
        events = as_events(read)
        raw = b"".join(map(writer.write, events)) + writer.close()
        wire = source.write_request(FORMAT.read_request({**REQUEST, "model": "m"}), HOSTED, MODEL)
        pipe = Translation(source.reader(), FORMAT.writer(HEAD), wire)
        chunks = chunks_in(pipe.feed(raw) + pipe.close())
        parts = said(chunks)
        last = chunks[-1]
        assert pipe.done
    else:
        last = FORMAT.write_response(read, HEAD)
        parts = last["candidates"][0]["content"]["parts"]
    assert last["candidates"][0]["finishReason"] == "STOP"
    told = "".join(part.get("text", "") for part in parts if not part.get("thought"))
    assert told == "Let me look 🐎."
    assert [part["text"] for part in parts if part.get("thought")] == ["Hm."]
    assert [part["functionCall"] for part in parts if "functionCall" in part] == [
        {"id": "c1", "name": "look", "args": {"where": "šuplík"}},
        {"id": "c2", "name": "now", "args": {}},
    ]
    assert last["usageMetadata"]["promptTokenCount"] == 10
    assert last["usageMetadata"]["cachedContentTokenCount"] == 3
    usage = last["usageMetadata"]
    assert usage["totalTokenCount"] == 19
    assert usage["candidatesTokenCount"] + usage.get("thoughtsTokenCount", 0) == 9
    returned = {"role": "model", "parts": [part for part in parts if not part.get("thought")]}
    request = FORMAT.read_request({**REQUEST, "model": "m", "contents": [returned]})
    [message] = [each for each in request.messages if each.role == "assistant"]
    thought = next(part for part in message.parts if isinstance(part, ir.Thinking))
    assert thought.text == "Hm."
    assert thought.signature == ("sig" if source is ANTHROPIC else None)


def as_events(response: ir.Response) -> list[ir.Event]:
    found: list[ir.Event] = [ir.Start(id=response.id, model=response.model, usage=response.usage)]
    for index, part in enumerate(response.parts):
        match part:
            case ir.ToolCall(arguments=text):
                begun: ir.Part = ir.ToolCall(id=part.id, name=part.name)
            case ir.Text(text=text):
                begun = ir.Text(text="")
            case ir.Thinking(text=text):
                begun = ir.Thinking(origin=part.origin)
            case _:
                raise AssertionError(part)
        found.append(ir.PartStart(index=index, part=begun))
        found.append(ir.PartDelta(index=index, text=text))
        if isinstance(part, ir.Thinking) and part.signature:
            found.append(ir.PartDelta(index=index, signature=part.signature))
        found.append(ir.PartStop(index=index))
    if response.usage is not None:
        found.append(ir.UsageReport(usage=response.usage))
    return [*found, ir.Finish(reason=response.finish)]


def test_it_brings_anthropics_thinking_back_to_anthropic_through_a_gemini_client():
    read = ANTHROPIC.read_response(ANTHROPIC_ANSWER)
    parts = FORMAT.write_response(read, HEAD)["candidates"][0]["content"]["parts"]
    kept = [part for part in parts if not part.get("thought")]
    contents = [
        {"role": "user", "parts": [{"text": "Hi"}]},
        {"role": "model", "parts": kept},
        {
            "role": "user",
            "parts": [
                {"functionResponse": {"id": "c1", "name": "look", "response": {"result": "x"}}},
                {"functionResponse": {"id": "c2", "name": "now", "response": {"result": "y"}}},
            ],
        },
    ]
    request = FORMAT.read_request({"model": "m", "contents": contents})
    wire = ANTHROPIC.write_request(request, HOSTED, MODEL)
    assert wire.body["messages"][1]["content"] == ANTHROPIC_ANSWER["content"]
    google = FORMAT.passthrough({"model": "m", "contents": contents}, GOOGLE, THIRD)
    assert SIGNATURE not in repr(google)
    assert "omniroute" not in repr(google)
    assert "b21uaXJvdXRl" not in repr(google)


def test_it_brings_openais_reasoning_back_before_the_call():
    read = CHAT.read_response(CHAT_ANSWER)
    parts = FORMAT.write_response(read, HEAD)["candidates"][0]["content"]["parts"]
    contents = [{"role": "user", "parts": [{"text": "Hi"}]}, {"role": "model", "parts": parts}]
    request = FORMAT.read_request({"model": "m", "contents": contents})
    replaying = Provider(
        id="deepseek",
        alias="d",
        name="D",
        format="openai_chat",
        base_url="https://d",
        replay_reasoning=True,
    )
    wire = CHAT.write_request(request, replaying, MODEL)
    assert wire.body["messages"][1]["reasoning_content"] == "Hm."
