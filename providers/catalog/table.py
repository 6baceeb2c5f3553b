"""One table of a catalog file, read key by key.

Every read is typed and says what is wrong where; a key that nobody asked for is an error, so a
misspelt fact cannot go unnoticed.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeVar

Choice = TypeVar("Choice", bound=str)


class CatalogError(ValueError):
    """A catalog file that cannot be used. Names the file and the field."""

    def __init__(self, file: str, field: str, problem: str) -> None:
        super().__init__(f"{file}: {field} {problem}" if field else f"{file} {problem}")
        self.file = file
        self.field = field


class Table:
    def __init__(self, file: str, data: Mapping[str, object], at: str = "") -> None:
        self._file = file
        self._left = dict(data)
        self._at = at

    def error(self, key: str, problem: str) -> CatalogError:
        return CatalogError(self._file, f"{self._at}{key}", problem)

    def has(self, key: str) -> bool:
        return key in self._left

    def done(self) -> None:
        """Call when everything has been read."""
        for key in self._left:
            raise self.error(key, "is not a known field")

    def text(self, key: str) -> str:
        value = self.optional_text(key)
        if value is None:
            raise self.error(key, "is missing")
        return value

    def optional_text(self, key: str) -> str | None:
        value = self._left.pop(key, None)
        if value is None:
            return None
        if not isinstance(value, str) or not value.strip():
            raise self.error(key, "must be text")
        return value

    def url(self, key: str) -> str:
        value = self.text(key)
        if not value.startswith("https://"):
            raise self.error(key, "must start with https://")
        return value

    def choice(
        self, key: str, options: tuple[Choice, ...], default: Choice | None = None
    ) -> Choice:
        value = self._left.pop(key, default)
        if value is None:
            raise self.error(key, "is missing")
        for option in options:
            if value == option:
                return option
        raise self.error(key, f"must be one of: {', '.join(options)}")

    def count(self, key: str) -> int | None:
        value = self._left.pop(key, None)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise self.error(key, "must be a whole number above 0")
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        value = self._left.pop(key, default)
        if not isinstance(value, bool):
            raise self.error(key, "must be true or false")
        return value

    def texts(self, key: str, options: tuple[str, ...] | None = None) -> tuple[str, ...]:
        value = self._left.pop(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            raise self.error(key, "must be a list of texts")
        if len(set(value)) != len(value):
            raise self.error(key, "names something twice")
        if options is not None and not set(value) <= set(options):
            raise self.error(key, f"may only name: {', '.join(options)}")
        return tuple(value)

    def pairs(self, key: str) -> Mapping[str, str]:
        value = self._left.pop(key, {})
        if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
            raise self.error(key, "must be a table of texts")
        return MappingProxyType(value)

    def table(self, key: str) -> Table:
        value = self.optional_table(key)
        if value is None:
            raise self.error(key, "is missing")
        return value

    def optional_table(self, key: str) -> Table | None:
        value = self._left.pop(key, None)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self.error(key, "must be a table")
        return Table(self._file, value, f"{self._at}{key}.")

    def tables(self, key: str) -> tuple[Table, ...]:
        value = self._left.pop(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.error(key, "must be a list of tables")
        return tuple(
            Table(self._file, item, f"{self._at}{key}[{number}].")
            for number, item in enumerate(value, start=1)
        )
