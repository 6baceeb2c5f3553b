"""Signing in and out: one answer for every mistake, a limit on tries, no open redirect."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from omniroute.admin.lockout import LIMIT
from tests.admin.conftest import PASSWORD


def sign_in(client: Client, name: str, password: str, **address: str) -> tuple[int, str]:
    answer = client.post("/login/", {"username": name, "password": password}, **address)
    return answer.status_code, answer.content.decode()


def without_names(page: str) -> str:
    return re.sub(r'value="[^"]*"', "", page)


def test_it_lets_the_administrator_in_and_out_again(admin: User) -> None:
    client = Client()
    assert sign_in(client, "admin", PASSWORD)[0] == 302
    assert client.get("/").status_code == 200
    session = client.cookies["omni_session"].value
    assert client.post("/logout/").status_code == 200
    client.cookies["omni_session"] = session
    assert client.get("/").status_code == 302


@pytest.mark.parametrize("name", ["admin", "nobody", "clerk", "gone"])
def test_it_gives_one_answer_for_every_mistake(admin: User, name: str) -> None:
    User.objects.create_user("clerk", password=PASSWORD)
    User.objects.create_superuser("gone", password=PASSWORD, is_active=False)
    wrong = PASSWORD if name in {"clerk", "gone"} else "a wrong password of some length"
    status, page = sign_in(Client(), name, wrong)
    reference = sign_in(Client(), "somebody else", "a wrong password of some length")
    assert (status, without_names(page)) == (reference[0], without_names(reference[1]))
    assert "do not fit" in page


def test_it_stops_guessing_after_five_tries(admin: User) -> None:
    client = Client()
    for _ in range(LIMIT):
        assert sign_in(client, "admin", "wrong")[0] == 200
    answer = client.post("/login/", {"username": "Admin ", "password": PASSWORD})
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 900
    assert "Too many failed tries. Wait 15 minutes" in answer.content.decode()
    assert client.get("/").status_code == 302


def test_it_does_not_lock_the_owner_out_from_elsewhere(admin: User) -> None:
    for _ in range(LIMIT + 1):
        sign_in(Client(), "admin", "wrong", REMOTE_ADDR="203.0.113.9")
    assert sign_in(Client(), "admin", PASSWORD)[0] == 302


def test_it_forgets_failures_after_a_success(admin: User) -> None:
    for _ in range(3):
        for _ in range(LIMIT - 1):
            sign_in(Client(), "admin", "wrong")
        assert sign_in(Client(), "admin", PASSWORD)[0] == 302


def test_it_sends_nobody_to_another_site(admin: User) -> None:
    answer = Client().post(
        "/login/?next=https://evil.example/",
        {"username": "admin", "password": PASSWORD, "next": "https://evil.example/"},
    )
    assert answer.headers["Location"] == "/"


def test_it_gives_a_new_session_when_somebody_signs_in(admin: User) -> None:
    client = Client()
    client.get("/login/")
    before = client.cookies["omni_session"].value
    sign_in(client, "admin", PASSWORD)
    assert client.cookies["omni_session"].value != before


def test_it_tells_where_the_first_password_comes_from(db: None) -> None:
    assert "one-time link" in Client().get("/login/").content.decode()


def test_it_changes_the_own_password_and_ends_other_sessions(browser: Client, admin: User) -> None:
    elsewhere = Client()
    sign_in(elsewhere, "admin", PASSWORD)
    new = "another long password of mine"
    form = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    assert browser.post("/password_change/", form).status_code == 302
    assert "Your password is changed" in browser.get("/password_change/done/").content.decode()
    assert elsewhere.get("/").status_code == 302
