"""What is true of every page: who may open it, what it never holds, how much it reads."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing.models import ApiKey, RequestLog
from combos.models import Combo
from omniroute.models import ManagementToken
from providers.models import Connection

PLAIN = (
    "/",
    "/providers/",
    "/providers/at/deepseek/",
    "/providers/at/deepseek/connect/",
    "/providers/new-endpoint/",
    "/billing/apikey/",
    "/billing/apikey/add/",
    "/combos/combo/",
    "/combos/combo/add/",
    "/requests/",
    "/settings/",
    "/settings/security/",
    "/omniroute/managementtoken/",
    "/omniroute/managementtoken/add/",
    "/password_change/",
)
FREE_FOR_STAFF = {"/", "/password_change/"}
INLINE = re.compile(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", re.IGNORECASE)
MAX_QUERIES = 22


def one_of_each() -> list[str]:
    """The pages about one row."""
    account = Connection.objects.get(provider="groq").pk
    return [
        reverse("providers:account", args=[account]),
        reverse("providers:delete", args=[account]),
        reverse("providers:provider", args=["vllm"]),
        reverse("providers:endpoint_delete", args=["vllm"]),
        reverse("admin:billing_apikey_change", args=[ApiKey.objects.get(name="Laptop").pk]),
        reverse("admin:billing_apikey_delete", args=[ApiKey.objects.get(name="Laptop").pk]),
        reverse("admin:billing_apikey_change", args=[ApiKey.objects.get(name="Old notebook").pk]),
        reverse("admin:combos_combo_change", args=[Combo.objects.get(name="coding").pk]),
        reverse("admin:combos_combo_delete", args=[Combo.objects.get(name="coding").pk]),
        reverse("requests:detail", args=[RequestLog.objects.first().pk]),
        reverse("admin:omniroute_managementtoken_change", args=[ManagementToken.objects.get().pk]),
    ]


@pytest.mark.parametrize("page", PLAIN)
def test_it_shows_every_page_when_nothing_is_there_yet(browser: Client, page: str) -> None:
    assert browser.get(page).status_code == 200


def test_it_shows_every_page_with_bounded_queries(browser: Client, week: None) -> None:
    for page in (*PLAIN, *one_of_each()):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            answer = browser.get(page)
        assert answer.status_code == 200, page
        assert len(queries) <= MAX_QUERIES, (page, len(queries))


def test_it_asks_as_much_for_many_rows_as_for_few(browser: Client, week: None) -> None:
    def asked(page: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            browser.get(page)
        return len(queries)

    pages = ("/providers/", "/billing/apikey/", "/combos/combo/", "/requests/")
    assert all(asked(page) for page in pages)  # what is read once per session and process
    before = {page: asked(page) for page in pages}
    for number in range(12):
        Combo.objects.create(name=f"more-{number}").steps.create(model="ds/x", position=1)
        Connection.objects.create(provider="openai", name=f"more {number}", secret=f"k{number}")
        ApiKey.objects.create(name=f"more {number}", digest=bytes([number]) * 32)
    assert {page: asked(page) for page in pages} == before


def test_it_is_closed_to_who_is_not_staff(db: None, week: None) -> None:
    stranger = Client()
    stranger.force_login(User.objects.create_user("stranger"))
    for client in (Client(), stranger):
        for page in (*PLAIN, *one_of_each()):
            answer = client.get(page)
            assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (
                302,
                "/login/",
            ), page


def test_it_is_closed_to_staff_without_the_permission(db: None, week: None) -> None:
    clerk = Client()
    clerk.force_login(User.objects.create_user("clerk", is_staff=True))
    for page in {*PLAIN, *one_of_each()} - FREE_FOR_STAFF:
        assert clerk.get(page).status_code == 403, page
    assert "You may not open this page" in clerk.get("/providers/").content.decode()
    home = clerk.get("/").content.decode()
    assert "Latest requests" not in home
    assert 'href="/providers/"' not in home.partition("<main")[0]


def test_it_refuses_every_change_without_a_csrf_token(admin: User, week: None) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin)
    account = Connection.objects.get(provider="groq").pk
    changes = [
        reverse("providers:test", args=[account]),
        reverse("providers:switch", args=[account]),
        *PLAIN[3:],
        *one_of_each(),
    ]
    for page in changes:
        answer = client.post(page, {"name": "x"})
        assert answer.status_code == 403, page
        assert "The form was too old" in answer.content.decode()
    assert Connection.objects.filter(pk=account, is_active=True).exists()


def test_it_never_shows_a_providers_key(browser: Client, week: None) -> None:
    for page in (*PLAIN, *one_of_each()):
        assert "sk-demo" not in browser.get(page).content.decode(), page


def test_it_needs_no_inline_script_or_style(browser: Client, week: None) -> None:
    for page in (*PLAIN, *one_of_each(), "/nowhere/"):
        answer = browser.get(page)
        assert not INLINE.search(answer.content.decode()), page
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "script-src 'self'" in policy


def test_it_loads_files_from_this_origin_only(browser: Client, week: None) -> None:
    for page in (*PLAIN, *one_of_each()):
        html = browser.get(page).content.decode()
        sources = re.findall(r'(?:src|<link href)="([^"]+)"', html)
        assert sources, page
        assert all(source.startswith("/static/") for source in sources), page


def test_it_has_no_page_of_a_third_partys_tables(browser: Client) -> None:
    assert browser.get("/django_celery_beat/periodictask/").status_code == 404
    assert browser.get("/auth/group/").status_code == 404
    answer = browser.get("/billing/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")


def test_it_says_so_when_there_is_no_such_page(browser: Client) -> None:
    answer = browser.get("/nowhere/")
    assert answer.status_code == 404
    assert "There is no such page" in answer.content.decode()
