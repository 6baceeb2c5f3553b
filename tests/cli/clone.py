"""A fresh clone in small: the real `manage.py` with lock files that name tiny local packages."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.conftest import ROOT

FILES = ("manage.py", "omniroute/__init__.py", "omniroute/bootstrap.py", "omniroute/cli.py")
RUNTIME = ("django", "unfold", "celery", "aiohttp", "structlog")
DEVELOPMENT = (*RUNTIME, "pytest", "playwright", "mypy")
BARE_PYTHON = Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info[1]}"
COUNT = re.compile(r"^\s+\d+ of \d+$")


class Clone:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.wheels = folder / "wheels"
        self.wheels.mkdir(parents=True)
        for name in FILES:
            (folder / name).parent.mkdir(exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
        (folder / "deploy").mkdir()
        self.lock("requirements.lock", RUNTIME, "1.0")
        self.lock("requirements-dev.lock", DEVELOPMENT, "1.0")

    def copy(self, folder: Path) -> Clone:
        shutil.copytree(self.folder, folder, symlinks=True)
        copied = Clone.__new__(Clone)
        copied.folder, copied.wheels = folder, folder / "wheels"
        return copied

    def lock(self, name: str, packages: tuple[str, ...], version: str) -> None:
        """Makes wheels of the packages and a lock file that names them with their hashes."""
        lines = []
        for package in packages:
            digest = hashlib.sha256(self._wheel(package, version).read_bytes()).hexdigest()
            lines.append(f"{package}=={version} \\\n    --hash=sha256:{digest}\n")
        (self.folder / "deploy" / name).write_text("".join(lines))

    def run(self, *words: str, python: Path = BARE_PYTHON) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [python, "manage.py", *words], capture_output=True, text=True, **self.surroundings()
        )

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [BARE_PYTHON, "manage.py", *words],
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            **self.surroundings(),
        )

    def version_of(self, package: str) -> str:
        code = f"import {package}; print({package}.VERSION)"
        python = self.folder / ".venv" / "bin" / "python"
        return subprocess.check_output([python, "-c", code], text=True).strip()

    def surroundings(self) -> dict[str, object]:
        pip = {
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.wheels),
            "PIP_CONFIG_FILE": os.devnull,
        }
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return {"cwd": self.folder, "env": {**kept, **pip}}

    def _wheel(self, package: str, version: str) -> Path:
        path = self.wheels / f"{package}-{version}-py3-none-any.whl"
        info = f"{package}-{version}.dist-info"
        contents = {
            f"{package}/__init__.py": f"VERSION = {version!r}\n",
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        contents[f"{info}/RECORD"] = "".join(
            f"{name},,\n" for name in [*contents, f"{info}/RECORD"]
        )
        with zipfile.ZipFile(path, "w") as wheel:
            for name, text in contents.items():
                wheel.writestr(zipfile.ZipInfo(name), text)
        return path
