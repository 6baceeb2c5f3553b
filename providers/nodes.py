"""Verbs of nodes, the operator's own endpoints.

A stored API key is only ever sent to the address that it was stored for: a new base URL clears the
keys of the node's accounts, and a node's accounts go with it.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction

from omniroute import environment
from omniroute.gateway.upstream import AddressPolicy
from providers import catalog
from providers.models import Connection, ConnectionCheck, Node

_CHAT_PATHS = ("/chat/completions", "/messages")


def add(prefix: str, *, name: str, type: str, base_url: str) -> Node:  # noqa: A002  (the field's name)
    """Raises ValidationError; a prefix that is taken has the code "unique"."""
    node = Node(prefix=prefix.strip(), name=name.strip() or prefix.strip(), type=type)
    if catalog.entry(node.prefix) is not None:
        raise ValidationError(
            {"prefix": ValidationError("A built-in provider has this prefix.", code="unique")}
        )
    node.base_url = clean_base_url(base_url)
    with transaction.atomic():
        node.full_clean(exclude=["base_url"])
        _forget_keys(node.prefix)
        node.save()
    return node


def change(
    node: Node,
    *,
    name: str | None = None,
    type: str | None = None,  # noqa: A002  (the field's name)
    base_url: str | None = None,
) -> Node:
    """A new base URL clears the API keys of the node's accounts. The prefix cannot change."""
    node.name = node.name if name is None else name.strip()
    node.type = node.type if type is None else type
    node.base_url = clean_base_url(node.base_url if base_url is None else base_url)
    with transaction.atomic():
        stored = Node.objects.get(pk=node.pk)
        node.prefix = stored.prefix
        node.full_clean(exclude=["base_url"])
        if node.base_url != stored.base_url:
            _forget_keys(node.prefix)
        node.save()
    return node


def remove(node: Node) -> None:
    """Removes the node and its accounts."""
    with transaction.atomic():
        for connection in Connection.objects.filter(provider=node.prefix):
            connection.delete()
        node.delete()


def accounts(node: Node) -> int:
    """How many accounts go when the node goes."""
    return Connection.objects.filter(provider=node.prefix).count()


def clean_base_url(text: str) -> str:
    """The address without what is appended to it. Raises ValidationError."""
    url = text.strip().rstrip("/")
    for path in _CHAT_PATHS:
        url = url.removesuffix(path)
    if "?" in url or len(url) > 500:
        raise ValidationError({"base_url": "Write at most 500 characters, without a query (?…)."})
    try:
        address_policy().check_url(url)
    except ValueError as exc:
        raise ValidationError({"base_url": str(exc)}) from exc
    return url


def address_policy() -> AddressPolicy:
    """Which addresses may be called, from ALLOW_PRIVATE_UPSTREAMS."""
    return AddressPolicy.parse(environment.text("ALLOW_PRIVATE_UPSTREAMS"))


def _forget_keys(prefix: str) -> None:
    for connection in Connection.objects.filter(provider=prefix):
        connection.secret = ""
        connection.save(update_fields=["secret"])
        ConnectionCheck.objects.filter(connection=connection).delete()
