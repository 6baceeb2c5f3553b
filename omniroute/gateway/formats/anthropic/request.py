"""A Messages API request into the hub's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from omniroute.gateway import ir
from omniroute.gateway.errors import InvalidRequest
from omniroute.gateway.formats.anthropic import reasoning
from omniroute.gateway.formats.anthropic.blocks import read_content
from omniroute.gateway.formats.anthropic.carrier import unpacked
from omniroute.gateway.formats.anthropic.fields import (
    FORMAT_NAME,
    extra,
    optional,
    path,
    required,
    typed,
    wrong,
)
from omniroute.gateway.formats.anthropic.tools import read_choice, read_tools

BILLING_HEADER = "x-anthropic-billing-header:"

_ROLES: dict[str, ir.Role] = {"user": "user", "assistant": "assistant", "system": "system"}
_TIERS = {"auto": "auto", "standard_only": "default"}
_MODELLED = (
    *("model", "messages", "system", "max_tokens", "stream", "tools", "tool_choice", "thinking"),
    *("temperature", "top_p", "top_k", "stop_sequences", "output_config", "output_format"),
    *("metadata", "service_tier"),
)


def read_request(body: Any) -> ir.Request:
    if not isinstance(body, dict):
        raise InvalidRequest("The request body must be a JSON object.")
    refuse_thread(body)
    choice, parallel = read_choice(body)
    metadata = optional(body, "metadata", dict)
    tier = optional(body, "service_tier", str)
    return ir.Request(
        format=FORMAT_NAME,
        model=required(body, "model", str),
        messages=(*_system(body), *_messages(body)),
        max_tokens=_max_tokens(body),
        stream=optional(body, "stream", bool) or False,
        include_usage=True,
        tools=read_tools(body),
        tool_choice=choice,
        parallel_tool_calls=parallel,
        output=_output(body),
        reasoning=reasoning.read(body),
        sampling=_sampling(body),
        user=_user(metadata),
        service_tier=None if tier is None else _TIERS.get(tier, tier),
        metadata=metadata,
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


def _system(body: Mapping[str, Any]) -> list[ir.Message]:
    content = body.get("system")
    if content is None:
        return []
    parts = read_content(content, "system")
    for n, part in enumerate(parts):
        if not isinstance(part, ir.Text):
            raise wrong(path("system", n), "a text block")
    # What the client's vendor bills by changes with every request and would spoil prompt caches.
    parts = tuple(part for part in parts if not is_billing_header(part.text))  # type: ignore[union-attr]  # checked above
    return [ir.Message(role="system", parts=parts)] if parts else []


def is_billing_header(text: object) -> bool:
    return isinstance(text, str) and text.startswith(BILLING_HEADER)


def _messages(body: Mapping[str, Any]) -> list[ir.Message]:
    messages = required(body, "messages", list)
    if not messages:
        raise InvalidRequest("messages: at least one message is required", param="messages")
    return [_message(value, path("messages", n)) for n, value in enumerate(messages)]


def _message(value: Any, where: str) -> ir.Message:
    message = typed(value, dict, where)
    role = _ROLES.get(required(message, "role", str, where))
    if role is None:
        raise wrong(path(where, "role"), "one of user, assistant, system")
    parts = unpacked(read_content(message.get("content"), path(where, "content")))
    return ir.Message(role=role, parts=parts, extra=extra(message, "role", "content"))


def _max_tokens(body: Mapping[str, Any]) -> int | None:
    value = optional(body, "max_tokens", int)
    if value is not None and value < 0:
        raise wrong("max_tokens", "zero or more")
    return value


def _sampling(body: Mapping[str, Any]) -> ir.Sampling:
    stop = optional(body, "stop_sequences", list) or []
    return ir.Sampling(
        temperature=optional(body, "temperature", float),
        top_p=optional(body, "top_p", float),
        top_k=optional(body, "top_k", int),
        stop=tuple(typed(text, str, path("stop_sequences", n)) for n, text in enumerate(stop)),
    )


def _output(body: Mapping[str, Any]) -> ir.OutputFormat | None:
    config = optional(body, "output_config", dict) or {}
    asked = optional(config, "format", dict, "output_config")
    where = "output_config.format"
    if asked is None:
        asked, where = optional(body, "output_format", dict), "output_format"
    if asked is None:
        return None
    if asked.get("type", "json_schema") != "json_schema":
        raise wrong(path(where, "type"), "json_schema")
    return ir.OutputFormat(kind="json_schema", schema=required(asked, "schema", dict, where))


def _user(metadata: Mapping[str, Any] | None) -> str | None:
    """The end user, unless it is a coding tool's bundle of device and session ids."""
    user = optional(metadata or {}, "user_id", str, "metadata")
    return None if user is None or user.startswith("{") else user


def _extra(body: Mapping[str, Any]) -> ir.Extra:
    config = optional(body, "output_config", dict) or {}
    budget = (optional(body, "thinking", dict) or {}).get("budget_tokens")
    modelled = ("format",) if budget else ("format", "effort")
    rest = {key: value for key, value in config.items() if key not in modelled}
    fields = dict(extra(body, *_MODELLED).get(FORMAT_NAME, {}))
    if rest:
        fields["output_config"] = rest
    return {FORMAT_NAME: fields} if fields else ir.NO_EXTRA
