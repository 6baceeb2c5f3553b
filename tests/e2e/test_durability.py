"""Nothing that was answered is lost, and nothing is written twice, whatever dies."""

from __future__ import annotations

import contextlib
import threading
import time
from pathlib import Path

import httpx

from tests.e2e.wire import PATHS, ask, stream
from tests.product import Product
from tests.upstream import FakeUpstream, wait_until


def test_it_loses_no_answered_request_under_kill_9(tmp_path: Path) -> None:
    """Four rounds of load, each ended by SIGKILL; every answer a client saw whole has one row."""
    answered: set[str] = set()
    with FakeUpstream() as upstream:
        product = Product("--no-worker", data=tmp_path).start()
        product.node("oai", "openai-compatible", f"{upstream.url}/v1")
        key = product.key()
        for _ in range(4):
            ended = threading.Event()
            clients = [
                threading.Thread(target=_talk, args=(product, key, answered, ended))
                for _ in range(4)
            ]
            for client in clients:
                client.start()
            before = len(answered)
            wait_until(lambda before=before: len(answered) > before + 25, 15)
            product.kill()
            ended.set()
            for client in clients:
                client.join()
            product.start()
        try:
            wait_until(lambda: answered <= set(_rows(product)), 10)
            rows = _rows(product)
            assert len(rows) == len(set(rows))
        finally:
            product.stop()
    assert len(answered) >= 100


def _talk(product: Product, key: str, answered: set[str], ended: threading.Event) -> None:
    streamed = False
    while not ended.is_set():
        streamed = not streamed
        with contextlib.suppress(httpx.HTTPError):
            if streamed:
                with stream(product, key, "oai/m") as answer:
                    text = answer.read().decode()
                whole = "[DONE]" in text
            else:
                answer = ask(product, key, "oai/m")
                whole = answer.status_code == 200
            if whole:
                answered.add(answer.headers["x-omniroute-request-id"])


def _rows(product: Product) -> list[str]:
    rows: list[str] = []
    cursor = ""
    while True:
        page = product.api("GET", f"/usage/logs?limit=200{cursor}")
        rows += [row["requestId"] for row in page["logs"]]
        if not page["nextCursor"]:
            return rows
        cursor = f"&cursor={page['nextCursor']}"


def test_sigterm_finishes_the_running_stream(tmp_path: Path) -> None:
    from tests.upstream import chat_events, sse

    with FakeUpstream() as upstream:
        product = Product("--no-worker", data=tmp_path).start()
        product.node("oai", "openai-compatible", f"{upstream.url}/v1")
        key = product.key()
        upstream.play(sse(chat_events([f"w{i} " for i in range(40)]), pause=0.05))
        with stream(product, key, "oai/m") as answer:
            pieces = answer.iter_text()
            text = next(pieces)
            assert product.process is not None
            product.process.terminate()
            time.sleep(0.3)
            with contextlib.suppress(httpx.HTTPError):
                late = httpx.post(product.url + PATHS["openai_chat"], timeout=1)
                assert late.status_code == 503
            text += "".join(pieces)
        assert "w39" in text
        assert "[DONE]" in text
        assert product.process.wait(15) == 0
        product.start()
        try:
            assert product.log_of(answer.headers["x-omniroute-request-id"])["outcome"] == "ok"
        finally:
            product.stop()
