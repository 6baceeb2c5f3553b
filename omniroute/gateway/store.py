"""Where the current snapshot is: one attribute, replaced whole."""

from __future__ import annotations

from omniroute.gateway.snapshot import Snapshot


class Store:
    """`fresh` is False while the configuration cannot be read: what is not known then may exist."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.current = snapshot
        self.fresh = True

    def swap(self, snapshot: Snapshot) -> None:
        self.current = snapshot
