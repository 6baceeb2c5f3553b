from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from pytest_django import Settings

from omniroute.checks import refuse_unsafe
from omniroute.fields import keyring
from providers import accounts
from providers.models import Connection

pytestmark = pytest.mark.django_db

LOCAL = ["127.0.0.1", "127.0.0.2", "::1", "[::1]", "localhost"]
REMOTE = ["0.0.0.0", "::", "10.0.0.5", "192.168.1.2", "gateway.example.com", "", "1270.0.1"]


@pytest.fixture(autouse=True)
def safe(monkeypatch: pytest.MonkeyPatch, own_keys: Path) -> None:
    """An installation with nothing to complain about; each test spoils one thing."""
    for name in ("REQUIRE_API_KEY", "JWT_SECRET", "API_KEY_SECRET", "OMNIROUTE_SECRET_KEYS"):
        monkeypatch.delenv(name, raising=False)
    User.objects.create_superuser("admin", password="four quiet otters swim")


@pytest.mark.parametrize("host", LOCAL + REMOTE)
def test_it_lets_a_safe_installation_listen_anywhere(host: str) -> None:
    assert refuse_unsafe(host) == []


@pytest.mark.parametrize("host", REMOTE)
def test_it_refuses_keyless_calls_from_other_computers(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("REQUIRE_API_KEY", "false")
    (line,) = refuse_unsafe(host)
    assert "REQUIRE_API_KEY" in line


@pytest.mark.parametrize("host", LOCAL)
def test_it_allows_keyless_calls_from_this_machine(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("REQUIRE_API_KEY", "false")
    assert refuse_unsafe(host) == []


def test_it_refuses_a_setting_that_it_cannot_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUIRE_API_KEY", "perhaps")
    (line,) = refuse_unsafe("0.0.0.0")
    assert "REQUIRE_API_KEY must be true or false" in line


@pytest.mark.parametrize("flaw", ["nobody", "unusable", "inactive"])
def test_it_refuses_others_before_an_administrator_has_a_password(flaw: str) -> None:
    if flaw == "nobody":
        User.objects.all().delete()
    elif flaw == "inactive":
        User.objects.update(is_active=False)
    else:
        user = User.objects.get()
        user.set_unusable_password()
        user.save()
    (line,) = refuse_unsafe("0.0.0.0")
    assert "INITIAL_PASSWORD" in line
    assert refuse_unsafe("127.0.0.1") == []


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o701])
def test_it_refuses_others_while_the_data_directory_is_open(settings: Settings, mode: int) -> None:
    settings.DATA_DIR.chmod(mode)
    (line,) = refuse_unsafe("0.0.0.0")
    assert f"chmod 700 {settings.DATA_DIR}" in line
    assert refuse_unsafe("127.0.0.1") == []


@pytest.mark.parametrize("name", ["JWT_SECRET", "API_KEY_SECRET"])
@pytest.mark.parametrize(
    "value",
    ["omniroute-default-secret-change-me", "endpoint-proxy-api-key-secret", "changeme", "x" * 31],
)
@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_it_refuses_published_and_short_secrets_everywhere(
    monkeypatch: pytest.MonkeyPatch, host: str, value: str, name: str
) -> None:
    monkeypatch.setenv(name, value)
    (line,) = refuse_unsafe(host)
    assert name in line
    assert value not in line.replace(name, "")


def test_it_names_every_problem_at_once(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setenv("REQUIRE_API_KEY", "false")
    User.objects.all().delete()
    settings.DATA_DIR.chmod(0o755)
    lines = refuse_unsafe("0.0.0.0")
    assert len(lines) == 3
    assert all("\n" not in line for line in lines)


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_it_refuses_the_wrong_key_file(settings: Settings, host: str) -> None:
    accounts.connect("deepseek", name="main", secret="sk-1")
    key_id = keyring().newest
    (settings.DATA_DIR / "secret.key").unlink()
    keyring.cache_clear()
    (line,) = refuse_unsafe(host)
    assert key_id in line
    assert "secret.key" in line
    assert "backup" in line
    assert str(Connection.objects.get().pk) in line


def test_it_refuses_a_changed_secret() -> None:
    connection = accounts.connect("deepseek", name="main", secret="sk-1")
    sealed = Connection.objects.values_list("secret", flat=True).get()
    Connection.objects.filter(pk=connection.pk).update(secret=sealed[:-2] + "AA")
    (line,) = refuse_unsafe("127.0.0.1")
    assert "changed or moved" in line


def test_it_refuses_a_secret_that_is_not_sealed() -> None:
    connection = accounts.connect("deepseek", name="main", secret="sk-1")
    Connection.objects.filter(pk=connection.pk).update(secret="sk-in-the-clear")
    (line,) = refuse_unsafe("127.0.0.1")
    assert "sk-in-the-clear" not in line


def test_it_refuses_a_database_of_a_newer_version() -> None:
    MigrationRecorder(connection).record_applied("providers", "9999_from_the_future")
    (line,) = refuse_unsafe("127.0.0.1")
    assert "newer version" in line
    assert "9999_from_the_future" in line


def test_it_takes_a_database_with_foreign_migrations() -> None:
    MigrationRecorder(connection).record_applied("somebody_elses_app", "0001_initial")
    assert refuse_unsafe("127.0.0.1") == []


def test_it_refuses_a_key_file_that_others_can_read(settings: Settings) -> None:
    keyring()
    (settings.DATA_DIR / "secret.key").chmod(0o644)
    keyring.cache_clear()
    (line,) = refuse_unsafe("127.0.0.1")
    assert "chmod 600" in line
