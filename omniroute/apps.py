"""The project's own app: watches the configuration for changes."""

from __future__ import annotations

from django.apps import AppConfig


class OmniRouteConfig(AppConfig):
    name = "omniroute"
    verbose_name = "OmniRoute"

    def ready(self) -> None:
        from omniroute.bridge import changes

        changes.connect()
