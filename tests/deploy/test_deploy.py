"""The files of `deploy/` name commands, variables and paths that exist."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from omniroute.environment import VARIABLES
from omniroute.gateway import routes
from tests.conftest import ROOT
from tests.product import Product, free_port, running
from tests.upstream import wait_until

DEPLOY = ROOT / "deploy"
KNOWN = {variable.name for variable in VARIABLES} | {"BIND"}
OTHERS = {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD", "PYTHONUNBUFFERED", "PATH"}


def read(name: str) -> str:
    return (DEPLOY / name).read_text()


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("compose.yml", r"^\s+([A-Z_]+): "),
        ("compose.team.yml", r"^\s+([A-Z_]+): "),
        ("omniroute.service", r"^Environment=([A-Z_]+)="),
        ("Dockerfile", r"([A-Z_]+)=(?=[^,]*$)"),
    ],
)
def test_it_sets_only_variables_that_exist(name: str, pattern: str) -> None:
    used = set(re.findall(pattern, read(name), re.MULTILINE)) - OTHERS - {"PYTHON", "CMD"}
    assert used
    assert used <= KNOWN


@pytest.mark.parametrize("name", ["compose.yml", "compose.team.yml"])
def test_it_demands_the_secrets_that_have_no_default(name: str) -> None:
    values = re.findall(r"\b[A-Z_]*PASSWORD: (.*)", read(name))
    assert values
    assert all(re.fullmatch(r"\$\{\w+:\?.+\}", value) for value in values)


@pytest.mark.parametrize("name", ["compose.yml", "compose.team.yml"])
def test_it_publishes_ports_on_this_machine_only(name: str) -> None:
    assert set(re.findall(r'- "(.*:20128)"', read(name))) == {"127.0.0.1:20128:20128"}


def test_it_starts_services_with_options_that_exist() -> None:
    commands = re.findall(r'command: \["(serve".*)\]', read("compose.team.yml"))
    assert len(commands) == 2
    for command in commands:
        words = re.findall(r'"?([\w-]+)"', command)
        done = subprocess.run(
            [sys.executable, "manage.py", *words, "--help"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


def test_it_copies_into_the_image_what_the_program_needs() -> None:
    copied = set(re.findall(r"^COPY (\w[\w.]*)", read("Dockerfile"), re.MULTILINE)) - {"deploy"}
    assert copied == {
        "manage.py",
        "omniroute",
        "providers",
        "combos",
        "billing",
        "health",
        "templates",
    }
    allowed = {line[1:] for line in read("Dockerfile.dockerignore").splitlines() if line[0] == "!"}
    assert copied | {"deploy/requirements.lock"} == allowed
    assert all((ROOT / name).exists() for name in allowed)


@pytest.mark.parametrize("setting", ["StateDirectoryMode=0700", "User=omniroute", "KillMode=mixed"])
def test_it_hardens_the_systemd_service(setting: str) -> None:
    assert setting in read("omniroute.service").splitlines()


def test_it_proxies_the_paths_that_the_gateway_serves() -> None:
    (pattern,) = re.findall(r"location ~ (.*) {", read("nginx.conf"))
    known = {*routes._BARE, *(path for _, path in routes._ROUTES)}
    others = {"/", "/v1", "/v1/x", "/v1beta/x", "/v1x", "/models/x:generateContent", "/modelsx"}
    others |= {"/responses/x", "/messages/x", "/static/x.css", "/api/keys", "/billing/apikey/"}
    for path in known | others:
        assert bool(re.search(pattern, path)) == routes.is_api(path), path


class Proxy:
    """Nginx with the shipped configuration; only names, ports and the pid file are this test's."""

    def __init__(self, folder: Path, *, gateway: Product, web: Product) -> None:
        self.port = free_port()
        text = read("nginx.conf")
        for old, new in (
            ("server gateway:20128", f"server 127.0.0.1:{gateway.port}"),
            ("server web:20128", f"server 127.0.0.1:{web.port}"),
            ("listen 20128", f"listen 127.0.0.1:{self.port}"),
            ("/tmp/omniroute-nginx.pid", str(folder / "nginx.pid")),
        ):
            assert old in text
            text = text.replace(old, new)
        self.file = folder / "nginx.conf"
        self.file.write_text(text)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if nginx is None:
        pytest.skip("nginx is not installed")
    data = tmp_path_factory.mktemp("data", numbered=True)
    data.chmod(0o700)
    with (
        running("--only", "web", data=data) as web,
        running("--only", "gateway", "--server", "granian", data=data) as gateway,
    ):
        proxy = Proxy(tmp_path_factory.mktemp("nginx"), gateway=gateway, web=web)
        process = subprocess.Popen([nginx, "-c", proxy.file, "-g", "daemon off;"])
        try:
            wait_until(proxy.answers)
            yield proxy
        finally:
            process.terminate()
            process.wait(10)


@pytest.mark.services
@pytest.mark.parametrize(
    "path", ["/v1/models", "/v1/v1/models", "/models", "/v1beta/models", "/v1"]
)
def test_it_sends_the_api_to_the_gateway(proxy: Proxy, path: str) -> None:
    answer = httpx.get(proxy.url + path)
    assert answer.status_code in {401, 404}
    assert answer.headers["content-type"] == "application/json"
    assert "error" in answer.json()


@pytest.mark.services
@pytest.mark.parametrize("path", ["/chat/completions", "/messages", "/v1/chat/completions"])
def test_it_sends_bare_endpoints_to_the_gateway(proxy: Proxy, path: str) -> None:
    answer = httpx.post(proxy.url + path, json={"model": "x", "messages": []})
    assert answer.status_code == 401
    assert "error" in answer.json()


@pytest.mark.services
def test_it_sends_everything_else_to_the_dashboard(proxy: Proxy) -> None:
    answer = httpx.get(proxy.url, follow_redirects=True)
    assert answer.status_code == 200
    assert "<form" in answer.text
    assert answer.url.path.startswith("/")
    assert httpx.get(f"{proxy.url}/modelsx", follow_redirects=False).status_code in {302, 404}
