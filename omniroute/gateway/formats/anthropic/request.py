"""A Messages API request into the hub's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from omniroute.gateway import ir
from omniroute.gateway.errors import InvalidRequest
from omniroute.gateway.formats.anthropic import reasoning
from omniroute.gateway.formats.anthropic.blocks import read_content
from omniroute.gateway.formats.anthropic.name import FORMAT_NAME
from omniroute.gateway.formats.anthropic.tools import read_choice, read_tools
from omniroute.gateway.translation.carrier import unpacked
from omniroute.gateway.translation.fields import Fields, fault, filed

BILLING_HEADER = "x-anthropic-billing-header:"

_ROLES: dict[str, ir.Role] = {"user": "user", "assistant": "assistant", "system": "system"}
_TIERS = {"auto": "auto", "standard_only": "default"}
_MODELLED = (
    *("model", "messages", "system", "max_tokens", "stream", "tools", "tool_choice", "thinking"),
    *("temperature", "top_p", "top_k", "stop_sequences", "output_config", "output_format"),
    *("metadata", "service_tier"),
)


def read_request(value: Any) -> ir.Request:
    body = Fields(value, dotted=True)
    refuse_thread(body.raw)
    choice, parallel = read_choice(body)
    metadata = body.child("metadata")
    tier = body.text("service_tier")
    return ir.Request(
        format=FORMAT_NAME,
        model=body.given("model"),
        messages=(*_system(body), *_messages(body)),
        max_tokens=body.natural("max_tokens"),
        stream=body.flag("stream") or False,
        include_usage=True,
        tools=read_tools(body),
        tool_choice=choice,
        parallel_tool_calls=parallel,
        output=_output(body),
        reasoning=reasoning.read(body),
        sampling=_sampling(body),
        user=_user(metadata),
        service_tier=None if tier is None else _TIERS.get(tier, tier),
        metadata=metadata.raw if metadata else None,
        extra=_extra(body),
    )


def refuse_thread(body: Mapping[str, Any]) -> None:
    """Message threads keep the conversation at the provider; with many providers behind one
    address nobody could find it again. SDKs know both answers and go on without threads."""
    thread = body.get("thread")
    if thread is None:
        return
    details: dict[str, Any] = {
        "error_code": "thread_unsupported_request",
        "unsupported": ["thread"],
    }
    if isinstance(thread, dict) and thread.get("type") == "continue":
        details = {"error_code": "thread_not_found"}
    raise InvalidRequest(
        "thread: message threads are not kept here. Send the whole conversation instead.",
        param="thread",
        details=details,
    )


def _system(body: Fields) -> list[ir.Message]:
    if body.raw.get("system") is None:
        return []
    texts: list[ir.Text] = []
    for n, part in enumerate(read_content(body, "system")):
        if not isinstance(part, ir.Text):
            raise fault(body.item("system", n), "be a text block")
        # What the client's vendor bills by changes with every request and would spoil prompt
        # caches.
        if not is_billing_header(part.text):
            texts.append(part)
    return [ir.Message(role="system", parts=tuple(texts))] if texts else []


def is_billing_header(text: object) -> bool:
    return isinstance(text, str) and text.startswith(BILLING_HEADER)


def _messages(body: Fields) -> list[ir.Message]:
    if not body.array("messages"):
        raise body.fault("messages", "be a non-empty array")
    return [_message(message) for message in body.objects("messages")]


def _message(message: Fields) -> ir.Message:
    role = _ROLES.get(message.given("role"))
    if role is None:
        raise message.fault("role", "be one of user, assistant, system")
    extra = message.extras(FORMAT_NAME, ("role", "content"))
    parts = map(_summed_up, unpacked(read_content(message)))
    return ir.Message(role=role, parts=tuple(parts), extra=extra)


def _summed_up(part: ir.Part) -> ir.Part:
    """A compacted conversation as its summary, which every model can read."""
    match part:
        case ir.Opaque(value={"type": "compaction", "content": str(text)} as block):
            return ir.Text(text=text, extra={FORMAT_NAME: {"block": block}})
        case _:
            return part


def _sampling(body: Fields) -> ir.Sampling:
    return ir.Sampling(
        temperature=body.number("temperature"),
        top_p=body.number("top_p"),
        top_k=body.integer("top_k"),
        stop=body.texts("stop_sequences"),
    )


def _output(body: Fields) -> ir.OutputFormat | None:
    config = body.child("output_config")
    asked = config.child("format") if config else None
    asked = asked or body.child("output_format")
    if asked is None:
        return None
    if asked.raw.get("type", "json_schema") != "json_schema":
        raise asked.fault("type", "be json_schema")
    return ir.OutputFormat(kind="json_schema", schema=asked.inner("schema").raw)


def _user(metadata: Fields | None) -> str | None:
    """The end user, unless it is a coding tool's bundle of device and session ids."""
    user = metadata.text("user_id") if metadata else None
    return None if user is None or user.startswith("{") else user


def _extra(body: Fields) -> ir.Extra:
    config, thinking = body.child("output_config"), body.child("thinking")
    budget = thinking.raw.get("budget_tokens") if thinking else None
    rest = config.rest(("format",) if budget else ("format", "effort")) if config else {}
    fields = body.rest(_MODELLED)
    return filed(FORMAT_NAME, {**fields, "output_config": rest} if rest else fields)
