"""What `serve` refuses to start with: one plain line for each reason, exit code 1."""

from __future__ import annotations

import socket

import pytest

from tests.cli.conftest import Run


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("PORT", "abc", "PORT must be a whole number, not 'abc'"),
        ("PORT", "70000", "PORT must be between 1 and 65535"),
        ("LOG_LEVEL", "loud", "LOG_LEVEL must be one of debug, info, warning, error"),
        ("REQUIRE_API_KEY", "maybe", "REQUIRE_API_KEY must be true or false, not 'maybe'"),
        ("SHUTDOWN_TIMEOUT_MS", "-1", "SHUTDOWN_TIMEOUT_MS must be a whole number, not '-1'"),
        ("BASE_URL", "ai.example.com", "BASE_URL must begin with https:// or http://"),
        ("DATABASE_URL", "mysql://a", "DATABASE_URL must begin with postgres:// or postgresql://"),
        ("REDIS_URL", "localhost", "REDIS_URL must begin with redis:// or rediss://"),
        ("JWT_SECRET", "short", "OmniRoute cannot start: JWT_SECRET needs at least 32 characters"),
        (
            "TRUSTED_PROXIES",
            "proxy",
            "TRUSTED_PROXIES must list addresses or networks such as 10.0.0.0/8, not 'proxy'",
        ),
        (
            "UPSTREAM_CA_FILE",
            "/nowhere",
            "UPSTREAM_CA_FILE names /nowhere, which cannot be read: No such file or directory",
        ),
        (
            "DATA_DIR",
            "/proc/nowhere",
            "OmniRoute cannot start: /proc/nowhere: No such file or directory",
        ),
    ],
)
def test_it_says_in_one_line_which_variable_is_wrong(
    manage: Run, name: str, value: str, line: str
) -> None:
    done = manage("serve", **{name: value})
    assert done.returncode == 1
    assert done.stderr.splitlines() == [line]


def test_it_names_every_wrong_variable_at_once(manage: Run) -> None:
    done = manage("serve", PORT="abc", LOG_LEVEL="loud")
    assert [line.split()[0] for line in done.stderr.splitlines()] == ["PORT", "LOG_LEVEL"]


def test_it_says_that_the_port_is_taken(manage: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = manage("serve", "--port", str(port))
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert f"Port {port} on 127.0.0.1 is in use" in line
    assert f"--port {port + 1}" in line


def test_it_says_that_an_address_is_not_of_this_machine(manage: Run) -> None:
    done = manage("serve", "--host", "203.0.113.7")
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["Error: 203.0.113.7 is not an address of this machine."]


def test_it_does_not_open_an_unprotected_installation_to_others(manage: Run) -> None:
    done = manage("serve", "--host", "0.0.0.0", REQUIRE_API_KEY="false")
    assert done.returncode == 1
    reasons = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
    assert "REQUIRE_API_KEY=false" in reasons[0]
    assert "administrator's password" in reasons[1]
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_it_takes_no_workers_on_daphne(manage: Run) -> None:
    done = manage("serve", "--workers", "2")
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["Error: Several --workers need --server granian."]


def test_it_says_that_the_database_is_away(manage: Run) -> None:
    done = manage("serve", DATABASE_URL="postgres://nobody:secret@127.0.0.1:1/none")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: The database cannot be used: ")
    assert "secret" not in line
