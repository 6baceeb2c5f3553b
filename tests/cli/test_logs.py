"""What the log lets through: ids and numbers, never a prompt or a credential."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from omniroute import logs

SECRETS = [
    "sk-omni-0123456789abcdefghijABCDEFGHIJ0123456789abcdef",
    "sk-ant-api03-abcdefghijklmnopqrst",
    "sk-proj-abcdefghijklmnop",
    "gsk_abcdefghijklmnopqrst",
    "xai-abcdefghijklmnopqrst",
    "pplx-abcdefghijklmnopqrst",
    "nvapi-abcdefghijklmnopqrst",
    "AIzaSyA0123456789abcdefghijklmnop",
    "omni_adm_0123456789abcdef",
    "omni_setup_0123456789abcdef",
    "eyJhbGciOi.eyJzdWIiOiIx.c2lnbmF0dXJl",
    "enc:v1:k1:bm9uY2U:Y2lwaGVy",
]
CARRIERS = [
    "Authorization: Bearer {}",
    "bearer {}",
    "GET https://api.example.com/v1?key={}&alt=sse",
    "x-api-key: {}",
    "'api_key': '{}'",
    '{{"x-goog-api-key": "{}"}}',
    "password={}",
    "client_secret: {}",
    "https://user:{}@proxy.example.com/",
]


def run(tmp_path: Path, code: str, **variables: str) -> tuple[str, list[dict[str, Any]]]:
    """What a process writes on stderr and in its log file."""
    start = "import logging, structlog\nfrom omniroute import logs\nlogs.configure('server')\n"
    start += "log = structlog.get_logger('omniroute.test')\n"
    done = subprocess.run(
        [sys.executable, "-c", start + code],
        env={**os.environ, "DATA_DIR": str(tmp_path), **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    file = tmp_path / "logs" / "server.log"
    return done.stderr, _lines(file) if file.exists() else []


@pytest.mark.parametrize("secret", SECRETS)
def test_it_blanks_the_shape_of_a_credential(secret: str) -> None:
    assert logs.redact(f"answered {secret}, twice") == "answered [redacted], twice"


@pytest.mark.parametrize("carrier", CARRIERS)
def test_it_blanks_what_is_named_a_credential(carrier: str) -> None:
    redacted = logs.redact(carrier.format("hunter2hunter2"))
    assert "hunter2" not in redacted
    assert "[redacted]" in redacted


@pytest.mark.parametrize(
    "text",
    [
        "key_id=6c7ac49c-fb5f-4444-ac03-159543666aa4",
        "input tokens=5, output tokens: 7",
        "monkey=1 keyboard: fine",
        "provider deepseek, model ds/deepseek-chat, status=429",
        "http://127.0.0.1:20128/v1/chat/completions",
    ],
)
def test_it_leaves_other_text_alone(text: str) -> None:
    assert logs.redact(text) == text


def test_it_writes_readable_lines_and_json(tmp_path: Path) -> None:
    shown, (line,) = run(tmp_path, "log.info('config.live', version=7)")
    assert "config.live" in shown
    assert "version=7" in shown
    assert line["event"] == "config.live"
    assert line["level"] == "info"
    assert line["version"] == 7
    assert line["timestamp"].endswith("Z")


def test_it_drops_fields_that_it_does_not_know(tmp_path: Path) -> None:
    code = "log.warning('x', prompt='my diary', headers={}, status=500)"
    shown, (line,) = run(tmp_path, code)
    assert "diary" not in shown
    assert "diary" not in json.dumps(line)
    assert line["dropped"] == ["headers", "prompt"]
    assert line["status"] == 500


def test_it_blanks_credentials_in_tracebacks_and_libraries_messages(tmp_path: Path) -> None:
    code = """
try:
    raise ValueError("refused: Bearer hunter2hunter2")
except ValueError:
    log.exception("attempt.failed", attempt=1)
    logging.getLogger("library").exception("at %s", "https://x.example/?key=hunter2hunter2")
"""
    shown, lines = run(tmp_path, code)
    assert [line["event"] for line in lines] == [
        "attempt.failed",
        "at https://x.example/?key=[redacted]",
    ]
    assert all("ValueError: refused: Bearer [redacted]" in line["exception"] for line in lines)
    assert "hunter2" not in shown + json.dumps(lines)


def test_it_hears_libraries_from_warnings_on(tmp_path: Path) -> None:
    code = """
logging.getLogger("httpx").info("quiet")
logging.getLogger("httpx").warning("heard")
log.debug("detail")
"""
    _, lines = run(tmp_path, code, LOG_LEVEL="debug")
    assert [line["event"] for line in lines] == ["heard", "detail"]


def test_it_writes_no_file_when_told_so(tmp_path: Path) -> None:
    shown, lines = run(tmp_path, "log.info('config.live')", APP_LOG_TO_FILE="false")
    assert "config.live" in shown
    assert lines == []
    assert not (tmp_path / "logs").exists()


def test_it_logs_from_forked_processes_too(tmp_path: Path) -> None:
    code = """
import os, sys
if os.fork() == 0:
    log.info("from.child")
    logs.flush()
    os._exit(0)
os.wait()
log.info("from.parent")
"""
    _, lines = run(tmp_path, code)
    assert [line["event"] for line in lines] == ["from.child", "from.parent"]


def test_it_bounds_the_log_that_several_processes_write(tmp_path: Path) -> None:
    code = """
import os
logs.MAX_FILE = 20_000
for _ in range(2):
    if os.fork() == 0:
        for number in range(1000):
            log.info("line", count=number, pid=os.getpid())
        logs.flush()
        os._exit(0)
os.wait(), os.wait()
"""
    run(tmp_path, code, LOG_LEVEL="info")
    files = sorted((tmp_path / "logs").glob("*.log"))
    assert [file.name for file in files] == [
        *(f"server.{number}.log" for number in range(1, logs.KEPT_FILES + 1)),
        "server.log",
    ]
    assert all(file.stat().st_size < 30_000 for file in files)
    for file in files:
        assert {line["event"] for line in _lines(file)} == {"line"}


def _lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]
