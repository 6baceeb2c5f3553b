"""Runtime state: which accounts rest, and until when."""

from __future__ import annotations

import time


class State:
    """In this process's memory. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def rest(self, connection: str, seconds: float) -> None:
        """A cooldown that already runs is not made shorter."""
        until = time.monotonic() + seconds
        self._until[connection] = max(until, self._until.get(connection, 0.0))

    def resting(self, connection: str) -> float:
        """Seconds until the account may be used again; 0 when it may now."""
        until = self._until.get(connection)
        if until is None:
            return 0.0
        left = until - time.monotonic()
        if left <= 0:
            del self._until[connection]
            return 0.0
        return left

    def recovered(self, connection: str) -> None:
        self._until.pop(connection, None)
