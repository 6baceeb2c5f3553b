"""Rotation of the encryption key, killed and unkilled, and what tampering does."""

from __future__ import annotations

import base64
import json
import secrets as random
import signal
from collections.abc import Callable
from uuid import uuid4

import pytest
from pytest_django import Settings

from omniroute import checks, rotation
from omniroute.fields import keyring
from omniroute.keyring import Keyring, KeyringError
from providers import accounts, probe
from providers.models import Connection
from tests.control.conftest import Installation
from tests.upstream import wait_until

TABLE = "providers_connection"


def place(pk: str) -> str:
    return f"{TABLE}|{pk}|secret"


def ring(installation: Installation) -> Keyring:
    return Keyring(installation.folder / "secret.key")


def fill(installation: Installation, count: int) -> dict[str, str]:
    """Stores accounts as the product does; returns their secrets by id."""
    keys = ring(installation)
    plain = {str(uuid4()): f"sk-{random.token_hex(16)}" for _ in range(count)}
    rows = [
        (pk.replace("-", ""), f"account {pk}", keys.seal(secret, place(pk)))
        for pk, secret in plain.items()
    ]
    with installation.database() as connection:
        connection.executemany(
            f"INSERT INTO {TABLE} (id, provider, name, auth, secret, priority, is_active, "
            "created_at) VALUES (?, 'deepseek', ?, 'api_key', ?, 1, 1, '2026-01-01')",
            rows,
        )
    return plain


def stored(installation: Installation) -> dict[str, str]:
    rows = installation.rows(f"SELECT id, secret FROM {TABLE}")
    return {f"{i[:8]}-{i[8:12]}-{i[12:16]}-{i[16:20]}-{i[20:]}": sealed for i, sealed in rows}


def opened(installation: Installation) -> dict[str, str]:
    keys = ring(installation)
    return {pk: keys.open(sealed, place(pk)) for pk, sealed in stored(installation).items()}


def key_ids(installation: Installation) -> set[str]:
    """The keys that stored values are sealed with."""
    return {sealed.split(":")[2] for sealed in stored(installation).values()}


def store(installation: Installation, pk: str, sealed: str) -> None:
    with installation.database() as connection:
        connection.execute(
            f"UPDATE {TABLE} SET secret = ? WHERE id = ?", (sealed, pk.replace("-", ""))
        )


def test_it_moves_every_secret_to_a_new_key(installation: Installation) -> None:
    plain = fill(installation, 200)
    old = ring(installation).newest
    derived = ring(installation).derive("pepper"), ring(installation).derive("sessions")
    result = installation.run("rotate_secrets")
    assert result.returncode == 0, result.stderr
    (new,) = ring(installation).key_ids()
    assert new != old
    assert key_ids(installation) == {new}
    assert opened(installation) == plain
    assert result.stdout == ""
    assert old in result.stderr.splitlines()[-1]
    assert (installation.folder / "secret.key").stat().st_mode & 0o777 == 0o600
    assert (ring(installation).derive("pepper"), ring(installation).derive("sessions")) == derived


def test_it_goes_on_after_being_killed(installation: Installation) -> None:
    plain = fill(installation, 2500)
    old = ring(installation).newest
    process = installation.start("rotate_secrets")
    try:
        wait_until(lambda: len(key_ids(installation)) == 2, timeout=30)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=10)
    halfway = ring(installation)
    assert key_ids(installation) == set(halfway.key_ids())
    assert halfway.key_ids()[1] == old
    assert opened(installation) == plain

    result = installation.run("rotate_secrets")
    assert result.returncode == 0, result.stderr
    assert ring(installation).key_ids() == [halfway.newest]
    assert key_ids(installation) == {halfway.newest}
    assert opened(installation) == plain


def test_it_includes_secrets_that_arrive_meanwhile(installation: Installation) -> None:
    """Another process that still seals with the old key while the rotation runs loses nothing."""
    plain = fill(installation, 1200)
    process = installation.start("rotate_secrets")
    arrived = 0
    while process.poll() is None:
        result = installation.run(
            "connect", "openai", "--name", "late", "--api-key-stdin", stdin=f"sk-late-{arrived}"
        )
        assert result.returncode == 0, result.stderr
        arrived += 1
    assert process.communicate(timeout=10)[1]
    assert process.returncode == 0
    found = opened(installation)
    assert plain.items() <= found.items()
    assert {f"sk-late-{number}" for number in range(arrived)} <= set(found.values())


@pytest.mark.django_db
def test_it_is_noticed_by_a_process_that_still_knows_the_old_key(
    installation: Installation, settings: Settings
) -> None:
    settings.DATA_DIR = installation.folder
    keyring.cache_clear()
    old = keyring().newest
    assert installation.run("rotate_secrets").returncode == 0
    accounts.connect("deepseek", name="main", secret="sk-1")
    sealed = Connection.objects.values_list("secret", flat=True).get()
    assert sealed.split(":")[2] == ring(installation).newest != old


def test_it_runs_once_at_a_time(installation: Installation) -> None:
    fill(installation, 1500)
    first = installation.start("rotate_secrets")
    try:
        wait_until(lambda: len(key_ids(installation)) == 2, timeout=30)
        first.send_signal(signal.SIGSTOP)
        second = installation.run("rotate_secrets")
        first.send_signal(signal.SIGCONT)
        assert second.returncode == 1
        assert second.stderr.startswith("Error: Another rotation is under way")
    finally:
        assert first.wait(timeout=30) == 0
        first.communicate()


def test_it_keeps_the_old_key_while_a_secret_does_not_open(installation: Installation) -> None:
    plain = fill(installation, 5)
    old = ring(installation).newest
    broken = next(iter(plain))
    store(installation, broken, flip(stored(installation)[broken], -5))
    result = installation.run("rotate_secrets")
    assert result.returncode == 1
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    assert broken in line
    assert ring(installation).key_ids()[1:] == [old]

    with installation.database() as connection:
        connection.execute(f"DELETE FROM {TABLE} WHERE id = ?", (broken.replace("-", ""),))
    assert installation.run("rotate_secrets").returncode == 0
    del plain[broken]
    assert opened(installation) == plain


def test_it_drops_no_key_that_the_environment_holds(installation: Installation) -> None:
    plain = fill(installation, 3)
    file = json.loads((installation.folder / "secret.key").read_text())
    new = "fresh:" + base64.urlsafe_b64encode(random.token_bytes(32)).decode().rstrip("=")
    both = f"{new},{file['keys']}"
    result = installation.run("rotate_secrets", OMNIROUTE_SECRET_KEYS=both)
    assert result.returncode == 0, result.stderr
    assert "OMNIROUTE_SECRET_KEYS" in result.stderr
    assert key_ids(installation) == {"fresh"}
    assert json.loads((installation.folder / "secret.key").read_text()) == file

    again = installation.run("rotate_secrets", OMNIROUTE_SECRET_KEYS=new)
    assert again.returncode == 1
    assert "put the new key in front" in again.stderr
    assert len(stored(installation)) == len(plain)


def flip(sealed: str, at: int) -> str:
    """Changes one character of the base64 text, staying in its alphabet."""
    other = "A" if sealed[at] != "A" else "B"
    return sealed[:at] + other + sealed[at:][1:]


def swapped(one: str, other: str) -> str:
    return other


def truncated(one: str, other: str) -> str:
    return one[:-8]


def without_tag(one: str, other: str) -> str:
    return one[: one.rindex(":") + 1]


def other_nonce(one: str, other: str) -> str:
    parts, nonce = one.split(":"), other.split(":")[3]
    return ":".join([*parts[:3], nonce, parts[4]])


def other_key_id(one: str, other: str) -> str:
    return one.replace(one.split(":")[2], "k00000000")


def other_version(one: str, other: str) -> str:
    return one.replace("enc:v1:", "enc:v0:")


def in_the_clear(one: str, other: str) -> str:
    return "sk-planted-by-somebody"


@pytest.mark.parametrize(
    "tamper",
    [
        swapped,
        truncated,
        without_tag,
        other_nonce,
        other_key_id,
        other_version,
        in_the_clear,
        *(lambda one, other, at=at: flip(one, at) for at in (-2, -20, -40)),
    ],
)
@pytest.mark.django_db
@pytest.mark.usefixtures("own_keys")
def test_it_opens_nothing_that_was_tampered_with(tamper: Callable[[str, str], str]) -> None:
    one = accounts.connect("deepseek", name="one", secret="sk-1")
    other = accounts.connect("deepseek", name="other", secret="sk-2")
    raw = dict(Connection.objects.values_list("pk", "secret"))
    Connection.objects.filter(pk=one.pk).update(secret=tamper(raw[one.pk], raw[other.pk]))
    found = Connection.objects.get(pk=one.pk)
    assert checks.refuse_unsafe("127.0.0.1")
    with pytest.raises(rotation.RotationError):
        rotation.rotate(lambda line: None)
    if tamper not in (other_version, in_the_clear):
        with pytest.raises(KeyringError):
            found.secret.reveal()
        assert probe.kind(accounts.check(found).error) == "sealed"
    assert Connection.objects.get(pk=other.pk).secret.reveal() == "sk-2"


def test_a_copy_without_the_key_file_holds_no_secret(installation: Installation) -> None:
    plain = fill(installation, 20)
    content = (installation.folder / "storage.sqlite").read_bytes()
    wal = installation.folder / "storage.sqlite-wal"
    content += wal.read_bytes() if wal.exists() else b""
    assert not [secret for secret in plain.values() if secret.encode() in content]
    (installation.folder / "secret.key").unlink()
    result = installation.run(
        "shell", "-c", "from omniroute.checks import refuse_unsafe as r; print(r('127.0.0.1'))"
    )
    assert "20 stored secrets cannot be opened" in result.stdout
