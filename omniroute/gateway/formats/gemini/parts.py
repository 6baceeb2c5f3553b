"""Gemini's parts into the hub's, for requests and for answers alike.

What the hub has no word for stays whole (Opaque): Google's own tools, video, and what is newer than
this reader.
"""

from __future__ import annotations

from mimetypes import guess_type
from typing import Any

from omniroute.gateway import ir
from omniroute.gateway.formats.gemini.spelling import FORMAT_NAME
from omniroute.gateway.translation.fields import Fields, dumped, filed

_OWN_FILES = "https://generativelanguage.googleapis.com/"
_WRAPPERS = frozenset({"result", "output", "error"})


def read(part: Fields) -> ir.Part:
    """Calls and results come with the id that they have, which may be empty."""
    raw = part.raw
    if raw.get("functionCall") is not None:
        return call(part)
    if raw.get("functionResponse") is not None:
        return _result(part)
    if raw.get("inlineData") is not None:
        return _inline(part)
    if raw.get("fileData") is not None:
        return _file(part)
    if raw.get("text") is None and raw.keys() - {"text", "thought", "thoughtSignature"}:
        return _opaque(part)
    return _text(part)


def _text(part: Fields) -> ir.Part:
    text = part.text("text") or ""
    if part.flag("thought"):
        return ir.Thinking(
            text=text,
            signature=part.text("thoughtSignature") or None,
            origin=FORMAT_NAME,
            extra=part.extras(FORMAT_NAME, ("text", "thought", "thoughtSignature")),
        )
    return ir.Text(text=text, extra=_extra(part, "text"))


def _extra(part: Fields, *known: str) -> ir.Extra:
    signature = part.text("thoughtSignature")
    empty = ("thoughtSignature",) if not signature else ()
    return part.extras(FORMAT_NAME, ("thought", *known, *empty))


def _opaque(part: Fields) -> ir.Part:
    dumped(part.raw, part.path("part"))
    return ir.Opaque(format=FORMAT_NAME, value=part.raw)


def call(part: Fields) -> ir.ToolCall:
    called = part.inner("functionCall")
    args = called.child("args")
    return ir.ToolCall(
        id=called.text("id") or "",
        name=called.needed("name"),
        arguments=dumped(args.raw, called.path("args")) if args is not None else "{}",
        extra=_extra(part, "functionCall"),
    )


def _result(part: Fields) -> ir.Part:
    result = part.inner("functionResponse")
    response = result.child("response")
    given = response.raw if response is not None else {}
    text, failed = _told(given, result.path("response"))
    kept = result.rest(("id", "name", "response", "parts"))
    if given != wrapped(text, failed):
        kept["response"] = given
    said: list[ir.Part] = [ir.Text(text=text)] if text else []
    return ir.ToolResult(
        call_id=result.text("id") or "",
        parts=(*said, *map(read, result.objects("parts"))),
        is_error=failed,
        name=result.needed("name"),
        extra=filed(FORMAT_NAME, kept),
    )


def wrapped(text: str, failed: bool) -> dict[str, Any]:
    """Text as what a function gives back, which must be an object."""
    return {"error" if failed else "result": text}


def _told(response: dict[str, Any], path: str) -> tuple[str, bool]:
    """What a function gave back, and whether that is an error."""
    if not response:
        return "", False
    value: Any = response
    if len(response) == 1 and response.keys() <= _WRAPPERS:
        [value] = response.values()
    failed = response.keys() == {"error"}
    return (value if isinstance(value, str) else dumped(value, path)), failed


def _inline(part: Fields) -> ir.Part:
    blob = part.inner("inlineData")
    kind = blob.needed("mimeType")
    data = blob.given("data").replace("-", "+").replace("_", "/")  # SDKs use either alphabet
    source = ir.Source(media_type=kind, data=data)
    return _media(part, source, kind, blob.text("displayName"), "inlineData")


def _file(part: Fields) -> ir.Part:
    file = part.inner("fileData")
    uri = file.needed("fileUri")
    kind = file.text("mimeType") or guess_type(uri)[0] or ""
    public = uri.startswith(("http://", "https://")) and not uri.startswith(_OWN_FILES)
    where = {"url": uri} if public else {"file_id": uri}
    source = ir.Source(media_type=kind, **where)
    return _media(part, source, kind, file.text("displayName"), "fileData")


def _media(part: Fields, source: ir.Source, kind: str, name: str | None, field: str) -> ir.Part:
    extra = _extra(part, field)
    match kind.partition("/")[0].lower():
        case "image":
            return ir.Image(source=source, extra=extra)
        case "audio":
            return ir.Audio(source=source, extra=extra)
        case "video" | "":
            return _opaque(part)
        case _:
            return ir.Document(source=source, name=name, extra=extra)
