"""The hub's request into a body for POST /v1/messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from omniroute.gateway import ir
from omniroute.gateway.errors import Unsupported
from omniroute.gateway.formats import Wire
from omniroute.gateway.formats.anthropic import breakpoints, parts, reasoning, schema, uploads
from omniroute.gateway.formats.anthropic.history import arrange
from omniroute.gateway.formats.anthropic.name import FORMAT_NAME
from omniroute.gateway.formats.anthropic.notes import Notes
from omniroute.gateway.formats.anthropic.tools import offered, write_choice, write_tool
from omniroute.gateway.snapshot import Model, Provider
from omniroute.gateway.translation import naming
from omniroute.gateway.translation.fields import own
from omniroute.gateway.translation.turns import Turn

# For a model whose limit nobody told us: every Claude since 4 writes this much.
DEFAULT_MAX_TOKENS = 32_000

_TIERS = {"auto": "auto", "priority": "auto", "default": "standard_only"}
_NEEDED = frozenset({"model", "messages", "max_tokens", "stream"})
_UNKNOWN_SAMPLING = (
    "seed",
    "frequency_penalty",
    "presence_penalty",
    "logprobs",
    "top_logprobs",
    "logit_bias",
)
_JSON_ONLY = "Answer with one valid JSON object and nothing else: no prose, no code fence."


def write_request(request: ir.Request, provider: Provider, model: Model) -> Wire:
    if request.format != FORMAT_NAME:
        uploads.refuse(request.messages)
    notes = Notes(names=naming.names(request))
    history = arrange(request.messages, notes)
    body: dict[str, Any] = {
        **_own_fields(request, notes),
        "model": model.id,
        "max_tokens": _max_tokens(request, model),
    }
    system = [block for text in history.system if (block := parts.text_block(text))]
    if request.output is not None and request.output.kind == "json_object":
        system.append({"type": "text", "text": _JSON_ONLY})
    if system:
        body["system"] = system
    body["messages"] = [_message(turn, model, notes) for turn in history.turns]
    plan = reasoning.write(request, model, body, notes, resumable=history.resumable)
    _write_tools(request, body, notes, forcible=plan is None or plan.kind != "budget")
    _write_output(request, body)
    _write_sampling(request, body, notes, thinking=plan is not None and plan.kind != "off")
    _write_rest(request, body, notes)
    if request.format != FORMAT_NAME:
        breakpoints.place(body)
    unwanted = {*provider.drop_params, *model.drop_params} - _NEEDED
    for name in sorted(unwanted & body.keys()):
        del body[name]
        notes.lose(name)
    return Wire(body=body, losses=notes.losses, names=notes.names.back, ids=notes.ids)


def _own_fields(request: ir.Request, notes: Notes) -> dict[str, Any]:
    if request.format == FORMAT_NAME:
        return own(request.extra, FORMAT_NAME)
    for name, fields in request.extra.items():
        notes.lose(*(fields if isinstance(fields, Mapping) else [name]))
    return {}


def _max_tokens(request: ir.Request, model: Model) -> int:
    if request.max_tokens is None:
        return model.max_output or DEFAULT_MAX_TOKENS
    return min(request.max_tokens, model.max_output or request.max_tokens)


def _message(turn: Turn, model: Model, notes: Notes) -> dict[str, Any]:
    blocks = [_block(part, model, notes) for part in turn.parts]
    return {"role": turn.role, "content": [block for block in blocks if block is not None]}


def _block(part: ir.Part, model: Model, notes: Notes) -> dict[str, Any] | None:
    match part:
        case ir.Text(text=text) | ir.Refusal(text=text):
            return parts.text_block(part) if text.strip() else None  # blank blocks are refused
        case ir.Thinking():
            return parts.thinking_block(part)
        case ir.ToolCall():
            return parts.call_block(part, notes.names.of(part.name))
        case ir.ToolResult():
            return _result(part, model, notes)
        case ir.Image() if not model.images:
            raise Unsupported("This model takes no images.", param="messages")
        case ir.Image() | ir.Document():
            if isinstance(part, ir.Image) and part.detail not in (None, "auto"):
                notes.lose("messages.image.detail")
            return parts.media_block(part)
        case ir.Opaque(format=name, value=value) if name == FORMAT_NAME:
            return dict(value)
        case _:
            raise Unsupported(
                "A tool result holds content that this provider cannot take.", param="messages"
            )


def _result(part: ir.ToolResult, model: Model, notes: Notes) -> dict[str, Any]:
    block: dict[str, Any] = {"type": "tool_result", "tool_use_id": part.call_id}
    content = [inner for one in part.parts if (inner := _block(one, model, notes)) is not None]
    if len(content) == 1 and content[0].keys() == {"type", "text"}:
        block["content"] = content[0]["text"]
    elif content:
        block["content"] = content
    if part.is_error:
        block["is_error"] = True
    return {**block, **own(part.extra, FORMAT_NAME)}


def _write_tools(
    request: ir.Request, body: dict[str, Any], notes: Notes, *, forcible: bool
) -> None:
    tools = offered(request, notes)
    if tools:
        body["tools"] = [write_tool(tool, notes) for tool in tools]
    choice = write_choice(request, tools, notes, forcible=forcible)
    if choice is not None:
        body["tool_choice"] = choice


def _write_output(request: ir.Request, body: dict[str, Any]) -> None:
    output = request.output
    if output is None or output.kind != "json_schema":
        return
    wanted = output.schema if request.format == FORMAT_NAME else schema.structured(output.schema)
    config = body.get("output_config", {})
    body["output_config"] = {**config, "format": {"type": "json_schema", "schema": wanted}}


def _write_sampling(
    request: ir.Request, body: dict[str, Any], notes: Notes, *, thinking: bool
) -> None:
    sampling = request.sampling
    if sampling.n is not None and sampling.n > 1:
        raise Unsupported("n: this provider gives one answer per request.", param="n")
    stop = [text for text in sampling.stop if text.strip()]
    if stop:
        body["stop_sequences"] = stop
    if len(stop) < len(sampling.stop):
        notes.lose("stop")  # the API refuses white space
    temperature, top_p, top_k = sampling.temperature, sampling.top_p, sampling.top_k
    if thinking:
        # Thinking refuses every temperature but its own, any top_k, and a narrow top_p.
        if temperature not in (None, 1):
            notes.lose("temperature")
        if top_k is not None:
            notes.lose("top_k")
        if top_p is not None and top_p < 0.95:
            notes.lose("top_p")
            top_p = None
        temperature = top_k = None
    elif temperature is not None and temperature > 1:
        notes.lose("temperature")
        temperature = 1
    if temperature is not None and top_p is not None:
        notes.lose("top_p")  # current models take one of the two
        top_p = None
    given = {"temperature": temperature, "top_p": top_p, "top_k": top_k}
    body.update({key: value for key, value in given.items() if value is not None})
    notes.lose(*(name for name in _UNKNOWN_SAMPLING if getattr(sampling, name) is not None))


def _write_rest(request: ir.Request, body: dict[str, Any], notes: Notes) -> None:
    if request.format == FORMAT_NAME and request.metadata is not None:
        body["metadata"] = request.metadata
    elif request.user is not None:
        body["metadata"] = {"user_id": request.user}
    if request.format != FORMAT_NAME and request.metadata:
        notes.lose("metadata")
    tier = request.service_tier
    if tier is not None and tier in _TIERS:
        body["service_tier"] = _TIERS[tier]
    elif tier is not None:
        notes.lose("service_tier")
    for name in ("verbosity", "prompt_cache_key"):
        if getattr(request, name) is not None:
            notes.lose(name)
    if request.stream:
        body["stream"] = True
