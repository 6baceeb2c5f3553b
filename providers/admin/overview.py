"""What the pages show of a provider: catalog facts or a node's, and the state of its accounts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from django.http import Http404

from providers import catalog
from providers.models import Connection, ConnectionCheck, Node

TIERS = {
    "api_key": ("Pay per use", "Bring an API key; the provider bills what you use."),
    "cheap": ("Low cost", "Flat or very low prices; good as a backup."),
    "free": ("Free", "No bill; limits and terms are the provider's."),
    "subscription": ("Subscriptions", "Use a plan that you already pay for."),
}
State = Literal["none", "works", "failed", "untested", "paused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """One provider as its card and its page show it."""

    id: str  # what accounts are filed under
    prefix: str  # what callers write before the model
    name: str
    facts: tuple[str, ...]
    models: tuple[str, ...] = ()
    key_url: str | None = None
    homepage: str | None = None
    node: Node | None = None
    accounts: list[Connection] = field(default_factory=list)

    @property
    def words(self) -> str:
        """What the gallery's search looks through."""
        return " ".join((self.name, self.id, self.prefix, *self.facts, *self.models))

    @property
    def state(self) -> State:
        active = [account for account in self.accounts if account.is_active]
        if not self.accounts:
            return "none"
        if not active:
            return "paused"
        checks = [getattr(account, "check_result", None) for account in active]
        if any(check and check.status == ConnectionCheck.Status.FAILED for check in checks):
            return "failed"
        return "works" if all(checks) else "untested"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """One tier of the gallery."""

    title: str
    text: str
    providers: tuple[Overview, ...]


def shelves() -> list[Shelf]:
    """The catalog by tier, connected providers first."""
    accounts = _accounts(Connection.objects.select_related("check_result"))
    by_tier: dict[str, list[Overview]] = defaultdict(list)
    for entry in catalog.entries().values():
        if entry.auth == "api_key":
            by_tier[entry.tier].append(_of_entry(entry, accounts[entry.id]))
    return [
        Shelf(title=title, text=text, providers=tuple(sorted(by_tier[tier], key=_order)))
        for tier, (title, text) in TIERS.items()
        if by_tier[tier]
    ]


def endpoints() -> list[Overview]:
    """The operator's own endpoints."""
    accounts = _accounts(Connection.objects.select_related("check_result"))
    return [_of_node(node, accounts[node.prefix]) for node in Node.objects.all()]


def find(provider: str) -> Overview:
    """Raises Http404 for an unknown provider, and for one that takes no API key."""
    accounts = list(Connection.objects.filter(provider=provider).select_related("check_result"))
    node = Node.objects.filter(prefix=provider).first()
    if node is not None:
        return _of_node(node, accounts)
    entry = catalog.entries().get(provider)
    if entry is None or entry.auth != "api_key":
        raise Http404(f"There is no provider {provider!r}.")
    return _of_entry(entry, accounts)


def _of_entry(entry: catalog.Entry, accounts: list[Connection]) -> Overview:
    resets = "" if entry.quota_reset.lower() == "none" else f"Resets: {entry.quota_reset}"
    return Overview(
        id=entry.id,
        prefix=entry.alias,
        name=entry.name,
        facts=tuple(filter(None, (entry.best_for, entry.cost, resets))),
        models=tuple(model.id for model in entry.models),
        key_url=entry.key_url,
        homepage=entry.homepage,
        accounts=accounts,
    )


def _of_node(node: Node, accounts: list[Connection]) -> Overview:
    return Overview(
        id=node.prefix,
        prefix=node.prefix,
        name=node.name,
        facts=(node.get_type_display(), node.base_url),
        node=node,
        accounts=accounts,
    )


def _accounts(connections: Iterable[Connection]) -> dict[str, list[Connection]]:
    grouped: dict[str, list[Connection]] = defaultdict(list)
    for connection in connections:
        grouped[connection.provider].append(connection)
    return grouped


def _order(overview: Overview) -> tuple[bool, str]:
    return not overview.accounts, overview.name.lower()
