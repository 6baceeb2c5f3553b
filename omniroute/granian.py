"""The fast server: granian, with one process per worker, for a team's gateway service.

Same application and same edge as on Daphne. Granian's one deadline for a header is also the one for
an idle connection, so it is granian's own 30 s: shorter ones make a proxy in front lose requests.
"""

from __future__ import annotations

import asyncio
import math
import signal
import socket
import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any, cast

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from omniroute.gateway.asgi import Message, Receive, Scope, Send
from omniroute.lifespan import Application

HTTP1 = HTTP1Settings(header_read_timeout=30_000, max_buffer_size=64 * 1024)
CANCEL_SECONDS = 5  # for applications to end after the drain has run out, before workers are killed
LOG_HANDLER = {"class": "logging.StreamHandler", "formatter": "generic"}


def serve(
    target: str,
    *,
    host: str,
    port: int,
    workers: int = 1,
    drain_seconds: float = 30.0,
    ready: Callable[[], None] | None = None,
) -> None:
    """Blocks until SIGTERM or SIGINT. `target` is a `module:name`, loaded by each worker; `ready`
    is called when the port answers; a second signal cuts what is still running."""
    Supervisor(
        target, ready, host=host, port=port, workers=workers, drain_seconds=drain_seconds
    ).run()


class Supervisor(Granian):
    """The parent process: it holds no application, only its workers."""

    def __init__(
        self,
        target: str,
        ready: Callable[[], None] | None,
        *,
        host: str,
        port: int,
        drain_seconds: float,
        **options: Any,
    ) -> None:
        settings = {
            "interface": Interfaces.ASGI,
            "http": HTTPModes.http1,
            "http1_settings": HTTP1,
            "workers_kill_timeout": math.ceil(drain_seconds) + CANCEL_SECONDS,
            "log_level": LogLevels.error,
            "log_dictconfig": {"handlers": {"console": LOG_HANDLER, "access": LOG_HANDLER}},
        }
        super().__init__(target, host, port, **(settings | options))
        self._ready = ready
        self._drain_seconds = drain_seconds

    def run(self) -> None:
        try:
            self.serve(target_loader=partial(load, self._drain_seconds))
        except OSError as exc:
            address = f"{self.bind_addr}:{self.bind_port}"
            sys.exit(f"OmniRoute did not start: cannot listen on {address}: {exc}")

    def _spawn_workers(self, *args: Any) -> None:
        super()._spawn_workers(*args)
        while not self.main_loop_interrupt.wait(0.02):
            try:
                socket.create_connection((self.bind_addr, self.bind_port), timeout=1).close()
            except OSError:
                continue
            if self._ready:
                self._ready()
            break

    def signal_handler_interrupt(self, *args: Any, **kwargs: Any) -> None:
        if self.interrupt_signal:
            for worker in self.wrks:
                worker.terminate()
        super().signal_handler_interrupt(*args, **kwargs)


def load(drain_seconds: float, target: str) -> Worker:
    module, _, name = target.partition(":")
    return Worker(getattr(import_module(module), name), drain_seconds)


class Worker:
    """The application inside a worker, with an end to the drain: granian alone would wait on."""

    def __init__(self, application: Application, drain_seconds: float) -> None:
        self._application = application
        self._drain_seconds = drain_seconds
        self._running: set[asyncio.Task[Any]] = set()
        self._draining = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
            return
        task = cast("asyncio.Task[Any]", asyncio.current_task())
        self._running.add(task)
        try:
            await self._application(scope, receive, send)
        finally:
            self._running.discard(task)

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        loop = asyncio.get_running_loop()
        # Granian's own handlers are the loop's and keep working beside these.
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, lambda *_: loop.call_soon_threadsafe(self._stop, loop))
        started = False

        async def tell(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "lifespan.startup.complete"
            await send(message)

        try:
            await self._application(scope, receive, tell)
        except Exception as exc:
            if started:
                raise
            await send(
                {"type": "lifespan.startup.failed", "message": f"{type(exc).__name__}: {exc}"}
            )

    def _stop(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._draining:
            self._cut()
        else:
            self._draining = True
            loop.call_later(self._drain_seconds, self._cut)

    def _cut(self) -> None:
        for task in self._running:
            task.cancel()
