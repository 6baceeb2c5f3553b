"""Throw-away PostgreSQL and Redis servers, started from the installed binaries."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.product import free_port

PG_HOMES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


def _postgres_home() -> Path | None:
    if PG_HOMES:
        return PG_HOMES[-1]
    found = shutil.which("initdb")
    return Path(found).parent if found else None


def _as_postgres(*words: str) -> list[str]:
    """PostgreSQL refuses to run as root."""
    return ["runuser", "-u", "postgres", "--", *words] if os.geteuid() == 0 else list(words)


class Postgres:
    def __init__(self, home: Path) -> None:
        self._home = home
        self._folder = Path(tempfile.mkdtemp(prefix="omniroute-pg-"))
        self.port = free_port()
        if os.geteuid() == 0:
            shutil.chown(self._folder, "postgres")
        self._run("initdb", "-D", f"{self._folder}/db", "-A", "trust", "-U", "omni")

    @property
    def url(self) -> str:
        return f"postgres://omni@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -k {self._folder} -c fsync=off"
        self._run(
            "pg_ctl", "-D", f"{self._folder}/db", "-w", "-l", f"{self._folder}/log",
            "-o", options, "start",
        )  # fmt: skip

    def stop(self) -> None:
        self._run("pg_ctl", "-D", f"{self._folder}/db", "-m", "immediate", "stop")

    def _run(self, program: str, *words: str) -> None:
        subprocess.run(
            _as_postgres(f"{self._home}/{program}", *words),
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self._folder,
        )


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    home = _postgres_home()
    if home is None or not (home / "initdb").exists():
        pytest.skip("no PostgreSQL server is installed")
    server = Postgres(home)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("no Redis server is installed")
    port = free_port()
    process = subprocess.Popen(
        [program, "--port", str(port), "--bind", "127.0.0.1", "--save", ""],
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 5
    while (
        subprocess.run(
            ["redis-cli", "-p", str(port), "ping"], capture_output=True, check=False
        ).stdout
        != b"PONG\n"
    ):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    yield f"redis://127.0.0.1:{port}/0"
    process.terminate()
    process.wait()
