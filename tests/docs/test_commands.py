"""Commands that the documentation shows exist and take these options."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from tests.docs.reading import SOURCES, code, commands, fences

SHELL = [
    pytest.param(script, id=f"{name}-{number}")
    for name, path in SOURCES.items()
    for number, script in enumerate(fences(path, "sh"), 1)
]
SYSTEM = ("git", "cd", "curl", "export", "sqlite3", "rm")
CLIENTS = ("claude", "codex", "gemini", "qwen", "goose", "aider", "llm", "cline")
OWN = {name for name, app in get_commands().items() if app == "omniroute"}


def _check(words: list[str]) -> None:
    """Raises CommandError for what the command line would refuse."""
    command, *arguments = words or ["serve"]
    if command in {"test", "--version", "--help"}:
        return
    found = load_command_class(get_commands()[command], command)
    found.create_parser("manage.py", command).parse_args(arguments)


@pytest.mark.parametrize("script", SHELL)
def test_it_shows_commands_that_exist(script: str) -> None:
    for words in commands(script):
        if words[:2] == ["python3", "manage.py"]:
            _check(words[2:])
        elif words[0].startswith(".venv/bin/"):
            assert (Path(sys.executable).parent / Path(words[0]).name).exists(), words
        else:
            assert words[0] in {*SYSTEM, *CLIENTS}


@pytest.mark.parametrize("script", SHELL)
def test_it_shows_scripts_that_a_shell_can_read(script: str) -> None:
    done = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", sorted(OWN))
def test_it_names_every_command_of_ours(command: str) -> None:
    texts = [code(path) for path in SOURCES.values()]
    assert any(f"manage.py {command}" in text for text in texts)


def test_it_shows_the_two_commands_in_the_readme() -> None:
    shown = "\n".join(fences(SOURCES["README"], "sh"))
    assert "python3 manage.py serve" in shown
    assert "python3 manage.py test" in shown
