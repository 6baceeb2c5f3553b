"""Typed access to a provider's JSON: null reads as empty, a wrong type is a protocol fault."""

from __future__ import annotations

from typing import Any

import orjson

from omniroute.gateway.errors import UpstreamFailure


def event(data: bytes) -> dict[str, Any]:
    """The JSON object that an event of a stream holds."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as exc:
        raise UpstreamFailure("protocol", "an event is not JSON") from exc
    if not isinstance(value, dict):
        raise UpstreamFailure("protocol", "an event is not an object")
    return value


def whole(data: bytes) -> bool:
    """Whether an event that no blank line ended is there to its last byte."""
    if data == b"[DONE]":
        return True
    try:
        orjson.loads(data)
    except orjson.JSONDecodeError:
        return False
    return True


def mapping(value: object, what: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise UpstreamFailure("protocol", f"{what} is not an object")
    return value


def sequence(value: object, what: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise UpstreamFailure("protocol", f"{what} is not an array")
    return value


def text(value: object, what: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise UpstreamFailure("protocol", f"{what} is not a string")
    return value


def name(value: object) -> str:
    """An identifier that nothing depends on: whatever is not a string is none."""
    return value if isinstance(value, str) else ""


def arguments(value: object) -> str:
    """Tool arguments as JSON text; some servers send the object itself."""
    if isinstance(value, dict):
        try:
            return orjson.dumps(value).decode()
        except TypeError as exc:  # nested too deep
            raise UpstreamFailure("protocol", "tool arguments cannot be encoded") from exc
    return text(value, "tool arguments")
