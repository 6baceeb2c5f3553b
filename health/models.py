"""What keeps the installation honest about itself."""

from __future__ import annotations

from django.db import models


class Heartbeat(models.Model):
    """When a background process last showed that it is alive. One row per name."""

    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} at {self.at:%H:%M:%S}"
