"""What is read can be written again, and what is written says the same."""

from __future__ import annotations

import copy
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniroute.gateway import ir
from omniroute.gateway.formats.anthropic import FORMAT

from .facts import HEAD, MODEL, PROVIDER, folded, message_in
from .golden import MESSAGE, REDACTED, REQUEST, SIGNATURE, STREAM, USAGE

GOLDEN_PARTS = (
    ir.Thinking(text="Hm. žluťoučký", signature=SIGNATURE, origin="anthropic"),
    ir.Thinking(redacted=REDACTED, origin="anthropic"),
    ir.Text(text="Let me look 🐎."),
    ir.ToolCall(id="toolu_1", name="look", arguments='{"where":"šuplík"}'),
    ir.ToolCall(id="toolu_2", name="now", arguments="{}"),
)


def rewritten(body: dict[str, Any]) -> dict[str, Any]:
    wire = FORMAT.write_request(FORMAT.read_request(body), PROVIDER, MODEL)
    assert wire.losses == ()
    assert wire.names == wire.ids == {}
    return wire.body


def test_it_writes_a_request_of_its_own_exactly_as_it_read_it() -> None:
    before = copy.deepcopy(REQUEST)
    assert rewritten(REQUEST) == REQUEST
    assert before == REQUEST, "the caller's body was changed"


def test_it_reads_and_writes_a_whole_answer() -> None:
    response = FORMAT.read_response(MESSAGE)
    assert response.parts == GOLDEN_PARTS
    assert (response.id, response.model, response.finish) == (
        "msg_01",
        "claude-sonnet-5",
        "tool_calls",
    )
    written = FORMAT.write_response(response, HEAD)
    assert written == {**MESSAGE, "id": "msg_0193aabb", "model": "my-alias"}


def test_it_reads_a_stream_as_the_same_answer() -> None:
    reader = FORMAT.reader()
    events = [*reader.feed(STREAM), *reader.close()]
    assert folded(events) == GOLDEN_PARTS
    assert events[-1] == ir.Finish(reason="tool_calls")
    [report] = [event for event in events if isinstance(event, ir.UsageReport)]
    assert report.usage == FORMAT.response_usage(MESSAGE)


def test_it_writes_a_stream_as_the_same_answer() -> None:
    reader, writer = FORMAT.reader(), FORMAT.writer(HEAD)
    events = [*reader.feed(STREAM), *reader.close()]
    written = b"".join(map(writer.write, events)) + writer.close()
    assert message_in(written) == {**MESSAGE, "id": "msg_0193aabb", "model": "my-alias"}
    assert b'"usage":{"input_tokens":10,' in written.split(b"\n\n")[0]


def test_it_reads_the_same_usage_from_a_stream_and_an_answer() -> None:
    usage = FORMAT.response_usage({"usage": USAGE})
    assert usage is not None
    assert (usage.input, usage.cache_read, usage.cache_write_5m, usage.cache_write_1h) == (
        *(10, 5, 10),
        20,
    )
    assert (usage.output, usage.reasoning, usage.prompt) == (50, 12, 45)


# --- read(write(x)) == x for anything that this format can say ---

texts = st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda text: text.strip())
names = st.from_regex(r"[a-zA-Z0-9_-]{1,64}", fullmatch=True)
ids = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
json_objects = st.dictionaries(
    st.text(st.characters(codec="utf-8"), max_size=5),
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**50), 2**50)
        | st.text(st.characters(codec="utf-8")),
        lambda inner: st.lists(inner, max_size=3),
        max_leaves=5,
    ),
    max_size=3,
)
marks = st.sampled_from([{}, {"anthropic": {"cache_control": {"type": "ephemeral"}}}])
text_parts = st.builds(ir.Text, text=texts, extra=marks)
images = st.builds(
    ir.Image,
    source=st.one_of(
        st.builds(ir.Source, media_type=st.just("image/png"), data=st.just("aGk=")),
        st.builds(ir.Source, url=st.just("https://example.com/x.png")),
        st.builds(ir.Source, file_id=st.just("file_1")),
    ),
    extra=marks,
)
documents = st.builds(
    ir.Document,
    source=st.one_of(
        st.builds(ir.Source, media_type=st.just("application/pdf"), data=st.just("aGk=")),
        st.builds(ir.Source, media_type=st.just("text/plain"), data=st.just("aGk=")),
        st.builds(ir.Source, url=st.just("https://example.com/x.pdf")),
    ),
    name=st.none() | texts,
)
thoughts = st.one_of(
    st.builds(
        ir.Thinking,
        text=st.text(st.characters(codec="utf-8")),
        signature=names,
        origin=st.just("anthropic"),
    ),
    st.builds(ir.Thinking, redacted=names, origin=st.just("anthropic")),
)


@st.composite
def conversations(draw: st.DrawFn) -> tuple[ir.Message, ...]:
    """Histories in the shape that the API demands: that is what reading back gives."""
    media = st.one_of(text_parts, images, documents)
    messages = [ir.Message(role="user", parts=tuple(draw(st.lists(media, min_size=1, max_size=3))))]
    for turn in range(draw(st.integers(0, 2))):
        said = draw(st.lists(st.one_of(text_parts, thoughts), max_size=3))
        said += draw(st.lists(text_parts, min_size=1 if said else 0, max_size=1))
        call_ids = draw(st.lists(ids, max_size=2, unique=True))
        calls = [
            ir.ToolCall(
                id=f"{turn}{call_id}",
                name=draw(names),
                arguments=orjson.dumps(draw(json_objects)).decode(),
            )
            for call_id in call_ids
        ]
        if not said and not calls:
            continue
        messages.append(ir.Message(role="assistant", parts=(*said, *calls)))
        results = [
            ir.ToolResult(
                call_id=call.id,
                parts=tuple(draw(st.lists(st.one_of(text_parts, images, documents), max_size=2))),
                is_error=draw(st.booleans()),
            )
            for call in calls
        ]
        tail = draw(st.lists(media, min_size=0 if results else 1, max_size=2))
        messages.append(ir.Message(role="user", parts=(*results, *tail)))
    return tuple(messages)


@given(conversations())
def test_it_reads_back_any_conversation_that_it_wrote(messages: tuple[ir.Message, ...]) -> None:
    request = ir.Request(
        format="anthropic",
        model="claude-sonnet-5",
        messages=messages,
        max_tokens=99,
        include_usage=True,
    )
    wire = FORMAT.write_request(request, PROVIDER, MODEL)
    back = FORMAT.read_request(wire.body)
    assert back == request
    assert wire.losses == ()


@given(
    st.builds(
        ir.Reasoning,
        mode=st.just("adaptive"),
        effort=st.sampled_from([None, "low", "medium", "high", "xhigh", "max"]),
        visible=st.sampled_from([None, True, False]),
    )
)
def test_it_reads_back_the_thinking_that_it_wrote(reasoning: ir.Reasoning) -> None:
    message = ir.Message(role="user", parts=(ir.Text(text="x"),))
    request = ir.Request(format="anthropic", model="m", messages=(message,), reasoning=reasoning)
    body = FORMAT.write_request(request, PROVIDER, MODEL).body
    assert FORMAT.read_request(body).reasoning == reasoning


@pytest.mark.parametrize("effort", ["low", "max"])
def test_it_keeps_effort_without_thinking(effort: str) -> None:
    body = {"model": MODEL.id, "max_tokens": 5, "messages": [{"role": "user", "content": "x"}]}
    asked = {**body, "output_config": {"effort": effort}}
    assert "thinking" not in rewritten(asked)
    assert rewritten(asked)["output_config"] == {"effort": effort}
