"""`serve`: prepares the database, starts the server and, as its child, the background worker."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.db import DatabaseError, connections

from omniroute import __version__, address, checks, environment, setup
from omniroute.management.shell import ShellCommand
from omniroute.processes import Child, Lifeline
from omniroute.upgrade import upgrade

CANCEL_SECONDS = 10.0  # beyond the drain, for requests that were cut to end


class Command(ShellCommand):
    help = "Starts the dashboard, /v1 and the background worker. Ctrl-C stops all of it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", help="address to listen on (BIND, HOSTNAME; 127.0.0.1)")
        parser.add_argument("--port", type=int, help="port to listen on (PORT; 20128)")
        parser.add_argument(
            "--server",
            choices=("daphne", "granian"),
            default="daphne",
            help="granian is faster and can use several processes (default: daphne)",
        )
        parser.add_argument("--workers", type=int, default=1, help="processes of granian")
        parser.add_argument(
            "--only", choices=("gateway", "web"), help="/v1 without dashboard, or the reverse"
        )
        parser.add_argument(
            "--no-worker", action="store_true", help="do not start the background worker"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["workers"] < 1 or (options["workers"] > 1 and options["server"] == "daphne"):
            raise CommandError("Several --workers need --server granian.")
        try:
            host, port = address.host(options["host"]), address.port(options["port"])
            drain = environment.number("SHUTDOWN_TIMEOUT_MS") / 1000
        except ValueError as exc:
            raise CommandError(f"{exc}.") from exc
        if obstacle := address.obstacle(host, port):
            raise CommandError(obstacle)
        base_url = settings.BASE_URL or address.url(host, port)
        self._prepare(host)
        link = None if options["only"] == "gateway" else setup.create_link(base_url)
        connections.close_all()
        os.environ["OMNIROUTE_ONLY"] = options["only"] or ""
        lifeline = Lifeline(fork_grace=drain + CANCEL_SECONDS)
        worker = None if options["only"] or options["no_worker"] else _start_worker(lifeline)
        try:
            _listen(options, (host, port), drain, self._greeting(base_url, link), worker)
        finally:
            if worker:
                worker.stop()

    def _prepare(self, host: str) -> None:
        """Exits when it is not safe to listen."""
        try:
            upgrade(self.say)
        except DatabaseError as exc:
            raise CommandError(f"The database cannot be used: {str(exc).splitlines()[0]}") from exc
        try:
            setup.use_initial_password()
        except setup.SetupError as exc:
            raise CommandError(str(exc)) from exc
        if reasons := checks.refuse_unsafe(host):
            for reason in reasons:
                self.say(f"Error: {reason}")
            sys.exit(1)

    def _greeting(self, base_url: str, link: str | None) -> Callable[[], None]:
        lines = [f"OmniRoute {__version__} is ready: {base_url}  (Ctrl-C stops it)"]
        if link:
            lines.append(f"Set the administrator's password, within ten minutes: {link}")
        return lambda: self.stdout.write("\n".join(lines))


def _start_worker(lifeline: Lifeline) -> Child:
    child = Child("worker", "omniroute.worker", lifeline)
    child.start()
    return child


def _listen(
    options: dict[str, Any],
    place: tuple[str, int],
    drain: float,
    ready: Callable[[], None],
    worker: Child | None,
) -> None:
    """Returns when SIGTERM or Ctrl-C has ended the server. Only the chosen server is imported."""
    host, port = place
    if options["server"] == "granian":
        from omniroute import granian

        granian.serve(
            "omniroute.asgi:application",
            host=host,
            port=port,
            workers=options["workers"],
            drain_seconds=drain,
            ready=ready,
        )
        return
    from omniroute import asgi, server

    def draining() -> None:
        asgi.draining()
        if worker:
            worker.end()

    server.serve(
        asgi.application, host=host, port=port, drain_seconds=drain, ready=ready, draining=draining
    )
