"""The background process of a single-machine installation: Celery worker and scheduler in one.

`serve` runs it as its child. A team runs `celery -A omniroute.celery worker` and `… beat` instead.
"""

from __future__ import annotations

import sys
import warnings
from typing import Any

from celery import bootsteps
from celery.beat import EmbeddedService
from celery.platforms import SecurityWarning

from omniroute.celery import app, make_queue
from omniroute.processes import end_with_parent

THREADS = 2
QUIET = ("--without-gossip", "--without-mingle", "--without-heartbeat")  # no other workers


class Scheduler(bootsteps.StartStopStep):  # type: ignore[misc]  # celery has no types
    """Beat in a thread: `--beat` would fork a process that outlives a killed worker."""

    def create(self, parent: Any) -> Any:
        return EmbeddedService(app, thread=True, scheduler_cls=app.conf.beat_scheduler)


def main() -> None:
    end_with_parent(sys.stdin.fileno())
    make_queue()
    warnings.simplefilter("ignore", SecurityWarning)  # root and pickled tasks: ours are JSON
    app.steps["worker"].add(Scheduler)
    app.worker_main(
        ["--quiet", "--skip-checks", "worker", "--pool=threads", f"--concurrency={THREADS}", *QUIET]
    )


if __name__ == "__main__":
    main()
