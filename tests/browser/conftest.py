"""Debian's Chromium on a running product. A page that complains, or asks elsewhere, fails."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright

from tests.conftest import ROOT
from tests.product import Product, running

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PASSWORD = "correct horse battery staple"
ARTIFACTS = ROOT / "tests" / "artifacts"
LOOKS = {
    "light": {"viewport": {"width": 1360, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1360, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 400, "height": 820}, "color_scheme": "light"},
}


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.skip(f"{CHROMIUM} is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def product(chromium: Browser) -> Iterator[Product]:
    with running("--no-worker") as started:
        yield started


@pytest.fixture(scope="package")
def week(product: Product) -> None:
    """A believable week in the product."""
    subprocess.run(
        [sys.executable, "-m", "tests.browser.seed"],
        cwd=ROOT,
        env={**product.env, "PYTHONPATH": os.pathsep.join((str(ROOT), *sys.path))},
        check=True,
        timeout=60,
    )


@pytest.fixture(scope="package")
def session(product: Product, chromium: Browser) -> dict[str, object]:
    """The signed-in administrator's cookies."""
    context = chromium.new_context(base_url=product.url)
    page = context.new_page()
    set_password(page, product)
    state: dict[str, object] = dict(context.storage_state())
    context.close()
    return state


@pytest.fixture
def complaints() -> list[str]:
    """What pages of a test have complained of."""
    return []


@pytest.fixture
def page(
    product: Product, chromium: Browser, session: dict[str, object], complaints: list[str]
) -> Iterator[Page]:
    """A signed-in page at a desk in Berlin."""
    context = open_context(chromium, product, "light", storage_state=session)
    page = watched(context, product, complaints)
    yield page
    context.close()
    assert complaints == []


def open_context(chromium: Browser, product: Product, look: str, **more: object) -> BrowserContext:
    return chromium.new_context(
        base_url=product.url, timezone_id="Europe/Berlin", locale="en-GB", **LOOKS[look], **more
    )


def watched(context: BrowserContext, product: Product, complaints: list[str]) -> Page:
    """A page whose console errors and requests to elsewhere are written down."""
    page = context.new_page()

    def asked(request: Request) -> None:
        if not request.url.startswith((product.url, "data:", "blob:")):
            complaints.append(f"asks {request.url}")

    page.on(
        "console",
        lambda message: (
            complaints.append(f"{message.type}: {message.text}")
            if message.type in {"error", "warning"}
            else None
        ),
    )
    page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
    page.on("request", asked)
    return page


def set_password(page: Page, product: Product) -> None:
    """Goes the way of the one-time link that the product has printed."""
    link = re.search(r"http://\S+/setup\?token=\S+", product.output())
    assert link, product.output()
    page.goto(link[0])
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("The same password again").fill(PASSWORD)
    page.get_by_role("button", name="Set password and sign in").click()
    page.wait_for_url(f"{product.url}/")
