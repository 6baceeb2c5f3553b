"""The hub's request -> a Responses body. What the wire has no field for is a named loss.

Nothing is kept at the provider: the next request may go elsewhere, and so the whole conversation
comes along each time, with the model's own reasoning in sealed form.
"""

from __future__ import annotations

from typing import Any

from omniroute.gateway import ir
from omniroute.gateway.formats import Wire
from omniroute.gateway.snapshot import Model, Provider
from omniroute.gateway.translation import naming

from . import reasoning, tools
from .history import History
from .name import FORMAT_NAME
from .request import LOGPROBS

_NEEDED = frozenset({"model", "input", "stream"})
_OURS = frozenset({"store", "include"})  # asked for by us: no loss of the client's
_TIERS = frozenset({"auto", "default", "flex", "scale", "priority", "fast"})
_MAX_USER = 64
_LEAST_TOKENS = 16
_FOREIGN_SAMPLING = (
    *("top_k", "seed", "n", "frequency_penalty", "presence_penalty", "logit_bias"),
    *("logprobs", "top_logprobs"),
)


def write(request: ir.Request, provider: Provider, model: Model) -> Wire:
    names, ids = naming.names(request), naming.ids(request)
    history = History(request, provider, model, names=names, ids=ids)
    losses = history.losses
    instructions, items = history.write()
    body: dict[str, Any] = {"model": model.id, "input": items, "store": False}
    if instructions:
        body["instructions"] = instructions
    if request.stream:
        body["stream"] = True
    body |= tools.write(request, provider, names, losses)
    body |= reasoning.write(request, model, losses)
    body |= _limits(request, model, losses)
    body |= _sampling(request, losses)
    body |= _include(request, model)
    body |= _text(request)
    body |= _account(request, losses)
    for owner, fields in request.extra.items():
        if owner == FORMAT_NAME:
            body = {**fields, **body}
        else:
            losses.update(f"{owner}.{name}" for name in fields)
    for name in {*provider.drop_params, *model.drop_params} - _NEEDED:
        if body.pop(name, None) is not None and name not in _OURS:
            losses.add(name)
    return Wire(body=body, losses=tuple(sorted(losses)), names=names.back, ids=ids.back)


def _limits(request: ir.Request, model: Model, losses: set[str]) -> dict[str, Any]:
    """Fewer than sixteen tokens are refused."""
    limit = request.max_tokens
    if limit is None:
        return {}
    if limit < _LEAST_TOKENS:
        losses.add("max_tokens")
    return {"max_output_tokens": max(_LEAST_TOKENS, min(limit, model.max_output or limit))}


def _sampling(request: ir.Request, losses: set[str]) -> dict[str, Any]:
    sampling = request.sampling
    fields = {"temperature": sampling.temperature, "top_p": sampling.top_p}
    if request.format == FORMAT_NAME:
        fields["top_logprobs"] = sampling.top_logprobs
        return _given(fields)
    losses.update(
        name for name in _FOREIGN_SAMPLING if getattr(sampling, name) not in (None, False)
    )
    if sampling.n == 1:
        losses.discard("n")
    if sampling.stop:
        losses.add("stop")
    return _given(fields)


def _include(request: ir.Request, model: Model) -> dict[str, Any]:
    wanted = [reasoning.SEALED] if reasoning.sealable(model) else []
    if request.format == FORMAT_NAME and request.sampling.logprobs:
        wanted.append(LOGPROBS)
    return {"include": wanted} if wanted else {}


def _text(request: ir.Request) -> dict[str, Any]:
    text: dict[str, Any] = {}
    output = request.output
    if output is not None and output.kind == "json_schema":
        described = {
            "type": "json_schema",
            "name": output.name or "answer",
            "schema": output.schema,
        }
        strict = {} if output.strict is None else {"strict": output.strict}
        text["format"] = {**described, **strict}
    elif output is not None:
        text["format"] = {"type": output.kind}
    if request.verbosity is not None:
        text["verbosity"] = request.verbosity
    return {"text": text} if text else {}


def _account(request: ir.Request, losses: set[str]) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "user": request.user,
        "service_tier": request.service_tier,
        "metadata": request.metadata,
        "prompt_cache_key": request.prompt_cache_key,
    }
    if request.format != FORMAT_NAME:
        for name in _unfit(request):
            losses.add(name)
            fields[name] = None
    return _given(fields)


def _unfit(request: ir.Request) -> list[str]:
    """What another format's client said in words that are an error here, or not meant for here."""
    unfit = []
    if request.user is not None and len(request.user) > _MAX_USER:
        unfit.append("user")
    if request.service_tier is not None and request.service_tier not in _TIERS:
        unfit.append("service_tier")
    if request.metadata is not None:
        unfit.append("metadata")
    return unfit


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
