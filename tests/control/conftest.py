"""Callers of the management API, and installations of their own for the shell commands."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from omniroute import tokens
from omniroute.fields import keyring
from providers import probe
from tests.conftest import ROOT
from tests.upstream import FakeUpstream

PRIVATE = "127.0.0.0/8"


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[None]:
    """Local fakes may be called, other tests' questions do not count, passwords hash quickly."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    monkeypatch.setenv("ALLOW_PRIVATE_UPSTREAMS", PRIVATE)
    monkeypatch.setattr(probe, "PACE", probe.Pace(probe.PER_MINUTE))
    yield
    keyring.cache_clear()


@pytest.fixture
def own_keys(tmp_path: Path, settings: Settings) -> Path:
    """A data directory with a key file that the test may spoil."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    settings.DATA_DIR = folder
    keyring.cache_clear()
    return folder


@pytest.fixture
def upstream() -> Iterator[FakeUpstream]:
    with FakeUpstream() as fake:
        yield fake


@pytest.fixture
def admin(db: None) -> User:
    return User.objects.create_superuser("admin", password="x")


@pytest.fixture
def token(db: None) -> str:
    return tokens.issue("tests")[1]


@dataclass
class Api:
    """Calls /api with a bearer token and hands out (status, JSON)."""

    bearer: str

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        response = Client(raise_request_exception=False).generic(
            method,
            f"/api{path}",
            b"" if body is None else json.dumps(body),
            content_type="application/json",
            headers={"authorization": f"Bearer {self.bearer}", **headers},
        )
        return response.status_code, response.json()


@pytest.fixture
def api(token: str) -> Api:
    return Api(token)


@pytest.fixture
def database_text(db: None) -> Callable[[], str]:
    """Everything that is stored, as text."""

    def dump() -> str:
        return "\n".join(
            repr(row) for model in apps.get_models() for row in model.objects.values_list()
        )

    return dump


@dataclass
class Installation:
    """A data directory with a database, and the commands run on it as processes."""

    folder: Path

    def run(self, *arguments: str, stdin: str = "", **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            input=stdin,
            env=self.environment(**env),
            capture_output=True,
            text=True,
            cwd=self.folder,
            timeout=50,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*arguments),
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
        )

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, str(ROOT / "manage.py"), *arguments]

    def environment(self, **more: str) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "DATA_DIR": str(self.folder),
            "ALLOW_PRIVATE_UPSTREAMS": PRIVATE,
            **more,
        }

    def database(self) -> sqlite3.Connection:
        return sqlite3.connect(self.folder / "storage.sqlite", timeout=20)

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with self.database() as connection:
            return connection.execute(sql, values).fetchall()


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation that is migrated once and copied for every test."""
    made = Installation(tmp_path_factory.mktemp("installation"))
    result = made.run("migrate", "--verbosity", "0")
    assert result.returncode == 0, result.stderr
    return made.folder


@pytest.fixture
def installation(template: Path, tmp_path: Path) -> Installation:
    folder = tmp_path / "data"
    shutil.copytree(template, folder)
    return Installation(folder)
