"""What the hub says in this format and reads back is what it said.

Declared losses, which the strategies leave out: adjacent texts and adjacent unsigned thoughts are
one, an error mark on a result becomes words, media of a result move to the next user message, and
reasoning in history returns only to providers that demand it.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain, groupby

from hypothesis import given
from hypothesis import strategies as st

from omniroute.gateway import ir
from omniroute.gateway.formats.openai_chat import FORMAT
from omniroute.gateway.snapshot import Model
from omniroute.gateway.usage import Usage

from .wire import ASKED, HEAD, finishes, parts, provider, read

WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
NAMES = st.from_regex(r"[a-zA-Z0-9_-]{1,12}", fullmatch=True)
JSON_TEXT = st.sampled_from(["{}", '{"a":1}', '{"ü":"\\u00fc"}'])
DATA = st.sampled_from(["QQ==", "aGVsbG8="])

texts = st.builds(ir.Text, text=WORDS)
images = st.builds(
    ir.Image,
    source=st.builds(ir.Source, media_type=st.just("image/png"), data=DATA)
    | st.builds(ir.Source, url=st.just("https://x.example/a.png")),
    detail=st.sampled_from([None, "low"]),
)
documents = st.builds(
    ir.Document,
    source=st.builds(ir.Source, media_type=st.just("application/pdf"), data=DATA),
    name=NAMES,
)
audio = st.builds(
    ir.Audio,
    source=st.builds(ir.Source, media_type=st.sampled_from(["audio/wav", "audio/mpeg"]), data=DATA),
)
signatures = st.sampled_from([None, {"gemini": {"thoughtSignature": "sig"}}])
function_calls = st.builds(
    lambda name, arguments, extra: ir.ToolCall(
        id="", name=name, arguments=arguments, extra=extra or {}
    ),
    NAMES,
    JSON_TEXT,
    signatures,
)
freeform_calls = st.builds(
    lambda name, arguments: ir.ToolCall(id="", name=name, arguments=arguments, freeform=True),
    NAMES,
    WORDS,
)
thoughts = st.one_of(
    st.builds(
        ir.Thinking,
        text=WORDS,
        signature=WORDS,
        origin=st.sampled_from(["anthropic", "gemini", "openai_responses"]),
    ),
    st.builds(ir.Thinking, redacted=WORDS, origin=st.just("anthropic")),
)


def numbered(calls: list[ir.ToolCall], turn: int) -> list[ir.ToolCall]:
    return [replace(call, id=f"call_{turn}_{n}") for n, call in enumerate(calls)]


def conversation(turns: list[tuple[list[ir.Part], list[ir.ToolCall], str]]) -> list[ir.Message]:
    messages = [ir.Message(role="system", parts=(ir.Text(text="Be brief."),))]
    for turn, (said, calls, answer) in enumerate(turns):
        messages.append(ir.Message(role="user", parts=tuple(said)))
        made = numbered(calls, turn)
        messages.append(ir.Message(role="assistant", parts=(ir.Text(text="Hm."), *made)))
        if made:
            results = tuple(
                ir.ToolResult(call_id=call.id, parts=(ir.Text(text=answer),), name=call.name)
                for call in made
            )
            messages.append(ir.Message(role="user", parts=results))
    return messages


conversations = st.lists(
    st.tuples(
        st.lists(st.one_of(texts, images, documents, audio), min_size=1, max_size=3),
        st.lists(st.one_of(function_calls, freeform_calls), max_size=3),
        WORDS,
    ),
    min_size=1,
    max_size=3,
).map(conversation)
tools = st.one_of(
    st.builds(
        ir.Tool,
        name=NAMES,
        description=WORDS,
        schema=st.just({"type": "object", "properties": {"a": {"type": "string"}}}),
        strict=st.sampled_from([None, True, False]),
    ),
    st.builds(
        ir.Tool,
        name=NAMES,
        freeform=st.sampled_from(
            [{}, {"type": "text"}, {"type": "grammar", "syntax": "lark", "definition": "start: x"}]
        ),
    ),
)
requests = st.builds(
    ir.Request,
    format=st.just("openai_chat"),
    model=st.just("m"),
    messages=conversations.map(tuple),
    max_tokens=st.none() | st.integers(0, 10**6),
    stream=st.booleans(),
    tools=st.lists(tools, min_size=1, max_size=3, unique_by=lambda tool: tool.name).map(tuple),
    tool_choice=st.none()
    | st.sampled_from([ir.ToolChoice(mode=m) for m in ("auto", "none", "required")]),
    parallel_tool_calls=st.sampled_from([None, True, False]),
    output=st.sampled_from(
        [
            None,
            ir.OutputFormat(kind="text"),
            ir.OutputFormat(kind="json_object"),
            ir.OutputFormat(kind="json_schema", schema={"type": "object"}, name="x", strict=True),
        ]
    ),
    reasoning=st.sampled_from(
        [None, ir.Reasoning(effort="low"), ir.Reasoning(mode="off", effort="none")]
    ),
    sampling=st.builds(
        ir.Sampling,
        temperature=st.none() | st.floats(0, 2),
        stop=st.lists(WORDS, max_size=4).map(tuple),
        seed=st.none() | st.integers(0, 99),
        n=st.sampled_from([None, 1]),
        top_k=st.none() | st.integers(0, 99),
    ),
    user=st.none() | NAMES,
    service_tier=st.sampled_from([None, "flex"]),
    prompt_cache_key=st.none() | NAMES,
    metadata=st.sampled_from([None, {"a": "b"}]),
    extra=st.sampled_from([{}, {"openai_chat": {"store": True}}]),
)


@given(asked=requests)
def test_it_reads_the_request_that_it_writes(asked):
    wire = FORMAT.write_request(asked, provider(freeform_tools=True), Model(id="m"))
    assert wire.losses == ()
    assert wire.names == wire.ids == {}
    back = FORMAT.read_request(wire.body)
    assert back == replace(asked, include_usage=asked.stream)
    again = FORMAT.write_request(back, provider(freeform_tools=True), Model(id="m"))
    assert again.body == wire.body


def apart(said: list[ir.Part]) -> tuple[ir.Part, ...]:
    """Without neighbours of the same kind, which the wire cannot tell apart."""
    return tuple(next(run) for _, run in groupby(said, key=type))


answers = st.builds(
    lambda reasoning, said, calls: (*apart(reasoning), *apart(said), *numbered(calls, 0)),
    st.lists(thoughts, max_size=2),
    st.lists(texts, max_size=1),
    st.lists(st.one_of(function_calls, freeform_calls), max_size=3),
)
usages = st.builds(
    Usage,
    input=st.integers(0, 999),
    cache_read=st.integers(0, 999),
    cache_write_5m=st.integers(0, 999),
    output=st.integers(10, 999),
    reasoning=st.integers(0, 10),
)


def ending(said: tuple[ir.Part, ...]) -> ir.FinishReason:
    return "tool_calls" if any(isinstance(part, ir.ToolCall) for part in said) else "stop"


@given(said=answers, usage=usages)
def test_it_reads_the_answer_that_it_writes(said, usage):
    response = ir.Response(
        id="chatcmpl-0190",
        model="my-alias",
        parts=said,
        finish=ending(said),
        usage=usage,
        created=5,
        extra={"openai_chat": {"system_fingerprint": "fp"}},
    )
    assert FORMAT.read_response(FORMAT.write_response(response, HEAD)) == response


def streamed(said: tuple[ir.Part, ...]) -> list[ir.Event]:
    return list(chain.from_iterable(events_of(n, part) for n, part in enumerate(said)))


def events_of(index: int, part: ir.Part) -> list[ir.Event]:
    match part:
        case ir.Text(text=text):
            begun: ir.Part = ir.Text(text="")
        case ir.Thinking(text=text, redacted=None):
            begun = ir.Thinking(origin=part.origin)
        case ir.ToolCall(arguments=text):
            begun = replace(part, arguments="")
        case _:
            begun, text = part, ""
    half = len(text) // 2
    more = [ir.PartDelta(index=index, text=piece) for piece in (text[:half], text[half:]) if piece]
    if isinstance(part, ir.Thinking) and part.signature:
        more.append(ir.PartDelta(index=index, signature=part.signature))
    return [ir.PartStart(index=index, part=begun), *more, ir.PartStop(index=index)]


@given(said=answers, usage=usages)
def test_it_reads_the_stream_that_it_writes(said, usage):
    events = [
        ir.Start(id="x", model="y"),
        *streamed(said),
        ir.UsageReport(usage=usage),
        ir.Finish(reason=ending(said)),
    ]
    writer = FORMAT.writer(ASKED)
    raw = b"".join(map(writer.write, events)) + writer.close()
    back = read(raw)
    assert back[0] == ir.Start(id="chatcmpl-0190", model="my-alias")
    assert tuple(parts(back)) == said
    assert [e.usage for e in back if isinstance(e, ir.UsageReport)] == [usage]
    assert finishes(back) == [ir.Finish(reason=ending(said))]
    tap = FORMAT.tap(ASKED, "my-alias")
    assert tap.feed(raw) + tap.close() == raw
    assert tap.done
    assert tap.ready is bool(said)
