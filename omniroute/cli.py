"""The command line: `omniroute` serves, `omniroute WORD` runs a command of ours or of Django's."""

from __future__ import annotations

import os
import sys
from difflib import get_close_matches

from omniroute import __version__

HELP = """\
OmniRoute, a self-hosted AI gateway: one /v1 address in front of many AI provider accounts.

  omniroute                     start the dashboard, /v1 and the background worker
  omniroute --port 3000         the same on another port
  omniroute serve --help        all options of the server
  omniroute connect PROVIDER    connect a provider account with its API key
  omniroute nodes add PREFIX    add a compatible provider by its address
  omniroute keys create NAME    make an API key for a client of /v1 (prints it once)
  omniroute tokens create NAME  make a management token for scripts that call /api
  omniroute rotate_secrets      encrypt all stored secrets with a new key
  omniroute --version           print the version

`omniroute WORD --help` explains a command. Settings come from the environment and from .env in
the data directory, in ~/.omniroute or here. Django's own commands (migrate, shell, …) work too.
"""


def main() -> None:
    """The console script."""
    sys.exit(run(sys.argv))


def run(argv: list[str]) -> int:
    """Runs one command and returns its exit code. Wrong settings end as one line, not a trace."""
    arguments = argv[1:] or ["serve"]
    if arguments[0] in {"--help", "-h", "help"} and len(arguments) == 1:
        sys.stdout.write(HELP)
        return 0
    if arguments[0] in {"--version", "version"}:
        sys.stdout.write(f"{__version__}\n")
        return 0
    if arguments[0] == "test":  # before any settings: the tests have their own
        from omniroute.management.commands.test import run_tests

        return run_tests(arguments[1:])
    if arguments[0].startswith("-"):
        arguments.insert(0, "serve")
    return _django(argv[0], arguments)


def _django(program: str, arguments: list[str]) -> int:
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line, get_commands

    from omniroute import environment, logs, variables
    from omniroute.keyring import KeyringError

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "omniroute.settings")
    environment.read_files()
    if complaints := variables.complaints():
        return _fail("\n".join(complaints), 1)
    try:
        logs.configure("server" if arguments[0] == "serve" else "command")
        _set_up_django()
    except (KeyringError, ImproperlyConfigured) as exc:
        return _fail(f"OmniRoute cannot start: {exc}", 1)
    except OSError as exc:
        return _fail(f"OmniRoute cannot start: {exc.filename}: {exc.strerror}", 1)
    if arguments[0] not in {*get_commands(), "help"}:
        close = get_close_matches(arguments[0], get_commands(), n=1)
        hint = f" Did you mean {close[0]}?" if close else ""
        return _fail(f"Unknown command: {arguments[0]}.{hint} Try: omniroute --help", 2)
    execute_from_command_line([program, *arguments])
    return 0


def _set_up_django() -> None:
    import django

    django.setup()


def _fail(line: str, code: int) -> int:
    sys.stderr.write(f"{line}\n")
    return code
