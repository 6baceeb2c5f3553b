"""Where the current snapshot is: one attribute, replaced whole."""

from __future__ import annotations

from collections.abc import Callable

from omniroute.gateway.snapshot import Snapshot


class Store:
    """`fresh` is False while the configuration cannot be read: what is not known then may exist."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.current = snapshot
        self.fresh = True
        self.on_swap: Callable[[], None] = _nothing

    def swap(self, snapshot: Snapshot) -> None:
        """May be called from any thread; so is `on_swap`."""
        self.current = snapshot
        self.on_swap()


def _nothing() -> None:
    return None
