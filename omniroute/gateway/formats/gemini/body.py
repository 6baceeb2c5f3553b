"""The hub's request -> a generateContent body. What the wire has no field for is a named loss."""

from __future__ import annotations

from typing import Any

from omniroute.gateway import ir
from omniroute.gateway.formats import Wire
from omniroute.gateway.formats.gemini import reasoning, settings, signatures, written
from omniroute.gateway.formats.gemini.contents import ContentWriter
from omniroute.gateway.formats.gemini.media import MediaWriter
from omniroute.gateway.formats.gemini.spelling import FORMAT_NAME
from omniroute.gateway.formats.gemini.tools import Tools
from omniroute.gateway.formats.gemini.turns import arrange
from omniroute.gateway.snapshot import Model, Provider
from omniroute.gateway.translation import naming
from omniroute.gateway.translation.fields import dumped, own

TIERS = {"default": "standard", "flex": "flex", "priority": "priority"}

_NEEDED = frozenset({"contents"})
_NESTED = ("generationConfig", "toolConfig")


def write(request: ir.Request, provider: Provider, model: Model) -> Wire:
    losses: set[str] = set()
    model = reasoning.facts(model)
    unwanted = {*provider.drop_params, *model.drop_params}
    names = naming.names(request, naming.GEMINI_NAMES)
    ids = naming.ids(request)
    same = request.format == FORMAT_NAME
    conversation = arrange(request.messages, ids.of, losses)
    third = reasoning.wants_signatures(model)
    media = MediaWriter(provider, model, losses, same=same)
    contents = ContentWriter(names, media, nested=third)
    turns = [contents.write(turn) for turn in conversation.turns]
    body: dict[str, Any] = {"contents": signatures.signed(turns) if third else turns}
    system = [written.text(text) for text in conversation.system]
    full = "parametersJsonSchema" not in unwanted
    tools = Tools(request, names, losses, full=full)
    body |= tools.write()
    config = settings.write(request, model, losses)
    if tools.functions and not reasoning.shapes_beside_tools(model):
        system += _asked_in_words(request.output, losses)
    else:
        full = "responseJsonSchema" not in unwanted
        config |= settings.write_output(request.output, losses, full=full)
    if system:
        body["systemInstruction"] = {"parts": system}
    thinking = reasoning.write(request, model, losses)
    if thinking:
        config["thinkingConfig"] = thinking
    if config:
        body["generationConfig"] = config
    _write_rest(request, body, losses)
    _drop(body, unwanted, losses)
    return Wire(body=body, losses=tuple(sorted(losses)), names=names.back, ids=ids.back)


def _asked_in_words(output: ir.OutputFormat | None, losses: set[str]) -> list[dict[str, Any]]:
    """The form of the answer for a model that refuses it as a setting beside functions."""
    if output is None or output.kind == "text":
        return []
    losses.add("response_format")
    wanted = "Give your final answer as one valid JSON object and nothing else."
    if output.kind == "json_schema":
        wanted = f"{wanted} It must follow this JSON Schema: {dumped(output.schema, 'schema')}"
    return [{"text": wanted}]


def _write_rest(request: ir.Request, body: dict[str, Any], losses: set[str]) -> None:
    for owner, fields in request.extra.items():
        if owner != FORMAT_NAME:
            losses.update(f"{owner}.{name}" for name in fields)
    kept = own(request.extra, FORMAT_NAME)
    for name in _NESTED:
        inner = kept.pop(name, {})
        if inner:
            body[name] = {**inner, **body.get(name, {})}
    for name, value in kept.items():
        body.setdefault(name, value)
    tier = request.service_tier
    if tier in TIERS:
        body["serviceTier"] = TIERS[tier]
    elif tier not in (None, "auto"):
        losses.add("service_tier")
    for field in ("user", "prompt_cache_key", "verbosity", "metadata"):
        if getattr(request, field):
            losses.add(field)


def _drop(body: dict[str, Any], unwanted: set[str], losses: set[str]) -> None:
    """`drop_params` names fields of the body and of `generationConfig`."""
    for holder in (body, body.get("generationConfig", {})):
        for name in sorted(unwanted - _NEEDED):
            if holder.pop(name, None) is not None:
                losses.add(name)
