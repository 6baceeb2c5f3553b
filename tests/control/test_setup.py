from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from omniroute import setup
from omniroute.models import SetupLink

pytestmark = pytest.mark.django_db

GOOD = "four quiet otters swim"
BASE = "http://127.0.0.1:20128"


def link_token() -> str:
    link = setup.create_link(BASE)
    assert link is not None
    return link.split("token=")[1]


def test_it_makes_the_first_administrator() -> None:
    user = setup.redeem(link_token(), GOOD)
    assert user.check_password(GOOD)
    assert (user.is_staff, user.is_superuser, user.is_active) == (True, True, True)


def test_it_points_the_link_at_this_installation() -> None:
    assert str(setup.create_link(f"{BASE}/")).startswith(f"{BASE}/setup?token=omni_setup_")


def test_it_does_not_store_the_link(database_text: Callable[[], str]) -> None:
    token = link_token()
    assert token not in database_text()


def test_it_gives_no_link_once_an_administrator_has_a_password() -> None:
    setup.redeem(link_token(), GOOD)
    assert setup.create_link(BASE) is None


@pytest.mark.parametrize("flaw", ["unusable", "inactive", "ordinary"])
def test_it_gives_a_link_while_nobody_can_sign_in_as_administrator(flaw: str) -> None:
    user = User(username="admin", is_staff=True, is_superuser=flaw != "ordinary")
    user.is_active = flaw != "inactive"
    user.set_password(None if flaw == "unusable" else GOOD)
    user.save()
    assert setup.create_link(BASE) is not None


def test_it_takes_a_link_once() -> None:
    token = link_token()
    setup.redeem(token, GOOD)
    with pytest.raises(setup.SetupError):
        setup.redeem(token, "another very long password")
    assert User.objects.get().check_password(GOOD)


def test_it_ends_a_link_when_it_makes_another() -> None:
    old, new = link_token(), link_token()
    assert not setup.is_open(old)
    assert setup.is_open(new)
    with pytest.raises(setup.SetupError):
        setup.redeem(old, GOOD)


def test_it_ends_a_link_after_ten_minutes() -> None:
    token = link_token()
    lifetime = SetupLink.objects.get().expires_at - timezone.now()
    assert timedelta(minutes=9) < lifetime <= timedelta(minutes=10)
    SetupLink.objects.update(expires_at=timezone.now())
    with pytest.raises(setup.SetupError):
        setup.redeem(token, GOOD)
    assert not User.objects.exists()


def test_it_ends_a_link_when_an_administrator_appears_otherwise() -> None:
    token = link_token()
    User.objects.create_superuser("root", password=GOOD)
    with pytest.raises(setup.SetupError):
        setup.redeem(token, "another very long password")


@pytest.mark.parametrize("token", ["", "omni_setup_", "omni_setup_" + "x" * 46, "sk-omni-abc"])
def test_it_takes_no_invented_link(token: str) -> None:
    link_token()
    with pytest.raises(setup.SetupError):
        setup.redeem(token, GOOD)


@pytest.mark.parametrize("password", ["", "short", "123456", "CHANGEME", "x" * 129])
def test_it_refuses_a_weak_password_and_leaves_the_link_open(password: str) -> None:
    token = link_token()
    with pytest.raises(setup.SetupError):
        setup.redeem(token, password)
    assert not User.objects.exists()
    setup.redeem(token, GOOD)


def test_it_takes_a_good_initial_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INITIAL_PASSWORD", GOOD)
    assert setup.use_initial_password() is True
    assert User.objects.get().check_password(GOOD)
    assert setup.has_admin()


def test_it_leaves_an_administrator_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    setup.redeem(link_token(), GOOD)
    monkeypatch.setenv("INITIAL_PASSWORD", "another very long password")
    assert setup.use_initial_password() is False
    assert User.objects.get().check_password(GOOD)


def test_it_does_nothing_without_an_initial_password() -> None:
    assert setup.use_initial_password() is False


@pytest.mark.parametrize("password", ["123456", "CHANGEME", "your-password"])
def test_it_names_a_published_initial_password(
    monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    monkeypatch.setenv("INITIAL_PASSWORD", password)
    with pytest.raises(setup.SetupError, match="INITIAL_PASSWORD is a published default"):
        setup.use_initial_password()
    assert not User.objects.exists()


def test_it_says_why_an_initial_password_is_too_weak(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INITIAL_PASSWORD", "tooshort")
    with pytest.raises(setup.SetupError, match="at least 15 characters"):
        setup.use_initial_password()
