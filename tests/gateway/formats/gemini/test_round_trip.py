"""What is read can be written again, and what is written says the same."""

from __future__ import annotations

import copy
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from omniroute.gateway import ir
from omniroute.gateway.formats.gemini import FORMAT
from omniroute.gateway.formats.gemini.answer import joined

from .golden import ANSWER, ARRAY, PARTS, REQUEST, STREAM, USAGE
from .wire import GOOGLE, HEAD, THIRD, chunks_in, events, parts, said, stream_of, wrote

FOR_CLIENT = {"modelVersion": "my-alias", "responseId": "0193-aa-bb"}


def test_it_writes_a_request_of_its_own_exactly_as_it_read_it():
    asked = {**REQUEST, "model": "gemini-3", "stream": True}
    before = copy.deepcopy(asked)
    request = FORMAT.read_request(asked)
    assert asked == before, "the caller's body was changed"
    assert (request.model, request.stream) == ("gemini-3", True)
    wire = FORMAT.write_request(request, GOOGLE, THIRD)
    assert (wire.losses, wire.names, wire.ids) == ((), {}, {})
    assert wire.body == REQUEST


def test_it_reads_and_writes_a_whole_answer():
    response = FORMAT.read_response(ANSWER)
    assert response.parts == PARTS
    assert (response.id, response.model, response.finish) == (
        "resp-1",
        "gemini-3-flash-preview",
        "tool_calls",
    )
    written = FORMAT.write_response(response, HEAD)
    usage = {**USAGE, "promptTokenCount": 107}
    del usage["toolUsePromptTokenCount"]
    assert written == {**ANSWER, **FOR_CLIENT, "usageMetadata": usage}


def test_it_reads_a_stream_as_the_same_answer():
    whole = FORMAT.read_response(ANSWER)
    for raw in (STREAM, ARRAY):
        found = events(raw)
        assert tuple(parts(found)) == PARTS
        assert found[0] == ir.Start(id="resp-1", model="gemini-3-flash-preview")
        assert found[-1] == ir.Finish(reason="tool_calls", extra=whole.extra)
        assert [e.usage for e in found if isinstance(e, ir.UsageReport)][-1] == whole.usage


def test_it_writes_a_stream_as_the_same_answer():
    writer = FORMAT.writer(HEAD)
    written = b"".join(map(writer.write, events(STREAM))) + writer.close()
    again = events(written)
    assert tuple(parts(again)) == PARTS
    chunks = chunks_in(written)
    assert [item["candidates"][0].get("finishReason") for item in chunks] == [None] * 7 + ["STOP"]
    assert all(item.items() >= FOR_CLIENT.items() for item in chunks)
    assert chunks[-1]["createTime"] == ANSWER["createTime"]
    assert chunks[-1]["candidates"][0]["avgLogprobs"] == -0.1


# --- read(write(x)) == x for anything that this format can say ---

texts = st.text(st.characters(codec="utf-8"), min_size=1)
names = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_-]{0,63}", fullmatch=True)
signatures = st.sampled_from([{}, {"gemini": {"thoughtSignature": "c2ln"}}])
scalars = st.none() | st.booleans() | st.integers(-(2**50), 2**50) | st.floats(-1e9, 1e9) | texts
json_objects = st.dictionaries(
    texts,
    st.recursive(scalars, lambda inner: st.lists(inner, max_size=3), max_leaves=5),
    max_size=3,
)
text_parts = st.builds(ir.Text, text=texts, extra=signatures)
media = st.one_of(
    st.builds(
        ir.Image,
        source=st.builds(ir.Source, media_type=st.just("image/png"), data=st.just("aGk="))
        | st.builds(
            ir.Source, media_type=st.just("image/png"), url=st.just("https://example.com/x.png")
        ),
        extra=signatures,
    ),
    st.builds(
        ir.Document,
        source=st.builds(ir.Source, media_type=st.just("application/pdf"), data=st.just("aGk=")),
        name=st.none() | texts,
    ),
    st.builds(
        ir.Audio,
        source=st.builds(
            ir.Source, media_type=st.just("audio/mpeg"), file_id=st.just("gs://bucket/x.mp3")
        ),
    ),
)
own_parts = st.one_of(
    st.builds(
        ir.Thinking,
        text=texts,
        signature=st.none() | st.just("c2ln"),
        origin=st.just("gemini"),
    ),
    st.just(ir.Opaque(format="gemini", value={"executableCode": {"code": "1"}})),
)
arguments = json_objects.map(lambda value: orjson.dumps(value).decode())
results = st.lists(text_parts.map(lambda part: ir.Text(text=part.text)) | media, max_size=3)


@st.composite
def conversations(draw: st.DrawFn) -> tuple[ir.Message, ...]:
    messages = [ir.Message(role="user", parts=(draw(text_parts),))]
    for turn in range(draw(st.integers(0, 3))):
        calls = [
            ir.ToolCall(
                id=f"c{turn}-{n}",
                name=draw(names),
                arguments=draw(arguments),
                extra=draw(signatures),
            )
            for n in range(draw(st.integers(0, 3)))
        ]
        spoken = draw(st.lists(text_parts | own_parts, min_size=not calls, max_size=3))
        messages.append(ir.Message(role="assistant", parts=(*joined(spoken), *calls)))
        answers = [
            ir.ToolResult(
                call_id=call.id,
                name=call.name,
                parts=(ir.Text(text=draw(texts)), *draw(st.lists(media, max_size=2))),
                is_error=draw(st.booleans()),
            )
            for call in calls
        ]
        asked = draw(st.lists(text_parts | media, min_size=not answers, max_size=2))
        messages.append(ir.Message(role="user", parts=(*answers, *asked)))
    return tuple(messages)


@st.composite
def requests(draw: st.DrawFn) -> ir.Request:
    tool_names = draw(st.lists(names, min_size=1, max_size=3, unique=True))
    tools = [
        ir.Tool(name=name, description=draw(st.just("") | texts), schema=draw(schemas))
        for name in tool_names
    ]
    return ir.Request(
        format="gemini",
        model="m",
        messages=draw(conversations()),
        max_tokens=draw(st.none() | st.integers(1, 1000)),
        stream=draw(st.booleans()),
        include_usage=True,
        tools=(*tools, ir.Tool(name="googleSearch", hosted={"googleSearch": {}})),
        tool_choice=draw(
            st.sampled_from(
                [
                    None,
                    ir.ToolChoice(mode="auto"),
                    ir.ToolChoice(mode="none"),
                    ir.ToolChoice(mode="required"),
                    ir.ToolChoice(mode="named", names=(tool_names[0],)),
                    ir.ToolChoice(mode="allowed", names=tuple(tool_names)),
                ]
            )
        ),
        output=draw(
            st.none()
            | st.sampled_from([ir.OutputFormat(kind="text"), ir.OutputFormat(kind="json_object")])
        ),
        reasoning=draw(
            st.none()
            | st.builds(
                ir.Reasoning,
                effort=st.sampled_from(["minimal", "low", "medium", "high"]),
                visible=st.booleans(),
            )
        ),
        sampling=draw(
            st.builds(
                ir.Sampling,
                temperature=st.none() | st.floats(0, 2),
                top_p=st.none() | st.floats(0, 1),
                top_k=st.none() | st.integers(1, 100),
                stop=st.lists(texts, max_size=5).map(tuple),
                seed=st.none() | st.integers(0, 2**31),
                n=st.none() | st.just(1),
            )
        ),
        service_tier=draw(st.sampled_from([None, "default", "flex", "priority"])),
        extra=draw(st.sampled_from([{}, {"gemini": {"labels": {"a_b": "c"}}}])),
    )


schemas = st.sampled_from(
    [
        {"type": "object", "properties": {}},
        {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
        {"type": "object", "properties": {"$ref": {"enum": ["x"]}}, "additionalProperties": False},
    ]
)


@given(requests())
def test_it_loses_nothing_of_a_request_on_the_way_out_and_back(request_: ir.Request):
    wire = FORMAT.write_request(request_, GOOGLE, THIRD)
    assert wire.losses == ()
    again = FORMAT.read_request({**wire.body, "model": "m", "stream": request_.stream})
    assert unsigned(again) == unsigned(request_)


def unsigned(request: ir.Request) -> ir.Request:
    """Without the dummy signature that a model of the third generation needs."""
    dummy = {"gemini": {"thoughtSignature": "skip_thought_signature_validator"}}
    found: list[ir.Message] = []
    for message in request.messages:
        kept = tuple(
            ir.ToolCall(id=part.id, name=part.name, arguments=part.arguments)
            if isinstance(part, ir.ToolCall) and part.extra == dummy
            else part
            for part in message.parts
        )
        found.append(ir.Message(role=message.role, parts=kept))
    return ir.Request(
        **{
            name: getattr(request, name)
            for name in request.__dataclass_fields__
            if name != "messages"
        },
        messages=tuple(found),
    )


@given(st.lists(text_parts | own_parts | media, max_size=5), st.booleans())
def test_it_loses_nothing_of_an_answer_on_the_way_out_and_back(given_: list[Any], streamed: bool):
    """Neighbours of plain text, and of plain thoughts, are one text for a client of this format."""
    shown = [part for part in given_ if not isinstance(part, ir.Image | ir.Document | ir.Audio)]
    calls = [ir.ToolCall(id=f"c{n}", name="f", arguments='{"a":1}') for n in range(2)]
    answer = (*shown, *calls)
    if streamed:
        chunks = wrote(stream_of(*answer))
        found = tuple(parts(events(*(b"data: " + orjson.dumps(c) + b"\n\n" for c in chunks))))
        assert said(chunks)
    else:
        response = ir.Response(id="x", model="m", parts=answer, finish="tool_calls")
        found = FORMAT.read_response(FORMAT.write_response(response, HEAD)).parts
    assert plain(found) == plain(answer)


def plain(given_: Any) -> list[Any]:
    """Texts and thoughts told apart by what they say, however they are cut into parts."""
    found: list[Any] = []
    for part in given_:
        if isinstance(part, ir.Text) and not part.extra:
            key: Any = ("text", part.text)
        elif isinstance(part, ir.Thinking):
            key = ("thinking", part.text)
        else:
            found.append(part)
            continue
        if found and isinstance(found[-1], tuple) and found[-1][0] == key[0]:
            found[-1] = (key[0], found[-1][1] + key[1])
        else:
            found.append(key)
    return found
