"""A client's `contents` -> the hub's messages.

Calls and results may come without ids: then a result answers the first open call of its name, and
both get an id from their place, the same in every request that repeats the conversation.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from omniroute.gateway import ir
from omniroute.gateway.errors import InvalidRequest
from omniroute.gateway.formats.gemini import luggage, parts
from omniroute.gateway.formats.gemini.answer import is_nothing, joined
from omniroute.gateway.formats.gemini.spelling import FORMAT_NAME
from omniroute.gateway.translation.fields import Fields, fault
from omniroute.gateway.translation.naming import minted

_ROLES: dict[str, ir.Role] = {"user": "user", "function": "user", "model": "assistant"}


def read(body: Fields) -> tuple[ir.Message, ...]:
    contents = listed(body, "contents")
    if not contents:
        raise InvalidRequest("`contents` must not be empty.", param="contents")
    ids = _Ids()
    messages = _system(body)
    for role, spoken in groupby(contents, key=_role):
        if role == "assistant":
            answer = _answer(spoken, ids)
            messages += [answer] if answer.parts else []
        else:
            messages += [_message(content, ids) for content in spoken]
    return tuple(messages)


def listed(body: Fields, name: str) -> list[Fields]:
    """The objects of a field that may also hold a single one."""
    if isinstance(body.raw.get(name), dict):
        return [body.inner(name)]
    return list(body.objects(name))


def _system(body: Fields) -> list[ir.Message]:
    """A string, a content, or its parts."""
    given = body.raw.get("systemInstruction")
    if given is None:
        return []
    if isinstance(given, str):
        return [ir.Message(role="system", parts=(ir.Text(text=given),))]
    if isinstance(given, list):
        told = list(body.objects("systemInstruction"))
    else:
        content = body.inner("systemInstruction")
        told = listed(content, "parts") if "parts" in content.raw else [content]
    found = [parts.read(part) for part in told]
    if not all(isinstance(part, ir.Text) for part in found):
        raise fault("systemInstruction", "hold only text")
    return [ir.Message(role="system", parts=tuple(found))]


def _role(content: Fields) -> ir.Role:
    role = _ROLES.get(content.text("role") or "user")
    if role is None:
        raise content.fault("role", "be user or model")
    return role


def _message(content: Fields, ids: _Ids) -> ir.Message:
    found = tuple(ids.named(parts.read(part)) for part in listed(content, "parts"))
    if any(isinstance(part, ir.ToolCall) for part in found):
        raise content.fault("role", "be model where a function is called")
    return ir.Message(role="user", parts=found, extra=_extra(content))


def _answer(contents: Iterable[Fields], ids: _Ids) -> ir.Message:
    """What the model said, which clients return cut as it was streamed: put together again."""
    found: list[ir.Part] = []
    extra: dict[str, Any] = {}
    for content in contents:
        extra |= _extra(content)
        for part in listed(content, "parts"):
            signature = part.raw.get("thoughtSignature")
            if isinstance(signature, str) and luggage.is_ours(signature):
                del part.raw["thoughtSignature"]
                found = [*filter(_is_no_show, found), *luggage.unpacked(signature)]
            read = parts.read(part)
            if not is_nothing(read):
                found.append(ids.named(read))
    return ir.Message(role="assistant", parts=joined(found), extra=extra or ir.NO_EXTRA)


def _extra(content: Fields) -> ir.Extra:
    return content.extras(FORMAT_NAME, ("role", "parts"))


def _is_no_show(part: ir.Part) -> bool:
    """Not thinking that the client was only shown, and that comes back whole in a signature."""
    shown = isinstance(part, ir.Thinking) and part.origin == FORMAT_NAME and not part.signature
    return not shown


@dataclass(slots=True, kw_only=True)
class _Call:
    id: str
    name: str
    given: bool  # whether the client told the id


class _Ids:
    def __init__(self) -> None:
        self._count = 0
        self._open: list[_Call] = []

    def named(self, part: ir.Part) -> ir.Part:
        """A call or a result with an id; other parts as they are."""
        match part:
            case ir.ToolCall(id=given, name=name):
                call = _Call(id=given or self._next(), name=name, given=bool(given))
                self._open.append(call)
                return replace(part, id=call.id)
            case ir.ToolResult():
                return replace(part, call_id=self._answered(part))
        return part

    def _answered(self, result: ir.ToolResult) -> str:
        given = result.call_id
        call = next((call for call in self._open if given and call.id == given), None)
        if call is None:
            fitting = (call for call in self._open if not (given and call.given))
            call = next((call for call in fitting if call.name == result.name), None)
        if call is None:
            return given or self._next()
        self._open.remove(call)
        return call.id

    def _next(self) -> str:
        self._count += 1
        return minted(FORMAT_NAME, self._count)
