"""A whole answer, in both directions. The hub carries one choice: the first."""

from __future__ import annotations

from typing import Any

from omniroute.gateway import ir
from omniroute.gateway.errors import UpstreamFailure
from omniroute.gateway.formats import Head
from omniroute.gateway.translation import answers, freeform, vendor_errors
from omniroute.gateway.translation.fields import filed, own

from . import calls, finish, reasoning, usage
from .name import FORMAT_NAME
from .parts import Parts, fold

_KNOWN = frozenset({"id", "object", "created", "model", "choices", "usage"})


def read(value: object, *, inline_think: bool = False) -> ir.Response:
    body = answers.mapping(value, "answer")
    error = vendor_errors.inside(body)
    if error is not None:
        raise error
    choices = answers.sequence(body.get("choices"), "choices")
    if not choices:
        raise UpstreamFailure("protocol", "the answer has no choices")
    choice = answers.mapping(choices[0], "choice")
    message = answers.mapping(choice.get("message"), "message")
    seed = answers.name(body.get("id"))
    reader = Parts(seed=seed or calls.random_seed(), inline_think=inline_think)
    parts = fold([*reader.delta(_placed(message)), *reader.close()])
    reason, matched = finish.read(
        answers.name(choice.get("finish_reason")),
        called=reader.called,
        refused=reader.refused,
        matched=choice.get("stop_reason"),
    )
    created = body.get("created")
    rest = {key: item for key, item in body.items() if key not in _KNOWN and item is not None}
    return ir.Response(
        id=seed,
        model=answers.name(body.get("model")),
        parts=parts,
        finish=reason,
        stop_sequence=matched,
        usage=usage.of(body),
        created=created if isinstance(created, int) and not isinstance(created, bool) else None,
        extra=filed(FORMAT_NAME, rest),
    )


def is_plain(body: dict[str, Any]) -> bool:
    choices = body.get("choices")
    return isinstance(choices, list) and bool(choices) and not body.get("error")


def _placed(message: dict[str, Any]) -> dict[str, Any]:
    """The message with its calls told apart by their place, whatever their ids."""
    found = answers.sequence(message.get("tool_calls"), "tool_calls")
    placed = [{**answers.mapping(call, "tool call"), "index": i} for i, call in enumerate(found)]
    return {**message, "tool_calls": placed}


def write(response: ir.Response, head: Head) -> dict[str, Any]:
    message = _message(response.parts, freeform.names(head.request))
    reason = finish.write(
        response.finish, called="tool_calls" in message, refused=message["refusal"] is not None
    )
    body: dict[str, Any] = {
        **own(response.extra, FORMAT_NAME),
        "id": f"chatcmpl-{head.id}",
        "object": "chat.completion",
        "created": response.created or head.created,
        "model": head.model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": reason}],
    }
    if response.usage is not None:
        body["usage"] = usage.write(response.usage)
    return body


def _message(parts: tuple[ir.Part, ...], raw_tools: frozenset[str]) -> dict[str, Any]:
    """Parts that a chat answer has no place for, such as another vendor's tool logs, stay out."""
    thoughts = [part for part in parts if isinstance(part, ir.Thinking)]
    called = [part for part in parts if isinstance(part, ir.ToolCall)]
    texts = [part.text for part in parts if isinstance(part, ir.Text)]
    refusals = [part.text for part in parts if isinstance(part, ir.Refusal)]
    images = [part for part in parts if isinstance(part, ir.Image)]
    message: dict[str, Any] = {
        "role": "assistant",
        "content": "".join(texts) if texts or not (called or refusals) else None,
        "refusal": "".join(refusals) if refusals else None,
        **reasoning.write(map(reasoning.carried, thoughts)),
    }
    if images:
        message["images"] = [image_entry(part) for part in images]
    if called:
        message["tool_calls"] = [_call(part, raw_tools) for part in called]
    return message


def _call(call: ir.ToolCall, raw_tools: frozenset[str]) -> dict[str, Any]:
    entry = calls.carried({"id": call.id}, call.extra)
    if call.freeform or call.name in raw_tools:
        raw = call.arguments if call.freeform else freeform.unwrapped(call.arguments)
        return {**entry, "type": "custom", "custom": {"name": call.name, "input": raw}}
    function = {"name": call.name, "arguments": call.arguments or "{}"}
    return {**entry, "type": "function", "function": function}


def image_entry(image: ir.Image) -> dict[str, Any]:
    """An image that the model made, as OpenRouter spells it."""
    url = image.source.url or f"data:{image.source.media_type};base64,{image.source.data or ''}"
    return {"type": "image_url", "image_url": {"url": url}}
