"""Puts a fresh clone in a state in which it runs: `.venv` with the locked dependencies.

Standard library only, in syntax that old Pythons read too, since nothing is known of the machine
yet. `.venv/omniroute.lock` holds the digests of the installed lock files, or "incomplete".
"""

from __future__ import annotations

import hashlib
import importlib
import os
import re
import shutil
import subprocess
import sys
from collections import deque
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "omniroute.lock"
RUNTIME = ROOT / "deploy" / "requirements.lock"
DEVELOPMENT = ROOT / "deploy" / "requirements-dev.lock"
INCOMPLETE = "incomplete"
_FOUND = re.compile(r"(?:Collecting|Processing|Requirement already satisfied:) (\S+)")


def ensure(argv: list[str]) -> None:
    """Returns when the dependencies can be imported; goes on in `.venv`, or exits, otherwise."""
    if sys.version_info < (3, 11):  # noqa: UP036  (this is where an old Python is met)
        found = f"{sys.version_info[0]}.{sys.version_info[1]}"
        _exit(f"OmniRoute needs Python 3.11 or newer; {sys.executable} is {found}.")
    lock = DEVELOPMENT if argv[1:2] == ["test"] else RUNTIME
    if Path(sys.prefix).resolve() == VENV.resolve():
        _update(lock)
    elif sys.prefix != sys.base_prefix:
        if not _importable(lock):
            command = f"{sys.executable} -m pip install --require-hashes -r {lock}"
            _exit(f"The active virtual environment lacks OmniRoute's dependencies. Run: {command}")
    elif VENV.exists() or not _importable(lock):
        python = str(_environment())
        os.execv(python, [python, *argv])  # noqa: S606  (the same command in our own environment)


def _importable(lock: Path) -> bool:
    names = ["django", "unfold", "celery", "aiohttp", "structlog"]
    if lock == DEVELOPMENT:
        names += ["pytest", "playwright", "mypy"]
    return all(find_spec(name) for name in names)


def _environment() -> Path:
    """The Python of `.venv`, which is made when it is missing or broken."""
    python = VENV / "bin" / "python"
    if python.exists():
        return python
    if not find_spec("ensurepip"):
        _exit("Python's venv is incomplete. On Debian or Ubuntu run: apt install python3-venv")
    _say(f"The dependencies are missing: making {VENV} for them (only this once).")
    try:
        if STAMP.exists():
            shutil.rmtree(VENV)
        VENV.mkdir(exist_ok=True)
        if any(VENV.iterdir()):
            _exit(f"{VENV} has no working Python. Remove it, then run this again.")
        STAMP.write_text(INCOMPLETE)
    except OSError as exc:
        _exit(f"{VENV} cannot be made: {exc.strerror}.")
    _run([sys.executable, "-m", "venv", str(VENV)])
    return python


def _update(lock: Path) -> None:
    """Installs what the lock file names unless that is done. Spares a complete foreign `.venv`."""
    installed = STAMP.read_text().split() if STAMP.exists() else []
    if _digest(lock) in installed or (not installed and _importable(lock)):
        return
    _say(f"Installing the dependencies that deploy/{lock.name} names.")
    STAMP.write_text(INCOMPLETE)
    if not find_spec("pip"):
        _run([sys.executable, "-m", "ensurepip"])
    _install(lock)
    contained = [lock, RUNTIME]  # the development lock contains the other
    STAMP.write_text("\n".join(sorted({_digest(file) for file in contained})))
    importlib.invalidate_caches()


def _install(lock: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "--require-hashes", "--no-deps"]
    command += ["--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
    total = len(re.findall(r"^\S+==", lock.read_text(), re.MULTILINE))
    environment = {**os.environ, "PIP_USER": "0"}
    pip = subprocess.Popen(  # noqa: S603  (pip of our own environment)
        [*command, "--requirement", str(lock)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
    )
    try:
        last = _follow(pip, total)
    except KeyboardInterrupt:
        pip.wait()
        _exit("\nInterrupted. Run the same command again; it goes on from here.")
    if pip.returncode:
        _exit("".join(last) + f"The installation failed, see above. Log: {VENV / 'install.log'}")
    _say("Done.")


def _follow(pip: subprocess.Popen[str], total: int) -> deque[str]:
    """Shows pip's progress as a count, keeps all that it says in a log. Returns the last lines."""
    last: deque[str] = deque(maxlen=12)
    count = 0
    with (VENV / "install.log").open("w") as log:
        for line in pip.stdout or ():
            log.write(line)
            last.append(line)
            found = _FOUND.match(line)
            if found or line.startswith("Ignoring "):
                count += 1
                _show(count, total, found.group(1) if found else "")
            elif line.startswith("Installing collected"):
                _say("\n" * sys.stderr.isatty() + "Unpacking them, which takes about as long.")
    pip.wait()
    return last


def _show(count: int, total: int, name: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r  {count} of {total}  {Path(name).name[:40]:40}")
    elif count % 20 == 0 or count == total:
        sys.stderr.write(f"  {count} of {total}\n")
    sys.stderr.flush()


def _run(command: list[str]) -> None:
    if subprocess.run(command, check=False).returncode:  # noqa: S603  (Python's own modules)
        _exit(f"This failed, see above: {' '.join(command)}")


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def _exit(text: str) -> NoReturn:
    sys.exit(text)
