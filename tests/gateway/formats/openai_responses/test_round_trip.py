"""What the hub says in this format and reads back is what it said.

Declared losses, which the strategies leave out or the tests name: the namespace of a tool becomes
a part of its name, `strict` is said where it was not, an error mark on a result becomes words,
items that say nothing are gone, and reasoning that led to nothing is dropped.
"""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from omniroute.gateway import ir
from omniroute.gateway.formats.openai_responses import FORMAT
from omniroute.gateway.snapshot import Model
from omniroute.gateway.usage import Usage

from .grammar import checked
from .wire import HEAD, folded, head, provider, read, streamed, written

WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
NAMES = st.from_regex(r"[a-zA-Z0-9_-]{1,12}", fullmatch=True)
JSON_TEXT = st.sampled_from(["{}", '{"a":1}', '{"ü":"\\u00fc"}'])
DATA = st.sampled_from(["QQ==", "aGVsbG8="])

texts = st.builds(ir.Text, text=WORDS)
images = st.builds(
    ir.Image,
    source=st.builds(ir.Source, media_type=st.just("image/png"), data=DATA)
    | st.builds(ir.Source, url=st.just("https://x.example/a.png"))
    | st.builds(ir.Source, file_id=NAMES),
    detail=st.sampled_from(["auto", "low"]),
)
documents = st.builds(
    ir.Document,
    source=st.builds(ir.Source, media_type=st.just("application/pdf"), data=DATA)
    | st.builds(ir.Source, url=st.just("https://x.example/a.pdf"))
    | st.builds(ir.Source, file_id=NAMES),
    name=NAMES,
)
audio = st.builds(
    ir.Audio,
    source=st.builds(ir.Source, media_type=st.sampled_from(["audio/wav", "audio/mpeg"]), data=DATA),
)
calls = st.builds(
    lambda name, arguments: ir.ToolCall(id="", name=name, arguments=arguments), NAMES, JSON_TEXT
) | st.builds(
    lambda name, raw: ir.ToolCall(id="", name=name, arguments=raw, freeform=True), NAMES, WORDS
)
thoughts = st.builds(
    ir.Thinking,
    text=st.just("") | WORDS,
    signature=NAMES,
    origin=st.just("openai_responses"),
)
phased = st.builds(
    lambda text, phase: ir.Text(text=text, extra={"openai_responses": {"phase": phase}}),
    WORDS,
    st.sampled_from(["commentary", "final_answer"]),
)
hosted = st.builds(
    lambda query: ir.Opaque(
        format="openai_responses", value={"type": "web_search_call", "action": {"query": query}}
    ),
    WORDS,
)
spoken = st.one_of(texts, phased, hosted, st.builds(ir.Refusal, text=WORDS), thoughts)


def numbered(made: list[ir.ToolCall], turn: int) -> list[ir.ToolCall]:
    return [replace(call, id=f"call_{turn}_{n}") for n, call in enumerate(made)]


Turn = tuple[list[ir.Part], list[ir.Part], list[ir.ToolCall], ir.Part]


def conversation(turns: list[Turn]) -> tuple[ir.Message, ...]:
    messages = [ir.Message(role="user", parts=(ir.Text(text="Go."),))]
    for turn, (asked, told, made, found) in enumerate(turns):
        messages.append(ir.Message(role="user", parts=tuple(asked)))
        called = numbered(made, turn)
        end = ir.Text(text="So.")
        messages.append(ir.Message(role="assistant", parts=(*told, *called, end)))
        if called:
            results = [ir.ToolResult(call_id=call.id, parts=(found,)) for call in called]
            messages.append(ir.Message(role="user", parts=tuple(results)))
        messages.append(ir.Message(role="system", parts=(ir.Text(text="Mind."),)))
    return tuple(messages)


conversations = st.lists(
    st.tuples(
        st.lists(st.one_of(texts, images, documents, audio), min_size=1, max_size=3),
        st.lists(spoken, max_size=3),
        st.lists(calls, max_size=3),
        st.one_of(texts, images, documents),
    ),
    min_size=1,
    max_size=3,
).map(conversation)
tools = st.one_of(
    st.builds(
        ir.Tool,
        name=NAMES,
        description=WORDS.map(str.strip),
        schema=st.just({"type": "object", "properties": {"a": {"type": "string"}}}),
        strict=st.booleans(),
        extra=st.sampled_from([{}, {"openai_responses": {"defer_loading": True}}]),
    ),
    st.builds(
        ir.Tool,
        name=NAMES,
        freeform=st.sampled_from(
            [{}, {"type": "text"}, {"type": "grammar", "syntax": "lark", "definition": "start: x"}]
        ),
    ),
    st.just(ir.Tool(name="web_search", hosted={"type": "web_search"})),
)
schemas = st.builds(
    ir.OutputFormat,
    kind=st.just("json_schema"),
    schema=st.just({"type": "object"}),
    name=NAMES,
    strict=st.sampled_from([None, True, False]),
)
requests = st.builds(
    ir.Request,
    format=st.just("openai_responses"),
    model=st.just("m"),
    messages=conversations,
    max_tokens=st.none() | st.integers(16, 10**6),
    stream=st.booleans(),
    tools=st.lists(tools, min_size=1, max_size=3, unique_by=lambda tool: tool.name).map(tuple),
    tool_choice=st.none()
    | st.sampled_from([ir.ToolChoice(mode=mode) for mode in ("auto", "none", "required")]),
    parallel_tool_calls=st.sampled_from([None, True, False]),
    output=st.one_of(
        st.none(),
        st.just(ir.OutputFormat(kind="text")),
        st.just(ir.OutputFormat(kind="json_object")),
        schemas,
    ),
    reasoning=st.sampled_from(
        [None, ir.Reasoning(effort="low"), ir.Reasoning(mode="off", effort="none")]
    ),
    sampling=st.builds(ir.Sampling, temperature=st.none() | st.floats(0, 2)),
    user=st.none() | NAMES,
    service_tier=st.sampled_from([None, "flex"]),
    prompt_cache_key=st.none() | NAMES,
    verbosity=st.sampled_from([None, "low"]),
    metadata=st.sampled_from([None, {"a": "b"}]),
    extra=st.sampled_from([{}, {"openai_responses": {"truncation": "auto"}}]),
)


@given(asked=requests)
def test_it_reads_the_request_that_it_writes(asked):
    to = provider(freeform_tools=True)
    wire = FORMAT.write_request(asked, to, Model(id="m"))
    assert wire.losses == ()
    assert wire.names == wire.ids == {}
    back = FORMAT.read_request(wire.body)
    assert back == replace(asked, include_usage=True)
    again = FORMAT.write_request(back, to, Model(id="m"))
    assert again.body == wire.body


def test_it_leads_back_where_a_namespace_became_a_name():
    space = {"type": "namespace", "name": "ns", "tools": [{"name": "a"}]}
    asked = FORMAT.read_request({"model": "m", "input": "Hi", "tools": [space]})
    wire = FORMAT.write_request(asked, provider(), Model(id="m"))
    [tool] = FORMAT.read_request(wire.body).tools
    assert (tool.namespace, tool.name) == (None, "ns__a")


searches = st.builds(
    lambda number: ir.Opaque(
        format="openai_responses", value={"id": f"ws_{number}", "type": "web_search_call"}
    ),
    st.uuids(),
)
said = st.lists(st.one_of(texts, st.builds(ir.Refusal, text=WORDS), thoughts, searches), max_size=4)
answers = st.builds(
    lambda told, made: (*told, *numbered(made, 0)), said, st.lists(calls, max_size=3)
).filter(bool)
usages = st.builds(
    Usage,
    input=st.integers(0, 999),
    cache_read=st.integers(0, 999),
    cache_write_5m=st.integers(0, 999),
    output=st.integers(10, 999),
    reasoning=st.integers(0, 10),
)


def ending(parts: tuple[ir.Part, ...]) -> ir.FinishReason:
    if any(isinstance(part, ir.ToolCall) for part in parts):
        return "tool_calls"
    return "refusal" if any(isinstance(part, ir.Refusal) for part in parts) else "stop"


@given(parts=answers, usage=usages)
def test_it_reads_the_answer_that_it_writes(parts, usage):
    response = ir.Response(
        id="resp_0193aabb",
        model="my-alias",
        parts=parts,
        finish=ending(parts),
        usage=usage,
        created=HEAD.created,
    )
    assert FORMAT.read_response(FORMAT.write_response(response, HEAD)) == response


@given(parts=answers, usage=usages)
def test_it_reads_the_stream_that_it_writes(parts, usage):
    end = [ir.UsageReport(usage=usage), ir.Finish(reason=ending(parts))]
    raw = written([ir.Start(id="x", model="y"), *streamed(parts), *end])
    back = read(raw)
    assert back[0] == ir.Start(id="resp_0193aabb", model="my-alias")
    assert folded(back) == parts
    assert back[-2:] == end
    tap = FORMAT.tap(HEAD, "m")
    assert tap.feed(raw) + tap.close() == raw
    assert (tap.done, tap.usage) == (True, usage)


@given(parts=answers)
def test_it_reads_its_own_answer_as_a_history(parts):
    """What a client has got and sends back is what the model said."""
    output = FORMAT.write_response(
        ir.Response(id="x", model="y", parts=parts, finish=ending(parts)), head()
    )["output"]
    [message] = FORMAT.read_request({"model": "m", "input": output}).messages
    assert message == ir.Message(role="assistant", parts=parts)


@given(asked=requests)
def test_it_accepts_every_request_that_a_hub_can_hold_from_another_format(asked):
    foreign = replace(asked, format="anthropic", messages=tuple(map(without_ids, asked.messages)))
    wire = FORMAT.write_request(foreign, provider(), Model(id="m"))
    FORMAT.read_request(wire.body)


def without_ids(message: ir.Message) -> ir.Message:
    return replace(message, parts=tuple(map(_without_id, message.parts)))


def _without_id(part: ir.Part) -> ir.Part:
    match part:
        case (
            ir.Image(source=ir.Source(file_id=str())) | ir.Document(source=ir.Source(file_id=str()))
        ):
            return ir.Text(text="a file")
        case ir.ToolResult(parts=parts):
            return replace(part, parts=tuple(map(_without_id, parts)))
        case _:
            return part


@given(parts=answers)
def test_it_streams_what_it_answers(parts):
    raw = written([ir.Start(id="x", model="y"), *streamed(parts), ir.Finish(reason=ending(parts))])
    whole = ir.Response(id="x", model="y", parts=parts, finish=ending(parts))
    assert checked(raw)["output"] == FORMAT.write_response(whole, HEAD)["output"]
