"""`omniroute rotate_secrets`: a new encryption key for the stored secrets, without a restart."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError

from omniroute import rotation
from omniroute.management.shell import ShellCommand


class Command(ShellCommand):
    help = "Seals every stored secret with a new key. Safe to interrupt and to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            rotation.rotate(self.say)
        except rotation.RotationError as exc:
            raise CommandError(str(exc)) from exc
