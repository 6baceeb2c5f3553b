"""Tool definitions and the choice among them, in both directions."""

from __future__ import annotations

from typing import Any

import pytest

from omniroute.gateway import ir
from omniroute.gateway.formats.gemini import FORMAT
from omniroute.gateway.snapshot import Model

from .agents import AGENT_TOOLS
from .wire import GOOGLE, THIRD, ask, assistant, call, read, result, user, write

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
TOOL = ir.Tool(name="f", description="Does it.", schema=SCHEMA)
OLD = Model(id="m", thinking=("level",), drop_params=("parametersJsonSchema",))


def declared(*tools: ir.Tool, model: Model = THIRD, **fields: Any) -> list[Any]:
    [entry] = write(model=model, tools=tools, **fields).body["tools"]
    found: list[Any] = entry["functionDeclarations"]
    return found


def test_it_reads_functions_in_every_shape():
    upper = {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}, "required": ["a"]}
    base = {"name": "f", "description": "Does it."}
    for function in (
        {**base, "parametersJsonSchema": SCHEMA},
        {**base, "parameters_json_schema": SCHEMA},
        {**base, "parameters": SCHEMA},
        {**base, "parameters": upper},
    ):
        for entry in (
            {"functionDeclarations": [function]},
            {"function_declarations": [function]},
            {"functionDeclarations": function},
        ):
            assert read(tools=[entry]).tools == (TOOL,)
            assert read(tools=entry).tools == (TOOL,)


def test_it_reads_a_function_without_arguments():
    [tool] = read(tools=[{"functionDeclarations": [{"name": "now", "behavior": "BLOCKING"}]}]).tools
    assert tool == ir.Tool(
        name="now",
        schema={"type": "object", "properties": {}},
        extra={"gemini": {"behavior": "BLOCKING"}},
    )


def test_it_reads_each_of_googles_own_tools_as_one():
    given = [
        {"googleSearch": {}, "codeExecution": {}, "functionDeclarations": [{"name": "now"}]},
        {"url_context": {}},
    ]
    tools = read(tools=given).tools
    assert [(tool.name, tool.hosted) for tool in tools] == [
        ("now", None),
        ("googleSearch", {"googleSearch": {}}),
        ("codeExecution", {"codeExecution": {}}),
        ("urlContext", {"urlContext": {}}),
    ]


def test_it_keeps_googles_own_tools_for_google_only():
    search = ir.Tool(name="googleSearch", hosted={"googleSearch": {}})
    same = write(format="gemini", tools=(search, TOOL))
    assert [list(entry) for entry in same.body["tools"]] == [
        ["googleSearch"],
        ["functionDeclarations"],
    ]
    assert same.losses == ()
    foreign = ir.Tool(name="web_search", hosted={"type": "web_search"})
    choice = ir.ToolChoice(mode="named", names=("web_search",))
    wire = write(tools=(foreign, TOOL), tool_choice=choice)
    assert [tool["name"] for tool in wire.body["tools"][0]["functionDeclarations"]] == ["f"]
    assert "toolConfig" not in wire.body
    assert wire.losses == ("tool_choice", "tools.web_search")
    alone = write(tools=(foreign,), tool_choice=ir.ToolChoice(mode="required"))
    assert not {"tools", "toolConfig"} & alone.body.keys()
    assert alone.losses == ("tool_choice", "tools.web_search")
    for mode in ("auto", "none"):
        assert write(tool_choice=ir.ToolChoice(mode=mode)).losses == ()


def test_it_sends_json_schema_as_it_is():
    for schema in AGENT_TOOLS[:2]:
        [found] = declared(ir.Tool(name="f", schema=schema))
        assert found == {"name": "f", "parametersJsonSchema": schema}
    modern = {"$schema": "x", "type": "object", "properties": {}, "additionalProperties": False}
    assert declared(ir.Tool(name="f", schema=modern))[0]["parametersJsonSchema"] == modern
    rootless = {"properties": {"a": {}}}
    [found] = declared(ir.Tool(name="f", schema=rootless))
    assert found["parametersJsonSchema"] == {"type": "object", **rootless}
    union = {"anyOf": [SCHEMA]}
    assert declared(ir.Tool(name="f", schema=union))[0]["parametersJsonSchema"] == union


@pytest.mark.parametrize(
    "schema", [None, {"type": "object"}, {"type": "object", "properties": {}}, True]
)
def test_it_describes_no_parameters_where_there_are_none(schema: Any):
    for model in (THIRD, OLD):
        assert declared(ir.Tool(name="now", schema=schema), model=model) == [{"name": "now"}]


def test_it_reduces_schemas_for_an_endpoint_that_takes_no_json_schema():
    for schema in AGENT_TOOLS:
        [found] = declared(ir.Tool(name="f", schema=schema), model=OLD)
        assert found.keys() == {"name", "parameters"}
        assert found["parameters"]["type"] == "OBJECT"
        assert "$schema" not in found["parameters"]


def test_it_makes_a_freeform_tool_a_function_with_one_string():
    grammar = {"type": "grammar", "syntax": "lark", "definition": "start: /.+/"}
    tool = ir.Tool(name="apply_patch", description="Edits files.", freeform=grammar)
    [found] = declared(tool)
    assert found["parametersJsonSchema"]["required"] == ["input"]
    assert found["description"].startswith("Edits files.")
    assert "start: /.+/" in found["description"]
    wire = write(
        user("Hi"),
        assistant(ir.ToolCall(id="c1", name="apply_patch", arguments="*** Begin", freeform=True)),
        user(result("c1")),
        tools=(tool,),
    )
    [part] = wire.body["contents"][1]["parts"]
    assert part["functionCall"]["args"] == {"input": "*** Begin"}


def test_it_makes_names_that_google_takes_and_leads_them_back():
    long, odd, digit = "x" * 80, "my.tool/with:signs", "1st"
    fitting = ir.Tool(name="x_y-1", schema=SCHEMA)
    spaced = ir.Tool(name="spawn", namespace="agents", schema=SCHEMA)
    tools = [*(ir.Tool(name=name, schema=SCHEMA) for name in (long, odd, digit)), fitting, spaced]
    wire = write(
        user("Hi"),
        assistant(call("c1", odd)),
        user(result("c1")),
        tools=tuple(tools),
        tool_choice=ir.ToolChoice(mode="allowed", names=(digit, "spawn")),
    )
    names = [tool["name"] for tool in wire.body["tools"][0]["functionDeclarations"]]
    assert names[3:] == ["x_y-1", "agents__spawn"]
    assert all(len(name) <= 64 and (name[0].isalpha() or name[0] == "_") for name in names)
    assert [wire.names[name] for name in names[:3]] == [long, odd, digit]
    [called] = wire.body["contents"][1]["parts"]
    [answered] = wire.body["contents"][2]["parts"]
    assert called["functionCall"]["name"] == answered["functionResponse"]["name"] == names[1]
    assert wire.body["toolConfig"]["functionCallingConfig"]["allowedFunctionNames"] == [
        names[2],
        "agents__spawn",
    ]


def test_it_names_the_marks_on_tools_that_stay_behind():
    tool = ir.Tool(
        name="f",
        schema=SCHEMA,
        extra={"anthropic": {"cache_control": {}}, "gemini": {"behavior": "BLOCKING"}, "x": 1},
    )
    assert write(tools=(tool,)).losses == ("tools.behavior", "tools.cache_control")
    own = write(tools=(tool,), format="gemini")
    assert own.losses == ()
    assert own.body["tools"][0]["functionDeclarations"][0]["behavior"] == "BLOCKING"


@pytest.mark.parametrize(
    ("choice", "config"),
    [
        (None, None),
        (ir.ToolChoice(mode="auto"), {"mode": "AUTO"}),
        (ir.ToolChoice(mode="none"), {"mode": "NONE"}),
        (ir.ToolChoice(mode="required"), {"mode": "ANY"}),
        (
            ir.ToolChoice(mode="named", names=("f",)),
            {"mode": "ANY", "allowedFunctionNames": ["f"]},
        ),
        (
            ir.ToolChoice(mode="allowed", names=("f", "g"), required=True),
            {"mode": "ANY", "allowedFunctionNames": ["f", "g"]},
        ),
        (
            ir.ToolChoice(mode="allowed", names=("f", "g")),
            {"mode": "VALIDATED", "allowedFunctionNames": ["f", "g"]},
        ),
    ],
)
def test_it_translates_the_choice_in_both_directions(choice: Any, config: Any):
    tools = tuple(ir.Tool(name=name, schema=SCHEMA) for name in ("f", "g", "h"))
    wire = write(tools=tools, tool_choice=choice)
    assert wire.losses == ()
    written = wire.body.get("toolConfig")
    assert written == (None if config is None else {"functionCallingConfig": config})
    assert read(toolConfig=written).tool_choice == choice


@pytest.mark.parametrize(
    ("config", "choice"),
    [
        ({"mode": "VALIDATED"}, ir.ToolChoice(mode="auto")),
        ({"mode": "any"}, ir.ToolChoice(mode="required")),
        ({"mode": "MODE_UNSPECIFIED"}, None),
        ({}, None),
    ],
)
def test_it_reads_the_other_modes(config: Any, choice: Any):
    assert read(tool_config={"function_calling_config": config}).tool_choice == choice


def test_it_drops_a_choice_of_what_was_not_offered():
    choice = ir.ToolChoice(mode="allowed", names=("other",), required=True)
    wire = write(tools=(TOOL,), tool_choice=choice)
    assert "toolConfig" not in wire.body
    assert wire.losses == ("tool_choice",)


def test_it_has_calls_validated_where_a_tool_is_strict():
    strict = ir.Tool(name="f", schema=SCHEMA, strict=True)
    for choice in (None, ir.ToolChoice(mode="auto")):
        config = write(tools=(strict,), tool_choice=choice).body["toolConfig"]
        assert config == {"functionCallingConfig": {"mode": "VALIDATED"}}


def test_it_says_that_one_call_at_a_time_cannot_be_asked_for():
    assert write(tools=(TOOL,), parallel_tool_calls=False).losses == ("parallel_tool_calls",)
    assert write(tools=(TOOL,), parallel_tool_calls=True).losses == ()
    assert write(parallel_tool_calls=False).losses == ()


def test_it_keeps_the_rest_of_the_tool_config_for_its_own_format():
    given = {"retrievalConfig": {"languageCode": "cs"}, "functionCallingConfig": {"mode": "ANY"}}
    request = read(toolConfig=given, tools=[{"functionDeclarations": [{"name": "f"}]}])
    assert FORMAT.write_request(request, GOOGLE, THIRD).body["toolConfig"] == given
    only = read(toolConfig={"retrievalConfig": {"languageCode": "cs"}})
    assert FORMAT.write_request(only, GOOGLE, THIRD).body["toolConfig"] == {
        "retrievalConfig": {"languageCode": "cs"}
    }
    assert ask().tool_choice is None
