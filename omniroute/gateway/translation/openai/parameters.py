"""The schema of a function's parameters."""

from __future__ import annotations

from typing import Any

from omniroute.gateway import ir
from omniroute.gateway.translation.fields import Fields


def read(function: Fields) -> dict[str, Any]:
    schema = function.child("parameters")
    return schema.raw if schema else _none()


def write(schema: ir.Json) -> ir.Json:
    """Some servers refuse an object without `properties`, and a tool without parameters."""
    if not isinstance(schema, dict):
        return _none()
    if schema.get("type", "object") == "object" and "properties" not in schema:
        return {**_none(), **schema}
    return schema


def _none() -> dict[str, Any]:
    return {"type": "object", "properties": {}}
