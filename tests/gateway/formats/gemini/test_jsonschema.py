"""Google's own `Schema` as JSON Schema, and JSON Schema as Google reads it to the end."""

from __future__ import annotations

from typing import Any

import pytest

from omniroute.gateway.formats.gemini import jsonschema


@pytest.mark.parametrize(
    ("given", "want"),
    [
        (
            {"type": "OBJECT", "properties": {"a": {"type": "STRING", "nullable": True}}},
            {"type": "object", "properties": {"a": {"type": ["string", "null"]}}},
        ),
        (
            {"type": "STRING", "format": "enum", "enum": ["a"], "nullable": True},
            {"type": ["string", "null"], "enum": ["a", None]},
        ),
        ({"enum": ["a", None], "nullable": True}, {"enum": ["a", None]}),
        ({"nullable": False, "type": "string"}, {"type": "string"}),
        ({"nullable": True}, {}),
        (
            {"any_of": [{"type": "INTEGER"}, {"type": "ARRAY", "items": {"type": "NUMBER"}}]},
            {"anyOf": [{"type": "integer"}, {"type": "array", "items": {"type": "number"}}]},
        ),
        (
            {"anyOf": [{"type": "INTEGER"}], "nullable": True},
            {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        ),
        (
            {"anyOf": [{"type": "null"}], "nullable": True},
            {"anyOf": [{"type": "null"}]},
        ),
        (
            {"type": "ARRAY", "min_items": "2", "maxItems": "x", "property_ordering": ["a"]},
            {"type": "array", "minItems": 2, "maxItems": "x"},
        ),
        ({"type": "TYPE_UNSPECIFIED", "title": "T"}, {"title": "T"}),
        ({"type": "CUSTOM"}, {"type": "CUSTOM"}),
        (
            {"ref": "#/defs/A", "defs": {"A": {"type": "BOOLEAN"}}},
            {"$ref": "#/defs/A", "$defs": {"A": {"type": "boolean"}}},
        ),
        (
            {"type": "object", "properties": {"any_of": {"const": 1}}, "x": {"any_of": []}},
            {"type": "object", "properties": {"any_of": {"const": 1}}, "x": {"any_of": []}},
        ),
        ({"type": ["string"], "items": True, "anyOf": 5, "properties": []}, None),
        ("no schema", None),
    ],
)
def test_it_reads_googles_schema_as_json_schema(given: Any, want: Any):
    assert jsonschema.from_gemini(given) == (given if want is None else want)


@pytest.mark.parametrize(
    ("given", "want"),
    [
        (
            {"properties": {"a": {"$ref": "#/definitions/A"}}, "definitions": {"A": {"const": 1}}},
            {"properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"enum": [1]}}},
        ),
        (
            {"$ref": "#/$defs/A", "description": "d", "$comment": "c"},
            {"anyOf": [{"$ref": "#/$defs/A"}], "description": "d", "$comment": "c"},
        ),
        ({"$ref": "#/$defs/A", "anyOf": [{}]}, None),
        ({"$ref": "#/$defs/A", "$comment": "c"}, None),
        ({"properties": {"$ref": {"type": "string"}, "const": {"type": "string"}}}, None),
        ({"const": 1, "enum": [1]}, None),
        ({"definitions": {}, "$defs": {}}, None),
        ({"$ref": 5, "type": "string"}, None),
        ({"additionalProperties": False, "patternProperties": {"^x": {"pattern": "a"}}}, None),
        ({"exclusiveMinimum": 0, "if": {}, "x-own": [{"const": 1}]}, None),
    ],
)
def test_it_changes_only_what_google_would_not_read(given: Any, want: Any):
    before = repr(given)
    assert jsonschema.for_gemini(given) == (given if want is None else want)
    assert repr(given) == before


def test_it_does_not_go_deeper_than_anybody_means():
    deep: dict[str, Any] = {"const": 1}
    for _ in range(900):
        deep = {"items": deep}
    found: Any = jsonschema.for_gemini(deep)
    for _ in range(900):
        found = found["items"]
    assert found == {"const": 1}
