"""Visitors of the dashboard, and an installation with a believable week in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from providers import probe
from tests.browser import seed
from tests.upstream import FakeUpstream

PASSWORD = "correct horse battery staple"


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """Local fakes may be called; what other tests have asked or tried does not count; quick hashes,
    and no search for static files whenever a client is made."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.WHITENOISE_USE_FINDERS = False
    monkeypatch.setenv("ALLOW_PRIVATE_UPSTREAMS", "127.0.0.0/8")
    monkeypatch.setattr(probe, "PACE", probe.Pace(probe.PER_MINUTE))
    cache.clear()


@pytest.fixture
def upstream() -> Iterator[FakeUpstream]:
    with FakeUpstream() as fake:
        yield fake


@pytest.fixture
def admin(db: None) -> User:
    return User.objects.create_superuser("admin", password=PASSWORD)


@pytest.fixture
def browser(admin: User) -> Client:
    """The administrator's."""
    client = Client()
    client.force_login(admin)
    return client


@pytest.fixture
def week(db: None) -> None:
    seed.fill(40)
