"""Deadlines over every phase of a call, and the two timers that keep them.

`Clock` runs until the answer's head, `Watch` over its body. Both are hard: bytes that trickle in
do not extend the time for a head, and nothing extends `total`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Literal

Phase = Literal["pool", "dns", "connect", "tls", "write", "head", "body"]
Expiry = Literal["idle_timeout", "total_timeout"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """Seconds. `tls` counts from the start of the connect; `idle` is the wait for any body byte."""

    pool_wait: float = 2.0
    dns: float = 3.0
    connect: float = 5.0
    tls: float = 10.0
    write: float = 30.0
    first_byte: float = 60.0
    idle: float = 120.0
    total: float = 3600.0


class Overdue(TimeoutError):
    """The call's total time is up."""


class Clock:
    """One timer that each phase sets anew. An async context; late, it raises TimeoutError."""

    __slots__ = ("_loop", "_timeout", "_when", "deadlines", "end", "phase")

    def __init__(self, deadlines: Deadlines) -> None:
        self._loop = asyncio.get_running_loop()
        self.deadlines = deadlines
        self.phase: Phase = "pool"
        self.end = self._loop.time() + deadlines.total
        self._when = self.end
        self._timeout = asyncio.timeout_at(None)  # the first phase that may wait sets it

    def enter(self, phase: Phase, seconds: float) -> None:
        """Begin a phase that may last `seconds`, within the total."""
        if self._timeout.expired():
            return
        self.phase = phase
        self._when = min(self._loop.time() + seconds, self.end)
        self._timeout.reschedule(self._when)

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            await self._timeout.__aexit__(kind, exc, traceback)
        except TimeoutError as late:
            if self._when == self.end:
                raise Overdue from late
            raise


class Watch:
    """Calls `expire` once: when a wait for bytes is too long, or at `end`.

    It costs one timer per answer instead of one per chunk: the timer looks, when it fires, how
    long the reader has been waiting. A reader that does not wait is not the upstream's fault.
    """

    __slots__ = ("_end", "_expire", "_handle", "_idle", "_loop", "waiting_since")

    def __init__(self, idle: float, end: float, expire: Callable[[Expiry], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._idle = idle
        self._end = end
        self._expire = expire
        self.waiting_since: float | None = None
        self._handle: asyncio.TimerHandle | None = None

    def start(self) -> None:
        self._handle = self._loop.call_at(
            min(self._loop.time() + self._idle, self._end), self._look
        )

    def wait(self) -> None:
        self.waiting_since = self._loop.time()

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()

    def _look(self) -> None:
        now = self._loop.time()
        since = now if self.waiting_since is None else self.waiting_since
        if now >= self._end:
            self._expire("total_timeout")
        elif now >= since + self._idle:
            self._expire("idle_timeout")
        else:
            self._handle = self._loop.call_at(min(since + self._idle, self._end), self._look)
