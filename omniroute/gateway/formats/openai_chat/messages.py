"""A client's `messages` -> the hub's. Results of one turn share one message of role user.

Calls and results of the older function calling get ids from their place, so that they pair.
"""

from __future__ import annotations

from collections.abc import Iterator

from omniroute.gateway import ir
from omniroute.gateway.errors import UpstreamFailure
from omniroute.gateway.translation.fields import Fields
from omniroute.gateway.translation.naming import minted

from . import content, reasoning
from .calls import google_signature
from .name import FORMAT_NAME
from .parts import Parts, fold

_KNOWN = {
    "tool": frozenset({"role", "content", "tool_call_id", "name"}),
    "system": frozenset({"role", "content"}),
    "user": frozenset({"role", "content"}),
    "assistant": frozenset(
        {"role", "content", "refusal", "tool_calls", "function_call", *reasoning.FIELDS}
    ),
}


def read(body: Fields) -> tuple[ir.Message, ...]:
    if not body.array("messages"):
        raise body.fault("messages", "be a non-empty array")
    legacy = _Legacy()
    messages: list[ir.Message] = []
    results: list[ir.ToolResult] = []
    for message in body.objects("messages"):
        role = message.needed("role")
        if role in ("tool", "function"):
            results.append(_result(message, role, legacy))
            continue
        if results:
            messages.append(ir.Message(role="user", parts=tuple(results)))
            results = []
        messages.append(_message(message, role, legacy))
    if results:
        messages.append(ir.Message(role="user", parts=tuple(results)))
    return tuple(messages)


class _Legacy:
    """Pairs `function_call` with the `function` message that answers it."""

    def __init__(self) -> None:
        self._count = 0

    def call(self, name: str) -> str:
        self._count += 1
        return minted(name, self._count)

    def result(self, name: str) -> str:
        return minted(name, self._count)


def _message(message: Fields, role: str, legacy: _Legacy) -> ir.Message:
    match role:
        case "system" | "developer":
            return ir.Message(
                role="system", parts=content.read(message), extra=_extra(message, "system")
            )
        case "user":
            return ir.Message(
                role="user", parts=content.read(message), extra=_extra(message, "user")
            )
        case "assistant":
            parts = tuple(_assistant(message, legacy))
            return ir.Message(role="assistant", parts=parts, extra=_extra(message, "assistant"))
        case _:
            raise message.fault("role", "be system, developer, user, assistant or tool")


def _extra(message: Fields, role: str) -> ir.Extra:
    return message.extras(FORMAT_NAME, _KNOWN[role])


def _result(message: Fields, role: str, legacy: _Legacy) -> ir.ToolResult:
    name = message.text("name")
    legacy_id = legacy.result(message.needed("name")) if role == "function" else None
    return ir.ToolResult(
        call_id=legacy_id or message.needed("tool_call_id"),
        parts=content.read(message),
        name=name,
        extra=_extra(message, "tool"),
    )


def _assistant(message: Fields, legacy: _Legacy) -> Iterator[ir.Part]:
    yield from _thoughts(message)
    for part in content.read(message):
        if isinstance(part, ir.Opaque) and part.value.get("type") == "thinking":
            yield _thought(message, part)
        else:
            yield part
    refusal = message.text("refusal")
    if refusal:
        yield ir.Refusal(text=refusal)
    for call in message.objects("tool_calls"):
        yield _call(call)
    function = message.child("function_call")
    if function is not None:
        name = function.needed("name")
        arguments = function.text("arguments") or "{}"
        yield ir.ToolCall(id=legacy.call(name), name=name, arguments=arguments)


def _thoughts(message: Fields) -> tuple[ir.Part, ...]:
    told = {name: message.raw[name] for name in reasoning.FIELDS if name in message.raw}
    reader = Parts()
    try:
        return fold([*reader.delta(told), *reader.close()])
    except UpstreamFailure as exc:
        raise message.fault("reasoning_details", "be an array of reasoning details") from exc


def _thought(message: Fields, part: ir.Opaque) -> ir.Thinking:
    try:
        return ir.Thinking(text=content.thought(part.value), origin=FORMAT_NAME)
    except UpstreamFailure as exc:
        raise message.fault("content", "hold thinking as text") from exc


def _call(call: Fields) -> ir.ToolCall:
    signature = google_signature(call.raw)
    extra = {"gemini": {"thoughtSignature": signature}} if signature else ir.NO_EXTRA
    if call.text("type") == "custom":
        custom = call.inner("custom")
        return ir.ToolCall(
            id=call.needed("id"),
            name=custom.needed("name"),
            arguments=custom.text("input") or "",
            freeform=True,
            extra=extra,
        )
    function = call.inner("function")
    return ir.ToolCall(
        id=call.needed("id"),
        name=function.needed("name"),
        arguments=function.text("arguments") or "{}",
        extra=extra,
    )
