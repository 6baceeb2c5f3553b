"""Plain HTTP towards the product: requests, and reading a stream as it comes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx

from tests.product import Product

QUESTION = [{"role": "user", "content": "Hi"}]
PATHS = {"openai_chat": "/v1/chat/completions", "anthropic": "/v1/messages"}


def body(model: str, **more: Any) -> dict[str, Any]:
    return {"model": model, "messages": QUESTION, "max_tokens": 50, **more}


def ask(
    product: Product, key: str, model: str, *, path: str = PATHS["openai_chat"], **more: Any
) -> httpx.Response:
    return httpx.post(
        product.url + path,
        json=body(model, **more),
        headers={"Authorization": f"Bearer {key}"},
        timeout=20,
    )


def stream(
    product: Product, key: str, model: str, *, path: str = PATHS["openai_chat"], **more: Any
) -> Iterator[httpx.Response]:
    """A context manager around a streamed answer."""
    return httpx.stream(  # type: ignore[return-value]
        "POST",
        product.url + path,
        json=body(model, stream=True, **more),
        headers={"Authorization": f"Bearer {key}"},
        timeout=20,
    )


def events(text: str) -> list[Any]:
    """The data of each event of a whole stream; `[DONE]` stays a string."""
    found = []
    for block in text.split("\n\n"):
        for line in block.split("\n"):
            if line.startswith("data: "):
                data = line.removeprefix("data: ")
                found.append(data if data == "[DONE]" else json.loads(data))
    return found
