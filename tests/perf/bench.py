"""Overhead and throughput of the gateway, as ratios to an nginx reverse proxy measured beside it.

    python -m tests.perf.bench --tools ../shared/bench [--rounds 5] [--seconds 3]

The tools are a mock provider and a load generator in C (`make` in their folder). Mock and load run
on one core, the measured proxy on the other; every round measures each proxy in turn, and the
medians count. Key check, routing and the usage ledger are on. Read ratios, never absolute numbers.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.product import Product, free_port, running

CLIENTS = 64
NGINX = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  upstream mock {{ server 127.0.0.1:{mock}; keepalive 256; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://mock; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffering off; client_body_buffer_size 64k;
    }}
  }}
}}
"""


class Tools:
    """The mock and the load generator, built in a folder of our own."""

    def __init__(self, source: Path) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="omniroute-bench-"))
        for name in ("mock.c", "load.c", "Makefile"):
            shutil.copy(source / name, self.folder)
        shutil.copytree(source / "bodies", self.folder / "bodies")
        subprocess.run(["make", "-s"], cwd=self.folder, check=True)

    def body(self, name: str, model: str) -> Path:
        found = json.loads((self.folder / "bodies" / f"{name}.json").read_text())
        target = self.folder / f"{name}.{model.replace('/', '-')}.json"
        target.write_text(json.dumps({**found, "model": model}))
        return target

    def load(self, port: int, body: Path, key: str, *options: str) -> dict[str, Any]:
        words = ["taskset", "-c", "0", str(self.folder / "load"), "-p", str(port)]
        words += ["-P", "/v1/chat/completions", "-b", str(body)]
        words += ["-h", f"Authorization: Bearer {key}", *options]
        done = subprocess.run(words, check=True, capture_output=True, text=True)
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        if found["http_err"] or found["conn_err"] or found["incomplete"]:
            raise SystemExit(f"the run had errors: {done.stdout}")
        return found

    @contextmanager
    def mock(self) -> Iterator[int]:
        port = free_port()
        with _process(["taskset", "-c", "0", str(self.folder / "mock"), str(port)]):
            yield port

    @contextmanager
    def nginx(self, mock: int) -> Iterator[int]:
        port = free_port()
        config = self.folder / "nginx.conf"
        config.write_text(NGINX.format(folder=self.folder, mock=mock, port=port))
        with _process(["taskset", "-c", "1", "nginx", "-c", str(config)]):
            yield port


@contextmanager
def _process(words: list[str]) -> Iterator[None]:
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def measure(
    tools: Tools, proxies: dict[str, tuple[int, str, str]], rounds: int, seconds: int
) -> dict[str, dict[str, float]]:
    """Medians per proxy: requests/s, stream chunks/s, and added p50 at 20 requests/s in µs."""
    seen: dict[str, dict[str, list[float]]] = {
        name: {"rps": [], "chunks": [], "p50": []} for name in proxies
    }
    time_options = ("-d", str(seconds), "-w", "1")
    for number in range(rounds):
        for name, (port, key, model) in proxies.items():
            plain, streamed = tools.body("chat", model), tools.body("chat_stream", model)
            found = seen[name]
            run = tools.load(port, plain, key, "-c", str(CLIENTS), *time_options)
            found["rps"].append(run["rps"])
            run = tools.load(port, streamed, key, "-c", str(CLIENTS), "-s", *time_options)
            found["chunks"].append(run["chunks_s"])
            run = tools.load(port, plain, key, "-c", "4", "-r", "20", *time_options)
            found["p50"].append(run["lat_us"]["p50"])
            print(f"round {number + 1} {name}: {_last(found)}", file=sys.stderr)  # noqa: T201
    return {
        name: {what: statistics.median(values) for what, values in found.items()}
        for name, found in seen.items()
    }


def _last(found: dict[str, list[float]]) -> dict[str, float]:
    return {what: values[-1] for what, values in found.items()}


def product(stack: ExitStack, server: str, mock: int) -> tuple[Product, str]:
    """A running gateway on core 1 with one account at the mock, and a key for it."""
    options = ["--no-worker", *(["--server", "granian"] if server == "granian" else [])]
    started = stack.enter_context(running(*options))
    assert started.process is not None
    subprocess.run(
        ["taskset", "-a", "-c", "-p", "1", str(started.process.pid)],
        check=True,
        capture_output=True,
    )
    for child in _children(started.process.pid):
        subprocess.run(["taskset", "-a", "-c", "-p", "1", child], check=True, capture_output=True)
    started.node("mock", "openai-compatible", f"http://127.0.0.1:{mock}/v1")
    return started, started.key()


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def _rss(pid: int) -> float:
    """Resident memory of a process and its children, in MB."""
    pages = 0
    for number in [str(pid), *_children(pid)]:
        pages += int(Path(f"/proc/{number}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures the gateway beside nginx.")
    parser.add_argument("--tools", type=Path, required=True, help="folder of mock.c and load.c")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--servers", default="daphne,granian")
    options = parser.parse_args()
    tools = Tools(options.tools)
    with ExitStack() as stack:
        mock = stack.enter_context(tools.mock())
        proxies = {"direct": (mock, "none", "gpt-4o-mini")}
        proxies["nginx"] = (stack.enter_context(tools.nginx(mock)), "none", "gpt-4o-mini")
        idle = {}
        for server in options.servers.split(","):
            began = time.monotonic()
            started, key = product(stack, server, mock)
            began = time.monotonic() - began
            assert started.process is not None
            idle[server] = _rss(started.process.pid)
            proxies[server] = (started.port, key, "mock/gpt-4o-mini")
        medians = measure(tools, proxies, options.rounds, options.seconds)
    _report(medians, idle)


def _report(medians: dict[str, dict[str, float]], idle: dict[str, float]) -> None:
    base, direct = medians["nginx"], medians["direct"]["p50"]
    print("| | requests/s | of nginx | stream chunks/s | of nginx | added p50 | of nginx | idle |")  # noqa: T201
    print("|---|---|---|---|---|---|---|---|")  # noqa: T201
    for name, found in medians.items():
        added, added_base = found["p50"] - direct, base["p50"] - direct
        cells = [
            name,
            f"{found['rps']:.0f}",
            f"{found['rps'] / base['rps']:.1%}",
            f"{found['chunks']:.0f}",
            f"{found['chunks'] / base['chunks']:.1%}",
            f"{added:.0f} µs",
            f"{added / added_base:.1f}x" if added_base > 0 else "-",
            f"{idle[name]:.0f} MB" if name in idle else "",
        ]
        print("| " + " | ".join(cells) + " |")  # noqa: T201


if __name__ == "__main__":
    main()
