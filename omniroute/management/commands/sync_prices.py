"""`sync_prices`: takes the prices of the installed genai-prices release into the database."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from billing import pricing


class Command(BaseCommand):
    requires_system_checks: list[str] = []
    help = "Takes model prices from the installed price list into the database."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{pricing.sync()} prices are up to date.")
