"""The hub's request -> a Chat Completions body. What the wire has no field for is a named loss."""

from __future__ import annotations

from typing import Any

from omniroute.gateway import ir
from omniroute.gateway.errors import Unsupported
from omniroute.gateway.formats import Wire
from omniroute.gateway.snapshot import Model, Provider
from omniroute.gateway.translation import naming, thinking
from omniroute.gateway.translation.fields import own
from omniroute.gateway.translation.openai import account, output

from . import effort, tools
from .history import History
from .name import FORMAT_NAME

_ID_STYLES = {"any": naming.IDS, "mistral9": naming.MISTRAL_IDS}
_MAX_STOPS = 4


def write(request: ir.Request, provider: Provider, model: Model) -> Wire:
    names = naming.names(request)
    ids = naming.ids(request, _ID_STYLES[provider.tool_id_style])
    history = History(request, provider, model, names=names, ids=ids)
    losses = history.losses
    body: dict[str, Any] = {"model": model.id, "messages": history.write()}
    body |= _stream(request, provider)
    body |= tools.write(request, provider, names, losses)
    body |= _limits(request, model)
    body |= _sampling(request, losses)
    if request.output is not None:
        body["response_format"] = output.write(request.output, nested=True)
    body |= _reasoning(request, model, losses)
    body |= account.write(request, losses, same_format=request.format == FORMAT_NAME)
    if request.verbosity is not None:
        body["verbosity"] = request.verbosity
    for owner, fields in request.extra.items():
        if owner == FORMAT_NAME:
            body = {**fields, **body}
        else:
            losses.update(f"{owner}.{name}" for name in fields)
    for name in (*provider.drop_params, *model.drop_params):
        if body.pop(name, None) is not None:
            losses.add(name)
    return Wire(body=body, losses=tuple(sorted(losses)), names=names.back, ids=ids.back)


def _stream(request: ir.Request, provider: Provider) -> dict[str, Any]:
    if not request.stream:
        return {}
    if not provider.stream_usage:
        return {"stream": True}
    return {"stream": True, "stream_options": {"include_usage": True}}


def _limits(request: ir.Request, model: Model) -> dict[str, Any]:
    limit = request.max_tokens
    if limit is None:
        return {}
    return {model.max_tokens_field: min(limit, model.max_output or limit)}


def _sampling(request: ir.Request, losses: set[str]) -> dict[str, Any]:
    sampling = request.sampling
    fields: dict[str, Any] = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "seed": sampling.seed,
        "frequency_penalty": sampling.frequency_penalty,
        "presence_penalty": sampling.presence_penalty,
        "logprobs": sampling.logprobs,
        "top_logprobs": sampling.top_logprobs,
        "logit_bias": sampling.logit_bias,
    }
    if sampling.stop:
        fields["stop"] = list(sampling.stop[:_MAX_STOPS])
        if len(sampling.stop) > _MAX_STOPS:
            losses.add("stop")
    if sampling.n == 1:
        fields["n"] = 1
    elif sampling.n is not None:
        if request.format != FORMAT_NAME:
            raise Unsupported("n: only one answer per request can be asked for.", param="n")
        losses.add("n")  # the hub carries one answer
    if sampling.top_k is not None:
        # It is not OpenAI's, but a client of this format knows that the server takes it.
        if request.format == FORMAT_NAME:
            fields["top_k"] = sampling.top_k
        else:
            losses.add("top_k")
    return {name: value for name, value in fields.items() if value is not None}


def _reasoning(request: ir.Request, model: Model, losses: set[str]) -> dict[str, Any]:
    told = own(request.extra, FORMAT_NAME)
    if request.reasoning is None or "reasoning" in told or "thinking" in told:
        return {}
    same = request.format == FORMAT_NAME  # its client knows what the model takes
    level = request.reasoning.effort if same else effort.write(request.reasoning, model)
    if level is not None:
        return {"reasoning_effort": level}
    if thinking.effort_of(request.reasoning) is not None:
        losses.add("reasoning")
    return {}
