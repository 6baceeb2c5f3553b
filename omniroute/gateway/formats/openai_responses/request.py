"""A client's Responses request -> the hub's."""

from __future__ import annotations

from typing import Any

from omniroute.gateway import ir
from omniroute.gateway.errors import InvalidRequest, Unsupported
from omniroute.gateway.translation.fields import Fields, dumped
from omniroute.gateway.translation.openai import output

from . import items, reasoning, tools
from .name import FORMAT_NAME

LOGPROBS = "message.output_text.logprobs"
_ADVICE = "Send the whole conversation in `input`, with `store` set to false."
_MODELLED = frozenset(
    {
        *("model", "input", "instructions", "stream", "max_output_tokens", "temperature", "top_p"),
        *("tools", "tool_choice", "parallel_tool_calls", "text", "reasoning", "top_logprobs"),
        *("user", "safety_identifier", "service_tier", "prompt_cache_key", "metadata"),
        # What an answer that is not kept has no use for.
        *("store", "include", "stream_options", "background"),
    }
)
# What tells a client's installation and session apart, and is nobody else's business.
PRIVATE = frozenset({"client_metadata"})


def read(value: object) -> ir.Request:
    body = Fields(value)
    _refuse_state(body)
    offered = tools.read(body)
    names = tools.Names(offered)
    text = body.child("text")
    metadata = body.child("metadata")
    return ir.Request(
        format=FORMAT_NAME,
        model=body.needed("model"),
        messages=items.read(body, names),
        max_tokens=body.natural("max_output_tokens"),
        stream=body.flag("stream") or False,
        include_usage=True,
        tools=offered,
        tool_choice=tools.read_choice(body, names),
        parallel_tool_calls=body.flag("parallel_tool_calls"),
        output=None if text is None else output.read(text.child("format"), nested=False),
        reasoning=reasoning.read(body),
        sampling=_sampling(body),
        user=body.text("safety_identifier") or body.text("user"),
        service_tier=body.text("service_tier"),
        prompt_cache_key=body.text("prompt_cache_key"),
        verbosity=None if text is None else text.text("verbosity"),
        metadata=metadata.raw if metadata else None,
        extra=_extra(body),
    )


def _refuse_state(body: Fields) -> None:
    """What only the provider that made an earlier answer could resolve."""
    if body.text("previous_response_id"):
        raise InvalidRequest(
            f"Earlier answers are not kept for this model. {_ADVICE}",
            param="previous_response_id",
            code="previous_response_not_found",
        )
    if body.raw.get("conversation") is not None:
        raise InvalidRequest(
            f"Conversations are not kept for this model. {_ADVICE}",
            param="conversation",
            code="conversation_not_found",
        )
    if body.flag("background"):
        raise Unsupported(
            "This model answers while the client waits. Leave out `background`.",
            param="background",
        )
    if body.raw.get("prompt") is not None:
        raise Unsupported(
            "Stored prompts exist only at OpenAI. Send the prompt's text in `instructions` and "
            "`input`.",
            param="prompt",
        )


def _sampling(body: Fields) -> ir.Sampling:
    count = body.natural("top_logprobs")
    wanted = LOGPROBS in body.texts("include") or bool(count)
    return ir.Sampling(
        temperature=body.number("temperature"),
        top_p=body.number("top_p"),
        logprobs=True if wanted else None,
        top_logprobs=count,
    )


def _extra(body: Fields) -> ir.Extra:
    told: dict[str, Any] = body.rest(_MODELLED | PRIVATE)
    more = reasoning.read_rest(body)
    if more:
        told["reasoning"] = more
    dumped([told, body.raw.get("metadata")], "metadata")
    return {FORMAT_NAME: told} if told else ir.NO_EXTRA
