"""Tool definitions, choices, names and ids towards a provider."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniroute.gateway import ir
from omniroute.gateway.errors import InvalidRequest
from omniroute.gateway.formats.anthropic import FORMAT

from .facts import BUDGETED, MODEL, PROVIDER, ask, assistant, call, result, user, wire

OBJECT = {"type": "object", "properties": {}}
LOOK = ir.Tool(name="look", description="Looks.", schema=OBJECT, strict=False)
NOW = ir.Tool(name="now")
HOSTED = ir.Tool(name="web_search", hosted={"type": "web_search"})


def sent_tools(*tools: ir.Tool, **fields: Any) -> list[dict[str, Any]]:
    return wire(tools=tools, **fields).body.get("tools", [])


def test_it_writes_tools_with_a_schema_even_for_those_without_arguments() -> None:
    first, second = sent_tools(LOOK, replace(NOW, strict=True))
    assert first["name"] == "look"
    assert first["description"] == "Looks."
    assert "strict" not in first, "strict is the client's choice"
    assert second["input_schema"] == OBJECT
    assert second["strict"] is True
    assert "description" not in second


@pytest.mark.parametrize(
    ("schema", "sent", "changed"),
    [
        (None, OBJECT, False),
        (True, OBJECT, False),
        ({}, OBJECT, False),
        ({"type": "object"}, OBJECT, False),
        ({"type": "string"}, OBJECT, True),
        (
            {
                "type": "object",
                "properties": {"a": {}},
                "required": ["a"],
                "anyOf": [{"required": ["b"], "properties": {"b": {}}}, {"required": ["c"]}, True],
            },
            {"type": "object", "properties": {"b": {}, "a": {}}, "required": ["a"]},
            True,
        ),
        (
            {"allOf": [{"properties": {"a": {}}, "required": ["a"]}, {"required": ["a", "b"]}]},
            {"type": "object", "properties": {"a": {}}, "required": ["a", "b"]},
            True,
        ),
    ],
)
def test_it_makes_the_root_of_every_schema_a_plain_object(
    schema: Any, sent: dict[str, Any], changed: bool
) -> None:
    made = wire(tools=(ir.Tool(name="t", schema=schema),))
    assert made.body["tools"][0]["input_schema"] == sent
    assert made.losses == (("tools.t.schema",) if changed else ())


def test_it_gives_a_freeform_tool_one_string_and_tells_its_grammar() -> None:
    grammar = {"type": "grammar", "syntax": "lark", "definition": "start: X"}
    patch = ir.Tool(name="apply_patch", description="Patches.", freeform=grammar)
    [tool] = sent_tools(patch)
    assert tool["input_schema"]["required"] == ["input"]
    assert tool["input_schema"]["properties"]["input"]["type"] == "string"
    assert tool["description"].startswith("Patches.")
    assert "start: X" in tool["description"]
    [bare] = sent_tools(ir.Tool(name="raw", freeform={}))
    assert "description" not in bare


def test_it_refuses_a_bottomless_grammar() -> None:
    deep: Any = {}
    for _ in range(400):
        deep = {"x": deep}
    with pytest.raises(InvalidRequest):
        sent_tools(ir.Tool(name="raw", freeform=deep))


def test_it_flattens_namespaces() -> None:
    spawn = ir.Tool(name="spawn", namespace="agents")
    made = wire(tools=(spawn,), tool_choice=ir.ToolChoice(mode="named", names=("spawn",)))
    assert made.body["tools"][0]["name"] == "agents__spawn"
    assert made.body["tool_choice"] == {"type": "tool", "name": "agents__spawn"}


def test_it_drops_tools_that_another_vendor_hosts_and_a_choice_of_them() -> None:
    choice = ir.ToolChoice(mode="named", names=("web_search",))
    made = wire(tools=(HOSTED, LOOK), tool_choice=choice)
    assert [tool["name"] for tool in made.body["tools"]] == ["look"]
    assert "tool_choice" not in made.body
    assert set(made.losses) == {"tools.web_search", "tool_choice"}
    alone = wire(tools=(HOSTED,), tool_choice=choice)
    assert alone.body.keys() == {"model", "max_tokens", "messages"}


def test_it_names_a_hosted_tool_of_its_own_in_the_choice() -> None:
    hosted = ir.Tool(
        name="web_search", hosted={"type": "web_search_20250305", "name": "web_search"}
    )
    choice = ir.ToolChoice(mode="named", names=("web_search",))
    body = wire(tools=(hosted,), tool_choice=choice, format="anthropic").body
    assert body["tool_choice"] == {"type": "tool", "name": "web_search"}


@pytest.mark.parametrize(
    ("choice", "parallel", "sent"),
    [
        (None, None, None),
        (None, True, None),
        (None, False, {"type": "auto", "disable_parallel_tool_use": True}),
        (ir.ToolChoice(mode="auto"), None, {"type": "auto"}),
        (ir.ToolChoice(mode="none"), None, {"type": "none"}),
        (ir.ToolChoice(mode="none"), False, {"type": "none"}),
        (ir.ToolChoice(mode="required"), None, {"type": "any"}),
        (ir.ToolChoice(mode="required"), False, {"type": "any", "disable_parallel_tool_use": True}),
        (ir.ToolChoice(mode="named", names=("now",)), None, {"type": "tool", "name": "now"}),
    ],
)
def test_it_writes_the_tool_choice(
    choice: ir.ToolChoice | None, parallel: bool | None, sent: Any
) -> None:
    body = wire(tools=(LOOK, NOW), tool_choice=choice, parallel_tool_calls=parallel).body
    assert body.get("tool_choice") == sent


def test_it_offers_only_the_tools_that_the_choice_allows() -> None:
    choice = ir.ToolChoice(mode="allowed", names=("now",))
    body = wire(tools=(LOOK, NOW), tool_choice=choice).body
    assert [tool["name"] for tool in body["tools"]] == ["now"]
    assert body["tool_choice"] == {"type": "auto"}
    forced = wire(tools=(LOOK, NOW), tool_choice=replace(choice, required=True)).body
    assert forced["tool_choice"] == {"type": "any"}


@pytest.mark.parametrize("mode", ["auto", "none", "required"])
def test_it_sends_no_choice_without_tools(mode: Any) -> None:
    made = wire(tool_choice=ir.ToolChoice(mode=mode), parallel_tool_calls=False)
    assert made.body.keys() == {"model", "max_tokens", "messages"}
    assert made.losses == (("tool_choice",) if mode == "required" else ())


def test_it_forces_no_tool_beside_manual_thinking() -> None:
    fields: dict[str, Any] = {
        "tools": (LOOK,),
        "tool_choice": ir.ToolChoice(mode="required"),
        "reasoning": ir.Reasoning(effort="low"),
    }
    made = wire(model=BUDGETED, **fields)
    assert made.body["thinking"]["type"] == "enabled"
    assert made.body["tool_choice"] == {"type": "auto"}
    assert made.losses == ("tool_choice",)
    assert wire(model=MODEL, **fields).body["tool_choice"] == {"type": "any"}


# --- names and ids ---

FITS = re.compile(r"[a-zA-Z0-9_-]{1,64}")
LONG = "mcp__server__" + "x" * 80


def test_it_shortens_names_everywhere_alike_and_tells_the_way_back() -> None:
    dotted = "files.read"
    made = wire(
        user("x"),
        assistant(call("a", LONG), call("b", dotted)),
        user(result("a"), result("b")),
        tools=(ir.Tool(name=LONG), ir.Tool(name=dotted), ir.Tool(name="files_read")),
        tool_choice=ir.ToolChoice(mode="named", names=(LONG,)),
    )
    names = [tool["name"] for tool in made.body["tools"]]
    assert all(FITS.fullmatch(name) for name in names)
    assert len(set(names)) == 3
    assert [block["name"] for block in made.body["messages"][1]["content"]] == names[:2]
    assert made.body["tool_choice"]["name"] == names[0]
    assert made.names == {names[0]: LONG, names[1]: dotted}
    assert names[0].startswith("mcp__server__")


def test_it_gives_a_name_way_to_a_tool_that_really_has_it() -> None:
    taken = wire(tools=(ir.Tool(name="a.b"),)).body["tools"][0]["name"]
    made = wire(tools=(ir.Tool(name="a.b"), ir.Tool(name=taken)))
    first, second = (tool["name"] for tool in made.body["tools"])
    assert second == taken
    assert first != taken
    assert made.names == {first: "a.b"}


@given(st.lists(st.text(min_size=1, max_size=90), max_size=6, unique=True))
def test_it_maps_any_names_one_to_one_and_the_same_every_time(names: list[str]) -> None:
    tools = tuple(ir.Tool(name=name) for name in names)
    made, again = wire(tools=tools), wire(tools=tools)
    sent = [tool["name"] for tool in made.body.get("tools", [])]
    assert all(FITS.fullmatch(name) for name in sent)
    assert [made.names.get(name, name) for name in sent] == names
    assert again.body == made.body


@pytest.mark.parametrize(
    "odd", ["functions.add:0", "call_00_x/y", "x" * 100 + ".", "chatcmpl-tool-š", "omni_x"]
)
def test_it_restores_a_providers_odd_id_when_the_client_sends_it_back(odd: str) -> None:
    """The client's next request may go to the provider that minted the id."""
    from .facts import HEAD

    answer = ir.Response(id="", model="", parts=(call(odd),), finish="tool_calls")
    [block] = FORMAT.write_response(answer, HEAD)["content"]
    assert re.fullmatch(r"[a-zA-Z0-9_-]+", block["id"])
    history = [
        {"role": "assistant", "content": [block]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": block["id"]}]},
    ]
    first, second = FORMAT.read_request({"model": "m", "messages": history}).messages
    assert first.parts == (call(odd),)
    assert second.parts == (ir.ToolResult(call_id=odd),)
    sent = FORMAT.write_request(ask(user("x"), first, second), PROVIDER, MODEL)
    assert sent.ids == {block["id"]: odd}
