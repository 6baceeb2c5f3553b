"""`generationConfig`, in both directions: sampling, limits and the form of the answer."""

from __future__ import annotations

from typing import Any

from omniroute.gateway import ir
from omniroute.gateway.errors import Unsupported
from omniroute.gateway.formats.gemini import jsonschema, schema
from omniroute.gateway.formats.gemini.spelling import FORMAT_NAME
from omniroute.gateway.snapshot import Model
from omniroute.gateway.translation.fields import Fields

MODELLED = (
    *("temperature", "topP", "topK", "maxOutputTokens", "stopSequences", "candidateCount", "seed"),
    *("frequencyPenalty", "presencePenalty", "responseLogprobs", "logprobs", "thinkingConfig"),
    *("responseMimeType", "responseSchema", "responseJsonSchema"),
)
_MAX_STOPS = 5
_JSON = "application/json"
_TEXT = "text/plain"


def read_sampling(config: Fields) -> ir.Sampling:
    return ir.Sampling(
        temperature=config.number("temperature"),
        top_p=config.number("topP"),
        top_k=config.integer("topK"),
        stop=tuple(stop for stop in config.texts("stopSequences") if stop),
        seed=config.integer("seed"),
        n=config.natural("candidateCount"),
        frequency_penalty=config.number("frequencyPenalty"),
        presence_penalty=config.number("presencePenalty"),
        logprobs=config.flag("responseLogprobs"),
        top_logprobs=config.natural("logprobs"),
    )


def read_output(config: Fields) -> ir.OutputFormat | None:
    full, subset = config.child("responseJsonSchema"), config.child("responseSchema")
    if full is not None:
        return ir.OutputFormat(kind="json_schema", schema=full.raw)
    kind = config.text("responseMimeType")
    if subset is not None and kind in (None, _JSON):
        return ir.OutputFormat(kind="json_schema", schema=jsonschema.from_gemini(subset.raw))
    if kind == _JSON:
        return ir.OutputFormat(kind="json_object")
    return ir.OutputFormat(kind="text") if kind == _TEXT else None


def rest(config: Fields) -> dict[str, Any]:
    """What the hub has no word for, such as answers that are one word of a list."""
    if config.text("responseMimeType") in (None, _JSON, _TEXT):
        return config.rest(MODELLED)
    return config.rest(set(MODELLED) - {"responseMimeType", "responseSchema"})


def write(request: ir.Request, model: Model, losses: set[str]) -> dict[str, Any]:
    sampling = request.sampling
    if sampling.n is not None and sampling.n > 1:
        raise Unsupported("n: only one answer per request can be asked for.", param="n")
    fields: dict[str, Any] = {
        "temperature": sampling.temperature,
        "topP": sampling.top_p,
        "topK": sampling.top_k,
        "seed": sampling.seed,
        "candidateCount": sampling.n,
        "frequencyPenalty": sampling.frequency_penalty,
        "presencePenalty": sampling.presence_penalty,
        "maxOutputTokens": _limit(request, model),
        "stopSequences": list(sampling.stop[:_MAX_STOPS]) or None,
    }
    if len(sampling.stop) > _MAX_STOPS:
        losses.add("stop")
    if sampling.logit_bias is not None:
        losses.add("logit_bias")
    if request.format == FORMAT_NAME:
        fields |= {"responseLogprobs": sampling.logprobs, "logprobs": sampling.top_logprobs}
    elif sampling.logprobs:  # they would not find their way back
        losses.add("logprobs")
    return {name: value for name, value in fields.items() if value is not None}


def _limit(request: ir.Request, model: Model) -> int | None:
    """Zero, by which Anthropic's clients only fill a cache, is not taken."""
    if request.max_tokens is None:
        return None
    return max(1, min(request.max_tokens, model.max_output or request.max_tokens))


def write_output(output: ir.OutputFormat | None, losses: set[str], *, full: bool) -> dict[str, Any]:
    """`full` tells whether the endpoint takes JSON Schema."""
    if output is None:
        return {}
    losses.update(
        f"response_format.{name}"
        for name in ("name", "strict")
        if getattr(output, name) is not None
    )
    match output.kind:
        case "text":
            return {"responseMimeType": _TEXT}
        case "json_object":
            return {"responseMimeType": _JSON}
    if full:
        described = {"responseJsonSchema": jsonschema.for_gemini(output.schema)}
    else:
        described = {"responseSchema": schema.output(output.schema)}
    return {"responseMimeType": _JSON, **described}
