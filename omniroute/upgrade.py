"""Brings the database to the schema of this version, after a copy of what is there."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from billing import pricing

KEPT_COPIES = 5
_LOCK_ID = 0x6F6D6E69  # of the advisory lock; any number that is ours


def upgrade(say: Callable[[str], None]) -> None:
    """Runs the migrations that are missing. Of several processes, one does the work."""
    with _alone():
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if plan and executor.loader.applied_migrations and connection.vendor == "sqlite":
            say(f"Copied the database to {copy_sqlite(settings.DATA_DIR / 'db_backups')}.")
        if plan:
            say(f"Preparing the database ({len(plan)} steps) …")
            call_command("migrate", interactive=False, verbosity=0)
        if not pricing.is_current():
            say("Reading the price list …")
            # In a process that ends: the list takes 30 MB that a server would keep.
            command = [sys.executable, "-m", "django", "sync_prices"]
            environment = {**os.environ, "PYTHONPATH": str(settings.BASE_DIR)}
            subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)  # noqa: S603


def copy_sqlite(folder: Path) -> Path:
    """Copies the database into `folder`, which keeps the newest copies."""
    folder.mkdir(exist_ok=True, mode=0o700)
    target = folder / f"before-upgrade-{timezone.now():%Y%m%dT%H%M%S%f}.sqlite"
    with (
        closing(sqlite3.connect(connection.settings_dict["NAME"])) as source,
        closing(sqlite3.connect(target)) as copy,
    ):
        source.backup(copy)
    for old in sorted(folder.glob("before-upgrade-*.sqlite"))[:-KEPT_COPIES]:
        old.unlink()
    return target


@contextmanager
def _alone() -> Iterator[None]:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK_ID])
            try:
                yield
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK_ID])
    else:
        with (settings.DATA_DIR / "upgrade.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
