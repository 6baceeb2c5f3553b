"""Looks after a stream that has begun: keeps it open, and ends it when nothing moves any more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from omniroute.gateway.companion import Companion
from omniroute.gateway.formats import Tap

KEEPALIVE = 15.0  # seconds of silence after which the client gets a sign of life
CONTENT_IDLE = 120.0  # seconds without content, whatever pings arrive
STALL = 30.0  # seconds in which the client takes nothing
TICK = 1.0


class Pulse(Companion):
    """`idle` and `stalled` tell why the stream was ended."""

    def __init__(
        self,
        send: Callable[[bytes], Awaitable[None]],
        pipe: Tap,
        *,
        keepalive: bytes,
        abort: Callable[[], None],
        content_idle: float = CONTENT_IDLE,
    ) -> None:
        self._send = send
        self._pipe = pipe
        self._keepalive = keepalive
        self._abort = abort
        self._content_idle = content_idle
        self.sending_since: float | None = None
        self.last_sent = time.monotonic()
        self.idle = False
        self.stalled = False

    async def write(self, data: bytes) -> None:
        self.sending_since = time.monotonic()
        await self._send(data)
        self.last_sent = time.monotonic()
        self.sending_since = None

    async def _run(self) -> None:
        seen, changed = self._pipe.output_bytes, time.monotonic()
        while True:
            await asyncio.sleep(TICK)
            now = time.monotonic()
            if self._pipe.output_bytes != seen:
                seen, changed = self._pipe.output_bytes, now
            if self.sending_since is not None:
                if now - self.sending_since > STALL:
                    self.stalled = True
                    self._abort()
                    self._cancel_owner()
                    return
            elif now - changed > self._content_idle:
                self.idle = True
                self._abort()
                return
            elif now - self.last_sent > KEEPALIVE:
                await self.write(self._keepalive)
