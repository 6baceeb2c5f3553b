"""The real product in its own process and data directory, driven through its public surface."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from tests.conftest import ROOT
from tests.upstream import wait_until

START = 30.0  # seconds


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Product:
    """`serve` with the given options; everything it needs is made on the way."""

    def __init__(self, *options: str, env: dict[str, str] | None = None, data: Path | None = None):
        self.data = data or Path(tempfile.mkdtemp(prefix="omniroute-product-"))
        self.port = free_port()
        self.options = options
        self.env = {
            **os.environ,
            "DATA_DIR": str(self.data),
            "HOME": str(self.data),
            "ALLOW_PRIVATE_UPSTREAMS": "127.0.0.0/8",
            **(env or {}),
        }
        self.process: subprocess.Popen[bytes] | None = None
        self._token = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Product:
        log = (self.data / "serve.out").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "serve", "--port", str(self.port), *self.options],
            cwd=ROOT,
            env=self.env,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        log.close()
        deadline = time.monotonic() + START
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{self.url}/readyz", timeout=1).status_code == 200:
                    return self
            time.sleep(0.05)
        raise AssertionError(f"the product did not start:\n{self.output()}")

    def output(self) -> str:
        return (self.data / "serve.out").read_text(errors="replace")

    def stop(self, number: int = signal.SIGTERM, timeout: float = 20) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> Product:
        return self.start()

    def __exit__(self, *_: object) -> None:
        try:
            self.stop()
        except subprocess.TimeoutExpired:
            self.kill()

    def command(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=self.env,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    @property
    def token(self) -> str:
        """A management token, made with the command that the guide shows."""
        if not self._token:
            done = self.command("tokens", "create", "tests")
            assert done.returncode == 0, done.stderr
            self._token = done.stdout.strip()
        return self._token

    def api(self, method: str, path: str, json: Any = None, status: int | None = None) -> Any:
        answer = httpx.request(
            method,
            f"{self.url}/api{path}",
            json=json,
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=30,
        )
        assert answer.status_code == status if status else answer.is_success, answer.text
        return answer.json() if answer.content else None

    def key(self, name: str = "test", **rules: Any) -> str:
        with self.change():
            secret: str = self.api("POST", "/keys", {"name": name, **rules})["key"]
        return secret

    def node(self, prefix: str, kind: str, base_url: str, secret: str = "up-secret") -> str:
        """A custom endpoint with one account; returns the account's id."""
        self.api(
            "POST",
            "/provider-nodes",
            {"name": prefix, "prefix": prefix, "type": kind, "baseUrl": base_url},
        )
        return self.account(prefix, secret)

    def account(self, provider: str, secret: str, **more: Any) -> str:
        body = {"provider": provider, "name": f"{provider} {secret}", "apiKey": secret, **more}
        with self.change():
            made: str = self.api("POST", "/providers", body)["connection"]["id"]
        return made

    @contextlib.contextmanager
    def change(self) -> Iterator[None]:
        """A change of configuration that must be live in the gateway within two seconds."""
        before = self.version()
        yield
        wait_until(lambda: self.version() > before, 2.0)

    def version(self) -> int:
        number: int = httpx.get(f"{self.url}/readyz").json()["configVersion"]
        return number

    def api_models(self, key: str) -> list[dict[str, Any]]:
        answer = httpx.get(f"{self.url}/v1/models", headers={"Authorization": f"Bearer {key}"})
        found: list[dict[str, Any]] = answer.json()["data"]
        return found

    def logs(self, limit: int = 50) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.api("GET", f"/usage/logs?limit={limit}")["logs"]
        return rows

    def log_of(self, request_id: str, timeout: float = 5.0) -> dict[str, Any]:
        """The request's row, which appears a moment after the answer."""

        def find() -> dict[str, Any] | None:
            return next((row for row in self.logs() if row["requestId"] == request_id), None)

        row: dict[str, Any] = wait_until(find, timeout)
        return row


@contextlib.contextmanager
def running(*options: str, **more: Any) -> Iterator[Product]:
    product = Product(*options, **more)
    with product:
        yield product
