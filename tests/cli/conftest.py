"""Commands of the product as a person types them, each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def manage(tmp_path: Path) -> Run:
    """`manage.py WORDS…` in an empty data directory, with the given variables."""

    def run(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        home = {"DATA_DIR": str(tmp_path / "data"), "HOME": str(tmp_path)}
        return subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *words],
            cwd=tmp_path,
            env={**os.environ, **home, **variables},
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )

    return run
