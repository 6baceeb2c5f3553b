from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils import timezone

from billing import keys
from omniroute import tokens
from omniroute.models import ConfigVersion

pytestmark = pytest.mark.django_db

PAST = timedelta(minutes=-1)


def version() -> int:
    return ConfigVersion.objects.get(pk=1).version


def test_it_makes_keys_that_scanners_and_clients_recognise() -> None:
    _, secret = keys.issue("laptop")
    assert re.fullmatch(r"sk-omni-[0-9A-Za-z]{46}", secret)


def test_it_stores_neither_a_key_nor_a_token(database_text: Callable[[], str]) -> None:
    secrets = [keys.issue(f"key {n}")[1] for n in range(20)]
    secrets += [tokens.issue(f"token {n}")[1] for n in range(20)]
    stored = database_text()
    assert "key 7" in stored
    for secret in secrets:
        assert secret not in stored
        assert secret[-30:] not in stored


def test_it_shows_only_the_beginning_of_a_key() -> None:
    key, secret = keys.issue("laptop")
    assert secret.startswith(key.hint.removesuffix("…"))
    assert len(key.hint) == len("sk-omni-") + 5


def test_it_finds_a_key_by_its_secret() -> None:
    key, secret = keys.issue("laptop")
    keys.issue("another")
    assert keys.find(secret) == key


@pytest.mark.parametrize(
    "change", [str.swapcase, lambda s: s[:-1], lambda s: f"{s} ", lambda s: ""]
)
def test_it_finds_no_key_for_another_text(change: Callable[[str], str]) -> None:
    _, secret = keys.issue("laptop")
    assert keys.find(change(secret)) is None


def test_it_asks_no_database_about_a_mistyped_secret(django_assert_num_queries) -> None:
    _, secret = keys.issue("laptop")
    wrong = secret[:-1] + ("a" if secret[-1] != "a" else "b")
    with django_assert_num_queries(0):
        assert keys.find(wrong) is None
        assert tokens.find(wrong) is None


def test_it_finds_no_revoked_key() -> None:
    key, secret = keys.issue("laptop")
    keys.revoke(key)
    assert keys.find(secret) is None


def test_it_finds_no_expired_key() -> None:
    key, secret = keys.issue("laptop", expires_at=timezone.now() + timedelta(hours=1))
    assert keys.find(secret) == key
    key.expires_at = timezone.now() + PAST
    key.save()
    assert keys.find(secret) is None


def test_it_raises_the_version_for_every_change_of_a_key() -> None:
    key, _ = keys.issue("laptop")
    first = version()
    keys.change(key, name="desktop")
    second = version()
    keys.revoke(key)
    assert first < second < version()


def test_it_writes_networks_in_their_usual_notation() -> None:
    key, _ = keys.issue("laptop", ip_allowlist=["10.1.2.3/8", "::1", " 192.0.2.7 "])
    assert key.ip_allowlist == ["10.0.0.0/8", "::1/128", "192.0.2.7/32"]


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("name", {"name": ""}),
        ("name", {"name": "   "}),
        ("name", {"name": "x" * 101}),
        ("expires_at", {"name": "k", "expires_at": timezone.now() + PAST}),
        ("ip_allowlist", {"name": "k", "ip_allowlist": ["10.0.0.0/8", "everywhere"]}),
        ("ip_allowlist", {"name": "k", "ip_allowlist": ["10.0.0.1"] * 201}),
        ("allowed_models", {"name": "k", "allowed_models": [""]}),
        ("allowed_models", {"name": "k", "allowed_models": ["a\nb"]}),
        ("allowed_models", {"name": "k", "allowed_models": ["x"] * 201}),
    ],
)
def test_it_refuses_what_a_key_cannot_have(field: str, values: dict) -> None:
    with pytest.raises(ValidationError) as caught:
        keys.issue(**values)
    assert list(caught.value.message_dict) == [field]


def test_it_finds_a_management_token_but_not_as_a_key() -> None:
    token, secret = tokens.issue("script")
    assert tokens.find(secret) == token
    assert keys.find(secret) is None


def test_it_finds_no_key_as_a_management_token() -> None:
    assert tokens.find(keys.issue("laptop")[1]) is None


def test_it_finds_no_revoked_token() -> None:
    token, secret = tokens.issue("script")
    tokens.revoke(token)
    assert tokens.find(secret) is None


def test_it_finds_no_expired_token() -> None:
    token, secret = tokens.issue("script", expires_at=timezone.now() + timedelta(hours=1))
    token.expires_at = timezone.now() + PAST
    token.save()
    assert tokens.find(secret) is None


def test_it_refuses_a_token_that_has_expired_already() -> None:
    with pytest.raises(ValidationError):
        tokens.issue("script", expires_at=timezone.now() + PAST)


@pytest.mark.parametrize("demotion", [{"is_staff": False}, {"is_active": False}])
def test_it_ends_the_tokens_of_a_demoted_owner(admin: User, demotion: dict[str, bool]) -> None:
    token, secret = tokens.issue("script", owner=admin)
    assert tokens.find(secret) == token
    for name, value in demotion.items():
        setattr(admin, name, value)
    admin.save()
    assert tokens.find(secret) is None
