"""What pages do when touched: by mouse, by keyboard, on a small screen, without scripts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PASSWORD, open_context, watched
from tests.product import Product

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.usefixtures("week"),
]


def models(page: Page) -> list[str]:
    return [
        field.input_value()
        for field in page.locator("[data-step]:not([hidden]) [name$=-model]").all()
    ]


def edit_combo(page: Page) -> None:
    page.goto("/combos/combo/")
    page.get_by_role("link", name="Edit coding").click()
    page.wait_for_load_state("load")


def test_it_reorders_steps_by_dragging(page: Page) -> None:
    edit_combo(page)
    before = models(page)
    grips = page.locator("[data-steps-list] .o-combo__grip")
    grips.nth(2).drag_to(grips.nth(0), target_position={"x": 8, "y": 2})
    expect(page.locator("[data-step] [name$=-model]").first).to_have_value(before[2])
    page.get_by_role("button", name="Save combo").click()
    edit_combo(page)
    assert models(page) == [before[2], before[0], before[1]]


def test_it_reorders_adds_and_removes_steps_by_keyboard(page: Page) -> None:
    edit_combo(page)
    before = models(page)
    page.get_by_role("button", name="Move down").first.press("Enter")
    assert models(page)[:2] == [before[1], before[0]]
    page.get_by_role("button", name="Add a step").press("Enter")
    page.keyboard.type("ds/deepseek-chat")
    page.get_by_role("button", name="Remove").nth(2).press("Enter")
    page.get_by_role("button", name="Save combo").press("Enter")
    expect(page.get_by_text("Saved “coding”")).to_be_visible()
    edit_combo(page)
    assert models(page) == [before[1], before[0], "ds/deepseek-chat"]


def test_it_keeps_the_chosen_colours(page: Page) -> None:
    page.goto("/")
    html = page.locator("html")
    expect(html).not_to_have_class(re.compile("dark"))
    page.get_by_role("button", name="Dark").click()
    expect(html).to_have_class(re.compile("dark"))
    page.goto("/providers/")
    expect(html).to_have_class(re.compile("dark"))
    page.get_by_role("button", name="Like the system").click()
    expect(html).not_to_have_class(re.compile("dark"))


def test_it_finds_providers_while_typing(page: Page) -> None:
    page.goto("/providers/")
    cards = page.locator(".o-provider:visible")
    assert cards.count() > 10
    page.get_by_label("Find a provider or a model").fill("sonar")
    expect(cards).to_have_count(1)
    expect(cards).to_contain_text("Perplexity")
    page.get_by_label("Find a provider or a model").fill("no such thing")
    expect(page.get_by_text("No such provider")).to_be_visible()


def test_it_tells_times_in_the_viewers_zone(page: Page) -> None:
    page.goto("/requests/")
    moment = page.locator("time").first
    exact = moment.get_attribute("title") or ""
    assert re.search(r"CET|CEST|GMT\+[12]", exact)
    utc = re.search(r"T(\d\d):", moment.get_attribute("datetime") or "")
    assert utc
    shown = re.search(r"(\d\d):\d\d:\d\d", moment.inner_text())
    assert shown
    assert (int(shown[1]) - int(utc[1])) % 24 in {1, 2}


def test_it_applies_a_filter_when_chosen(page: Page) -> None:
    page.goto("/requests/")
    page.get_by_label("Outcome").select_option("error")
    page.wait_for_url("**outcome=error**")
    for pill in page.locator(".c-outcome").all():
        expect(pill).to_contain_text("Failed")
    page.get_by_role("link", name="Clear").click()
    expect(page.locator("tbody tr")).to_have_count(50)


def test_it_can_be_walked_by_keyboard(page: Page) -> None:
    page.goto("/providers/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    names = []
    for _ in range(12):
        page.keyboard.press("Tab")
        names.append(page.evaluate("document.activeElement.innerText.trim().split('\\n').pop()"))
    assert names[1:9] == [
        "Home",
        "Providers",
        "Combos",
        "API keys",
        "Request log",
        "Settings",
        "Management tokens",
        "Documentation",
    ]
    page.goto("/billing/apikey/add/")
    page.keyboard.type("Typed")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="“Typed” is ready")).to_be_visible()
    page.get_by_role("tab", name="curl").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="OpenAI SDK")).to_be_focused()
    expect(page.locator("#snippet-openai")).to_be_visible()


def test_it_has_a_menu_on_small_screens(
    product: Product, chromium: Browser, session: dict[str, object], complaints: list[str]
) -> None:
    context = open_context(chromium, product, "phone", storage_state=session)
    page = watched(context, product, complaints)
    page.goto("/")
    link = page.get_by_role("link", name="Request log")
    expect(link).to_be_hidden()
    page.get_by_role("button", name="Open the menu").click()
    expect(link).to_be_visible()
    page.keyboard.press("Escape")
    expect(link).to_be_hidden()
    page.get_by_role("button", name="Open the menu").click()
    link.click()
    expect(page.get_by_role("heading", name="Request log")).to_be_visible()
    context.close()
    assert complaints == []


def test_it_works_without_scripts(
    product: Product, chromium: Browser, week: None, session: object
) -> None:
    context = open_context(chromium, product, "light", java_script_enabled=False)
    page = context.new_page()
    page.goto("/billing/apikey/")
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Build server")).to_be_visible()
    page.goto("/providers/at/deepseek/")
    page.get_by_role("button", name="Pause").first.click()
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    context.close()


def test_it_refuses_frames(product: Product, chromium: Browser, session: dict[str, object]) -> None:
    context = chromium.new_context(storage_state=session)
    page = context.new_page()
    page.route(
        "**/frame.html",
        lambda route: route.fulfill(
            content_type="text/html", body=f'<iframe src="{product.url}/"></iframe>'
        ),
    )
    page.goto(f"{product.url}/frame.html")
    page.wait_for_load_state("load")
    assert "Home" not in (page.frames[-1].content() if len(page.frames) > 1 else "")
    context.close()
