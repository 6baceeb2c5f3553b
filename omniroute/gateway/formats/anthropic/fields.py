"""Typed access to JSON that somebody else wrote: a wrong type is the caller's error, never a crash.

`where` is the path of the object that is read, as the API itself names it ("messages.0.content.1").
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import orjson

from omniroute.gateway import ir
from omniroute.gateway.errors import InvalidRequest

FORMAT_NAME = "anthropic"

T = TypeVar("T")
_WORDS: dict[type, str] = {
    str: "a string",
    int: "an integer",
    float: "a number",
    bool: "true or false",
    dict: "an object",
    list: "an array",
}


def path(where: str, key: str | int) -> str:
    return f"{where}.{key}" if where else str(key)


def wrong(param: str, expected: str) -> InvalidRequest:
    return InvalidRequest(f"{param}: must be {expected}", param=param)


def typed(value: Any, kind: type[T], param: str) -> T:
    """`value` if it is of `kind`; an integer is a number too, and a boolean never is."""
    allowed: Any = (int, float) if kind is float else kind
    if not isinstance(value, allowed) or (isinstance(value, bool) and kind is not bool):
        raise wrong(param, _WORDS[kind])
    return value  # type: ignore[no-any-return]  # isinstance against a variable narrows nothing


def optional(body: Mapping[str, Any], key: str, kind: type[T], where: str = "") -> T | None:
    value = body.get(key)
    return None if value is None else typed(value, kind, path(where, key))


def required(body: Mapping[str, Any], key: str, kind: type[T], where: str = "") -> T:
    value = body.get(key)
    if value is None:
        raise InvalidRequest(f"{path(where, key)}: is required", param=path(where, key))
    return typed(value, kind, path(where, key))


def dumped(value: Any, param: str) -> str:
    """`value` as JSON text; what was nested too deeply to be read again is refused."""
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError as exc:
        raise InvalidRequest(f"{param}: is nested too deeply", param=param) from exc


def extra(body: Mapping[str, Any], *known: str) -> ir.Extra:
    """What is left of `body` without the fields that the hub models, filed under this format."""
    rest = {key: value for key, value in body.items() if key not in known}
    return {FORMAT_NAME: rest} if rest else ir.NO_EXTRA


def own(extras: ir.Extra) -> dict[str, Any]:
    """This format's fields of `extras`."""
    fields = extras.get(FORMAT_NAME)
    return dict(fields) if isinstance(fields, Mapping) else {}
