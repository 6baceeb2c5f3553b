"""Writing the hub's request for a provider: fields, tools, and what is named as lost."""

from __future__ import annotations

import pytest

from omniroute.gateway import ir
from omniroute.gateway.errors import Unsupported
from omniroute.gateway.snapshot import Model

from .wire import request, user, write

LOOK = ir.Tool(name="look", description="Looks.", schema={"type": "object", "properties": {}})
PATCH = ir.Tool(
    name="patch",
    description="Edits.",
    freeform={"type": "grammar", "syntax": "lark", "definition": "start: x"},
)


def test_it_writes_the_fields_of_a_translated_request():
    wire = write(
        request(
            max_tokens=100,
            stream=True,
            tools=(LOOK,),
            tool_choice=ir.ToolChoice(mode="required"),
            parallel_tool_calls=False,
            output=ir.OutputFormat(kind="json_object"),
            sampling=ir.Sampling(temperature=0.0, top_p=1.0, stop=("a",), seed=1, n=1),
            user="u",
            service_tier="flex",
            prompt_cache_key="k",
            verbosity="low",
        )
    )
    assert wire.body == {
        "model": "real-model",
        "messages": [{"role": "user", "content": "Hi"}],
        "max_tokens": 100,
        "stream": True,
        "stream_options": {"include_usage": True},
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "look",
                    "description": "Looks.",
                    "parameters": {"type": "object", "properties": {}},
                },
            }
        ],
        "tool_choice": "required",
        "parallel_tool_calls": False,
        "response_format": {"type": "json_object"},
        "temperature": 0.0,
        "top_p": 1.0,
        "stop": ["a"],
        "seed": 1,
        "n": 1,
        "user": "u",
        "service_tier": "flex",
        "prompt_cache_key": "k",
        "verbosity": "low",
    }
    assert wire.losses == ()
    assert wire.names == wire.ids == {}


def test_it_asks_for_usage_only_where_the_provider_takes_that():
    assert write(request(stream=True), stream_usage=False).body["stream"] is True
    assert "stream_options" not in write(request(stream=True), stream_usage=False).body
    assert "stream" not in write(request()).body


@pytest.mark.parametrize(
    ("model", "asked", "field", "sent"),
    [
        (Model(id="m"), 100, "max_tokens", 100),
        (Model(id="m", max_output=50), 100, "max_tokens", 50),
        (
            Model(id="m", max_tokens_field="max_completion_tokens"),
            100,
            "max_completion_tokens",
            100,
        ),
    ],
)
def test_it_sends_the_limit_in_the_field_and_within_the_ceiling_of_the_model(
    model, asked, field, sent
):
    written = write(request(max_tokens=asked), model).body
    assert written[field] == sent
    assert len({"max_tokens", "max_completion_tokens"} & written.keys()) == 1


def test_it_refuses_to_ask_for_several_answers():
    with pytest.raises(Unsupported, match="one answer"):
        write(request(sampling=ir.Sampling(n=3)))


def test_it_names_every_field_that_it_cannot_carry():
    wire = write(
        request(
            sampling=ir.Sampling(stop=tuple("abcde"), top_k=5),
            user="u" * 65,
            service_tier="standard_only",
            metadata={"a": "b"},
            reasoning=ir.Reasoning(mode="off"),
            tool_choice=ir.ToolChoice(mode="required"),
            extra={"anthropic": {"context_management": {}, "container": "c"}},
        )
    )
    assert wire.losses == (
        "anthropic.container",
        "anthropic.context_management",
        "metadata",
        "reasoning",
        "service_tier",
        "stop",
        "tool_choice",
        "top_k",
        "user",
    )
    assert wire.body == {
        "model": "real-model",
        "messages": [{"role": "user", "content": "Hi"}],
        "stop": ["a", "b", "c", "d"],
    }


def test_it_gives_a_client_of_this_format_what_only_this_format_knows():
    wire = write(
        request(
            format="openai_chat",
            sampling=ir.Sampling(top_k=5),
            metadata={"a": "b"},
            reasoning=ir.Reasoning(effort="low"),
            extra={"openai_chat": {"store": True, "model": "smuggled"}},
        )
    )
    assert wire.losses == ()
    assert wire.body == {
        "model": "real-model",
        "messages": [{"role": "user", "content": "Hi"}],
        "top_k": 5,
        "metadata": {"a": "b"},
        "reasoning_effort": "low",
        "store": True,
    }


def test_it_keeps_the_dialect_of_reasoning_that_the_client_wrote():
    own = {"openai_chat": {"reasoning": {"enabled": True}}}
    wire = write(request(format="openai_chat", reasoning=ir.Reasoning(mode="on"), extra=own))
    assert wire.body["reasoning"] == {"enabled": True}
    assert "reasoning_effort" not in wire.body


def test_it_leaves_out_what_provider_and_model_refuse():
    wire = write(
        request(sampling=ir.Sampling(temperature=1.0, seed=1, top_p=1.0)),
        Model(id="m", drop_params=("seed",)),
        drop_params=("temperature", "absent"),
    )
    assert wire.losses == ("seed", "temperature")
    assert {"temperature", "seed"}.isdisjoint(wire.body)


@pytest.mark.parametrize(
    ("reasoning", "thinking", "effort", "losses"),
    [
        (ir.Reasoning(effort="high"), ("effort",), "high", ()),
        (ir.Reasoning(effort="high"), (), "high", ()),
        (ir.Reasoning(effort="high"), ("budget",), None, ("reasoning",)),
        (ir.Reasoning(mode="adaptive", effort="max"), ("effort",), "max", ()),
        (ir.Reasoning(mode="adaptive"), ("effort",), None, ()),
        (ir.Reasoning(mode="on", budget=1024), ("effort",), "low", ()),
        (ir.Reasoning(mode="on", budget=31999), ("effort",), "xhigh", ()),
        (ir.Reasoning(mode="off"), ("effort", "off"), "none", ()),
        (ir.Reasoning(mode="off"), ("effort",), "minimal", ()),
        (ir.Reasoning(mode="off"), (), None, ("reasoning",)),
        (None, ("effort",), None, ()),
    ],
)
def test_it_translates_reasoning_to_an_effort_the_model_knows(reasoning, thinking, effort, losses):
    wire = write(request(reasoning=reasoning), Model(id="m", thinking=thinking))
    assert wire.body.get("reasoning_effort") == effort
    assert wire.losses == losses


@pytest.mark.parametrize(
    ("output", "written"),
    [
        (
            ir.OutputFormat(kind="json_schema", schema={"type": "object"}),
            {"name": "answer", "schema": {"type": "object"}},
        ),
        (
            ir.OutputFormat(kind="json_schema", schema={}, name="x", strict=True),
            {"name": "x", "schema": {}, "strict": True},
        ),
    ],
)
def test_it_invents_the_name_that_a_schema_needs(output, written):
    assert write(request(output=output)).body["response_format"] == {
        "type": "json_schema",
        "json_schema": written,
    }


def test_it_says_strict_only_when_the_client_said_it():
    tools = (
        ir.Tool(name="a", schema={"type": "object", "properties": {}}),
        ir.Tool(name="b", schema={"type": "object", "properties": {}}, strict=False),
    )
    a, b = write(request(tools=tools)).body["tools"]
    assert "strict" not in a["function"]
    assert b["function"]["strict"] is False


@pytest.mark.parametrize(
    ("schema", "sent"),
    [
        (None, {"type": "object", "properties": {}}),
        ({"type": "object"}, {"type": "object", "properties": {}}),
        ({}, {"type": "object", "properties": {}}),
        ({"type": "string"}, {"type": "string"}),
    ],
)
def test_it_gives_every_schema_properties_because_some_servers_need_them(schema, sent):
    wire = write(request(tools=(ir.Tool(name="a", schema=schema),)))
    assert wire.body["tools"][0]["function"]["parameters"] == sent


def test_it_makes_a_freeform_tool_a_function_where_nothing_else_is_known():
    call = ir.ToolCall(id="c", name="patch", arguments="*** Begin", freeform=True)
    history = (
        user(ir.Text(text="Hi")),
        ir.Message(role="assistant", parts=(call,)),
        user(ir.ToolResult(call_id="c", parts=(ir.Text(text="ok"),))),
    )
    plain = ir.Tool(name="note", freeform={})
    choice = ir.ToolChoice(mode="named", names=("patch",))
    asked = request(*history, tools=(PATCH, plain), tool_choice=choice)

    sent = write(asked).body
    tool, simple = sent["tools"]
    assert tool["function"]["parameters"]["required"] == ["input"]
    assert "lark grammar:\nstart: x" in tool["function"]["description"]
    assert "description" not in simple["function"]
    assert sent["tool_choice"] == {"type": "function", "function": {"name": "patch"}}
    assert sent["messages"][1]["tool_calls"] == [
        {
            "id": "c",
            "type": "function",
            "function": {"name": "patch", "arguments": '{"input":"*** Begin"}'},
        }
    ]

    sent = write(asked, freeform_tools=True).body
    assert sent["tools"] == [
        {
            "type": "custom",
            "custom": {
                "name": "patch",
                "description": "Edits.",
                "format": {
                    "type": "grammar",
                    "grammar": {"syntax": "lark", "definition": "start: x"},
                },
            },
        },
        {"type": "custom", "custom": {"name": "note"}},
    ]
    assert sent["tool_choice"] == {"type": "custom", "custom": {"name": "patch"}}
    assert sent["messages"][1]["tool_calls"] == [
        {"id": "c", "type": "custom", "custom": {"name": "patch", "input": "*** Begin"}}
    ]


def test_it_leaves_a_grammar_alone_that_is_nested_already():
    nested = {"type": "grammar", "grammar": {"syntax": "lark"}}
    tools = (ir.Tool(name="a", freeform=nested), ir.Tool(name="b", freeform={"type": "text"}))
    sent = write(request(tools=tools), freeform_tools=True).body["tools"]
    assert [tool["custom"]["format"] for tool in sent] == [nested, {"type": "text"}]


def test_it_never_sends_a_tool_with_an_empty_name():
    tools = (
        ir.Tool(name="web_search", hosted={"type": "web_search_20250305", "name": "web_search"}),
        ir.Tool(name="spawn", namespace="agents", schema={"type": "object", "properties": {}}),
    )
    choice = ir.ToolChoice(mode="named", names=("web_search",))
    wire = write(request(tools=tools, tool_choice=choice))
    assert [tool["function"]["name"] for tool in wire.body["tools"]] == ["agents__spawn"]
    assert wire.losses == ("tool_choice", "tools.web_search")
    assert "tool_choice" not in wire.body


def test_it_keeps_its_own_hosted_tools_and_cannot_force_them():
    hosted = {"type": "vendor:search"}
    wire = write(
        request(
            format="openai_chat",
            tools=(ir.Tool(name="vendor:search", hosted=hosted),),
            tool_choice=ir.ToolChoice(mode="named", names=("vendor:search",)),
        )
    )
    assert wire.body["tools"] == [hosted]
    assert wire.losses == ("tool_choice",)


def test_it_sends_only_the_allowed_tools():
    tools = (ir.Tool(name="a"), ir.Tool(name="b", namespace="n"), ir.Tool(name="c"))
    for required, word in ((True, "required"), (False, "auto")):
        choice = ir.ToolChoice(mode="allowed", names=("a", "n__b"), required=required)
        sent = write(request(tools=tools, tool_choice=choice)).body
        assert [tool["function"]["name"] for tool in sent["tools"]] == ["a", "n__b"]
        assert sent["tool_choice"] == word


def test_it_leaves_out_a_choice_without_tools():
    wire = write(request(tool_choice=ir.ToolChoice(mode="none"), parallel_tool_calls=True))
    assert {"tools", "tool_choice", "parallel_tool_calls"}.isdisjoint(wire.body)
    assert wire.losses == ()


def test_it_returns_a_cache_mark_only_to_its_own_format():
    tool = ir.Tool(name="a", extra={"anthropic": {"cache_control": {"type": "ephemeral"}}})
    wire = write(request(tools=(tool,)))
    assert "cache_control" not in wire.body["tools"][0]
    assert wire.losses == ("tools.cache_control",)
    sent = write(request(format="openai_chat", tools=(tool,))).body["tools"][0]
    assert sent["cache_control"] == {"type": "ephemeral"}


def test_it_respells_names_that_providers_refuse_and_leads_them_back():
    long = "mcp__server__" + "x" * 80
    dotted = "files.read"
    tools = (ir.Tool(name=long), ir.Tool(name=dotted), ir.Tool(name="files-read"))
    history = (
        user(ir.Text(text="Hi")),
        ir.Message(
            role="assistant",
            parts=(
                ir.ToolCall(id="a", name=long, arguments="{}"),
                ir.ToolCall(id="b", name=dotted, arguments="{}"),
            ),
        ),
    )
    choice = ir.ToolChoice(mode="named", names=(long,))
    wire = write(request(*history, tools=tools, tool_choice=choice))
    sent = [tool["function"]["name"] for tool in wire.body["tools"]]
    assert sent[2] == "files-read"
    assert len(set(sent)) == 3
    assert all(
        len(name) <= 64 and name.replace("_", "").replace("-", "").isalnum() for name in sent
    )
    assert wire.names == {sent[0]: long, sent[1]: dotted}
    assert [c["function"]["name"] for c in wire.body["messages"][1]["tool_calls"]] == sent[:2]
    assert wire.body["tool_choice"]["function"]["name"] == sent[0]
    assert write(request(*history, tools=tools)).names == wire.names


def test_it_gives_way_to_a_tool_that_has_the_new_name():
    taken = next(iter(write(request(tools=(ir.Tool(name="a.b"),))).names))
    wire = write(request(tools=(ir.Tool(name="a.b"), ir.Tool(name=taken))))
    sent = [tool["function"]["name"] for tool in wire.body["tools"]]
    assert sent[1] == taken
    assert sent[0] != taken
    assert wire.names == {sent[0]: "a.b"}
