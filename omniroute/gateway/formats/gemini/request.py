"""A client's generateContent request -> the hub's, and the same request for a like provider.

The model and the stream switch, which a client says in the path, stand in the body as `model` and
`stream`.
"""

from __future__ import annotations

from typing import Any

from omniroute.gateway import ir
from omniroute.gateway.formats.gemini import (
    history,
    luggage,
    reasoning,
    settings,
    signatures,
    tools,
)
from omniroute.gateway.formats.gemini.body import TIERS
from omniroute.gateway.formats.gemini.spelling import FORMAT_NAME, alike, either
from omniroute.gateway.snapshot import Model, Provider
from omniroute.gateway.translation.fields import Fields, filed

_MODELLED = frozenset(
    {"model", "stream", "contents", "systemInstruction", "tools", "toolConfig", "generationConfig"}
)
_GATEWAY = frozenset({"model", "stream"})
_NEEDED = frozenset({"contents"})
_COUNTED = "generateContentRequest"
_TIERS = {spelling: tier for tier, spelling in TIERS.items()}


def read(value: object) -> ir.Request:
    body = Fields(_uncounted(alike(value)))
    config = Fields(body.raw.get("generationConfig") or {}, "generationConfig")
    tool_config = body.child("toolConfig")
    tier = (body.text("serviceTier") or "").lower()
    kept = body.rest(_MODELLED)
    if tier in _TIERS:
        del kept["serviceTier"]
    for name, fields in (
        ("generationConfig", settings.rest(config)),
        ("toolConfig", tool_config.rest(("functionCallingConfig",)) if tool_config else {}),
    ):
        if fields:
            kept[name] = fields
    return ir.Request(
        format=FORMAT_NAME,
        model=body.needed("model").removeprefix("models/"),
        messages=history.read(body),
        max_tokens=config.natural("maxOutputTokens"),
        stream=body.flag("stream") or False,
        include_usage=True,
        tools=tools.read(body),
        tool_choice=tools.read_choice(tool_config),
        output=settings.read_output(config),
        reasoning=reasoning.read(config),
        sampling=settings.read_sampling(config),
        service_tier=_TIERS.get(tier),
        extra=filed(FORMAT_NAME, kept),
    )


def _uncounted(body: Any) -> Any:
    """A request whose tokens are to be counted may stand in an object of its own."""
    inner = body.get(_COUNTED) if isinstance(body, dict) else None
    return {**inner, "model": body.get("model")} if isinstance(inner, dict) else body


def passthrough(value: object, provider: Provider, model: Model) -> dict[str, Any]:
    """The body for a provider of this format: as sent, but for what Google does not know.

    Members that need no change stay the same objects, so that their bytes can stay the same too.
    """
    unwanted = _GATEWAY.union(provider.drop_params, model.drop_params) - _NEEDED
    body = {key: item for key, item in Fields(value).raw.items() if key not in unwanted}
    counted = either(body, _COUNTED, "generate_content_request")
    if isinstance(counted, dict):
        inner = {**passthrough(counted, provider, model), "model": f"models/{model.id}"}
        body = {_COUNTED: inner}
    contents = body.get("contents")
    if isinstance(contents, list):
        kept = signatures.mapped(contents, _without_luggage)
        if reasoning.wants_signatures(reasoning.facts(model)):
            kept = signatures.signed(kept)
        if len(kept) < len(contents) or any(
            new is not old for new, old in zip(kept, contents, strict=True)
        ):
            body["contents"] = kept
    return body


def _without_luggage(part: Any) -> Any:
    """What the gateway has put on a part for another family is nobody's here."""
    if not isinstance(part, dict):
        return part
    if not luggage.is_ours(either(part, "thoughtSignature", "thought_signature")):
        return part
    signature = ("thoughtSignature", "thought_signature")
    cleaned = {key: value for key, value in part.items() if key not in signature}
    return cleaned if cleaned.get("text", "-") else None
