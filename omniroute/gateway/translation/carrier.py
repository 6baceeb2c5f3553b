"""What other providers want back, carried through clients in the opaque signature of their format.

A client sends thinking back as it got it. Reasoning that a family other than the client's own
(`home`) made, or nobody signed, and the signatures that Gemini puts on calls and text, travel in a
marked signature: they return to their owner only and never reach an endpoint of `home`.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import orjson

from omniroute.gateway import ir
from omniroute.gateway.translation.answers import name

_MARK = "omniroute:"
_NEXT = "carried_for_next"


def is_foreign(signature: object) -> bool:
    return isinstance(signature, str) and signature.startswith(_MARK)


def marked(signature: str) -> str:
    """For formats that say beside a signature whose it is."""
    return _MARK + signature


def unmarked(signature: str) -> str:
    return signature.removeprefix(_MARK)


def signature_of(part: ir.Thinking, home: str) -> str:
    """What to put into the signature for a client of `home`: a marked one for foreign thinking."""
    if part.origin == home:
        return part.signature or ""
    return _seal(
        origin=part.origin, signature=part.signature, redacted=part.redacted, extra=dict(part.extra)
    )


def luggage(part: ir.Part) -> str | None:
    """A marked signature for what must come back with the part itself, or None."""
    if not isinstance(part, ir.ToolCall | ir.Text) or "gemini" not in part.extra:
        return None
    return _seal(extra={"gemini": part.extra["gemini"]}, next=True)


def _seal(**fields: Any) -> str:
    told = {key: value for key, value in fields.items() if value}
    return _MARK + urlsafe_b64encode(orjson.dumps(told)).decode().rstrip("=")


def _unseal(signature: str) -> Mapping[str, Any]:
    code = signature.removeprefix(_MARK)
    try:
        told = orjson.loads(urlsafe_b64decode(code + "=" * (-len(code) % 4)))
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def thinking(text: str, signature: str | None, extra: ir.Extra, home: str) -> ir.Thinking:
    """The thinking that this text and signature from a client of `home` stand for."""
    if not signature:
        return ir.Thinking(text=text, extra=extra)
    if not is_foreign(signature):
        return ir.Thinking(text=text, signature=signature, origin=home, extra=extra)
    told = _unseal(signature)
    carried = told.get("extra")
    carried = carried if isinstance(carried, dict) else {}
    if told.get("next"):
        return ir.Thinking(extra={_NEXT: carried})
    return ir.Thinking(
        text=text,
        signature=name(told.get("signature")) or None,
        redacted=name(told.get("redacted")) or None,
        origin=name(told.get("origin")) or None,
        extra=carried,
    )


def unpacked(parts: Iterable[ir.Part]) -> tuple[ir.Part, ...]:
    """`parts` with everything that was carried for a part put back on it."""
    found: list[ir.Part] = []
    waiting: ir.Extra = {}
    for part in parts:
        if isinstance(part, ir.Thinking) and _NEXT in part.extra:
            waiting = part.extra[_NEXT]
        elif waiting and isinstance(part, ir.ToolCall | ir.Text):
            found.append(replace(part, extra={**part.extra, **waiting}))
            waiting = {}
        else:
            found.append(part)
    return tuple(found)
