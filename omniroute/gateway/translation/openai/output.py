"""The form that an answer must have: text, any JSON, or JSON of a schema."""

from __future__ import annotations

from typing import Any

from omniroute.gateway import ir
from omniroute.gateway.translation.fields import Fields, dumped


def read(asked: Fields | None, *, nested: bool) -> ir.OutputFormat | None:
    """`nested` tells that the schema and its name stand in an object of their own."""
    if asked is None:
        return None
    match asked.needed("type"):
        case "text":
            return ir.OutputFormat(kind="text")
        case "json_object":
            return ir.OutputFormat(kind="json_object")
        case "json_schema":
            return _read_described(asked.inner("json_schema") if nested else asked)
        case _:
            raise asked.fault("type", "be text, json_object or json_schema")


def _read_described(described: Fields) -> ir.OutputFormat:
    schema = described.inner("schema").raw
    dumped(schema, described.path("schema"))
    return ir.OutputFormat(
        kind="json_schema",
        schema=schema,
        name=described.text("name"),
        strict=described.flag("strict"),
    )


def write(output: ir.OutputFormat, *, nested: bool) -> dict[str, Any]:
    kind = {"type": output.kind}
    if output.kind != "json_schema":
        return kind
    described = {"name": output.name or "answer", "schema": output.schema}
    if output.strict is not None:
        described["strict"] = output.strict
    return {**kind, "json_schema": described} if nested else {**kind, **described}
