"""JSON Schema beside Gemini: what its own `Schema` says in these words, and the few things that
`parametersJsonSchema` and `responseJsonSchema` take in one spelling only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Schema = dict[str, Any]

_MAX_DEPTH = 60
_ONE = ("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames")
_MANY = ("anyOf", "oneOf", "allOf", "prefixItems")
_NAMED = ("properties", "$defs", "patternProperties", "dependentSchemas")
_SPELLINGS = {
    "any_of": "anyOf",
    "min_items": "minItems",
    "max_items": "maxItems",
    "min_length": "minLength",
    "max_length": "maxLength",
    "min_properties": "minProperties",
    "max_properties": "maxProperties",
    "additional_properties": "additionalProperties",
    "property_ordering": "propertyOrdering",
    "defs": "$defs",
    "ref": "$ref",
}
_COUNTS = ("minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties")
_TYPES = frozenset({"STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL"})
_NULL = {"type": "null"}


def from_gemini(schema: object) -> object:
    """What `parameters` or `responseSchema` says, as JSON Schema. JSON Schema stays as it is."""
    return _walk(schema, _translated, 0)


def for_gemini(schema: object) -> object:
    """A JSON Schema that Gemini reads to the end: it knows `$defs` only under that name, `const`
    only as `enum`, and nothing beside a `$ref`."""
    return _walk(schema, _readable, 0)


def _walk(schema: object, change: Callable[[Schema], Schema], depth: int) -> object:
    """`change` for every node. Names of properties are not keywords."""
    if not isinstance(schema, Mapping) or depth > _MAX_DEPTH:
        return schema
    node = change(dict(schema))
    for keyword, value in node.items():
        if keyword in _ONE:
            node[keyword] = _walk(value, change, depth + 1)
        elif keyword in _MANY and isinstance(value, list):
            node[keyword] = [_walk(each, change, depth + 1) for each in value]
        elif keyword in _NAMED and isinstance(value, Mapping):
            node[keyword] = {name: _walk(each, change, depth + 1) for name, each in value.items()}
    return node


def _translated(node: Schema) -> Schema:
    node = {_SPELLINGS.get(keyword, keyword): value for keyword, value in node.items()}
    node.pop("propertyOrdering", None)
    kind = node.get("type")
    if isinstance(kind, str) and kind.upper() in _TYPES:
        node["type"] = kind.lower()
    elif kind == "TYPE_UNSPECIFIED":
        del node["type"]
    if node.get("format") == "enum":
        del node["format"]
    for keyword in _COUNTS:
        value = node.get(keyword)
        if isinstance(value, str) and value.isdecimal():
            node[keyword] = int(value[:20])
    return _with_null(node) if node.pop("nullable", None) is True else node


def _with_null(node: Schema) -> Schema:
    if isinstance(node.get("enum"), list) and None not in node["enum"]:
        node["enum"] = [*node["enum"], None]
    if isinstance(node.get("type"), str):
        node["type"] = [node["type"], "null"]
    elif isinstance(node.get("anyOf"), list) and _NULL not in node["anyOf"]:
        node["anyOf"] = [*node["anyOf"], _NULL]
    return node


def _readable(node: Schema) -> Schema:
    if "definitions" in node and "$defs" not in node:
        node["$defs"] = node.pop("definitions")
    if "const" in node and "enum" not in node:
        node["enum"] = [node.pop("const")]
    ref = node.get("$ref")
    if isinstance(ref, str):
        node["$ref"] = ref.replace("#/definitions/", "#/$defs/")
        beside = {keyword for keyword in node if not keyword.startswith("$")}
        if beside and "anyOf" not in beside:
            node["anyOf"] = [{"$ref": node.pop("$ref")}]
    return node
