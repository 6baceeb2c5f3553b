"""API keys and management tokens: shown once, with ready snippets; edited; revoked."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from billing import keys
from billing.models import ApiKey
from omniroute import tokens
from omniroute.models import ManagementToken
from omniroute.viewer import COOKIE
from providers import accounts

KEY = re.compile(r"sk-omni-[0-9A-Za-z]{46}")
TOKEN = re.compile(r"omni_adm_[0-9A-Za-z]{46}")
NEW = {"name": "Laptop", "expires_at": "", "allowed_models": "", "ip_allowlist": ""}


def create(client: Client, **fields: str) -> str:
    return client.post("/billing/apikey/add/", {**NEW, **fields}).content.decode()


def test_it_shows_a_new_key_once(browser: Client) -> None:
    page = create(browser)
    secret = KEY.findall(page)[0]
    assert set(KEY.findall(page)) == {secret}
    assert keys.find(secret) == ApiKey.objects.get()
    for later in ("/billing/apikey/", f"/billing/apikey/{ApiKey.objects.get().pk}/change/"):
        assert not KEY.search(browser.get(later).content.decode()), later
    assert not KEY.search(browser.get("/billing/apikey/add/").content.decode())


def test_it_keeps_a_new_key_out_of_sessions_and_addresses(browser: Client) -> None:
    answer = browser.post("/billing/apikey/add/", NEW)
    secret = KEY.findall(answer.content.decode())[0]
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    assert all(secret not in str(session.get_decoded()) for session in Session.objects.all())


def test_it_writes_snippets_that_fit(browser: Client, week: None, settings: Settings) -> None:
    settings.BASE_URL = "https://ai.example.com"
    page = create(browser)
    secret = KEY.findall(page)[0]
    for part in (
        "curl https://ai.example.com/v1/chat/completions",
        'base_url="https://ai.example.com/v1"',
        '"ANTHROPIC_BASE_URL": "https://ai.example.com",',
        f'"ANTHROPIC_AUTH_TOKEN": "{secret}"',
        'base_url = "https://ai.example.com/v1"',
        'wire_api = "responses"',
        f'export OMNIROUTE_API_KEY="{secret}"',
    ):
        assert part in page, part
    assert re.search(r'"model": "(ds|groq|vllm)/[^"]+"|"model": "coding"', page)


def test_it_takes_the_browsers_address_without_a_base_url(browser: Client) -> None:
    page = browser.post("/billing/apikey/add/", NEW, headers={"host": "localhost:4711"})
    assert "curl http://localhost:4711/v1/chat/completions" in page.content.decode()


def test_it_names_a_model_of_a_connected_provider(browser: Client) -> None:
    assert "Put a model of yours in place of" in create(browser)
    accounts.connect("deepseek", name="a", secret="sk-1")
    assert '"model": "ds/' in create(browser, name="second")


def test_it_stores_the_rules_of_a_key(browser: Client) -> None:
    create(browser, allowed_models="ds/*\n gpt-5 \n", ip_allowlist="10.0.0.7/8, 192.0.2.1")
    key = ApiKey.objects.get()
    assert key.allowed_models == ["ds/*", "gpt-5"]
    assert key.ip_allowlist == ["10.0.0.0/8", "192.0.2.1/32"]
    assert key.owner is not None


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"name": ""}, "This field is required."),
        ({"name": "n" * 101}, "at most 100 characters"),
        ({"ip_allowlist": "10.0.0.0/99"}, "Write an address or a network"),
        ({"allowed_models": "m" * 201}, "Write model names or patterns"),
        ({"expires_at": "2020-01-01T00:00"}, "This moment has passed"),
        ({"expires_at": "soon"}, "Enter a valid date/time."),
    ],
)
def test_it_explains_what_is_wrong(browser: Client, fields: dict[str, str], text: str) -> None:
    page = create(browser, **fields)
    assert text in page
    assert not ApiKey.objects.exists()


def test_it_reads_an_expiry_in_the_viewers_zone(browser: Client) -> None:
    browser.cookies[COOKIE] = "Asia/Tokyo"
    create(browser, expires_at="2099-07-01T09:00")
    expiry = ApiKey.objects.get().expires_at
    assert expiry is not None
    assert expiry.isoformat() == "2099-07-01T00:00:00+00:00"
    page = browser.get(reverse("admin:billing_apikey_change", args=[ApiKey.objects.get().pk]))
    assert 'value="2099-07-01T09:00"' in page.content.decode()


def test_it_edits_a_key(browser: Client, db: None) -> None:
    key = keys.issue("Laptop", allowed_models=["ds/*"])[0]
    edit = reverse("admin:billing_apikey_change", args=[key.pk])
    digest = bytes(key.digest)
    browser.post(edit, {**NEW, "name": "Desktop", "allowed_models": "groq/*", "digest": "x"})
    key.refresh_from_db()
    assert (key.name, key.allowed_models, bytes(key.digest)) == ("Desktop", ["groq/*"], digest)


def test_it_revokes_after_asking_and_for_good(browser: Client, db: None) -> None:
    key, secret = keys.issue("Laptop")
    revoke = reverse("admin:billing_apikey_delete", args=[key.pk])
    assert "Revoke" in browser.get(revoke).content.decode()
    assert keys.find(secret)
    assert "Revoked “Laptop”." in browser.post(revoke, follow=True).content.decode()
    assert keys.find(secret) is None
    assert ApiKey.objects.filter(pk=key.pk).exists()
    edit = reverse("admin:billing_apikey_change", args=[key.pk])
    assert "Revoked" in browser.get(edit).content.decode()
    assert browser.post(edit, {**NEW, "name": "Back"}).status_code == 403
    key.refresh_from_db()
    assert (key.name, key.is_active) == ("Laptop", False)


def test_it_shows_states_and_finds_keys(browser: Client, db: None) -> None:
    keys.issue("Laptop")
    keys.revoke(keys.issue("Notebook")[0])
    soon = keys.issue("Trial", expires_at=timezone.now() + timedelta(seconds=30))[0]
    ApiKey.objects.filter(pk=soon.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    page = browser.get("/billing/apikey/").content.decode()
    assert re.findall(r">(Active|Revoked|Expired)<", page) == [
        "Expired",
        "Revoked",
        "Active",
    ]
    found = browser.get("/billing/apikey/?q=note").content.decode()
    assert "Notebook" in found
    assert "Laptop" not in found
    assert "Nothing found" in browser.get("/billing/apikey/?q=nope").content.decode()


def test_it_does_the_same_for_tokens(browser: Client) -> None:
    form = {"name": "Terraform", "expires_at": ""}
    page = browser.post("/omniroute/managementtoken/add/", form).content.decode()
    secret = TOKEN.findall(page)[0]
    token = ManagementToken.objects.get()
    assert tokens.find(secret) == token
    assert token.owner is not None
    change = reverse("admin:omniroute_managementtoken_change", args=[token.pk])
    assert not TOKEN.search(browser.get(change).content.decode())
    browser.post(change, {"name": "CI", "expires_at": ""})
    browser.post(reverse("admin:omniroute_managementtoken_delete", args=[token.pk]))
    token.refresh_from_db()
    assert (token.name, token.is_active) == ("CI", False)
    assert tokens.find(secret) is None
