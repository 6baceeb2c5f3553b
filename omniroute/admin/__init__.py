"""The dashboard: Django's admin in django-unfold's clothes."""

from __future__ import annotations
