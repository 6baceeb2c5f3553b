"""What coding agents declare, in the words of their schema libraries."""

from __future__ import annotations

from typing import Any

AGENT_TOOLS: list[dict[str, Any]] = [
    {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "command": {"type": "string", "description": "The command"},
            "timeout": {"type": "integer", "exclusiveMinimum": 0, "maximum": 600_000},
            "run_in_background": {"type": "boolean", "default": False},
        },
        "required": ["command"],
        "additionalProperties": False,
    },
    {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {
            "todos": {
                "type": "array",
                "maxItems": 100,
                "items": {
                    "type": "object",
                    "properties": {
                        "content": {"type": "string", "minLength": 1},
                        "status": {"type": "string", "enum": ["pending", "done"]},
                        "priority": {"enum": [1, 2, 3]},
                    },
                    "required": ["content", "status"],
                    "additionalProperties": False,
                },
            },
            "answers": {
                "type": "object",
                "propertyNames": {"type": "string"},
                "additionalProperties": {"type": "string"},
            },
        },
        "required": ["todos"],
    },
    {
        "type": "object",
        "properties": {
            "url": {"type": "string", "format": "uri"},
            "mode": {"anyOf": [{"const": "plan"}, {"const": "act"}, {"type": "null"}]},
            "filter": {"$ref": "#/$defs/Filter"},
        },
        "required": ["url"],
        "$defs": {
            "Filter": {
                "type": "object",
                "properties": {
                    "field": {"type": "string", "pattern": "^[a-z]+$"},
                    "any": {"type": "array", "items": {"$ref": "#/$defs/Filter"}},
                },
            }
        },
    },
]
