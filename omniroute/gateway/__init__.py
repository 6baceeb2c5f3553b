"""The data plane: a plain ASGI callable that serves `/v1`. It knows neither Django nor the database."""

from __future__ import annotations
