"""The rules that every schema for Google must keep."""

from __future__ import annotations

from typing import Any

from google.genai import types

ALLOWED = frozenset(
    {"type", "format", "title", "description", "nullable", "enum", "items", "properties"}
    | {"required", "propertyOrdering", "minItems", "maxItems", "minLength", "maxLength"}
    | {"minProperties", "maxProperties", "minimum", "maximum", "pattern", "default", "example"}
    | {"anyOf"}
)
TYPES = {"STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT"}


def nodes(reduced: Any) -> list[dict[str, Any]]:
    """Every node of a reduced schema; fails for what is no node."""
    assert isinstance(reduced, dict)
    found = [reduced]
    inner = [*reduced.get("anyOf", ()), *reduced.get("properties", {}).values()]
    if "items" in reduced:
        inner.append(reduced["items"])
    for each in inner:
        found += nodes(each)
    return found


def check(reduced: Any) -> None:
    """What Google's `Schema` demands, and what its SDK can read."""
    for node in nodes(reduced):
        assert node.keys() <= ALLOWED
        if "anyOf" in node:
            assert node.keys() == {"anyOf"}, "anyOf must be the only field"
            assert len(node["anyOf"]) > 1
            continue
        assert node["type"] in TYPES
        assert ("items" in node) is (node["type"] == "ARRAY")
        assert node.get("properties", True), "properties must not be empty"
        assert set(node.get("required", ())) <= set(node.get("properties", ()))
        enum = node.get("enum", ["x"])
        assert enum
        assert all(isinstance(word, str) and word for word in enum)
        if "enum" in node:
            assert node["type"] == "STRING"
        for keyword in ("title", "description", "pattern", "format"):
            assert isinstance(node.get(keyword, ""), str)
    types.Schema.model_validate(reduced)
