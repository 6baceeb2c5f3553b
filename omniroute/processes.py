"""A supervised child process: restarted when it ends, its output passed on, never left behind."""

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


class Lifeline:
    """A pipe that only this process holds open. Its children read the end of it when this process
    is gone, even by kill -9, and stop."""

    def __init__(self, *, fork_grace: float) -> None:
        """Forked children (granian's workers) have `fork_grace` seconds to finish requests."""
        self.reader, self._writer = os.pipe()
        self._fork_grace = fork_grace
        os.register_at_fork(after_in_child=self._in_fork)

    def _in_fork(self) -> None:
        os.close(self._writer)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)  # the parent's handler would lose it
        end_with_parent(self.reader, self._fork_grace)


class Child:
    """One child process at a time, kept alive from `start` to `stop`."""

    def __init__(self, name: str, module: str, lifeline: Lifeline) -> None:
        """`module` is one of ours, run with the Python and the search path of this process."""
        self._name = name
        self._command = [sys.executable, "-m", module]
        self._environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._lifeline = lifeline
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._keep_alive, name=f"child-{name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Asks the child to end and returns at once."""
        with self._lock:
            if self._process is not None and not self._stopping.is_set():
                self._process.terminate()
            self._stopping.set()

    def stop(self) -> None:
        """Returns when the child is gone: it is killed after a grace time."""
        self.end()
        if self._process is not None:
            try:
                self._process.wait(GRACE)
            except subprocess.TimeoutExpired:
                self._process.kill()
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
                env=self._environment,
                stdin=self._lifeline.reader,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,  # Ctrl-C is for the parent, which stops its child in order
            )
            return self._process

    def _pass_on(self, process: subprocess.Popen[str]) -> None:
        for line in filter(str.strip, process.stdout or ()):
            sys.stderr.write(f"{self._name} | {line}")


def end_with_parent(reader: int, grace: float = GRACE) -> None:
    """For the child's side: terminates this process when the lifeline ends."""
    watch = threading.Thread(target=_watch, args=(reader, grace), name="lifeline", daemon=True)
    watch.start()


def _watch(reader: int, grace: float) -> None:
    while os.read(reader, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(grace)
    os._exit(1)
