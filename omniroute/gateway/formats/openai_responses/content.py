"""Content of messages and of tool outputs, in both directions."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import replace
from typing import Any

from omniroute.gateway import ir
from omniroute.gateway.errors import Unsupported
from omniroute.gateway.translation.fields import Fields, dumped, filed
from omniroute.gateway.translation.openai import audio

from .name import FORMAT_NAME, own

_TEXTS = frozenset({"input_text", "output_text", "text"})
_KNOWN = {
    "input_text": frozenset({"type", "text"}),
    "output_text": frozenset({"type", "text"}),
    "text": frozenset({"type", "text"}),
    "refusal": frozenset({"type", "refusal"}),
    "input_image": frozenset({"type", "image_url", "file_id", "detail"}),
    "input_file": frozenset({"type", "file_data", "file_url", "file_id", "filename"}),
    "input_audio": frozenset({"type", "input_audio"}),
}


def read(owner: Fields, field: str) -> tuple[ir.Part, ...]:
    """A string or an array of content; nothing for null and for empty text."""
    value = owner.raw.get(field)
    if value is None or value == "":
        return ()
    if isinstance(value, str):
        return (ir.Text(text=value),)
    if not isinstance(value, list):
        raise owner.fault(field, "be a string or an array of content")
    found = (_read_part(part) for part in owner.objects(field))
    return tuple(part for part in found if not isinstance(part, ir.Text) or part.text)


def _read_part(part: Fields) -> ir.Part:
    kind = part.needed("type")
    extra = part.extras(FORMAT_NAME, _KNOWN.get(kind, part.raw))
    match kind:
        case _ if kind in _TEXTS:
            return ir.Text(text=part.given("text"), extra=without_empty(extra))
        case "refusal":
            return ir.Refusal(text=part.given("refusal"), extra=extra)
        case "input_image":
            return _read_image(part, extra)
        case "input_file":
            return ir.Document(source=_read_file(part), name=part.text("filename"), extra=extra)
        case "input_audio":
            return ir.Audio(source=audio.read(part.inner("input_audio")), extra=extra)
        case _:
            dumped(part.raw, part.path("type"))
            return ir.Opaque(format=FORMAT_NAME, value=part.raw)


def without_empty(extra: ir.Extra) -> ir.Extra:
    """Without the empty lists that stand beside every text."""
    return filed(FORMAT_NAME, {name: value for name, value in own(extra).items() if value != []})


def with_extra(part: ir.Text, **told: Any) -> ir.Text:
    return replace(part, extra={**part.extra, FORMAT_NAME: {**own(part.extra), **told}})


def _read_image(part: Fields, extra: ir.Extra) -> ir.Image:
    file_id = part.text("file_id")
    found = ir.Source(file_id=file_id) if file_id else _at(part, "image_url")
    return ir.Image(source=found, detail=part.text("detail"), extra=extra)


def _read_file(part: Fields) -> ir.Source:
    file_id, link = part.text("file_id"), part.text("file_url")
    if file_id:
        return ir.Source(file_id=file_id)
    if link:
        return ir.Source(url=link)
    if part.needed("file_data").startswith("data:"):
        return _at(part, "file_data")
    return ir.Source(data=part.needed("file_data"), media_type="application/pdf")


def _at(part: Fields, field: str) -> ir.Source:
    """A link, or the data and the type of a base64 `data:` URL."""
    url = part.needed(field)
    if not url.startswith("data:"):
        return ir.Source(url=url)
    head, _, data = url.removeprefix("data:").partition(",")
    if not head.endswith(";base64"):
        raise part.fault(field, "be a link or a data URL in base64")
    return ir.Source(data=data, media_type=head.partition(";")[0])


def write(part: ir.Part, *, same_format: bool) -> dict[str, Any]:
    """Content of a message that is not the assistant's, or of a tool output."""
    match part:
        case ir.Text(text=text) | ir.Refusal(text=text):
            written: dict[str, Any] = {"type": "input_text", "text": text}
        case ir.Image():
            written = _image(part, same_format=same_format)
        case ir.Document():
            written = _document(part, same_format=same_format)
        case ir.Audio(source=ir.Source(data=str(data), media_type=media_type)):
            written = {"type": "input_audio", "input_audio": audio.write(data, media_type)}
        case ir.Opaque(format=owner, value=value) if owner == FORMAT_NAME:
            return dict(value)
        case _:
            raise Unsupported(
                "A message holds a kind of content that this provider cannot take.", param="input"
            )
    return {**written, **own(part.extra)} if same_format else written


def write_said(part: ir.Text | ir.Refusal, *, same_format: bool) -> dict[str, Any]:
    """Content of an assistant's message."""
    if isinstance(part, ir.Refusal):
        return {"type": "refusal", "refusal": part.text}
    told = {name: value for name, value in own(part.extra).items() if name != "phase"}
    written = {"type": "output_text", "text": part.text, "annotations": []}
    return {**written, **told} if same_format else written


def _image(part: ir.Image, *, same_format: bool) -> dict[str, Any]:
    place: dict[str, Any] = {"image_url": part.source.url or _data_url(part.source, "image/png")}
    if part.source.file_id is not None:
        _own_file(same_format=same_format)
        place = {"file_id": part.source.file_id}
    return {"type": "input_image", **place, "detail": part.detail or "auto"}


def _document(part: ir.Document, *, same_format: bool) -> dict[str, Any]:
    found = part.source
    named = {"filename": part.name} if part.name else {}
    if found.file_id is not None:
        _own_file(same_format=same_format)
        return {"type": "input_file", "file_id": found.file_id, **named}
    if found.url is not None:
        return {"type": "input_file", "file_url": found.url, **named}
    if found.media_type.startswith("text/"):
        return {"type": "input_text", "text": _plain_text(part)}
    data = _data_url(found, "application/pdf")
    return {"type": "input_file", "file_data": data, "filename": part.name or "document.pdf"}


def _own_file(*, same_format: bool) -> None:
    if not same_format:
        raise Unsupported("A file id is only known to the provider that issued it.", param="input")


def _plain_text(part: ir.Document) -> str:
    try:
        text = b64decode(part.source.data or "", validate=True).decode("utf-8", "replace")
    except ValueError as exc:
        raise Unsupported("A document's data is not valid base64.", param="input") from exc
    return f"{part.name}\n\n{text}" if part.name else text


def _data_url(found: ir.Source, otherwise: str) -> str:
    return f"data:{found.media_type or otherwise};base64,{found.data or ''}"
