"""The page behind the one-time link."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from omniroute import setup
from omniroute.models import SetupLink
from tests.admin.conftest import PASSWORD


def link() -> str:
    address = setup.create_link("http://testserver")
    assert address
    return address.removeprefix("http://testserver")


def choose(address: str, password: str, again: str | None = None) -> tuple[int, str, Client]:
    client = Client()
    token = address.partition("token=")[2]
    form = {"token": token, "password": password, "again": again or password}
    answer = client.post("/setup", form)
    return answer.status_code, answer.content.decode(), client


def test_it_makes_the_administrator_and_signs_in(db: None) -> None:
    address = link()
    assert "Set your password" in Client().get(address).content.decode()
    status, _, client = choose(address, PASSWORD)
    assert status == 302
    home = client.get("/").content.decode()
    assert "First steps" in home
    assert "your user name is “admin”" in home


def test_it_works_once(db: None) -> None:
    address = link()
    choose(address, PASSWORD)
    again = Client().get(address)
    assert again.status_code == 410
    assert "Go to sign-in" in again.content.decode()
    assert choose(address, "another long password here")[0] == 410
    assert User.objects.get().check_password(PASSWORD)


def test_it_says_how_to_get_a_new_link(db: None) -> None:
    address = link()
    SetupLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    for stale in (address, "/setup", "/setup?token=omni_setup_made-up"):
        answer = Client().get(stale)
        assert answer.status_code == 410, stale
        assert "restart the server" in answer.content.decode()


def test_it_refuses_passwords_that_are_weak_or_differ(db: None) -> None:
    address = link()
    for password, again, text in (
        ("short", None, "at least 15 characters"),
        (PASSWORD, PASSWORD + "r", "The two passwords differ"),
        ("1q2w3e4r5t6y7u8i9o0p", None, "too weak"),
    ):
        status, page, _ = choose(address, password, again)
        assert (status, text in page) == (200, True), password
        assert f'value="{password}"' not in page
    assert not User.objects.exists()
    assert choose(address, PASSWORD)[0] == 302
