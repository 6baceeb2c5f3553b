"""Connecting, testing, pausing, editing and deleting accounts and endpoints."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from providers.models import Connection, Node
from tests.upstream import FakeUpstream, reply

SECRET = "sk-canary-of-the-lab"


def add_lab(client: Client, upstream: FakeUpstream, secret: str = SECRET) -> str:
    form = {
        "name": "Lab",
        "prefix": "lab",
        "type": "openai-compatible",
        "base_url": f"{upstream.url}/v1",
        "secret": secret,
    }
    return client.post("/providers/new-endpoint/", form, follow=True).content.decode()


def refuse(upstream: FakeUpstream, status: int = 401) -> None:
    upstream.script.append(reply({"error": {"message": f"bad key {SECRET}"}}, status))


def test_it_connects_an_endpoint_that_works(browser: Client, upstream: FakeUpstream) -> None:
    page = add_lab(browser, upstream)
    assert "“Main account” works and is in use." in page
    assert "Works" in page
    assert SECRET not in page
    account = Connection.objects.get()
    assert account.is_active
    assert upstream.received[0].headers["authorization"] == f"Bearer {SECRET}"


def test_it_keeps_an_account_that_fails_paused(browser: Client, upstream: FakeUpstream) -> None:
    refuse(upstream)
    page = add_lab(browser, upstream)
    assert "paused: its test failed. The provider refuses this API key" in page
    assert "Use anyway" in page
    assert SECRET not in page
    account = Connection.objects.get()
    assert not account.is_active
    browser.post(reverse("providers:switch", args=[account.pk]), {"to": "active"})
    account.refresh_from_db()
    assert account.is_active


def test_it_tests_in_the_background_of_a_page(browser: Client, upstream: FakeUpstream) -> None:
    add_lab(browser, upstream)
    account = Connection.objects.get()
    refuse(upstream, 500)
    answer = browser.post(reverse("providers:test", args=[account.pk]), headers={"X-Part": "1"})
    part = answer.content.decode()
    assert part.strip().startswith(f'<div class="o-row" id="account-{account.pk}">')
    assert "Test failed" in part
    assert "status 500" in part
    assert "<html" not in part
    page = browser.post(reverse("providers:test", args=[account.pk]), follow=True)
    assert "“Main account” works." in page.content.decode()


def test_it_says_when_tests_follow_too_fast(browser: Client, upstream: FakeUpstream) -> None:
    add_lab(browser, upstream)
    test = reverse("providers:test", args=[Connection.objects.get().pk])
    pages = [browser.post(test, follow=True).content.decode() for _ in range(10)]
    assert "Too many tests. Wait a minute." in pages[-1]


def test_it_pauses_and_resumes(browser: Client, upstream: FakeUpstream) -> None:
    add_lab(browser, upstream)
    account = Connection.objects.get()
    switch = reverse("providers:switch", args=[account.pk])
    for _ in range(2):  # a second click changes nothing
        page = browser.post(switch, {"to": "paused"}, follow=True).content.decode()
        assert "Paused" in page
        assert not Connection.objects.get().is_active
    browser.post(switch, {"to": "active"})
    assert Connection.objects.get().is_active


def test_it_edits_without_touching_the_key(browser: Client, upstream: FakeUpstream) -> None:
    add_lab(browser, upstream)
    account = Connection.objects.get()
    edit = reverse("providers:account", args=[account.pk])
    assert SECRET not in browser.get(edit).content.decode()
    browser.post(edit, {"name": "Renamed", "priority": 7, "secret": ""})
    account.refresh_from_db()
    assert (account.name, account.priority, account.secret.reveal()) == ("Renamed", 7, SECRET)


@pytest.mark.parametrize(("status", "is_active"), [(200, True), (401, False)])
def test_it_tests_a_replaced_key_before_use(
    browser: Client, upstream: FakeUpstream, status: int, is_active: bool
) -> None:
    add_lab(browser, upstream)
    account = Connection.objects.get()
    if status != 200:
        refuse(upstream, status)
    form = {"name": account.name, "priority": 1, "secret": "sk-new-canary"}
    browser.post(reverse("providers:account", args=[account.pk]), form)
    account.refresh_from_db()
    assert account.secret.reveal() == "sk-new-canary"
    assert account.is_active is is_active
    assert upstream.received[-1].headers["authorization"] == "Bearer sk-new-canary"


def test_it_deletes_an_account_after_asking(browser: Client, upstream: FakeUpstream) -> None:
    add_lab(browser, upstream)
    delete = reverse("providers:delete", args=[Connection.objects.get().pk])
    assert "Delete “Main account”?" in browser.get(delete).content.decode()
    assert Connection.objects.exists()
    browser.post(delete)
    assert not Connection.objects.exists()


def test_it_deletes_an_endpoint_with_its_accounts(browser: Client, upstream: FakeUpstream) -> None:
    add_lab(browser, upstream)
    delete = reverse("providers:endpoint_delete", args=["lab"])
    assert "its account" in browser.get(delete).content.decode()
    browser.post(delete)
    assert not Node.objects.exists()
    assert not Connection.objects.exists()


def test_it_takes_an_endpoint_without_a_key(browser: Client, upstream: FakeUpstream) -> None:
    assert "works and is in use" in add_lab(browser, upstream, secret="")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"prefix": "ds"}, "A built-in provider has this prefix."),
        ({"prefix": "Not OK"}, "Use a-z, 0-9"),
        ({"base_url": "http://10.0.0.1/v1"}, "ALLOW_PRIVATE_UPSTREAMS"),
        ({"base_url": "ftp://example.com"}, "http"),
        ({"name": ""}, "This field is required."),
    ],
)
def test_it_explains_what_is_wrong_with_an_endpoint(
    browser: Client, change: dict[str, str], text: str
) -> None:
    form = {
        "name": "Lab",
        "prefix": "lab",
        "type": "openai-compatible",
        "base_url": "https://lab.example/v1",
        "secret": SECRET,
    }
    page = browser.post("/providers/new-endpoint/", {**form, **change}).content.decode()
    assert text in page
    assert SECRET not in page
    assert not Node.objects.exists()
    assert not Connection.objects.exists()


def test_it_refuses_the_same_key_twice(browser: Client, week: None) -> None:
    form = {"name": "Copy", "secret": "sk-demo-canary-1"}
    page = browser.post("/providers/at/deepseek/connect/", form).content.decode()
    assert "connected already, as “Main account”" in page or "Main account" in page
    assert "sk-demo" not in page


def test_it_needs_a_key_for_a_catalog_provider(browser: Client) -> None:
    page = browser.post("/providers/at/openai/connect/", {"name": "x", "secret": ""})
    assert "This field is required." in page.content.decode()
    assert not Connection.objects.exists()


def test_it_knows_no_other_provider(browser: Client) -> None:
    for address in ("/providers/at/nobody/", "/providers/at/nobody/connect/"):
        assert browser.get(address).status_code == 404


def test_it_links_to_where_keys_are_made(browser: Client) -> None:
    page = browser.get("/providers/at/deepseek/connect/").content.decode()
    assert 'href="https://platform.deepseek.com/api_keys"' in page
    assert 'rel="noopener noreferrer"' in page


def test_it_escapes_what_people_type(browser: Client, upstream: FakeUpstream) -> None:
    add_lab(browser, upstream)
    account = Connection.objects.get()
    evil = "<script>alert(1)</script>"
    browser.post(
        reverse("providers:account", args=[account.pk]), {"name": evil, "priority": 1, "secret": ""}
    )
    for page in ("/providers/at/lab/", "/combos/combo/add/"):
        assert evil not in browser.get(page).content.decode()
