"""A supervised child process: restarted when it ends, its output passed on, gone with its parent.

The child's standard input is a pipe that only the parent holds open. When the parent is gone, even
by kill -9, the child reads the end of it and stops.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import structlog

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
HEALTHY_AFTER = 60.0
GRACE = 5.0

log = structlog.get_logger()


class Child:
    """One child process at a time, kept alive from `start` to `stop`."""

    def __init__(self, name: str, command: list[str]) -> None:
        self._name = name
        self._command = command
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._keep_alive, name=f"child-{name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Asks the child to end, kills it after a grace time, and waits until it is gone."""
        self._stopping.set()
        with self._lock:
            process = self._process
        if process is not None:
            process.terminate()
            try:
                process.wait(GRACE)
            except subprocess.TimeoutExpired:
                process.kill()
        self._thread.join()

    def _keep_alive(self) -> None:
        pause = FIRST_PAUSE
        while process := self._spawn():
            started = time.monotonic()
            with process:
                self._pass_on(process)
            if self._stopping.is_set():
                return
            if time.monotonic() - started > HEALTHY_AFTER:
                pause = FIRST_PAUSE
            log.error("child.ended", process=self._name, code=process.returncode, retry_after=pause)
            if self._stopping.wait(pause):
                return
            pause = min(2 * pause, LONGEST_PAUSE)

    def _spawn(self) -> subprocess.Popen[str] | None:
        with self._lock:
            if self._stopping.is_set():
                return None
            self._process = subprocess.Popen(  # noqa: S603  (a command of our own)
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,  # Ctrl-C is for the parent, which stops its child in order
            )
            return self._process

    def _pass_on(self, process: subprocess.Popen[str]) -> None:
        for line in process.stdout or ():
            sys.stderr.write(f"{self._name} | {line}")


def end_with_parent() -> None:
    """For the child's side: ends this process when the parent's end of standard input closes."""
    threading.Thread(target=_wait_for_parent, name="parent-watch", daemon=True).start()


def _wait_for_parent() -> None:
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    os._exit(1)
