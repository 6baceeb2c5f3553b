"""`manage.py test`: the test suite. All arguments go to pytest."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

ROOT = Path(__file__).resolve().parents[3]


class Command(BaseCommand):
    help = "Runs the test suite; all arguments go to pytest."
    requires_system_checks = []

    def run_from_argv(self, argv: list[str]) -> None:
        sys.exit(run_tests(argv[2:]))

    def handle(self, *args: Any, **options: Any) -> None:
        sys.exit(run_tests(list(args)))


def run_tests(arguments: list[str]) -> int:
    """Pytest's exit code. It runs in a process of its own, free of what is imported here."""
    if not (ROOT / "tests").is_dir():
        sys.stderr.write("The tests are in a clone of the project, not in the installed package.\n")
        return 2
    command = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.run(command, check=False, cwd=ROOT).returncode  # noqa: S603
