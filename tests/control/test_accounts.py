from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from omniroute.models import ConfigVersion
from providers import accounts, nodes
from providers.models import Connection, ConnectionCheck

pytestmark = pytest.mark.django_db


def connect(secret: str = "sk-1", provider: str = "deepseek", name: str = "main") -> Connection:
    return accounts.connect(provider, name=name, secret=secret)


def raw_secret(connection: Connection) -> str:
    return Connection.objects.values_list("secret", flat=True).get(pk=connection.pk)


def test_it_seals_the_key() -> None:
    connection = connect("sk-very-secret")
    assert raw_secret(connection).startswith("enc:v1:")
    assert "sk-very-secret" not in raw_secret(connection)
    assert Connection.objects.get().secret.reveal() == "sk-very-secret"


def test_it_connects_by_alias() -> None:
    assert connect(provider="ds").provider == "deepseek"


def test_it_strips_what_was_pasted_with_the_key() -> None:
    assert connect(" sk-1\n").secret.reveal() == "sk-1"


def test_it_refuses_an_unknown_provider() -> None:
    with pytest.raises(ValidationError) as caught:
        connect(provider="nobody")
    assert caught.value.message_dict == {"provider": ['There is no provider "nobody".']}


@pytest.mark.parametrize(
    "secret", ["", "  ", "two words", "a\nb", "a\x00b", "schlüssel", "x" * 8193, "enc:v1:k:a:b"]
)
def test_it_refuses_what_cannot_be_a_key(secret: str) -> None:
    with pytest.raises(ValidationError) as caught:
        connect(secret)
    assert list(caught.value.message_dict) == ["secret"]
    assert not Connection.objects.exists()


def test_it_never_repeats_a_refused_key() -> None:
    with pytest.raises(ValidationError) as caught:
        connect("top secret")
    assert "top secret" not in str(caught.value)


def test_it_refuses_the_same_key_of_one_provider_twice() -> None:
    connect("sk-1", name="first")
    with pytest.raises(ValidationError) as caught:
        connect("sk-1", name="second")
    assert caught.value.message_dict == {
        "secret": ['This API key is connected already, as "first".']
    }
    connect("sk-2", name="second")
    connect("sk-1", provider="openai")


def test_it_connects_a_node_without_a_key() -> None:
    nodes.add("local", name="", type="openai-compatible", base_url="https://llm.example.com/v1")
    assert not connect("", provider="local").secret


def test_it_lists_the_catalog_and_the_nodes() -> None:
    nodes.add("local", name="Mine", type="openai-compatible", base_url="https://llm.example.com/v1")
    choices = accounts.choices()
    assert ("deepseek", "DeepSeek") in choices
    assert choices[-1] == ("local", "Mine")


def test_it_changes_an_account() -> None:
    connection = connect()
    accounts.change(connection, name="renamed", priority=7, is_active=False)
    stored = Connection.objects.get()
    assert (stored.name, stored.priority, stored.is_active) == ("renamed", 7, False)
    assert stored.secret.reveal() == "sk-1"


@pytest.mark.parametrize("values", [{"name": ""}, {"priority": 0}, {"priority": 1001}])
def test_it_refuses_a_change_that_makes_no_sense(values: dict) -> None:
    with pytest.raises(ValidationError):
        accounts.change(connect(), **values)
    assert Connection.objects.get().name == "main"


def test_it_replaces_a_key_and_forgets_how_the_old_one_did() -> None:
    connection = connect()
    ConnectionCheck.objects.create(
        connection=connection, status="error", tested_at="2026-01-01T00:00:00Z"
    )
    accounts.change(connection, secret="sk-2")
    assert Connection.objects.get().secret.reveal() == "sk-2"
    assert not ConnectionCheck.objects.exists()


def test_it_writes_back_no_sealed_value_that_it_did_not_change() -> None:
    """An account that was read before a rotation must not bring the old key's value back."""
    connection = Connection.objects.get(pk=connect().pk)
    elsewhere = Connection.objects.get()
    accounts.change(elsewhere, secret="sk-newer")
    accounts.change(connection, name="renamed")
    assert Connection.objects.get().secret.reveal() == "sk-newer"


def test_it_raises_the_version_with_every_change() -> None:
    connection = connect()
    before = ConfigVersion.objects.get().version
    accounts.change(connection, is_active=False)
    assert ConfigVersion.objects.get().version > before
