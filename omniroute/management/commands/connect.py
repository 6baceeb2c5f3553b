"""`omniroute connect PROVIDER --name N --api-key-stdin`: adds an account at a provider."""

from __future__ import annotations

import getpass
import sys
from typing import Any

from django.core.management.base import CommandParser

from omniroute.management.shell import ShellCommand
from providers import accounts


class Command(ShellCommand):
    help = "Connects an account at a provider. Prints the account's id."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("provider", help="a provider's id or alias, or a node's prefix")
        parser.add_argument("--name", required=True, help="to tell your accounts apart")
        parser.add_argument(
            "--api-key-stdin",
            action="store_true",
            help="read the API key from standard input; only a node can do without one",
        )
        parser.add_argument("--priority", type=int, default=1, help="smaller is used first")

    def handle(self, *args: Any, **options: Any) -> None:
        connection = accounts.connect(
            options["provider"],
            name=options["name"],
            secret=_secret() if options["api_key_stdin"] else "",
            priority=options["priority"],
        )
        self.say(f'Account "{connection.name}" at {connection.provider} is connected.')
        self.stdout.write(str(connection.pk))


def _secret() -> str:
    if sys.stdin.isatty():
        return getpass.getpass("API key: ")
    return sys.stdin.buffer.read(accounts.MAX_SECRET + 2).decode(errors="replace")
