"""JSON Schema cut down to the subset of OpenAPI that Google's `Schema` is."""

from __future__ import annotations

from typing import Any

import pytest

from omniroute.gateway.formats.gemini import schema

from .agents import AGENT_TOOLS
from .rules import check, nodes


def one(given: Any, root: Any = None) -> Any:
    """What becomes of the schema of a single property."""
    whole = {**(root or {}), "type": "object", "properties": {"a": given}}
    found = schema.parameters(whole)
    assert found is not None
    check(found)
    return found["properties"]["a"]


STRING, INTEGER, NUMBER = {"type": "STRING"}, {"type": "INTEGER"}, {"type": "NUMBER"}


@pytest.mark.parametrize(
    ("given", "want"),
    [
        ({"type": "string"}, STRING),
        ({"type": "STRING", "nullable": True}, {**STRING, "nullable": True}),
        ({}, STRING),
        (True, STRING),
        ({"type": "nonsense"}, STRING),
        ({"type": ["string", "null"]}, {**STRING, "nullable": True}),
        ({"type": ["null"]}, {**STRING, "nullable": True}),
        ({"type": "null", "description": "d"}, {**STRING, "description": "d", "nullable": True}),
        ({"type": ["string", "integer"]}, {"anyOf": [STRING, INTEGER]}),
        # const and enum
        ({"const": "x"}, {**STRING, "enum": ["x"]}),
        ({"const": 3}, {**STRING, "enum": ["3"]}),
        ({"const": None}, {**STRING, "nullable": True}),
        ({"const": True}, {"type": "BOOLEAN"}),
        ({"enum": [1, 2.5, "x", "x", ""]}, {**STRING, "enum": ["1", "2.5", "x"]}),
        ({"type": "integer", "enum": [1, 2]}, {**STRING, "enum": ["1", "2"]}),
        ({"enum": ["a", None]}, {**STRING, "enum": ["a"], "nullable": True}),
        ({"enum": [True, False, None]}, {"type": "BOOLEAN", "nullable": True}),
        ({"enum": [True, 1]}, {**STRING, "enum": ["true", "1"]}),
        ({"enum": [False, "no"]}, {**STRING, "enum": ["false", "no"]}),
        ({"enum": []}, STRING),
        ({"enum": [""]}, STRING),
        ({"enum": "x"}, STRING),
        ({"type": "object", "enum": [{"a": 1}]}, {"type": "OBJECT"}),
        # numbers
        ({"type": "integer", "exclusiveMinimum": 0}, {**INTEGER, "minimum": 1}),
        ({"type": "integer", "exclusiveMaximum": 9}, {**INTEGER, "maximum": 8}),
        ({"type": "integer", "exclusiveMinimum": 0.5}, {**INTEGER, "minimum": 0.5}),
        ({"type": "number", "exclusiveMinimum": 0}, {**NUMBER, "minimum": 0}),
        ({"exclusiveMaximum": 5, "maximum": 3}, {**NUMBER, "maximum": 3}),
        (
            {"type": "integer", "minimum": 1, "exclusiveMinimum": True},
            {**INTEGER, "minimum": 2},
        ),
        ({"type": "integer", "minimum": 1, "exclusiveMinimum": False}, {**INTEGER, "minimum": 1}),
        ({"type": "number", "minimum": "1", "maximum": True}, NUMBER),
        ({"type": "integer", "maximum": 1e300}, INTEGER),
        ({"multipleOf": 0.5}, {**NUMBER, "description": "(multipleOf: 0.5)"}),
        ({"type": "number", "format": "double", "default": 1.5}, None),
        ({"type": "integer", "format": "int32", "default": True}, {**INTEGER, "format": "int32"}),
        # strings
        (
            {"type": "string", "format": "uri", "description": "Where"},
            {**STRING, "description": "Where (format: uri)"},
        ),
        ({"type": "string", "format": "date-time"}, {**STRING, "format": "date-time"}),
        ({"type": "string", "pattern": "^a", "minLength": 1, "maxLength": 5}, None),
        ({"type": "string", "pattern": 1, "minLength": -1, "title": 5}, STRING),
        ({"pattern": []}, STRING),
        ({"type": "string", "minLength": "3", "maxLength": 1.5}, {**STRING, "minLength": 3}),
        ({"type": "string", "maxLength": True, "default": 1, "example": "e"}, None),
        # arrays
        ({"type": "array"}, {"type": "ARRAY", "items": STRING}),
        ({"type": "array", "items": {}}, {"type": "ARRAY", "items": STRING}),
        ({"items": {"type": "integer"}}, {"type": "ARRAY", "items": INTEGER}),
        ({"items": False, "maxItems": 2}, {"type": "ARRAY", "items": STRING, "maxItems": 2}),
        (
            {"type": "array", "items": [{"type": "string"}, {"type": "integer"}]},
            {"type": "ARRAY", "items": {"anyOf": [STRING, INTEGER]}},
        ),
        (
            {"type": "array", "prefixItems": [{"type": "string"}, {"type": "string"}]},
            {"type": "ARRAY", "items": STRING},
        ),
        (
            {"type": "array", "uniqueItems": True},
            {"type": "ARRAY", "items": STRING, "description": "(uniqueItems: true)"},
        ),
        # objects
        ({"type": "object"}, {"type": "OBJECT"}),
        ({"type": "object", "properties": {}}, {"type": "OBJECT"}),
        ({"properties": {"b": {"type": "integer"}}, "required": ["b", "c", 1]}, None),
        ({"properties": {"b": False}, "required": ["b"]}, {"type": "OBJECT"}),
        ({"properties": [], "required": "b", "minProperties": 1}, None),
        ({"additionalProperties": {"type": "string"}}, {"type": "OBJECT"}),
        ({"type": "object", "patternProperties": {"^x": {}}, "x-y": 1}, {"type": "OBJECT"}),
        ({"type": "object", "propertyNames": {"pattern": "a"}, "$id": "u"}, {"type": "OBJECT"}),
        ({"not": {"type": "string"}, "if": {}, "then": {}, "else": {}}, STRING),
        ({"type": "object", "dependentRequired": {"a": ["b"]}, "contains": 1}, {"type": "OBJECT"}),
    ],
)
def test_it_says_everything_in_the_words_that_google_knows(given: Any, want: Any):
    assert want is None or one(given) == want
    assert one(given)["type" if "anyOf" not in one(given) else "anyOf"]


def test_it_keeps_every_rule_that_schema_has_too():
    rules = {
        "type": "string",
        "title": "T",
        "description": "D",
        "pattern": "^a",
        "minLength": 1,
        "maxLength": 5,
        "default": "ab",
        "example": "ac",
    }
    assert one(rules) == {**rules, "type": "STRING"}
    assert one({"type": "number", "format": "double", "default": 1.5}) == {
        **NUMBER,
        "format": "double",
        "default": 1.5,
    }
    assert one({"type": "string", "maxLength": True, "default": 1}) == STRING


def test_it_spreads_an_any_of_because_nothing_may_stand_beside_it():
    given = {
        "description": "Which",
        "title": "W",
        "anyOf": [
            {"type": "string", "description": "by name"},
            {"type": "integer"},
            {"type": "null"},
        ],
        "default": None,
    }
    assert one(given) == {
        "anyOf": [
            {**STRING, "title": "W", "description": "Which\nby name", "nullable": True},
            {**INTEGER, "nullable": True},
        ]
    }


def test_it_takes_the_only_choice_for_the_thing_itself():
    assert one({"oneOf": [{"type": "string"}, {"type": "null"}]}) == {**STRING, "nullable": True}
    assert one({"anyOf": [{"const": "a"}]}) == {**STRING, "enum": ["a"]}
    assert one({"anyOf": [{"type": "string"}, {"type": "string"}]}) == STRING
    assert one({"anyOf": [{"type": "null"}]}) == {**STRING, "nullable": True}
    assert one({"anyOf": [], "type": "integer"}) == INTEGER
    assert one({"anyOf": "x", "type": "integer"}) == INTEGER
    assert one({"nullable": True, "anyOf": [{"type": "integer"}]}) == {**INTEGER, "nullable": True}


def test_it_flattens_choices_within_choices():
    given = {"anyOf": [{"anyOf": [{"type": "string"}, {"type": "integer"}]}, {"type": "boolean"}]}
    assert one(given) == {"anyOf": [STRING, INTEGER, {"type": "BOOLEAN"}]}


def test_it_merges_all_of_to_the_narrower_of_both():
    given = {
        "description": "outer",
        "allOf": [
            {
                "properties": {"b": {"type": "string", "minLength": 1}, "c": {"type": "integer"}},
                "required": ["b"],
                "description": "inner",
                "minProperties": 1,
                "type": ["object", "null"],
            },
            {
                "properties": {"b": {"maxLength": 3}},
                "required": ["c", "b"],
                "minProperties": 2,
                "maxProperties": 4,
                "type": "object",
            },
        ],
        "maxProperties": 9,
    }
    assert one(given) == {
        "type": "OBJECT",
        "description": "outer",
        "minProperties": 2,
        "maxProperties": 4,
        "properties": {"b": {**STRING, "minLength": 1, "maxLength": 3}, "c": INTEGER},
        "required": ["c", "b"],
    }
    assert one({"allOf": [{"enum": ["a", "b"]}, {"enum": ["b", "c"]}]})["enum"] == ["b"]
    assert one({"allOf": [{"enum": ["a"]}, {"enum": ["b"]}]})["enum"] == ["a"]
    assert one({"allOf": [{"minimum": "x"}, {"minimum": 2}], "type": "number"}) == NUMBER
    assert one({"allOf": [{"maximum": 3}, {"maximum": None}], "type": "number"}) == {
        **NUMBER,
        "maximum": 3,
    }
    odd = {"allOf": [{"properties": 1, "required": 1}, {"properties": {"b": {}}, "required": []}]}
    assert one({**odd, "type": "object"}) == {"type": "OBJECT"}
    assert one({"allOf": "x", "type": "string"}) == STRING


def test_it_puts_references_in_the_place_where_they_are_used():
    root = {
        "$defs": {"City": {"type": "string", "description": "A city"}, "a/b": {"type": "integer"}},
        "definitions": {"Old": [{"type": "boolean"}]},
    }
    assert one({"$ref": "#/$defs/City"}, root) == {**STRING, "description": "A city"}
    assert one({"$ref": "#/$defs/City", "description": "Home"}, root) == {
        **STRING,
        "description": "Home",
    }
    assert one({"$ref": "#/$defs/a~1b"}, root) == INTEGER
    assert one({"$ref": "#/definitions/Old/0"}, root) == {"type": "BOOLEAN"}
    for unknown in ("#/$defs/None", "#/definitions/Old/9", "#/$defs/City/x", "#City", "http://x"):
        assert one({"$ref": unknown}, root) == STRING
    assert one({"$ref": 5}) == STRING


def test_it_stops_where_a_schema_comes_back_to_itself():
    root = {
        "$defs": {
            "Node": {
                "type": "object",
                "properties": {
                    "value": {"type": "string"},
                    "children": {"type": "array", "items": {"$ref": "#/$defs/Node"}},
                },
            },
            "Loop": {"$ref": "#/$defs/Loop", "description": "round"},
        }
    }
    assert one({"$ref": "#/$defs/Node"}, root) == {
        "type": "OBJECT",
        "properties": {
            "value": STRING,
            "children": {"type": "ARRAY", "items": {"type": "OBJECT"}},
        },
    }
    assert one({"$ref": "#/$defs/Loop"}, root) == {"type": "OBJECT", "description": "round"}
    assert one({"$ref": "#"}, {"title": "Me"})["properties"]["a"] == {"type": "OBJECT"}


def test_it_bounds_what_references_can_blow_up_to():
    fan = {
        f"L{n}": {
            "type": "object",
            "properties": {
                "left": {"$ref": f"#/$defs/L{n + 1}"},
                "right": {"anyOf": [{"$ref": f"#/$defs/L{n + 1}"}, {"$ref": f"#/$defs/L{n + 1}"}]},
            },
        }
        for n in range(30)
    }
    reduced = schema.parameters({"$ref": "#/$defs/L0", "$defs": fan})
    check(reduced)
    assert len(nodes(reduced)) < 10_000
    wide: dict[str, Any] = {"type": "object", "properties": {"a": {"anyOf": [{}] * 20_000}}}
    check(schema.parameters(wide))
    deep: dict[str, Any] = {"type": "string"}
    for _ in range(900):
        deep = {"anyOf": [{"allOf": [{"type": "object", "properties": {"a": deep}}]}]}
    check(schema.parameters(deep))
    chain = {"type": "string"}
    for _ in range(900):
        chain = {"allOf": [chain]}
    assert one(chain) == STRING


@pytest.mark.parametrize(
    "given",
    [
        None,
        True,
        {},
        {"type": "string"},
        {"type": "object"},
        {"type": "object", "properties": {}},
        {"type": "object", "additionalProperties": {"type": "string"}},
        {"anyOf": [{"type": "string"}, {"type": "object"}]},
        {"anyOf": [{"type": "string"}, {"type": "integer"}]},
    ],
)
def test_it_describes_no_arguments_where_there_are_none_to_name(given: Any):
    assert schema.parameters(given) is None


def test_it_makes_one_object_of_a_root_that_may_be_several():
    """Google takes only an object for the parameters of a function."""
    given = {
        "description": "Either",
        "anyOf": [
            {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
            {
                "type": "object",
                "properties": {"a": {"type": "integer"}, "b": {"type": "string"}},
                "required": ["b", "a"],
            },
            {"type": "null"},
        ],
    }
    assert schema.parameters(given) == {
        "type": "OBJECT",
        "description": "Either",
        "properties": {"a": STRING, "b": STRING},
        "required": ["a"],
    }
    given["anyOf"][0]["required"] = []
    assert "required" not in (schema.parameters(given) or {})


def test_it_reduces_the_form_of_an_answer_of_any_type():
    assert schema.output({"enum": ["a", "b"]}) == {**STRING, "enum": ["a", "b"]}
    assert schema.output({"type": "array", "items": {"const": 1}}) == {
        "type": "ARRAY",
        "items": {**STRING, "enum": ["1"]},
    }


@pytest.mark.parametrize("tool", AGENT_TOOLS)
def test_it_reduces_the_tools_of_coding_agents_to_what_google_takes(tool: dict[str, Any]):
    reduced = schema.parameters(tool)
    assert reduced is not None
    check(reduced)
    assert reduced["properties"].keys() == tool["properties"].keys()
    assert reduced["required"] == tool["required"]
