"""Every page in light, dark and at 400 px: nothing complains, overflows or is too faint to read.

The screenshots are kept in tests/artifacts, to be looked at.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import ARTIFACTS, LOOKS, open_context, watched
from tests.product import Product

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.usefixtures("week"),
]
FAINT = (Path(__file__).parent / "contrast.js").read_text()


def pages(product: Product) -> dict[str, str]:
    """Addresses by the name of their screenshot."""
    database = sqlite3.connect(product.data / "storage.sqlite")

    def one(sql: str) -> UUID:
        return UUID(database.execute(sql).fetchone()[0])

    account = one("select id from providers_connection where provider = 'groq'")
    key = one("select id from billing_apikey where name = 'Build server'")
    revoked = one("select id from billing_apikey where name = 'Old notebook'")
    combo = one("select id from combos_combo where name = 'coding'")
    token = one("select id from omniroute_managementtoken where name = 'Terraform'")
    told = one("select id from billing_requestlog where requested_model = 'coding'")
    failed = one("select id from billing_requestlog where outcome = 'error' limit 1")
    database.close()
    return {
        "home": "/",
        "providers": "/providers/",
        "provider": "/providers/at/deepseek/",
        "provider-failed": "/providers/at/groq/",
        "provider-empty": "/providers/at/openai/",
        "endpoint": "/providers/at/vllm/",
        "endpoint-new": "/providers/new-endpoint/",
        "connect": "/providers/at/openai/connect/",
        "account": f"/providers/accounts/{account}/",
        "account-delete": f"/providers/accounts/{account}/delete/",
        "combos": "/combos/combo/",
        "combo": f"/combos/combo/{combo}/change/",
        "combo-new": "/combos/combo/add/",
        "keys": "/billing/apikey/",
        "key": f"/billing/apikey/{key}/change/",
        "key-revoked": f"/billing/apikey/{revoked}/change/",
        "key-new": "/billing/apikey/add/",
        "key-revoke": f"/billing/apikey/{key}/delete/",
        "requests": "/requests/",
        "requests-none": "/requests/?model=nothing-like-it",
        "request": f"/requests/{told}/",
        "request-failed": f"/requests/{failed}/",
        "settings": "/settings/",
        "settings-security": "/settings/security/",
        "tokens": "/omniroute/managementtoken/",
        "token": f"/omniroute/managementtoken/{token}/change/",
        "password": "/password_change/",
    }


def look_at(page: Page, name: str, address: str, look: str, status: int = 200) -> list[str]:
    """What is wrong with the page. Its screenshot is kept."""
    answer = page.goto(address)
    assert answer is not None
    assert answer.status == status, address
    page.wait_for_load_state("load")
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / f"{name}-{look}.png", full_page=True)
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    found = [f"{name}: {wide} px too wide"] if wide > 0 else []
    return found + [f"{name}: {faint}" for faint in page.evaluate(FAINT)]


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.timeout(180)
def test_it_looks_finished_everywhere(
    product: Product,
    chromium: Browser,
    session: dict[str, object],
    complaints: list[str],
    look: str,
) -> None:
    context = open_context(chromium, product, look, storage_state=session)
    page = watched(context, product, complaints)
    for name, address in pages(product).items():
        complaints += look_at(page, name, address, look)
    context.close()
    assert complaints == []


@pytest.mark.parametrize("look", LOOKS)
def test_it_looks_finished_where_nothing_is(
    product: Product, chromium: Browser, session: dict[str, object], look: str
) -> None:
    signed_in = open_context(chromium, product, look, storage_state=session)
    stranger = open_context(chromium, product, look)
    wrong = [
        *look_at(stranger.new_page(), "signin", "/", look),
        *look_at(stranger.new_page(), "setup-ended", "/setup?token=used", look, 410),
        *look_at(signed_in.new_page(), "not-found", "/nowhere/", look, 404),
    ]
    signed_in.close()
    stranger.close()
    assert wrong == []
