"""The words that `omniroute` and `manage.py` understand, and where settings come from."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import omniroute
from omniroute import address
from tests.cli.conftest import Run


def test_it_prints_its_version(manage: Run) -> None:
    done = manage("--version")
    assert (done.returncode, done.stdout) == (0, f"{omniroute.__version__}\n")


def test_it_explains_its_commands_in_plain_words(manage: Run) -> None:
    done = manage("--help")
    assert done.returncode == 0
    for word in ("serve", "connect", "nodes add", "keys create", "tokens create", "rotate_secrets"):
        assert f"omniroute {word}" in done.stdout


def test_it_knows_every_command_that_the_help_names(manage: Run) -> None:
    known = manage("help", "--commands").stdout.split()
    assert {"serve", "connect", "nodes", "keys", "tokens", "rotate_secrets"} <= set(known)


def test_it_refuses_an_unknown_word_in_one_line(manage: Run) -> None:
    done = manage("kyes")
    assert done.returncode == 2
    assert done.stderr == "Unknown command: kyes. Did you mean keys? Try: omniroute --help\n"


def test_it_passes_other_words_to_django(manage: Run) -> None:
    done = manage("diffsettings", "--all")
    assert done.returncode == 0
    assert "INSTALLED_APPS" in done.stdout


def test_it_serves_when_only_options_are_given(manage: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = manage("--port", str(port))
    assert f"Port {port} on 127.0.0.1 is in use" in done.stderr


def test_it_is_the_console_script_of_the_package(tmp_path: Path) -> None:
    code = (
        "import sys; from omniroute.cli import main; sys.argv = ['omniroute', '--version']; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"{omniroute.__version__}\n")


def test_it_reads_env_files_from_the_nearest_to_the_data(manage: Run, tmp_path: Path) -> None:
    for folder, port in (("data", "1001"), (".omniroute", "1002"), (".", "1003")):
        (tmp_path / folder).mkdir(exist_ok=True, mode=0o700)
        (tmp_path / folder / ".env").write_text(f"PORT={port}x\nLOG_LEVEL=from_{port}\n")

    def complaints(**variables: str) -> str:
        return manage("serve", **variables).stderr

    assert "PORT must be a whole number, not '1001x'" in complaints()
    assert "PORT must be a whole number, not 'real'" in complaints(PORT="real")
    (tmp_path / "data" / ".env").write_text("LOG_LEVEL=info\n")
    assert complaints() == "PORT must be a whole number, not '1002x'\n"
    (tmp_path / ".omniroute" / ".env").unlink()
    assert complaints() == "PORT must be a whole number, not '1003x'\n"


def test_it_does_not_take_the_machines_own_name_for_an_address() -> None:
    code = "from omniroute import address; print(address.host(None), address.host('10.0.0.1'))"

    def hosts(**variables: str) -> str:
        environment = {**os.environ, **variables}
        return subprocess.check_output([sys.executable, "-c", code], env=environment, text=True)

    assert hosts(HOSTNAME=socket.gethostname()) == "127.0.0.1 10.0.0.1\n"
    assert hosts(HOSTNAME="192.0.2.1") == "192.0.2.1 10.0.0.1\n"
    assert hosts(HOSTNAME="192.0.2.1", BIND="0.0.0.0") == "0.0.0.0 10.0.0.1\n"


def test_it_shows_an_address_that_a_browser_can_open() -> None:
    assert address.url("0.0.0.0", 20128) == "http://127.0.0.1:20128"
    assert address.url("::", 20128) == "http://[::1]:20128"
    assert address.url("fd00::1", 80) == "http://[fd00::1]:80"
    assert address.url("localhost", 80) == "http://localhost:80"
