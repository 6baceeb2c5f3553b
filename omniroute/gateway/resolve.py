"""A model name becomes the ordered list of models that may serve it, and says why.

Order: combo, `prefix/model`, bare name. A combo's name wins over everything else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from omniroute.gateway.errors import InvalidRequest, NotFound
from omniroute.gateway.snapshot import Model, Provider, Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A provider and model; `connection` pins one account."""

    provider: Provider
    model: Model
    connection: str | None = None

    @property
    def name(self) -> str:
        return f"{self.provider.alias}/{self.model.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """`via` is `combo`, `prefix` or `bare`."""

    via: str
    choices: tuple[Choice, ...]


def resolve(name: str, snapshot: Snapshot) -> Resolution:
    """Raises NotFound for an unknown name and InvalidRequest for an ambiguous one."""
    combo = snapshot.combos.get(name.removeprefix("combo/"))
    if combo is not None:
        choices = tuple(
            replace(_prefixed(step.model, snapshot), connection=step.connection)
            for step in combo.steps
        )
        if not choices:
            raise NotFound(
                f"The combo '{name}' has no steps. Add models to it in the dashboard.",
                code="model_not_found",
            )
        return Resolution(via="combo", choices=choices)
    if "/" in name and name.split("/", 1)[0] in snapshot.prefixes:
        return Resolution(via="prefix", choices=(_prefixed(name, snapshot),))
    return Resolution(via="bare", choices=(_bare(name, snapshot),))


def _prefixed(name: str, snapshot: Snapshot) -> Choice:
    prefix, _, model_id = name.partition("/")
    provider_id = snapshot.prefixes.get(prefix)
    if provider_id is None or not model_id:
        raise NotFound(
            f"No provider has the prefix '{prefix}'. Use provider/model, e.g. openai/gpt-4o.",
            code="model_not_found",
        )
    provider = snapshot.providers[provider_id]
    return Choice(provider=provider, model=_model(provider, model_id))


def _bare(name: str, snapshot: Snapshot) -> Choice:
    owners = [provider for provider in snapshot.providers.values() if name in provider.models]
    connected = [provider for provider in owners if snapshot.connections.get(provider.id)]
    candidates = connected or owners
    if not candidates:
        raise NotFound(
            f"The model '{name}' is not known. GET /v1/models lists what can be used; "
            "write provider/model for one that is not listed.",
            code="model_not_found",
        )
    if len(candidates) > 1:
        names = ", ".join(f"{provider.alias}/{name}" for provider in candidates)
        raise InvalidRequest(
            f"Several providers have the model '{name}'. Use one of: {names}.",
            code="ambiguous_model",
            param="model",
        )
    return Choice(provider=candidates[0], model=candidates[0].models[name])


def _model(provider: Provider, model_id: str) -> Model:
    """An id that the catalog does not know passes through as it is."""
    return provider.models.get(model_id) or _unlisted(provider.unlisted, model_id)


@lru_cache(maxsize=1024)
def _unlisted(facts: Model, model_id: str) -> Model:
    return replace(facts, id=model_id)
