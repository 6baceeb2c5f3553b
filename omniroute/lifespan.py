"""The ASGI lifespan conversation between a server and the application.

https://asgi.readthedocs.io/en/latest/specs/lifespan.html. An application that raises instead of
answering did not start: OmniRoute always speaks lifespan, so nothing is served without it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from omniroute.gateway.asgi import Message, Receive, Scope, Send

logger = logging.getLogger(__name__)

Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class StartupFailed(Exception):
    """The application cannot serve; `str()` is the one line that tells the operator why."""


class Lifespan:
    def __init__(self, application: Application) -> None:
        self._application = application
        self._told: asyncio.Queue[Message] = asyncio.Queue()
        self._answers: asyncio.Queue[Message] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def startup(self) -> None:
        self._task = asyncio.create_task(self._run())
        try:
            answer = await self._ask("lifespan.startup")
        except asyncio.CancelledError:
            await self._end(self._task)
            raise
        if answer["type"] != "lifespan.startup.complete":
            raise StartupFailed(answer.get("message") or "the application did not say why")

    async def shutdown(self) -> None:
        if self._task is None or self._task.done():
            return
        answer = await self._ask("lifespan.shutdown")
        if answer["type"] != "lifespan.shutdown.complete":
            logger.error("lifespan.shutdown.failed: %s", answer.get("message"))
        await self._end(self._task)

    async def _end(self, task: asyncio.Task[None]) -> None:
        task.cancel()
        await asyncio.wait({task})

    async def _ask(self, event: str) -> Message:
        self._told.put_nowait({"type": event})
        return await self._answers.get()

    async def _run(self) -> None:
        scope: Scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}}
        failure = "the application ended its lifespan early"
        try:
            await self._application(scope, self._told.get, self._answers.put)
        except Exception as exc:
            logger.debug("lifespan.crashed", exc_info=exc)
            failure = f"{type(exc).__name__}: {exc}"
        self._answers.put_nowait({"type": "lifespan.ended", "message": failure})
