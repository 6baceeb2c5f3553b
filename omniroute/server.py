"""The default server: Daphne, with back-pressure, deadlines, lifespan and a drain on SIGTERM.

Importing this module installs Twisted's reactor, on uvloop where that is installed; a process can
serve once. The connection's own behaviour is in `daphne_channel` and `daphne_request`.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from twisted.internet import asyncioreactor

if "twisted.internet.reactor" not in sys.modules:
    fastest = "uvloop" if find_spec("uvloop") else "asyncio"
    asyncioreactor.install(import_module(fastest).new_event_loop())

import daphne.server  # takes the reactor that is installed by now
from twisted.internet import reactor
from twisted.internet.protocol import ServerFactory
from twisted.logger import STDLibLogObserver, globalLogBeginner

from omniroute.daphne_channel import Channel, Deadlines
from omniroute.daphne_request import Request, WebSocket
from omniroute.gateway.asgi import Cut, Receive, Scope, Send
from omniroute.lifespan import Application, Lifespan, StartupFailed

logger = logging.getLogger(__name__)

BACKLOG = 1024
ASGI = {"version": "3.0", "spec_version": "2.3"}


def serve(
    application: Application,
    *,
    host: str,
    port: int,
    drain_seconds: float = 30.0,
    ready: Callable[[], None] | None = None,
    draining: Callable[[], None] | None = None,
) -> None:
    """Blocks until SIGTERM or SIGINT. `ready` is called when the port answers, `draining` when it
    has closed and the running requests have `drain_seconds` left; a second signal ends at once."""
    deadlines = Deadlines(drain=drain_seconds)
    Server(application, (host, port), deadlines=deadlines, ready=ready, draining=draining).run()


class Connections(ServerFactory):
    noisy = False

    def __init__(self, server: Server) -> None:
        self.server = server

    def buildProtocol(self, addr: Any) -> Channel:  # noqa: N802 - Twisted's name
        channel = Channel(self.server)
        channel.factory = self
        channel.requestFactory = Request
        return channel

    def log(self, request: Request) -> None:
        """Twisted's access log: the application has its own."""


class Server(daphne.server.Server):
    def __init__(
        self,
        application: Application,
        address: tuple[str, int],
        *,
        deadlines: Deadlines,
        ready: Callable[[], None] | None = None,
        draining: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(application, endpoints=[address], server_name="", ready_callable=ready)
        self.address = address
        self.deadlines = deadlines
        self.draining = False
        self.connections: dict[Any, dict[str, Any]] = {}
        self.channels: set[Channel] = set()
        self.loop: asyncio.AbstractEventLoop = reactor._asyncioEventloop  # noqa: SLF001 - no other way
        self._on_draining = draining
        self._started = False
        self._stop = asyncio.Event()
        self._cut = asyncio.Event()

    def run(self) -> None:
        if daphne.server.twisted_loop is not self.loop:
            daphne.server.twisted_loop.close()
        asyncio.set_event_loop(self.loop)
        globalLogBeginner.beginLoggingTo(
            [STDLibLogObserver("twisted")], redirectStandardIO=False, discardBuffer=True
        )
        life = self.loop.create_task(self._live())
        life.add_done_callback(lambda _: reactor.callLater(0, reactor.stop))
        for signum in (signal.SIGTERM, signal.SIGINT):
            self.loop.add_signal_handler(signum, self._signalled, life)
        reactor.run(installSignalHandlers=False)
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()
        try:
            life.result()
        except asyncio.CancelledError:
            return  # told to stop before it had started
        except StartupFailed as exc:
            sys.exit(f"OmniRoute did not start: {exc}")

    # -- from the first signal to the last connection

    async def _live(self) -> None:
        lifespan = Lifespan(self.application)
        with _bind(*self.address) as sock:
            await lifespan.startup()
            port = self._listen(sock)
        self._started = True
        if self.ready_callable:
            self.ready_callable()
        await self._stop.wait()
        port.doRead()  # whom the kernel has let in already is served
        port.stopListening()
        await self._drain()
        try:
            await asyncio.wait_for(lifespan.shutdown(), self.deadlines.shutdown)
        except TimeoutError:
            logger.error("lifespan.shutdown.timeout")

    def _signalled(self, life: asyncio.Task[None]) -> None:
        if not self._started:
            life.cancel()
        if self._stop.is_set():
            self._cut.set()
        self._stop.set()

    def _listen(self, sock: socket.socket) -> Any:
        self.ws_factory = daphne.server.WebSocketFactory(self, server="")
        self.ws_factory.protocol = WebSocket
        self.ws_factory.setProtocolOptions(
            autoPingTimeout=self.ping_timeout,
            allowNullOrigin=True,
            openHandshakeTimeout=self.websocket_handshake_timeout,
            maxMessagePayloadSize=self.websocket_max_message_size,
            maxFramePayloadSize=self.websocket_max_frame_size,
        )
        reactor.callLater(2, self.timeout_checker)
        sock.listen(BACKLOG)
        return reactor.adoptStreamPort(sock.fileno(), sock.family, Connections(self))

    async def _drain(self) -> None:
        self.draining = True
        if self._on_draining:
            self._on_draining()
        for connection in self._open():
            connection.drain()
        await self._settled(self.deadlines.drain)
        tasks = {task for c in self.connections.values() if (task := c.get("application_instance"))}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=self.deadlines.cancel)
        await self._settled(self.deadlines.cancel)
        for connection in self._open():
            connection.transport.abortConnection()

    def _open(self) -> list[Any]:
        return [*self.channels, *(each for each in self.connections if isinstance(each, WebSocket))]

    async def _settled(self, seconds: float) -> None:
        """Until nothing is left open, the time is up or a second signal has come."""
        until = self.loop.time() + seconds
        while self.channels or self.connections:
            if self._cut.is_set() or self.loop.time() > until:
                break
            await asyncio.sleep(0.02)

    # -- the applications; Daphne looks after them once a second, and not after an exception

    def create_application(self, protocol: WebSocket, scope: Scope) -> asyncio.Queue[Any]:
        events: asyncio.Queue[Any] = asyncio.Queue()
        scope["extensions"] = {"websocket.http.response": {}}
        self.start(protocol, scope, events.get, partial(self.handle_reply, protocol))
        return events

    def start(self, protocol: Any, scope: Scope, receive: Receive, send: Send) -> None:
        scope["asgi"] = ASGI
        task = self.loop.create_task(self.application(scope, receive, send))
        self.connections[protocol]["application_instance"] = task
        task.add_done_callback(partial(self._ended, protocol))

    async def handle_reply(self, protocol: WebSocket, message: Any) -> None:
        if message["type"] == "websocket.http.response.start":
            protocol.deny(message["status"])
        elif message["type"] != "websocket.http.response.body":
            await super().handle_reply(protocol, message)
        if protocol.valve is not None:
            await protocol.valve.passed()

    def protocol_disconnected(self, protocol: Any) -> None:
        state = self.connections.get(protocol)
        if state is None or "disconnected" in state:
            return
        state["disconnected"] = time.time()
        task = state.get("application_instance")
        if task is None:
            del self.connections[protocol]
        else:
            state["cancel"] = self.loop.call_later(self.application_close_timeout, task.cancel)

    def _ended(self, protocol: Any, task: asyncio.Task[None]) -> None:
        state = self.connections[protocol]
        del state["application_instance"]
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if isinstance(error, Exception) and not isinstance(error, Cut):
            logger.error("request.crashed", exc_info=error)
        if "disconnected" in state:
            state["cancel"].cancel()
            del self.connections[protocol]
        else:
            protocol.ended(error)


def _bind(host: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setblocking(False)
    try:
        sock.bind((host, port))
    except OSError as exc:
        sock.close()
        raise StartupFailed(f"cannot listen on {host}:{port}: {exc.strerror or exc}") from exc
    return sock
