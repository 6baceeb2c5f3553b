"""The first minute of a newcomer who has Python and a clone, and nothing else."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

import omniroute
from tests.cli.clone import BARE_PYTHON, COUNT, RUNTIME, Clone

VERSION = f"{omniroute.__version__}\n"


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    return Clone(tmp_path_factory.mktemp("clone") / "fresh")


@pytest.fixture(scope="module")
def first_run(fresh: Clone) -> subprocess.CompletedProcess[str]:
    return fresh.run("--version")


@pytest.fixture
def clone(fresh: Clone, first_run: subprocess.CompletedProcess[str], tmp_path: Path) -> Clone:
    """A clone that has run once."""
    assert first_run.returncode == 0, first_run.stderr
    return fresh.copy(tmp_path / "clone")


def test_it_installs_what_is_missing_and_goes_on(
    fresh: Clone, first_run: subprocess.CompletedProcess[str]
) -> None:
    assert (first_run.returncode, first_run.stdout) == (0, VERSION)
    first, second, *progress, unpacking, done = first_run.stderr.splitlines()
    assert first.startswith(f"The dependencies are missing: making {fresh.folder / '.venv'} ")
    assert second == "Installing the dependencies that deploy/requirements.lock names."
    assert progress
    assert all(COUNT.match(line) for line in progress)
    assert unpacking.startswith("Unpacking")
    assert done == "Done."
    assert fresh.version_of("django") == "1.0"


def test_it_says_nothing_the_next_time(clone: Clone) -> None:
    again = clone.run("--version")
    assert (again.returncode, again.stdout, again.stderr) == (0, VERSION, "")


def test_it_follows_a_lock_file_that_has_changed(clone: Clone) -> None:
    clone.lock("requirements.lock", RUNTIME, "2.0")
    updated = clone.run("--version")
    assert (updated.returncode, updated.stdout) == (0, VERSION)
    assert "The dependencies are missing" not in updated.stderr
    assert clone.version_of("django") == "2.0"
    assert clone.run("--version").stderr == ""


def test_it_adds_the_test_tools_for_test_only(clone: Clone) -> None:
    done = clone.run("test")
    assert "Installing the dependencies that deploy/requirements-dev.lock names." in done.stderr
    assert clone.version_of("playwright") == "1.0"
    assert clone.run("--version").stderr == ""


@pytest.mark.parametrize("moment", ["The dependencies are missing", "Installing"])
def test_it_goes_on_after_an_interruption(tmp_path: Path, moment: str) -> None:
    clone = Clone(tmp_path / "clone")
    process = clone.start("--version")
    assert process.stderr is not None
    while not process.stderr.readline().startswith(moment):
        assert process.poll() is None
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()

    again = clone.run("--version")
    assert (again.returncode, again.stdout) == (0, VERSION), again.stderr
    assert [clone.version_of(package) for package in RUNTIME] == ["1.0"] * len(RUNTIME)
    assert clone.run("--version").stderr == ""


def test_it_refuses_a_package_that_is_not_the_locked_one(clone: Clone) -> None:
    clone.lock("requirements.lock", RUNTIME, "2.0")
    lock = clone.folder / "deploy" / "requirements.lock"
    good = lock.read_text()
    lock.write_text(re.sub("sha256:.{8}", "sha256:00000000", good, count=1))
    failed = clone.run("--version")
    assert failed.returncode == 1
    assert failed.stdout == ""
    assert "The installation failed, see above. Log: " in failed.stderr

    lock.write_text(good)
    assert clone.run("--version").stdout == VERSION


def test_it_uses_an_environment_that_somebody_else_has_filled(clone: Clone) -> None:
    (clone.folder / ".venv" / "omniroute.lock").unlink()
    done = clone.run("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, VERSION, "")


def test_it_leaves_an_active_environment_alone(clone: Clone, tmp_path: Path) -> None:
    active = tmp_path / "active"
    subprocess.run([BARE_PYTHON, "-m", "venv", "--without-pip", active], check=True)
    python = active / "bin" / "python"
    done = clone.run("--version", python=python)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("The active virtual environment lacks OmniRoute's dependencies. Run: ")
    assert f"{python} -m pip install --require-hashes -r " in line


def test_it_names_an_environment_that_is_broken(clone: Clone) -> None:
    (clone.folder / ".venv" / "omniroute.lock").unlink()
    (clone.folder / ".venv" / "bin" / "python").unlink()
    done = clone.run("--version")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("Remove it, then run this again.")


def test_it_tells_an_old_python_what_it_needs(fresh: Clone, tmp_path: Path) -> None:
    pretend = "import sys; sys.version_info = (3, 9, 2); sys.argv[0] = 'manage.py'"
    code = f"{pretend}; import runpy; runpy.run_path('manage.py', run_name='__main__')"
    done = subprocess.run(
        [BARE_PYTHON, "-c", code], capture_output=True, text=True, cwd=fresh.folder, check=False
    )
    assert done.returncode == 1
    assert done.stderr == f"OmniRoute needs Python 3.11 or newer; {BARE_PYTHON} is 3.9.\n"
