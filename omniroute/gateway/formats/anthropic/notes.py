"""What a request writer learns on its way: losses, and the names and ids that it had to change."""

from __future__ import annotations

from dataclasses import dataclass, field

from omniroute.gateway.translation.naming import Spelling


@dataclass(slots=True, kw_only=True)
class Notes:
    names: Spelling
    ids: dict[str, str] = field(default_factory=dict)
    _losses: dict[str, None] = field(default_factory=dict)

    def lose(self, *what: str) -> None:
        self._losses.update(dict.fromkeys(what))

    @property
    def losses(self) -> tuple[str, ...]:
        return tuple(self._losses)
