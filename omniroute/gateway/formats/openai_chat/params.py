"""Typed access to a client's JSON: a wrong type becomes an InvalidRequest that names the field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from omniroute.gateway.errors import InvalidRequest

FORMAT_NAME = "openai_chat"

T = TypeVar("T")
_LARGEST = 2**53


def owned(extra: Mapping[str, Any], owner: str = FORMAT_NAME) -> dict[str, Any]:
    """What `extra` holds for `owner`. Parts that travelled through a client may hold anything."""
    fields = extra.get(owner)
    return fields if isinstance(fields, dict) else {}


class Fields:
    """One JSON object of a request. A field that is absent or null reads as None."""

    def __init__(self, value: object, path: str = "") -> None:
        if not isinstance(value, dict):
            where = f"`{path}`" if path else "The request body"
            raise InvalidRequest(f"{where} must be a JSON object.", param=path or None)
        self.raw: dict[str, Any] = value
        self._path = path

    def path(self, name: str) -> str:
        return f"{self._path}.{name}" if self._path else name

    def fault(self, name: str, must: str) -> InvalidRequest:
        path = self.path(name)
        return InvalidRequest(f"`{path}` must {must}.", param=path)

    def text(self, name: str) -> str | None:
        return self._typed(name, str, "be a string")

    def needed(self, name: str) -> str:
        value = self.text(name)
        if not value:
            raise self.fault(name, "be a non-empty string")
        return value

    def flag(self, name: str) -> bool | None:
        return self._typed(name, bool, "be true or false")

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
        return self._typed(name, list, "be an array")

    def objects(self, name: str) -> Iterator[Fields]:
        for index, value in enumerate(self.array(name) or ()):
            yield Fields(value, f"{self.path(name)}[{index}]")

    def child(self, name: str) -> Fields | None:
        value = self.raw.get(name)
        return None if value is None else Fields(value, self.path(name))

    def inner(self, name: str) -> Fields:
        """The object `name`, which must be there."""
        return Fields(self.raw.get(name), self.path(name))

    def rest(self, known: frozenset[str]) -> dict[str, Any]:
        return {
            key: value for key, value in self.raw.items() if key not in known and value is not None
        }

    def _typed(self, name: str, kind: type[T], must: str) -> T | None:
        value = self.raw.get(name)
        if value is None:
            return None
        if not isinstance(value, kind):
            raise self.fault(name, must)
        return value
