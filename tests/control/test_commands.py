"""The shell commands as a user runs them: processes on a data directory of their own."""

from __future__ import annotations

import re
import subprocess

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from billing import keys
from billing.models import ApiKey
from omniroute import tokens
from omniroute.models import ManagementToken
from tests.control.conftest import Installation

KEY = r"sk-omni-[0-9A-Za-z]{46}\n"
TOKEN = r"omni_adm_[0-9A-Za-z]{46}\n"
UUID = r"[0-9a-f]{8}-[0-9a-f-]{27}\n"
SECRET = "sk-canary-1234567890"


def version(installation: Installation) -> int:
    found = installation.rows("SELECT version FROM omniroute_configversion")
    return int(found[0][0]) if found else 0


def refused(result: subprocess.CompletedProcess[str]) -> str:
    """Checks that a command failed in one plain line and returns it."""
    assert result.returncode == 1
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("Error: ")
    return line


def test_it_creates_lists_and_revokes_keys(installation: Installation) -> None:
    made = installation.run("keys", "create", "my laptop")
    assert made.returncode == 0, made.stderr
    assert re.fullmatch(KEY, made.stdout)
    assert made.stdout.strip() not in made.stderr
    created = version(installation)
    assert created > 0

    listed = installation.run("keys", "list")
    (heading, row) = listed.stdout.splitlines()
    assert heading.split() == ["ID", "KEY", "STATE", "EXPIRES", "NAME"]
    assert "active" in row
    assert row.endswith("my laptop")
    assert made.stdout.strip() not in listed.stdout

    assert installation.run("keys", "revoke", "my laptop").returncode == 0
    assert installation.rows("SELECT is_active FROM billing_apikey") == [(0,)]
    assert version(installation) > created
    assert "revoked" in installation.run("keys", "list").stdout


def test_it_creates_tokens(installation: Installation) -> None:
    made = installation.run("tokens", "create", "ci")
    assert re.fullmatch(TOKEN, made.stdout), made.stderr
    secret = made.stdout.strip()
    files = [path for path in installation.folder.rglob("*") if path.is_file()]
    assert any(path.name == "storage.sqlite" for path in files)
    assert not [path for path in files if secret.encode() in path.read_bytes()]


@pytest.mark.django_db
def test_it_revokes_a_token_by_its_id() -> None:
    token, secret = tokens.issue("ci")
    tokens.issue("another")
    call_command("tokens", "revoke", str(token.pk))
    assert tokens.find(secret) is None
    assert ManagementToken.objects.filter(is_active=True).count() == 1


@pytest.mark.django_db
def test_it_revokes_none_of_several_keys_with_the_same_name() -> None:
    for _ in range(2):
        keys.issue("twin")
    with pytest.raises(CommandError, match="by its id"):
        call_command("keys", "revoke", "twin")
    assert ApiKey.objects.filter(is_active=True).count() == 2


def test_it_connects_an_account_with_a_key_from_standard_input(installation: Installation) -> None:
    made = installation.run(
        "connect", "ds", "--name", "main", "--api-key-stdin", "--priority", "2", stdin=f"{SECRET}\n"
    )
    assert re.fullmatch(UUID, made.stdout), made.stderr
    assert SECRET not in made.stderr
    ((provider, name, sealed, priority),) = installation.rows(
        "SELECT provider, name, secret, priority FROM providers_connection"
    )
    assert (provider, name, priority) == ("deepseek", "main", 2)
    assert sealed.startswith("enc:v1:")
    assert version(installation) > 0


def test_it_adds_lists_connects_and_removes_a_node(installation: Installation) -> None:
    made = installation.run(
        "nodes", "add", "mine", "--type", "openai-compatible", "--base-url", "http://127.0.0.1:1/v1"
    )
    assert re.fullmatch(UUID, made.stdout), made.stderr
    assert "http://127.0.0.1:1/v1" in installation.run("nodes", "list").stdout
    assert installation.run("connect", "mine", "--name", "keyless").returncode == 0
    removed = installation.run("nodes", "remove", "mine")
    assert removed.returncode == 0
    assert "1 of its accounts" in removed.stderr
    assert installation.rows("SELECT * FROM providers_node") == []
    assert installation.rows("SELECT * FROM providers_connection") == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["keys", "create", ""], "cannot be blank"),
        (["keys", "revoke", "nobody"], 'no API key "nobody"'),
        (["tokens", "revoke", "nobody"], 'no management token "nobody"'),
        (["connect", "nowhere", "--name", "x"], 'no provider "nowhere"'),
        (["connect", "deepseek", "--name", "x"], "API key"),
        (["connect", "deepseek", "--name", "x", "--priority", "0"], "API key"),
        (["nodes", "remove", "nobody"], 'no node "nobody"'),
        (
            [
                "nodes",
                "add",
                "ds",
                "--type",
                "openai-compatible",
                "--base-url",
                "https://a.example",
            ],
            "built-in",
        ),
        (
            ["nodes", "add", "m", "--type", "openai-compatible", "--base-url", "http://10.0.0.1"],
            "ALLOW_PRIVATE_UPSTREAMS",
        ),
        (["keys"], "required: VERB"),
        (["nodes", "add", "x"], "required: --type, --base-url"),
        (["nodes", "add", "x", "--type", "psychic", "--base-url", "https://x"], "psychic"),
    ],
)
def test_it_says_what_is_wrong(arguments: list[str], expected: str) -> None:
    with pytest.raises(CommandError) as caught:
        call_command(*arguments)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_it_says_in_one_line_that_a_key_is_no_key(installation: Installation) -> None:
    result = installation.run("connect", "ds", "--name", "x", "--api-key-stdin", stdin="not a key")
    assert "not a key" not in refused(result)


def test_it_says_in_one_line_that_there_is_no_database(installation: Installation) -> None:
    (installation.folder / "storage.sqlite").unlink()
    assert "omniroute serve" in refused(installation.run("keys", "create", "x"))


def test_it_explains_how_a_command_is_used(installation: Installation) -> None:
    result = installation.run("connect", "ds")
    assert result.returncode == 2
    assert "usage: " in result.stderr
    assert "Traceback" not in result.stderr
