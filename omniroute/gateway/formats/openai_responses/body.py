"""The hub's request -> a Responses body. What the wire has no field for is a named loss.

Nothing is kept at the provider: the next request may go elsewhere, and so the whole conversation
comes along each time, with the model's own reasoning in sealed form.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from omniroute.gateway import ir
from omniroute.gateway.errors import Unsupported
from omniroute.gateway.formats import Wire
from omniroute.gateway.snapshot import Model, Provider
from omniroute.gateway.translation import naming
from omniroute.gateway.translation.openai import account, output

from . import reasoning, tools
from .history import History
from .name import FORMAT_NAME
from .request import LOGPROBS

_NEEDED = frozenset({"model", "input", "stream"})
_OURS = frozenset({"store", "include"})  # asked for by us: no loss of the client's
_LEAST_TOKENS = 16
_FOREIGN_SAMPLING = (
    *("top_k", "seed", "frequency_penalty", "presence_penalty", "logit_bias"),
    *("logprobs", "top_logprobs", "stop"),
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
    body |= account.write(request, losses, same_format=request.format == FORMAT_NAME)
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
    else:
        if sampling.n is not None and sampling.n > 1:
            raise Unsupported("n: only one answer per request can be asked for.", param="n")
        losses.update(_unsaid(sampling))
    return {name: value for name, value in fields.items() if value is not None}


def _unsaid(sampling: ir.Sampling) -> Iterator[str]:
    for name in _FOREIGN_SAMPLING:
        value = getattr(sampling, name)
        if value is not None and value is not False and value != ():
            yield name


def _include(request: ir.Request, model: Model) -> dict[str, Any]:
    wanted = [reasoning.SEALED] if reasoning.sealable(model) else []
    if request.format == FORMAT_NAME and request.sampling.logprobs:
        wanted.append(LOGPROBS)
    return {"include": wanted} if wanted else {}


def _text(request: ir.Request) -> dict[str, Any]:
    text: dict[str, Any] = {}
    if request.output is not None:
        text["format"] = output.write(request.output, nested=False)
    if request.verbosity is not None:
        text["verbosity"] = request.verbosity
    return {"text": text} if text else {}
