"""A client's Chat Completions request -> the hub's, and the same request for a like provider."""

from __future__ import annotations

from typing import Any

from omniroute.gateway import ir
from omniroute.gateway.snapshot import Model, Provider
from omniroute.gateway.translation.fields import Fields
from omniroute.gateway.translation.openai import output

from . import effort, luggage, messages, tools
from .name import FORMAT_NAME

_SAMPLING = (
    "temperature",
    "top_p",
    "top_k",
    "stop",
    "seed",
    "n",
    "frequency_penalty",
    "presence_penalty",
    "logprobs",
    "top_logprobs",
    "logit_bias",
)
_KNOWN = frozenset(
    {
        *_SAMPLING,
        "model",
        "messages",
        "max_tokens",
        "max_completion_tokens",
        "stream",
        "stream_options",
        "tools",
        "tool_choice",
        "functions",
        "function_call",
        "parallel_tool_calls",
        "response_format",
        "reasoning_effort",
        "user",
        "safety_identifier",
        "service_tier",
        "prompt_cache_key",
        "verbosity",
        "metadata",
    }
)


def read(value: object) -> ir.Request:
    body = Fields(value)
    options = body.child("stream_options")
    limit = body.natural("max_completion_tokens")
    metadata = body.child("metadata")
    return ir.Request(
        format=FORMAT_NAME,
        model=body.needed("model"),
        messages=messages.read(body),
        max_tokens=body.natural("max_tokens") if limit is None else limit,
        stream=body.flag("stream") or False,
        include_usage=bool(options and options.flag("include_usage")),
        tools=tools.read(body),
        tool_choice=tools.read_choice(body),
        parallel_tool_calls=body.flag("parallel_tool_calls"),
        output=output.read(body.child("response_format"), nested=True),
        reasoning=effort.read(body),
        sampling=_sampling(body),
        user=body.text("safety_identifier") or body.text("user"),
        service_tier=body.text("service_tier"),
        prompt_cache_key=body.text("prompt_cache_key"),
        verbosity=body.text("verbosity"),
        metadata=metadata.raw if metadata else None,
        extra=body.extras(FORMAT_NAME, _KNOWN),
    )


def passthrough(value: object, provider: Provider, model: Model) -> dict[str, Any]:
    """The body for a provider of this format: as sent, but for what would break the call.

    The usage is always asked for, because the bill depends on it. Members that need no change stay
    the same objects, so that their bytes can stay the same too.
    """
    body = {**Fields(value).raw, "model": model.id}
    if body.get("stream") and provider.stream_usage:
        options = body.get("stream_options")
        asked = options if isinstance(options, dict) else {}
        if asked.get("include_usage") is not True:
            body["stream_options"] = {**asked, "include_usage": True}
    elif not provider.stream_usage:
        body.pop("stream_options", None)
    if model.max_tokens_field == "max_completion_tokens" and body.get("max_tokens") is not None:
        body.setdefault("max_completion_tokens", body.pop("max_tokens"))
    if "messages" in body:
        body["messages"] = luggage.unpacked(body["messages"], replay=provider.replay_reasoning)
    if provider.system_role == "system" and _has_developer(body.get("messages")):
        body["messages"] = [_known_role(message) for message in body["messages"]]
    for name in (*provider.drop_params, *model.drop_params):
        body.pop(name, None)
    return body


def _has_developer(messages: object) -> bool:
    return isinstance(messages, list) and any(map(_is_developer, messages))


def _is_developer(message: object) -> bool:
    return isinstance(message, dict) and message.get("role") == "developer"


def _known_role(message: Any) -> Any:
    return {**message, "role": "system"} if _is_developer(message) else message


def _sampling(body: Fields) -> ir.Sampling:
    bias = body.child("logit_bias")
    return ir.Sampling(
        temperature=body.number("temperature"),
        top_p=body.number("top_p"),
        top_k=body.integer("top_k"),
        stop=_stop(body),
        seed=body.integer("seed"),
        n=body.natural("n"),
        frequency_penalty=body.number("frequency_penalty"),
        presence_penalty=body.number("presence_penalty"),
        logprobs=body.flag("logprobs"),
        top_logprobs=body.natural("top_logprobs"),
        logit_bias=bias.raw if bias else None,
    )


def _stop(body: Fields) -> tuple[str, ...]:
    value = body.raw.get("stop")
    if value is None:
        return ()
    stops = [value] if isinstance(value, str) else value
    if not isinstance(stops, list) or not all(isinstance(stop, str) for stop in stops):
        raise body.fault("stop", "be a string or an array of strings")
    return tuple(stop for stop in stops if stop)
