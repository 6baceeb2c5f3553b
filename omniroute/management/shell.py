"""What the shell commands share: secrets alone on stdout, and one plain line for every refusal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from omniroute.keyring import KeyringError


class ShellCommand(BaseCommand):
    requires_system_checks: list[str] = []

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except ValidationError as exc:
            raise CommandError(" ".join(exc.messages)) from exc
        except DatabaseError as exc:
            raise CommandError(
                f"The database cannot be used: {str(exc).splitlines()[0]}. "
                "`omniroute serve` prepares a new one at its first start."
            ) from exc
        except KeyringError as exc:
            raise CommandError(str(exc)) from exc
        except KeyboardInterrupt:
            sys.exit(130)

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.set_defaults(traceback=True)  # so that Django hands a CommandError to us
        return parser

    def run_from_argv(self, argv: list[str]) -> None:
        try:
            super().run_from_argv(argv)
        except CommandError as exc:
            self.say(f"Error: {exc}")
            sys.exit(exc.returncode)

    def say(self, message: str) -> None:
        """For people; stdout is for scripts."""
        self.stderr.write(message, lambda text: text)

    def table(self, rows: Sequence[Sequence[str]]) -> None:
        """Writes rows in aligned columns, the first row being the heading."""
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self.stdout.write("  ".join(cells).rstrip())
