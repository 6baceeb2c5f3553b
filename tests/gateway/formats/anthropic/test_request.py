"""Reading requests: what clients send, and what nobody should."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omniroute.gateway import ir
from omniroute.gateway.errors import InvalidRequest
from omniroute.gateway.formats.anthropic import FORMAT

from .facts import MODEL, PROVIDER
from .golden import REDACTED, REQUEST, SIGNATURE

HELLO: dict[str, Any] = {
    "model": "m",
    "max_tokens": 5,
    "messages": [{"role": "user", "content": "Hello"}],
}


def read(**fields: Any) -> ir.Request:
    return FORMAT.read_request({**HELLO, **fields})


def said(block: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [block]}]}


def refused(body: Any) -> str | None:
    with pytest.raises(InvalidRequest) as caught:
        FORMAT.read_request(body)
    return caught.value.param


def test_it_reads_every_field() -> None:
    request = FORMAT.read_request(REQUEST)
    assert [message.role for message in request.messages] == ["system", "user", "assistant", "user"]
    assert request.model == "claude-sonnet-5"
    assert (request.max_tokens, request.stream, request.include_usage) == (4096, True, True)
    assert request.reasoning == ir.Reasoning(mode="adaptive", effort="high", visible=True)
    assert request.output is not None
    assert request.output.kind == "json_schema"
    assert request.sampling.stop == ("END",)
    assert request.tool_choice == ir.ToolChoice(mode="auto")
    assert request.parallel_tool_calls is False
    assert request.service_tier == "default"
    assert request.user is None, "a coding tool's bundle of ids is no end user"
    assert request.extra["anthropic"].keys() == {
        "context_management",
        "container",
        "output_config",
    }


def test_it_reads_system_text_in_every_place() -> None:
    request = read(
        system="You are a cat.",
        messages=[
            {"role": "user", "content": "Hello"},
            {"role": "system", "content": "Answer in Czech."},
            {"role": "system", "content": [{"type": "text", "text": "Shortly."}]},
        ],
    )
    assert [(message.role, message.parts) for message in request.messages] == [
        ("system", (ir.Text(text="You are a cat."),)),
        ("user", (ir.Text(text="Hello"),)),
        ("system", (ir.Text(text="Answer in Czech."),)),
        ("system", (ir.Text(text="Shortly."),)),
    ]


def test_it_drops_the_billing_header_that_would_spoil_foreign_prompt_caches() -> None:
    header = {"type": "text", "text": "x-anthropic-billing-header: cc_version=2; cch=1f2e"}
    prompt = {"type": "text", "text": "You are a coding tool."}
    [system, _] = read(system=[header, prompt]).messages
    assert system.parts == (ir.Text(text="You are a coding tool."),)
    assert [message.role for message in read(system=[header]).messages] == ["user"]


def test_it_reads_signed_and_redacted_thinking_byte_for_byte() -> None:
    [_, _, answer, _] = FORMAT.read_request(REQUEST).messages
    assert answer.parts[:2] == (
        ir.Thinking(text="", signature=SIGNATURE, origin="anthropic"),
        ir.Thinking(redacted=REDACTED, origin="anthropic"),
    )


def test_it_takes_unsigned_thinking_as_nobodys() -> None:
    thinking = {"type": "thinking", "thinking": "hm", "signature": ""}
    [message] = read(messages=[{"role": "assistant", "content": [thinking]}]).messages
    assert message.parts == (ir.Thinking(text="hm"),)


def test_it_reads_documents_of_every_kind() -> None:
    [_, question, *_] = FORMAT.read_request(REQUEST).messages
    pdf, plain, chunks = [part for part in question.parts if isinstance(part, ir.Document)]
    assert (pdf.source.media_type, pdf.name) == ("application/pdf", "a.pdf")
    assert plain.source == ir.Source(media_type="text/plain", data="cGxhaW4gxb5sdXTDvQ==")
    assert chunks.source == ir.Source(media_type="text/plain", data="aW5uZXI=")


def test_it_keeps_whole_what_has_no_word_in_the_hub() -> None:
    odd = [
        {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}},
        {"type": "web_search_tool_result", "tool_use_id": "s", "content": []},
        {
            "type": "document",
            "source": {
                "type": "content",
                "content": [{"type": "image", "source": {"type": "url", "url": "u"}}],
            },
        },
        {"type": "search_result", "source": "s", "title": "t", "content": [{"type": "new"}]},
        {"type": "something_new", "x": 1},
    ]
    [message] = read(messages=[{"role": "assistant", "content": odd}]).messages
    assert message.parts == tuple(ir.Opaque(format="anthropic", value=value) for value in odd)


def test_it_reads_a_search_result_as_text_for_models_that_know_no_such_thing() -> None:
    block = {
        "type": "search_result",
        "source": "https://e.com",
        "title": "T",
        "content": [{"type": "text", "text": "hit"}],
    }
    [message] = read(messages=[{"role": "user", "content": [block]}]).messages
    [part] = message.parts
    assert isinstance(part, ir.Text)
    assert part.text == "T\nhttps://e.com\nhit"


def test_it_reads_what_a_tool_search_found_as_text_for_models_that_have_all_tools() -> None:
    found = {"type": "tool_reference", "tool_name": "get_rate"}
    result = {"type": "tool_result", "tool_use_id": "t", "content": [found]}
    [message] = read(messages=[{"role": "user", "content": [result]}]).messages
    [answer] = message.parts
    assert isinstance(answer, ir.ToolResult)
    assert answer.parts == (
        ir.Text(text="The tool `get_rate` can be used now.", extra={"anthropic": {"block": found}}),
    )


def test_it_reads_the_tools_that_a_conversation_brings_on_its_way() -> None:
    brought = {"name": "get_time", "input_schema": {"type": "object"}}
    blocks = [
        {"type": "tool_addition", "tool": {"type": "tool_definition", "definition": brought}},
        {"type": "tool_addition", "tool": {"type": "tool_reference", "name": "look"}},
    ]
    request = read(
        tools=[{"name": "look", "input_schema": {"type": "object"}}],
        messages=[*HELLO["messages"], {"role": "system", "content": blocks}],
    )
    assert [tool.name for tool in request.tools] == ["look", "get_time"]


def test_it_reads_the_summary_of_a_compacted_conversation_as_text() -> None:
    block = {"type": "compaction", "content": "They greeted each other."}
    sealed = {"type": "compaction", "content": None, "encrypted_content": "x"}
    [message] = read(messages=[{"role": "assistant", "content": [block, sealed]}]).messages
    assert message.parts == (
        ir.Text(text="They greeted each other.", extra={"anthropic": {"block": block}}),
        ir.Opaque(format="anthropic", value=sealed),
    )


@pytest.mark.parametrize(
    ("thinking", "config", "expected"),
    [
        ({"type": "enabled", "budget_tokens": 3000}, {}, ir.Reasoning(mode="on", budget=3000)),
        (
            {"type": "enabled", "budget_tokens": 3000},
            {"effort": "low"},
            ir.Reasoning(mode="on", budget=3000),
        ),
        ({"type": "adaptive"}, {"effort": "max"}, ir.Reasoning(mode="adaptive", effort="max")),
        ({"type": "adaptive"}, {"effort": "brand-new"}, ir.Reasoning(mode="adaptive")),
        ({"type": "between_tools"}, {}, ir.Reasoning(mode="adaptive")),
        ({"type": "disabled"}, {}, ir.Reasoning(mode="off")),
        (
            {"type": "adaptive", "display": "omitted"},
            {},
            ir.Reasoning(mode="adaptive", visible=False),
        ),
        (None, {"effort": "xhigh"}, ir.Reasoning(effort="xhigh")),
        (None, {}, None),
    ],
)
def test_it_reads_thinking(
    thinking: Any, config: dict[str, Any], expected: ir.Reasoning | None
) -> None:
    assert read(thinking=thinking, output_config=config).reasoning == expected


@pytest.mark.parametrize(
    ("choice", "expected", "parallel"),
    [
        ({"type": "auto"}, ir.ToolChoice(mode="auto"), None),
        ({"type": "any"}, ir.ToolChoice(mode="required"), None),
        ({"type": "none"}, ir.ToolChoice(mode="none"), None),
        ({"type": "tool", "name": "look"}, ir.ToolChoice(mode="named", names=("look",)), None),
        ({"type": "auto", "disable_parallel_tool_use": True}, ir.ToolChoice(mode="auto"), False),
        ({"type": "any", "disable_parallel_tool_use": False}, ir.ToolChoice(mode="required"), True),
    ],
)
def test_it_reads_the_tool_choice(
    choice: Any, expected: ir.ToolChoice, parallel: bool | None
) -> None:
    request = read(tool_choice=choice)
    assert (request.tool_choice, request.parallel_tool_calls) == (expected, parallel)


def test_it_reads_tools_and_keeps_hosted_ones_whole() -> None:
    own, plain, hosted = FORMAT.read_request(REQUEST).tools
    assert (own.name, own.description, own.strict) == ("look", "Looks.", True)
    assert own.extra["anthropic"] == {"cache_control": {"type": "ephemeral"}, "defer_loading": True}
    assert plain.schema == {"type": "object", "properties": {}}
    assert (hosted.name, hosted.hosted) == ("web_search", REQUEST["tools"][2])
    [nameless] = read(tools=[{"type": "mcp_toolset", "mcp_server_name": "x"}]).tools
    assert nameless.name == "mcp_toolset"


def test_it_does_not_confuse_a_client_tool_with_the_server_tool_of_the_same_name() -> None:
    [tool] = read(tools=[{"name": "web_search", "input_schema": {"type": "object"}}]).tools
    assert tool.hosted is None
    assert tool.name == "web_search"


def test_it_reads_the_older_field_for_structured_output() -> None:
    output = read(output_format={"type": "json_schema", "schema": {"type": "object"}}).output
    assert output == ir.OutputFormat(kind="json_schema", schema={"type": "object"})


def test_it_reads_an_end_user() -> None:
    assert read(metadata={"user_id": "u-1"}).user == "u-1"
    assert read(metadata={}).user is None


@pytest.mark.parametrize(
    ("thread", "details"),
    [
        (
            {"type": "create"},
            {"error_code": "thread_unsupported_request", "unsupported": ["thread"]},
        ),
        (
            {"type": "continue", "previous_message_id": "msg_1"},
            {"error_code": "thread_not_found"},
        ),
        ("nonsense", {"error_code": "thread_unsupported_request", "unsupported": ["thread"]}),
    ],
)
def test_it_refuses_threads_so_that_sdks_go_on_without_them(
    thread: Any, details: dict[str, Any]
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read(thread=thread)
    body = FORMAT.write_error(caught.value, "req_1")
    assert body["error"]["details"] == details


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": None}, "model"),
        ({"model": 7}, "model"),
        ({"messages": None}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": {}}, "messages"),
        ({"messages": [1]}, "messages.0"),
        ({"messages": [{"content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": "user"}]}, "messages.0.content"),
        (said("x"), "messages.0.content.0"),
        (said({"text": "x"}), "messages.0.content.0.type"),
        (said({"type": "text", "text": 1}), "messages.0.content.0.text"),
        (
            said({"type": "image", "source": {"type": "ftp"}}),
            "messages.0.content.0.source.type",
        ),
        (
            said({"type": "tool_use", "id": "a", "name": "b", "input": 3}),
            "messages.0.content.0.input",
        ),
        ({"max_tokens": True}, "max_tokens"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"max_tokens": 1.5}, "max_tokens"),
        ({"stream": "yes"}, "stream"),
        ({"temperature": "hot"}, "temperature"),
        ({"stop_sequences": "END"}, "stop_sequences"),
        ({"stop_sequences": [1]}, "stop_sequences.0"),
        ({"system": 5}, "system"),
        ({"system": [{"type": "image", "source": {"type": "url", "url": "u"}}]}, "system.0"),
        ({"tools": {}}, "tools"),
        ({"tools": ["x"]}, "tools.0"),
        ({"tools": [{"name": "x"}]}, "tools.0.input_schema"),
        ({"tools": [{"input_schema": {}}]}, "tools.0.name"),
        ({"tool_choice": "auto"}, "tool_choice"),
        ({"tool_choice": {"type": "some"}}, "tool_choice.type"),
        ({"tool_choice": {"type": "tool"}}, "tool_choice.name"),
        ({"thinking": "on"}, "thinking"),
        ({"thinking": {}}, "thinking.type"),
        ({"thinking": {"type": "enabled", "budget_tokens": -5}}, "thinking.budget_tokens"),
        ({"output_config": {"format": {"type": "xml"}}}, "output_config.format.type"),
        ({"output_config": {"format": {"type": "json_schema"}}}, "output_config.format.schema"),
        ({"metadata": {"user_id": 5}}, "metadata.user_id"),
    ],
)
def test_it_says_which_field_is_wrong(fields: dict[str, Any], param: str) -> None:
    assert refused({**HELLO, **fields}) == param


@pytest.mark.parametrize("body", [None, 1, "x", [], [HELLO]])
def test_it_refuses_what_is_no_object(body: Any) -> None:
    refused(body)


def test_it_refuses_bottomless_nesting_instead_of_falling_in() -> None:
    deep: Any = {}
    for _ in range(1000):
        deep = {"x": deep}
    blocks: list[Any] = [{"type": "text", "text": "x"}]
    for _ in range(400):
        blocks = [{"type": "tool_result", "tool_use_id": "a", "content": blocks}]
    for content in (
        [{"type": "tool_use", "id": "a", "name": "b", "input": deep}],
        [{"type": "unheard_of", "x": deep}],
        blocks,
    ):
        assert refused({**HELLO, "messages": [{"role": "user", "content": content}]}) is not None


scalars = (
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.floats(allow_nan=False)
    | st.sampled_from(["", "x", "text", "auto"])
)
json_values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["type", "text", "x"]), inner, max_size=2)
    ),
    max_leaves=4,
)


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [at] if at else []
    pairs = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, inner in pairs:
        found += paths(inner, (*at, key))
    return found


@settings(max_examples=300)
@given(st.sampled_from(paths(REQUEST)), json_values)
def test_it_survives_any_value_in_any_place(path: tuple[Any, ...], value: Any) -> None:
    """Either it is a request that can be sent, or it is refused with a name; nothing else."""
    body = copy.deepcopy(REQUEST)
    place: Any = body
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    param: str | None = "none"
    try:
        FORMAT.write_request(FORMAT.read_request(body), PROVIDER, MODEL)
    except InvalidRequest as error:
        param = error.param
    assert param is not None
