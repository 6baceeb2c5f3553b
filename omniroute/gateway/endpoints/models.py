"""The model list: combos first, then every model of every connected provider.

One object satisfies OpenAI's and Anthropic's readers alike
(https://platform.openai.com/docs/api-reference/models, https://docs.claude.com/en/api/models-list);
Gemini's has a shape of its own (https://ai.google.dev/api/models).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from omniroute.gateway.access import may_use
from omniroute.gateway.errors import NotFound
from omniroute.gateway.snapshot import Key, Model, Snapshot

CREATED = 1_700_000_000  # the lists need a date; ours is not the model's
_CREATED_AT = "2023-11-14T22:13:20Z"


def listed(dialect: str, snapshot: Snapshot, key: Key) -> dict[str, Any]:
    """The whole list in the caller's dialect."""
    if dialect == "anthropic":
        return _anthropic(snapshot, key)
    if dialect == "gemini":
        return {"models": [_gemini(item) for item in _all(snapshot, key)]}
    return {"object": "list", "data": list(_all(snapshot, key))}


def _anthropic(snapshot: Snapshot, key: Key) -> dict[str, Any]:
    data = list(_all(snapshot, key))
    return {
        "data": data,
        "has_more": False,
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
    }


def one(dialect: str, snapshot: Snapshot, key: Key, name: str) -> dict[str, Any]:
    """Under any name that it goes by. Raises NotFound for a model not in the caller's list."""
    wanted = _listed_as(name, snapshot)
    for item in _all(snapshot, key):
        if item["id"] == wanted:
            item["id"] = name
            return _gemini(item) if dialect == "gemini" else item
    raise NotFound(f"The model '{name}' is not in the list.", code="model_not_found")


def _listed_as(name: str, snapshot: Snapshot) -> str:
    """The list has each model once: with its provider's short prefix, in its own spelling."""
    prefix, _, spelled = name.partition("/")
    provider = snapshot.providers.get(snapshot.prefixes.get(prefix, ""))
    model = provider.models.get(spelled) if provider else None
    return f"{provider.alias}/{model.id}" if provider and model else name


def _gemini(item: dict[str, Any]) -> dict[str, Any]:
    found = {
        "name": f"models/{item['id']}",
        "baseModelId": item["id"],
        "version": "1",
        "displayName": item["display_name"],
        "supportedGenerationMethods": ["generateContent", "streamGenerateContent", "countTokens"],
    }
    if "max_input_tokens" in item:
        found["inputTokenLimit"] = item["max_input_tokens"]
    if "max_tokens" in item:
        found["outputTokenLimit"] = item["max_tokens"]
    return found


def _all(snapshot: Snapshot, key: Key) -> Iterator[dict[str, Any]]:
    for name in snapshot.combos:
        if may_use(key, name):
            yield _entry(name, "combo", None)
    for provider in snapshot.providers.values():
        if not snapshot.connections.get(provider.id):
            continue
        for name, model in provider.models.items():
            shown = f"{provider.alias}/{name}"
            is_alias = name != model.id  # another spelling of a model that is listed already
            if (
                model.kind == "chat"
                and not is_alias
                and may_use(key, shown, f"{provider.id}/{name}")
            ):
                yield _entry(shown, provider.id, model)


def _entry(name: str, owner: str, model: Model | None) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "id": name,
        "object": "model",
        "type": "model",
        "created": CREATED,
        "created_at": _CREATED_AT,
        "owned_by": owner,
        "display_name": (model.name if model else "") or name,
    }
    if model and model.context:
        entry["max_input_tokens"] = model.context
    if model and model.max_output:
        entry["max_tokens"] = model.max_output
    return entry
