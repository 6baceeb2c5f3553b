"""Slows the guessing of passwords: five failures per account and address in fifteen minutes.

Tries are counted before the password is looked at, so parallel ones cannot slip through. Another
address may still sign in to the account: nobody can lock its owner out from afar.
"""

from __future__ import annotations

import hashlib
import math
import time

from django.core.cache import cache

LIMIT = 5
WINDOW = 15 * 60


class Lockout:
    def __init__(self, account: str, address: str) -> None:
        text = f"{account.strip().casefold()}\0{address}"
        digest = hashlib.sha256(text.encode()).hexdigest()
        self._count, self._since = f"signin:{digest}:count", f"signin:{digest}:since"

    def enter(self) -> int:
        """Counts a try. Returns 0, or the minutes to wait when there were too many."""
        now = time.time()
        cache.add(self._since, now, WINDOW)
        if cache.add(self._count, 1, WINDOW):
            return 0
        if cache.incr(self._count) <= LIMIT:
            return 0
        since: float = cache.get(self._since, now)
        return max(1, math.ceil((since + WINDOW - now) / 60))

    def clear(self) -> None:
        cache.delete_many([self._count, self._since])
