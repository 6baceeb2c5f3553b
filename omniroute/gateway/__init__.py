"""The data plane: a plain ASGI callable that serves `/v1`, without Django or a database."""

from __future__ import annotations
