"""`serve` and its child: what is printed, what runs, and that nothing is left behind."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.processes import alive, children, wait_gone
from tests.conftest import ROOT
from tests.product import Product, free_port, running
from tests.upstream import wait_until

EVERY_SECOND = """
from django_celery_beat.models import IntervalSchedule, PeriodicTask
task = PeriodicTask.objects.get(name="Heartbeat")
task.interval = IntervalSchedule.objects.create(every=1, period="seconds")
task.save()
"""


@pytest.fixture(scope="module")
def served() -> Iterator[Product]:
    with running() as product:
        yield product


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory for those that run one after the other, so that it is prepared once."""
    folder = tmp_path_factory.mktemp("home")
    folder.chmod(0o700)
    return folder


def rows(product: Product, query: str) -> list[Any]:
    with closing(sqlite3.connect(product.data / "storage.sqlite")) as database:
        return database.execute(query).fetchall()


def worker_of(product: Product) -> int:
    assert product.process is not None
    pid = product.process.pid
    (worker,) = wait_until(lambda: children(pid))
    return int(worker)


def test_it_prints_the_address_and_the_setup_link(served: Product) -> None:
    assert f"is ready: {served.url}" in served.output()
    link = re.search(rf"{served.url}/setup\?token=omni_setup_\w+", served.output())
    assert link
    page = httpx.get(link.group())
    assert page.status_code == 200
    assert "password" in page.text.lower()


def test_it_keeps_the_data_directory_to_itself(served: Product) -> None:
    assert served.data.stat().st_mode & 0o077 == 0
    for name in ("secret.key", "logs", "queue"):
        wait_until((served.data / name).exists)
    assert (served.data / "secret.key").stat().st_mode & 0o777 == 0o600


def test_it_schedules_and_runs_background_tasks(served: Product) -> None:
    names = [("beat",), ("worker",)]
    beats = "SELECT name FROM health_heartbeat ORDER BY name"
    wait_until(lambda: rows(served, beats) == names, 15)  # the first comes at once

    assert served.command("shell", "-c", EVERY_SECOND).returncode == 0
    first = rows(served, "SELECT at FROM health_heartbeat ORDER BY name")
    wait_until(
        lambda: all(
            new > old
            for new, old in zip(
                rows(served, "SELECT at FROM health_heartbeat ORDER BY name"), first, strict=True
            )
        ),
        10,
    )


def test_it_starts_a_worker_again_that_died(served: Product) -> None:
    worker = worker_of(served)
    os.kill(worker, signal.SIGKILL)
    wait_gone(worker)
    assert worker_of(served) != worker
    wait_until(lambda: "child.ended" in served.output())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_everything_on_a_signal(number: signal.Signals, home: Path) -> None:
    output = home / "serve.out"
    earlier = output.read_text().count("worker.ready") if output.exists() else 0
    with running(data=home) as product:
        worker = worker_of(product)
        wait_until(lambda: product.output().count("worker.ready") > earlier, 15)
        assert product.stop(number, timeout=10) == 0
        assert not alive(worker)
        assert "Traceback" not in product.output()


@pytest.mark.parametrize("options", [(), ("--server", "granian", "--workers", "2")])
def test_it_leaves_no_process_behind_when_it_is_killed(
    options: tuple[str, ...], home: Path
) -> None:
    with running(*options, data=home) as product:
        assert product.process is not None
        pid = product.process.pid
        expected = 3 if options else 1
        family = wait_until(lambda: len(found := children(pid)) == expected and found)
        product.kill()
        wait_gone(*family)


def test_it_runs_from_any_folder(home: Path, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, ROOT / "manage.py", "serve", "--port", str(free_port())],
        cwd=tmp_path,
        env={**os.environ, "DATA_DIR": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stderr is not None
        assert any("worker.ready" in line for line in process.stderr)
        process.terminate()
    assert process.returncode == 0


def test_it_serves_the_gateway_alone(home: Path) -> None:
    with running("--only", "gateway", data=home) as product:
        assert httpx.get(f"{product.url}/v1/models").status_code == 401
        assert httpx.get(f"{product.url}/login/").status_code == 404
        assert "setup?token" not in product.output().rpartition("is ready: ")[2]
        assert product.process is not None
        assert children(product.process.pid) == []


def test_it_serves_the_dashboard_alone(home: Path) -> None:
    with running("--only", "web", data=home) as product:
        assert httpx.get(f"{product.url}/v1/models").status_code == 404
        assert httpx.get(f"{product.url}/", follow_redirects=True).status_code == 200
        assert product.process is not None
        assert children(product.process.pid) == []
