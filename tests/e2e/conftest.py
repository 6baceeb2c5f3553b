"""One running product and one fake provider for all end-to-end tests of a worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.product import Product, running
from tests.upstream import FakeUpstream


@pytest.fixture(scope="session")
def product() -> Iterator[Product]:
    with running("--no-worker") as started:
        yield started


@pytest.fixture(scope="session")
def chat_upstream() -> Iterator[FakeUpstream]:
    with FakeUpstream() as upstream:
        yield upstream


@pytest.fixture(scope="session")
def messages_upstream() -> Iterator[FakeUpstream]:
    with FakeUpstream() as upstream:
        yield upstream


@pytest.fixture(scope="session")
def key(product: Product, chat_upstream: FakeUpstream, messages_upstream: FakeUpstream) -> str:
    """A gateway key for a product with one endpoint of each format: `oai/…` and `ant/…`."""
    product.node("oai", "openai-compatible", f"{chat_upstream.url}/v1")
    product.node("ant", "anthropic-compatible", f"{messages_upstream.url}/v1")
    return product.key()


@pytest.fixture(autouse=True)
def _fresh_upstreams(chat_upstream: FakeUpstream, messages_upstream: FakeUpstream) -> None:
    chat_upstream.reset()
    messages_upstream.reset()
