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
def responses_upstream() -> Iterator[FakeUpstream]:
    with FakeUpstream() as upstream:
        yield upstream


@pytest.fixture(scope="session")
def gemini_upstream() -> Iterator[FakeUpstream]:
    with FakeUpstream() as upstream:
        yield upstream


@pytest.fixture(scope="session")
def upstreams(
    chat_upstream: FakeUpstream,
    messages_upstream: FakeUpstream,
    responses_upstream: FakeUpstream,
    gemini_upstream: FakeUpstream,
) -> dict[str, FakeUpstream]:
    """The fake providers by the prefix of their endpoint, one for each format."""
    return {
        "oai": chat_upstream,
        "ant": messages_upstream,
        "rsp": responses_upstream,
        "gem": gemini_upstream,
    }


@pytest.fixture(scope="session")
def key(product: Product, upstreams: dict[str, FakeUpstream]) -> str:
    """A gateway key for a product with one endpoint of each format: `oai/…`, `ant/…`, `rsp/…` and
    `gem/…`."""
    product.node("oai", "openai-compatible", f"{upstreams['oai'].url}/v1")
    product.node("ant", "anthropic-compatible", f"{upstreams['ant'].url}/v1")
    product.node("rsp", "openai-responses-compatible", f"{upstreams['rsp'].url}/v1")
    product.node("gem", "gemini-compatible", f"{upstreams['gem'].url}/v1beta")
    return product.key()


@pytest.fixture(autouse=True)
def _fresh_upstreams(upstreams: dict[str, FakeUpstream]) -> None:
    for upstream in upstreams.values():
        upstream.reset()
