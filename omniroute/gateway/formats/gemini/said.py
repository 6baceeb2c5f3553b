"""What a client of this format is told: the hub's parts of an answer."""

from __future__ import annotations

from collections.abc import Iterable

from omniroute.gateway import ir
from omniroute.gateway.formats.gemini import written
from omniroute.gateway.formats.gemini.luggage import Luggage
from omniroute.gateway.formats.gemini.written import Part


def said_all(parts: Iterable[ir.Part], *, cut: bool) -> list[Part]:
    """The parts of a whole answer. Of one that was `cut`, a last call that is only half there is
    left out: nobody must run it."""
    found = list(parts)
    if cut and found and is_doubtful(found[-1]):
        found.pop()
    luggage = Luggage()
    told: list[Part] = []
    for part in found:
        if isinstance(part, ir.Thinking):
            luggage.add(part)
        one = said(part)
        if one is not None:
            told.append(luggage.onto(one))
    last = luggage.onto({"text": ""})
    return [*told, last] if "thoughtSignature" in last else told


def said(part: ir.Part) -> Part | None:
    """A whole part; None for one that a client of this format cannot be shown, such as the logs of
    another vendor's tools."""
    match part:
        case ir.Text() | ir.Refusal():
            return written.text(part)
        case ir.Thinking():
            told = written.thought(part)
            return told if part.text or "thoughtSignature" in told else None
        case ir.ToolCall():
            return written.call(part, part.name)
        case ir.Image(source=source) | ir.Document(source=source) | ir.Audio(source=source):
            return _media(source)
        case ir.Opaque(format="gemini", value=value):
            return dict(value)
        case _:
            return None


def _media(source: ir.Source) -> Part:
    if source.data is not None:
        return {"inlineData": written.blob(source)}
    uri = source.url or source.file_id
    return {"fileData": {"mimeType": written.kind(source), "fileUri": uri}}


def is_doubtful(part: ir.Part) -> bool:
    """Whether a part is a call that may lack arguments, if the answer was cut behind it."""
    if not isinstance(part, ir.ToolCall) or part.freeform:
        return False
    return part.arguments in ("", "{}") or written.decoded(part.arguments) is None
