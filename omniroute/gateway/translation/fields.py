"""Typed access to a client's JSON: a wrong type becomes an InvalidRequest that names the field."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, TypeVar

import orjson

from omniroute.gateway import ir
from omniroute.gateway.errors import InvalidRequest

T = TypeVar("T")
_LARGEST = 2**53
_MUST: dict[type, str] = {
    str: "be a string",
    bool: "be true or false",
    dict: "be an object",
    list: "be an array",
}


class Fields:
    """One JSON object of a request. A field that is absent or null reads as None.

    `path` says where it stands, as the API itself does: `messages[0].content`, or with `dotted`
    `messages.0.content`.
    """

    __slots__ = ("_dotted", "_path", "raw")

    def __init__(self, value: object, path: str = "", *, dotted: bool = False) -> None:
        if not isinstance(value, dict):
            where = f"`{path}`" if path else "The request body"
            raise InvalidRequest(f"{where} must be a JSON object.", param=path or None)
        self.raw: dict[str, Any] = value
        self._path = path
        self._dotted = dotted

    def path(self, name: str) -> str:
        return f"{self._path}.{name}" if self._path else name

    def item(self, name: str, index: int) -> str:
        """The path of one element of the array `name`."""
        path = self.path(name)
        return f"{path}.{index}" if self._dotted else f"{path}[{index}]"

    def fault(self, name: str, must: str) -> InvalidRequest:
        return fault(self.path(name), must)

    def text(self, name: str) -> str | None:
        return self._typed(name, str)

    def needed(self, name: str) -> str:
        value = self.text(name)
        if not value:
            raise self.fault(name, "be a non-empty string")
        return value

    def given(self, name: str) -> str:
        """The string `name`, which must be there and may be empty."""
        value = self.text(name)
        if value is None:
            raise self.fault(name, "be a string")
        return value

    def flag(self, name: str) -> bool | None:
        return self._typed(name, bool)

    def number(self, name: str) -> float | None:
        value = self.raw.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.fault(name, "be a number")
        return value

    def integer(self, name: str) -> int | None:
        value = self.number(name)
        if value is None:
            return None
        if not abs(value) <= _LARGEST or value != int(value):  # the first also refuses NaN
            raise self.fault(name, "be a whole number")
        return int(value)

    def natural(self, name: str) -> int | None:
        value = self.integer(name)
        if value is not None and value < 0:
            raise self.fault(name, "not be negative")
        return value

    def array(self, name: str) -> list[Any] | None:
        return self._typed(name, list)

    def texts(self, name: str) -> tuple[str, ...]:
        """The strings of the array `name`."""
        values = self.array(name) or []
        for index, value in enumerate(values):
            if not isinstance(value, str):
                raise fault(self.item(name, index), "be a string")
        return tuple(values)

    def objects(self, name: str) -> Iterator[Fields]:
        for index, value in enumerate(self.array(name) or ()):
            yield Fields(value, self.item(name, index), dotted=self._dotted)

    def child(self, name: str) -> Fields | None:
        return None if self.raw.get(name) is None else self.inner(name)

    def inner(self, name: str) -> Fields:
        """The object `name`, which must be there."""
        return Fields(self.raw.get(name), self.path(name), dotted=self._dotted)

    def rest(self, known: Collection[str]) -> dict[str, Any]:
        return {
            key: value for key, value in self.raw.items() if key not in known and value is not None
        }

    def extras(self, format_name: str, known: Collection[str]) -> ir.Extra:
        """What the hub does not model, filed under the format that owns it."""
        return filed(format_name, self.rest(known))

    def _typed(self, name: str, kind: type[T]) -> T | None:
        value = self.raw.get(name)
        if value is None:
            return None
        if not isinstance(value, kind):
            raise self.fault(name, _MUST[kind])
        return value


def fault(param: str, must: str) -> InvalidRequest:
    return InvalidRequest(f"`{param}` must {must}.", param=param)


def filed(format_name: str, fields: Mapping[str, Any]) -> ir.Extra:
    return {format_name: fields} if fields else ir.NO_EXTRA


def own(extra: ir.Extra, format_name: str) -> dict[str, Any]:
    """What `extra` holds for a format. Parts that travelled through a client may hold anything."""
    fields = extra.get(format_name)
    return dict(fields) if isinstance(fields, Mapping) else {}


def dumped(value: Any, param: str) -> str:
    """`value` as JSON text; what was nested too deeply to be read again is refused."""
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError as exc:
        raise InvalidRequest(f"`{param}` is nested too deeply.", param=param) from exc
