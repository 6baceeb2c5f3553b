"""From the one-time link to the first request in the log, as a person would go."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import (
    ARTIFACTS,
    PASSWORD,
    open_context,
    set_password,
    watched,
)
from tests.product import Product, running
from tests.upstream import FakeUpstream, reply

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture
def product(chromium: Browser) -> Iterator[Product]:
    """Where nobody has been yet."""
    with running("--no-worker") as started:
        yield started


@pytest.fixture
def upstream() -> Iterator[FakeUpstream]:
    with FakeUpstream() as fake:
        yield fake


def shot(page: Page, name: str) -> None:
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / f"newcomer-{name}.png", full_page=True)


def connect(page: Page, upstream: FakeUpstream) -> None:
    """An endpoint whose key is refused at first."""
    page.get_by_role("link", name="Own endpoint").click()
    page.get_by_label("Name").fill("Lab")
    page.get_by_label("Prefix").fill("lab")
    page.get_by_label("Base URL").fill(f"{upstream.url}/v1")
    page.get_by_label("API key").fill("sk-lab-canary")
    upstream.play(reply({"error": "no"}, 401))
    page.get_by_role("button", name="Test and save").click()
    expect(page.get_by_text("paused: its test failed")).to_be_visible()
    shot(page, "4-failed")
    page.get_by_role("button", name="Test Main account").click()
    state = page.locator(".o-row__state")
    expect(state).to_contain_text(re.compile(r"answered in \d+ ms"))
    page.get_by_role("button", name="Resume").click()
    expect(state).to_contain_text("Works")
    shot(page, "5-works")


def create_key(page: Page, product: Product) -> str:
    page.get_by_role("link", name="Create a key").click()
    page.get_by_label("Name").fill("Laptop")
    page.get_by_role("button", name="Create key").click()
    secret = page.locator("#secret").inner_text()
    shot(page, "6-key")
    page.get_by_role("button", name="Copy").first.click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == secret
    page.get_by_role("tab", name="Claude Code").click()
    expect(page.locator("#snippet-claude")).to_contain_text(secret)
    page.get_by_role("tab", name="curl").click()
    assert f"{product.url}/v1/chat/completions" in page.locator("#snippet-curl").inner_text()
    page.get_by_role("link", name="Done, I have saved it").click()
    return secret


def send(product: Product, secret: str) -> str:
    """The id of a request that was answered and is in the log."""
    answer = httpx.post(
        f"{product.url}/v1/chat/completions",
        headers={"Authorization": f"Bearer {secret}"},
        json={"model": "lab/anything", "messages": [{"role": "user", "content": "Say hello"}]},
    )
    assert answer.status_code == 200, answer.text
    request_id = answer.headers["X-OmniRoute-Request-Id"]
    product.log_of(request_id)
    return request_id


def test_it_leads_from_the_link_to_the_first_request(
    product: Product, chromium: Browser, upstream: FakeUpstream, complaints: list[str]
) -> None:
    context = open_context(chromium, product, "light")
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = watched(context, product, complaints)

    page.goto("/")
    expect(page.get_by_text("Open the one-time link that the server printed")).to_be_visible()
    shot(page, "1-signin")
    set_password(page, product)
    expect(page.get_by_text("0 of 4 done")).to_be_visible()
    shot(page, "2-home")
    page.get_by_role("link", name="Choose a provider").click()
    shot(page, "3-providers")
    connect(page, upstream)

    page.get_by_role("link", name="Home").click()
    expect(page.get_by_text("2 of 4 done")).to_be_visible()
    request_id = send(product, create_key(page, product))
    page.get_by_role("link", name="Request log").click()
    row = page.locator("tbody tr")
    expect(row).to_have_count(1)
    for text in ("lab/anything", "Lab", "Main account", "Laptop", "12", "5", "unpriced"):
        expect(row).to_contain_text(text)
    row.get_by_role("link").click()
    expect(page.get_by_text(request_id)).to_be_visible()
    expect(page.get_by_text("1. Lab · anything")).to_be_visible()
    shot(page, "7-request")

    page.get_by_role("link", name="Home").click()
    expect(page.get_by_text("First steps")).to_have_count(0)
    expect(page.get_by_role("img", name="1 requests in the last 24 hours")).to_be_visible()
    shot(page, "8-done")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in again").click()
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    context.close()
    assert complaints == []
