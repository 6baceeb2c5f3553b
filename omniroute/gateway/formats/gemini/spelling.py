"""Google's JSON comes in two spellings, `inlineData` and `inline_data`, which clients mix freely.

Names are spelled alike everywhere but inside of what the client wrote for itself: arguments,
results, schemas and labels.
"""

from __future__ import annotations

import re
from typing import Any

FORMAT_NAME = "gemini"

_MAX_DEPTH = 24  # nothing of Google's is nested this deep
_SNAKE = re.compile(r"(?<=[a-z0-9])_([a-z])")
_DATA = frozenset({"args", "response", "labels", "partMetadata", "metadata"})
_SCHEMAS = ("parameters", "parametersJsonSchema", "responseSchema", "responseJsonSchema")
_KEPT = _DATA.union(_SCHEMAS)


def camel(name: str) -> str:
    return _SNAKE.sub(lambda match: match[1].upper(), name) if "_" in name else name


def alike(value: Any, depth: int = 0) -> Any:
    """`value` with every name in camelCase."""
    if depth > _MAX_DEPTH:
        return value
    if isinstance(value, list):
        return [alike(item, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    named = ((camel(name), item) for name, item in value.items())
    return {name: item if name in _KEPT else alike(item, depth + 1) for name, item in named}


def either(body: dict[str, Any], name: str, snake: str) -> Any:
    """The value of one name in a body that keeps its own spelling."""
    value = body.get(name)
    return body.get(snake) if value is None else value
