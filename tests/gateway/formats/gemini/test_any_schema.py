"""Whatever a client calls a schema comes out as one that Google takes."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from omniroute.gateway.formats.gemini import schema

from .rules import check

words = st.sampled_from(["a", "b", "$ref", "type", "enum", "x y"])
values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-9, 9) | words,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=2),
    max_leaves=3,
)
kinds = st.sampled_from(
    ["string", "number", "integer", "boolean", "array", "object", "null", "STRING", "odd"]
)
refs = st.sampled_from(["#", "#/$defs/A", "#/$defs/B", "#/properties/a", "#/nowhere", "other"])


def keyword_values(schemas: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    several = st.lists(schemas, max_size=3)
    named = st.dictionaries(words, schemas, max_size=3)
    return st.fixed_dictionaries(
        {},
        optional={
            "type": kinds | st.lists(kinds, max_size=3) | values,
            "properties": named | values,
            "required": st.lists(words) | values,
            "items": schemas | several | values,
            "prefixItems": several,
            "anyOf": several | values,
            "oneOf": several,
            "allOf": several | values,
            "$ref": refs | values,
            "$defs": st.fixed_dictionaries({}, optional={"A": schemas, "B": schemas}),
            "enum": st.lists(values, max_size=3) | values,
            "const": values,
            "minimum": values,
            "maximum": values,
            "exclusiveMinimum": values,
            "exclusiveMaximum": values,
            "minLength": values,
            "maxItems": values,
            "pattern": values,
            "format": words | values,
            "nullable": values,
            "default": values,
            "description": words | values,
            "title": values,
            "additionalProperties": schemas,
            "propertyNames": schemas,
            "not": schemas,
            "if": schemas,
            "multipleOf": values,
            "uniqueItems": values,
            "x-own": values,
            "propertyOrdering": st.lists(words) | values,
        },
    )


json_schemas = st.recursive(
    st.booleans() | st.just({}) | st.builds(lambda kind: {"type": kind}, kinds),
    keyword_values,
    max_leaves=12,
)


@given(json_schemas)
def test_it_takes_any_schema_and_says_it_in_allowed_words_only(given_: Any):
    for reduce in (schema.output, schema.parameters):
        reduced = reduce(given_)
        if reduced is not None:
            check(reduced)
            assert reduce(reduced) == reduced, "not idempotent"


@given(json_schemas)
def test_it_leaves_the_schema_of_the_caller_as_it_was(given_: Any):
    before = repr(given_)
    schema.parameters(given_)
    assert repr(given_) == before
