"""`omniroute nodes add|list|remove`: the operator's own endpoints."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from omniroute.management.shell import ShellCommand
from providers import nodes
from providers.models import Node


class Command(ShellCommand):
    help = "Adds, lists and removes endpoints of your own."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        add = verbs.add_parser("add", help="add an endpoint and print its id")
        add.add_argument("prefix", help="comes before the model name: prefix/model")
        add.add_argument("--type", required=True, choices=Node.Type.values)
        add.add_argument("--base-url", required=True, help="up to and including /v1")
        add.add_argument("--name", default="", help="how it is shown; the prefix by default")
        verbs.add_parser("list", help="show every endpoint")
        remove = verbs.add_parser("remove", help="remove an endpoint and its accounts")
        remove.add_argument("prefix")

    def handle(self, *args: Any, **options: Any) -> None:
        match options["verb"]:
            case "add":
                self._add(options)
            case "list":
                self._list()
            case "remove":
                self._remove(options["prefix"])

    def _add(self, options: dict[str, Any]) -> None:
        node = nodes.add(
            options["prefix"],
            name=options["name"],
            type=options["type"],
            base_url=options["base_url"],
        )
        self.say(
            f'Node "{node.name}" is added. If it needs an API key: '
            f"omniroute connect {node.prefix} --name NAME --api-key-stdin"
        )
        self.stdout.write(str(node.pk))

    def _list(self) -> None:
        rows = [("ID", "PREFIX", "TYPE", "BASE URL", "NAME")]
        rows += [
            (str(node.pk), node.prefix, node.type, node.base_url, node.name)
            for node in Node.objects.all()
        ]
        self.table(rows)

    def _remove(self, prefix: str) -> None:
        node = Node.objects.filter(prefix=prefix).first()
        if node is None:
            raise CommandError(f'There is no node "{prefix}".')
        accounts = nodes.accounts(node)
        nodes.remove(node)
        self.say(f'Node "{prefix}" is removed, and {accounts} of its accounts.')
