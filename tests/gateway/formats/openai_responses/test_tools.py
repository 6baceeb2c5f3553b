"""Tools and `tool_choice`, in both directions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from omniroute.gateway import ir
from omniroute.gateway.errors import InvalidRequest
from omniroute.gateway.formats.openai_responses import FORMAT

from .wire import LOOK, PATCH, ask, body, wire

SCHEMA = {"type": "object", "properties": {"at": {"type": "string"}}}
GRAMMAR = {"type": "grammar", "syntax": "lark", "definition": "start: x"}
FUNCTION = {"type": "function", "name": "look", "description": "Looks", "parameters": SCHEMA}
SEARCH = {"type": "web_search", "search_context_size": "low"}


def tools(*described: dict[str, Any]) -> tuple[ir.Tool, ...]:
    return FORMAT.read_request(body(tools=list(described))).tools


def sent(*offered: ir.Tool, **fields: Any) -> dict[str, Any]:
    return wire(ask(tools=offered, **fields)).body


def test_it_reads_functions():
    strict = {**FUNCTION, "strict": True, "defer_loading": True}
    assert tools(FUNCTION, {**strict, "name": "see"}) == (
        LOOK,
        replace(LOOK, name="see", strict=True, extra={"openai_responses": {"defer_loading": True}}),
    )


@pytest.mark.parametrize("parameters", [{}, None])
def test_it_gives_a_tool_without_parameters_an_empty_schema(parameters):
    [tool] = tools({"type": "function", "name": "now", "parameters": parameters})
    assert tool.schema == ({} if parameters == {} else {"type": "object", "properties": {}})
    assert sent(tool)["tools"][0]["parameters"] == {"type": "object", "properties": {}}


def test_it_reads_freeform_tools_with_and_without_a_grammar():
    free = {"type": "custom", "name": "say", "description": "Says"}
    assert tools({**free, "format": GRAMMAR}, {**free, "name": "sing"}) == (
        ir.Tool(name="say", description="Says", freeform=GRAMMAR),
        ir.Tool(name="sing", description="Says", freeform={}),
    )


def test_it_reads_the_tools_of_a_namespace():
    """What they are all for is said once, with the first of them."""
    found = tools(
        {
            "type": "namespace",
            "name": "agents",
            "description": "Works with other agents.",
            "tools": [
                {"type": "function", "name": "spawn", "description": "Starts one."},
                {"name": "wait", "description": "Waits."},
                {"type": "custom", "name": "tell"},
            ],
        }
    )
    assert [(tool.namespace, tool.name) for tool in found] == [
        ("agents", "spawn"),
        ("agents", "wait"),
        ("agents", "tell"),
    ]
    assert [tool.description for tool in found] == [
        "Works with other agents.\n\nStarts one.",
        "Waits.",
        "",
    ]
    assert found[2].freeform == {}


def test_it_keeps_hosted_tools_whole():
    assert tools(SEARCH) == (ir.Tool(name="web_search", hosted=SEARCH),)


def test_it_finds_tools_that_the_conversation_brought():
    """Added by the client, or found by a search that the client made itself."""
    found = FORMAT.read_request(
        {
            "model": "m",
            "input": [
                {"role": "user", "content": "Hi"},
                {"type": "additional_tools", "role": "developer", "tools": [FUNCTION]},
                {
                    "type": "tool_search_output",
                    "call_id": "c",
                    "tools": [{**FUNCTION, "name": "see"}, FUNCTION],
                },
            ],
            "tools": [{**FUNCTION, "name": "first"}],
        }
    ).tools
    assert [tool.name for tool in found] == ["first", "look", "see"]


def test_it_never_takes_strict_for_granted():
    """OpenAI turns it on when it is left out, and optional properties become required."""
    [written] = sent(LOOK)["tools"]
    assert written["strict"] is False
    [written] = sent(replace(LOOK, strict=True))["tools"]
    assert written["strict"] is True
    assert tools(FUNCTION)[0].strict is None


def test_it_writes_functions():
    assert sent(LOOK, parallel_tool_calls=False) | {"input": []} == {
        "model": "gpt-5.5",
        "input": [],
        "store": False,
        "include": ["reasoning.encrypted_content"],
        "tools": [{**FUNCTION, "strict": False}],
        "parallel_tool_calls": False,
    }


def test_it_completes_a_schema_without_properties():
    [written] = sent(ir.Tool(name="f", schema={"type": "object", "required": []}))["tools"]
    assert written["parameters"] == {"type": "object", "properties": {}, "required": []}
    [written] = sent(ir.Tool(name="f"))["tools"]
    assert written["parameters"] == {"type": "object", "properties": {}}
    union = {"anyOf": [{"type": "object"}], "type": "string"}
    [written] = sent(ir.Tool(name="f", schema=union))["tools"]
    assert written["parameters"] == union


def test_it_writes_freeform_tools_where_the_provider_takes_them():
    [written] = wire(ask(tools=(PATCH,)), freeform_tools=True).body["tools"]
    assert written == {
        "type": "custom",
        "name": "apply_patch",
        "description": "",
        "format": PATCH.freeform,
    }
    [written] = wire(ask(tools=(replace(PATCH, freeform={}),)), freeform_tools=True).body["tools"]
    assert "format" not in written


def test_it_writes_a_function_that_stands_in_for_a_freeform_tool():
    [written] = sent(PATCH)["tools"]
    assert written["type"] == "function"
    assert written["parameters"]["required"] == ["input"]
    assert "start: x" in written["description"]


def test_it_flattens_namespaces_and_leads_back_to_long_names():
    deep = replace(LOOK, namespace="n" * 60)
    written = wire(ask(tools=(replace(LOOK, namespace="agents"), deep)))
    names = [tool["name"] for tool in written.body["tools"]]
    assert names[0] == "agents__look"
    assert len(names[1]) <= 64
    assert written.names == {names[1]: f"{'n' * 60}__look"}


def test_it_drops_hosted_tools_of_others_and_says_so():
    written = wire(
        ask(
            tools=(ir.Tool(name="bash_20250124", hosted={"type": "bash_20250124"}), LOOK),
            tool_choice=ir.ToolChoice(mode="named", names=("bash_20250124",)),
        )
    )
    assert [tool["name"] for tool in written.body["tools"]] == ["look"]
    assert "tool_choice" not in written.body
    assert written.losses == ("tool_choice", "tools.bash_20250124")


def test_it_keeps_hosted_tools_of_its_own():
    mcp = {"type": "mcp", "server_label": "wiki", "server_url": "https://x.example"}
    asked = FORMAT.read_request(
        body(tools=[SEARCH, mcp], tool_choice={"type": "mcp", "server_label": "wiki"})
    )
    written = wire(asked)
    assert written.body["tools"] == [SEARCH, mcp]
    assert written.body["tool_choice"] == {"type": "mcp", "server_label": "wiki"}
    assert written.losses == ()


def test_it_names_what_other_formats_say_about_a_tool():
    marked = replace(LOOK, extra={"anthropic": {"cache_control": {}, "defer_loading": True}})
    written = wire(ask(tools=(marked,)))
    assert written.losses == ("tools.cache_control", "tools.defer_loading")


@pytest.mark.parametrize("word", ["auto", "none", "required"])
def test_it_carries_plain_choices(word):
    asked = FORMAT.read_request(body(tools=[FUNCTION], tool_choice=word))
    assert asked.tool_choice == ir.ToolChoice(mode=word)
    assert sent(LOOK, tool_choice=asked.tool_choice)["tool_choice"] == word


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"type": "function", "name": "look"}, ir.ToolChoice(mode="named", names=("look",))),
        ({"type": "custom", "name": "say"}, ir.ToolChoice(mode="named", names=("say",))),
        ({"type": "web_search"}, ir.ToolChoice(mode="named", names=("web_search",))),
        (
            {"type": "function", "name": "spawn", "namespace": "agents"},
            ir.ToolChoice(mode="named", names=("agents__spawn",)),
        ),
        (
            {
                "type": "allowed_tools",
                "mode": "required",
                "tools": [{"type": "function", "name": "look"}, {"type": "web_search"}],
            },
            ir.ToolChoice(mode="allowed", names=("look", "web_search"), required=True),
        ),
        (
            {"mode": "auto", "tools": [{"type": "custom", "name": "say"}]},
            ir.ToolChoice(mode="allowed", names=("say",)),
        ),
    ],
)
def test_it_reads_choices_that_point_at_tools(given, wanted):
    spaces = {"type": "namespace", "name": "agents", "tools": [{"name": "spawn"}]}
    assert FORMAT.read_request(body(tools=[spaces], tool_choice=given)).tool_choice == wanted


@pytest.mark.parametrize("given", ["maybe", 3, {"type": "function"}, {"name": "x"}])
def test_it_refuses_choices_that_are_none(given):
    with pytest.raises(InvalidRequest):
        FORMAT.read_request(body(tool_choice=given))


@pytest.mark.parametrize(
    ("choice", "wanted"),
    [
        (
            ir.ToolChoice(mode="named", names=("look",)),
            {"type": "function", "name": "look"},
        ),
        (
            ir.ToolChoice(mode="named", names=("apply_patch",)),
            {"type": "custom", "name": "apply_patch"},
        ),
        (
            ir.ToolChoice(mode="allowed", names=("look", "gone"), required=True),
            {
                "type": "allowed_tools",
                "mode": "required",
                "tools": [{"type": "function", "name": "look"}],
            },
        ),
        (ir.ToolChoice(mode="named", names=("gone",)), None),
        (ir.ToolChoice(mode="allowed", names=()), None),
    ],
)
def test_it_writes_choices_that_point_at_tools(choice, wanted):
    written = wire(ask(tools=(LOOK, PATCH), tool_choice=choice), freeform_tools=True)
    assert written.body.get("tool_choice") == wanted
    assert written.losses == (() if wanted else ("tool_choice",))


def test_it_writes_an_auto_choice_among_some():
    choice = ir.ToolChoice(mode="allowed", names=("look",))
    assert sent(LOOK, tool_choice=choice)["tool_choice"]["mode"] == "auto"


def test_it_points_at_the_function_that_stands_in():
    choice = ir.ToolChoice(mode="named", names=("apply_patch",))
    written = sent(PATCH, tool_choice=choice)
    assert written["tool_choice"] == {"type": "function", "name": "apply_patch"}


@pytest.mark.parametrize(("mode", "losses"), [("none", ()), ("required", ("tool_choice",))])
def test_it_writes_no_choice_without_tools(mode, losses):
    written = wire(ask(tool_choice=ir.ToolChoice(mode=mode), parallel_tool_calls=True))
    assert written.body.keys().isdisjoint({"tools", "tool_choice", "parallel_tool_calls"})
    assert written.losses == losses
