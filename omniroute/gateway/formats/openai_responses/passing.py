"""A caller's own body on its way to a provider of the same format: as untouched as it can be.

Members that need no change stay the very same objects, so that their bytes can be kept.
"""

from __future__ import annotations

from typing import Any

from omniroute.gateway.snapshot import Model, Provider
from omniroute.gateway.translation import carrier
from omniroute.gateway.translation.fields import Fields

from .request import PRIVATE

_NEEDED = frozenset({"model", "input", "stream"})
_MAKERS = frozenset({"openai", "codex"})  # whose own clients send private fields
_NOTES = "internal_chat_message_metadata_passthrough"


def passthrough(value: object, provider: Provider, model: Model) -> dict[str, Any]:
    unwanted = {*provider.drop_params, *model.drop_params} - _NEEDED
    foreign = provider.id not in _MAKERS
    if foreign:
        unwanted |= PRIVATE
    raw = Fields(value).raw
    body = {key: told for key, told in raw.items() if key not in unwanted}
    body["model"] = model.id
    items = body.get("input")
    if isinstance(items, list):
        kept = [_cleaned(item, foreign=foreign) for item in items if not _is_foreign(item)]
        if len(kept) < len(items) or any(
            new is not old for new, old in zip(kept, items, strict=True)
        ):
            body["input"] = kept
    return body


def _is_foreign(item: object) -> bool:
    """Reasoning that this gateway carried here from another family is nobody's here."""
    return isinstance(item, dict) and carrier.is_foreign(item.get("encrypted_content"))


def _cleaned(item: Any, *, foreign: bool) -> Any:
    if not foreign or not isinstance(item, dict) or _NOTES not in item:
        return item
    return {key: told for key, told in item.items() if key != _NOTES}
