from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from omniroute.models import ConfigVersion
from providers import accounts, nodes
from providers.models import Connection, Node

pytestmark = pytest.mark.django_db

URL = "https://llm.example.com/v1"
OPENAI = "openai-compatible"


def add(prefix: str = "local", base_url: str = URL) -> Node:
    return nodes.add(prefix, name="Local", type=OPENAI, base_url=base_url)


def test_it_adds_a_node() -> None:
    add()
    node = Node.objects.get()
    assert (node.prefix, node.name, node.type, node.base_url) == ("local", "Local", OPENAI, URL)


def test_it_names_a_node_after_its_prefix() -> None:
    assert nodes.add("local", name="", type=OPENAI, base_url=URL).name == "local"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("https://llm.example.com/v1/", "https://llm.example.com/v1"),
        (" https://llm.example.com/v1 ", "https://llm.example.com/v1"),
        ("https://llm.example.com/v1/chat/completions", "https://llm.example.com/v1"),
        ("https://llm.example.com/anthropic/v1/messages", "https://llm.example.com/anthropic/v1"),
        ("http://127.0.0.1:4000/v1", "http://127.0.0.1:4000/v1"),
        ("http://ollama:11434/v1", "http://ollama:11434/v1"),
    ],
)
def test_it_keeps_the_part_of_an_address_that_paths_are_appended_to(typed: str, kept: str) -> None:
    assert add(base_url=typed).base_url == kept


@pytest.mark.parametrize(
    "url",
    [
        "",
        "llm.example.com/v1",
        "ftp://llm.example.com",
        "file:///etc/passwd",
        "https://",
        "https://user:secret@llm.example.com/v1",
        "https://llm.example.com/v1?key=x",
        "https://llm.example.com/v1#x",
        "https://llm.example.com:99999/v1",
        "https://llm.example.com/v1\r\nX-Evil: 1",
        "https://10.0.0.5/v1",
        "http://169.254.169.254/latest",
        "http://[::1]:8000/v1",
        "http://llm.example.com/v1" + "x" * 500,
    ],
)
def test_it_refuses_an_address_that_must_not_be_called(url: str) -> None:
    with pytest.raises(ValidationError) as caught:
        add(base_url=url)
    assert list(caught.value.message_dict) == ["base_url"]
    assert not Node.objects.exists()


@pytest.mark.parametrize("prefix", ["deepseek", "ds", "openai"])
def test_it_refuses_a_prefix_of_the_catalog(prefix: str) -> None:
    with pytest.raises(ValidationError) as caught:
        add(prefix)
    assert caught.value.error_dict["prefix"][0].code == "unique"


def test_it_refuses_a_prefix_twice() -> None:
    add()
    with pytest.raises(ValidationError) as caught:
        add()
    assert caught.value.error_dict["prefix"][0].code == "unique"


@pytest.mark.parametrize("prefix", ["", "a/b", "A", "-a", "a b", "x" * 41])
def test_it_refuses_a_prefix_that_no_model_name_can_have(prefix: str) -> None:
    with pytest.raises(ValidationError) as caught:
        add(prefix)
    assert list(caught.value.message_dict) == ["prefix"]


def test_it_refuses_a_type_that_it_does_not_know() -> None:
    with pytest.raises(ValidationError) as caught:
        nodes.add("local", name="x", type="telepathic", base_url=URL)
    assert list(caught.value.message_dict) == ["type"]


def test_it_forgets_the_keys_of_a_node_whose_address_changes() -> None:
    node = add()
    add("other")
    accounts.connect("local", name="a", secret="for-the-old-address")
    other = accounts.connect("other", name="b", secret="for-another-node")
    nodes.change(node, base_url="https://elsewhere.example.com/v1")
    assert [bool(row.secret) for row in Connection.objects.filter(provider="local")] == [False]
    assert Connection.objects.get(pk=other.pk).secret.reveal() == "for-another-node"


def test_it_keeps_the_keys_when_the_address_stays() -> None:
    node = add()
    account = accounts.connect("local", name="a", secret="key-1")
    nodes.change(node, name="Renamed", base_url=f"{URL}/")
    assert Node.objects.get().name == "Renamed"
    assert Connection.objects.get(pk=account.pk).secret.reveal() == "key-1"


def test_it_forgets_the_keys_also_when_the_node_object_was_changed_before() -> None:
    node = add()
    accounts.connect("local", name="a", secret="key-1")
    node.base_url = "https://elsewhere.example.com/v1"
    nodes.change(node)
    assert not Connection.objects.get().secret


def test_it_never_changes_a_prefix() -> None:
    node = add()
    node.prefix = "other"
    nodes.change(node, name="x")
    assert Node.objects.get().prefix == "local"


def test_it_removes_a_node_with_its_accounts() -> None:
    node = add()
    accounts.connect("local", name="a", secret="key-1")
    accounts.connect("deepseek", name="b", secret="key-2")
    assert nodes.accounts(node) == 1
    nodes.remove(node)
    assert not Node.objects.exists()
    assert [row.provider for row in Connection.objects.all()] == ["deepseek"]


def test_it_gives_no_left_over_key_to_a_new_node() -> None:
    node = add()
    accounts.connect("local", name="a", secret="key-1")
    node.delete()
    add(base_url="https://attacker.example.com/v1")
    assert not Connection.objects.get().secret


def test_it_raises_the_version_with_every_change() -> None:
    versions = []
    node = add()
    versions.append(ConfigVersion.objects.get().version)
    nodes.change(node, name="x")
    versions.append(ConfigVersion.objects.get().version)
    nodes.remove(node)
    versions.append(ConfigVersion.objects.get().version)
    assert versions == sorted(set(versions))
