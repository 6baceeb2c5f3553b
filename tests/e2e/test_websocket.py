"""A WebSocket that we do not have is refused in the way that makes Codex use POST at once."""

from __future__ import annotations

import http.client

import pytest

from tests.product import Product


@pytest.mark.parametrize(
    ("path", "status"), [("/v1/responses", 426), ("/responses", 426), ("/v1/elsewhere", 404)]
)
def test_an_upgrade_is_refused(product: Product, path: str, status: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", product.port, timeout=5)
    connection.request(
        "GET",
        path,
        headers={
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Version": "13",
            "openai-beta": "responses_websockets=2026-02-06",
        },
    )
    assert connection.getresponse().status == status
    connection.close()
