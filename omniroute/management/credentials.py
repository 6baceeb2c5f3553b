"""The verbs that the commands `keys` and `tokens` share: create, list, revoke."""

from __future__ import annotations

from typing import Any, Protocol
from uuid import UUID

from django.core.management.base import CommandError, CommandParser
from django.db.models import Q, QuerySet
from django.utils import timezone

from billing.models import ApiKey
from omniroute.management.shell import ShellCommand
from omniroute.models import ManagementToken

Credential = ApiKey | ManagementToken


class Verbs(Protocol):
    """The modules `billing.keys` and `omniroute.tokens`."""

    def issue(self, name: str) -> tuple[Any, str]: ...
    def revoke(self, credential: Any, /) -> None: ...


class CredentialCommand(ShellCommand):
    noun: str
    model: type[ApiKey] | type[ManagementToken]
    verbs: Verbs

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        create = verbs.add_parser("create", help=f"make a {self.noun} and print it, once")
        create.add_argument("name", help="who or what will use it")
        verbs.add_parser("list", help=f"show every {self.noun}")
        revoke = verbs.add_parser("revoke", help=f"end a {self.noun} at once")
        revoke.add_argument("credential", metavar="ID_OR_NAME")

    def handle(self, *args: Any, **options: Any) -> None:
        match options["verb"]:
            case "create":
                self._create(options["name"])
            case "list":
                self._list()
            case "revoke":
                self._revoke(options["credential"])

    def _create(self, name: str) -> None:
        credential, secret = self.verbs.issue(name)
        self.say(f'{self.noun} "{credential.name}" is ready. Keep it safe; it is not shown again.')
        self.stdout.write(secret)

    def _list(self) -> None:
        rows = [("ID", "KEY", "STATE", "EXPIRES", "NAME")]
        for credential in self._all():
            expires = credential.expires_at
            rows.append(
                (
                    str(credential.pk),
                    credential.hint,
                    _state(credential),
                    f"{expires:%Y-%m-%d %H:%M}" if expires else "never",
                    credential.name,
                )
            )
        self.table(rows)

    def _revoke(self, wanted: str) -> None:
        found = list(self._all().filter(Q(pk=_uuid(wanted)) | Q(name=wanted)))
        if not found:
            raise CommandError(f'There is no {self.noun} "{wanted}".')
        if len(found) > 1:
            raise CommandError(f'{len(found)} of them are named "{wanted}". Name one by its id.')
        self.verbs.revoke(found[0])
        self.say(f'{self.noun} "{found[0].name}" is revoked.')

    def _all(self) -> QuerySet[Any]:
        return QuerySet(self.model)


def _state(credential: Credential) -> str:
    if not credential.is_active:
        return "revoked"
    expired = credential.expires_at is not None and credential.expires_at <= timezone.now()
    return "expired" if expired else "active"


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
