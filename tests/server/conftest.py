"""Server processes on free ports."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from .wire import ask, eventually, get

ROOT = Path(__file__).resolve().parents[2]
KINDS = ("daphne", "granian")

# Short enough to wait for, long enough to be told apart on a busy machine.
SHORT = {"header": 0.6, "keep_alive": 0.6, "linger": 0.5}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Running:
    def __init__(self, kind: str, name: str, deadlines: dict[str, float], port: int = 0) -> None:
        self.kind = kind
        self.port = port or free_port()
        arguments = [kind, str(self.port), name, json.dumps(deadlines)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.server.launch", *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        )

    def heard(self, word: str, *, within: float = 15) -> None:
        """Waits for a line on the process's standard output."""
        assert self.process.stdout is not None
        while select.select([self.process.stdout], [], [], within)[0]:
            line = self.process.stdout.readline()
            if line.strip() == word.encode():
                return
            assert line, self.process.communicate()[1].decode()
        raise AssertionError(f"no {word} in time")

    def signal(self, signum: int = signal.SIGTERM) -> None:
        self.process.send_signal(signum)

    def ended(self, *, within: float = 10) -> tuple[int, str, str]:
        """Exit code and what was left to hear."""
        out, err = self.process.communicate(timeout=within)
        return self.process.returncode, out.decode(), err.decode()

    def refuses(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except ConnectionRefusedError:
            return True
        except ConnectionResetError:
            pass  # it is closing just now
        return False

    def seen(self) -> Counter[str]:
        return Counter(ask(self.port, get("/seen")).json)

    def saw(self, what: str, count: int, *, within: float = 5) -> None:
        eventually(lambda: self.seen()[what] >= count, within=within)

    def memory(self) -> int:
        """Resident bytes of the process and its workers."""
        pids = [self.process.pid, *self._children()]
        pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids)
        return pages * os.sysconf("SC_PAGE_SIZE")

    def _children(self) -> list[int]:
        pid = self.process.pid
        return [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]

    def stop(self) -> None:
        if self.process.poll() is None:
            self.signal()
            self.signal()
        try:
            self.process.communicate(timeout=10)
        except (subprocess.TimeoutExpired, ValueError):
            self.process.kill()
            self.process.wait()


@contextmanager
def running(kind: str, name: str, deadlines: dict[str, float], port: int = 0) -> Iterator[Running]:
    server = Running(kind, name, deadlines, port)
    try:
        yield server
    finally:
        server.stop()


Start = Callable[..., Running]


@pytest.fixture(params=KINDS)
def server_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def shared() -> Iterator[Callable[[str], Running]]:
    """One server of a kind for all tests that leave it running, with short deadlines."""
    servers: dict[str, Running] = {}
    with ExitStack() as stack:

        def get_running(kind: str) -> Running:
            if kind not in servers:
                server = stack.enter_context(running(kind, "application", SHORT))
                server.heard("ready")
                servers[kind] = server
            return servers[kind]

        yield get_running


@pytest.fixture
def server(server_kind: str, shared: Callable[[str], Running]) -> Running:
    return shared(server_kind)


@pytest.fixture
def daphne(shared: Callable[[str], Running]) -> Running:
    return shared("daphne")


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a server of this test's own."""
    with ExitStack() as stack:

        def _start(
            kind: str, name: str = "application", port: int = 0, **deadlines: float
        ) -> Running:
            return stack.enter_context(running(kind, name, deadlines, port))

        yield _start
