"""JSON Schema as the API takes it: a plain object at the root of a tool's input, and for structured
output the subset that the constrained decoder knows (what it does not know, the model may read)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]

_COMBINED = ("allOf", "anyOf", "oneOf")
_KEPT = frozenset(
    {"$ref", "type", "enum", "const", "title", "description", "required"}
    | {"properties", "items", "anyOf", "allOf", "$defs", "definitions"}
)
_MAX_DEPTH = 60
_STRING_FORMATS = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname"} | {"uri", "ipv4", "ipv6", "uuid"}
)


def tool_input(schema: object) -> tuple[Schema, bool]:
    """The schema with an object and no combinators at its root, and whether that changed it."""
    if not isinstance(schema, Mapping):
        return {"type": "object", "properties": {}}, False
    root = {key: value for key, value in schema.items() if key not in _COMBINED}
    variants = [
        (keyword, variant)
        for keyword in _COMBINED
        for variant in _list(schema.get(keyword))
        if isinstance(variant, Mapping)
    ]
    properties = dict(_mapping(schema.get("properties")))
    for _, variant in variants:
        properties = {**_mapping(variant.get("properties")), **properties}
    required = list(_list(schema.get("required")))
    for keyword, variant in variants:
        # Only what every way demands stays demanded.
        required += _list(variant.get("required")) if keyword == "allOf" else []
    if required:
        root["required"] = list(dict.fromkeys(required))
    changed = any(keyword in schema for keyword in _COMBINED) or root.get("type") not in (
        None,
        "object",
    )
    return {**root, "type": "object", "properties": properties}, changed


def structured(schema: object, depth: int = 0) -> object:
    """A schema for `output_config.format`: closed objects; unknown rules become descriptions."""
    if not isinstance(schema, Mapping) or depth > _MAX_DEPTH:
        return schema
    kept = {key: _inner(key, value, depth) for key, value in schema.items() if key in _KEPT}
    if "oneOf" in schema:
        kept["anyOf"] = _inner("anyOf", schema["oneOf"], depth)
    rules = {
        key: value
        for key, value in schema.items()
        if key not in _KEPT and key not in ("oneOf", "additionalProperties", "$schema")
    }
    if str(schema.get("format")) in _STRING_FORMATS:
        kept["format"] = rules.pop("format")
    if schema.get("minItems") in (0, 1):
        kept["minItems"] = rules.pop("minItems")
    if "properties" in schema or schema.get("type") == "object":
        kept["additionalProperties"] = False
    if rules:
        told = ", ".join(f"{key}: {value}" for key, value in rules.items())
        kept["description"] = f"{kept.get('description', '')} ({told})".strip()
    return kept


def _inner(key: str, value: object, depth: int) -> object:
    if key in ("properties", "$defs", "definitions"):
        return {name: structured(inner, depth + 1) for name, inner in _mapping(value).items()}
    if key in ("anyOf", "allOf"):
        return [structured(inner, depth + 1) for inner in _list(value)]
    return structured(value, depth + 1) if key == "items" else value


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
