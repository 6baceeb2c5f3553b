"""Content parts: text, images, files and audio, in both directions."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterable
from typing import Any

from omniroute.gateway import ir
from omniroute.gateway.errors import Unsupported
from omniroute.gateway.translation import answers
from omniroute.gateway.translation.fields import Fields, own
from omniroute.gateway.translation.openai import audio

from .name import FORMAT_NAME

_KNOWN = {
    "text": frozenset({"type", "text", "cache_control"}),
    "refusal": frozenset({"type", "refusal"}),
    "image_url": frozenset({"type", "image_url", "cache_control"}),
    "file": frozenset({"type", "file", "cache_control"}),
    "input_audio": frozenset({"type", "input_audio"}),
}


def read(owner: Fields, name: str = "content") -> tuple[ir.Part, ...]:
    """A string or an array of parts; nothing for null and for an empty string."""
    value = owner.raw.get(name)
    if value is None or value == "":
        return ()
    if isinstance(value, str):
        return (ir.Text(text=value),)
    if not isinstance(value, list):
        raise owner.fault(name, "be a string or an array of content parts")
    parts = (_read_part(part) for part in owner.objects(name))
    return tuple(part for part in parts if part != ir.Text(text=""))


def source(url: str, media_type: str = "") -> ir.Source:
    """A link, or the data and the type of a base64 `data:` URL."""
    if not url.startswith("data:"):
        return ir.Source(url=url, media_type=media_type)
    head, _, data = url.removeprefix("data:").partition(",")
    kind = head.removesuffix(";base64").partition(";")[0]
    return ir.Source(data=data, media_type=kind or media_type)


def thought(item: dict[str, Any]) -> str:
    """The text of Mistral's `thinking` content: a string, or text parts."""
    value = item.get("thinking")
    if isinstance(value, str):
        return value
    inner = (answers.mapping(part, "thinking") for part in answers.sequence(value, "thinking"))
    return "".join(answers.text(part.get("text"), "thinking text") for part in inner)


def _read_part(part: Fields) -> ir.Part:
    kind = part.needed("type")
    extra = _extra(part, kind)
    match kind:
        case "text":
            return ir.Text(text=part.text("text") or "", extra=extra)
        case "refusal":
            return ir.Refusal(text=part.text("refusal") or "", extra=extra)
        case "image_url":
            return _read_image(part, extra)
        case "file":
            return _read_file(part, extra)
        case "input_audio":
            return ir.Audio(source=audio.read(part.inner("input_audio")), extra=extra)
        case _:
            return ir.Opaque(format=FORMAT_NAME, value=part.raw)


def _extra(part: Fields, kind: str) -> ir.Extra:
    extra = {**part.extras(FORMAT_NAME, _KNOWN.get(kind, part.raw))}
    if part.raw.get("cache_control") is not None:
        extra["anthropic"] = {"cache_control": part.inner("cache_control").raw}
    return extra or ir.NO_EXTRA


def _read_image(part: Fields, extra: ir.Extra) -> ir.Part:
    if isinstance(part.raw.get("image_url"), str):
        return ir.Image(source=_base64(part, "image_url"), extra=extra)
    image = part.inner("image_url")
    return ir.Image(source=_base64(image, "url"), detail=image.text("detail"), extra=extra)


def _read_file(part: Fields, extra: ir.Extra) -> ir.Part:
    file = part.inner("file")
    name, file_id = file.text("filename"), file.text("file_id")
    if file_id:
        return ir.Document(source=ir.Source(file_id=file_id), name=name, extra=extra)
    data = file.needed("file_data")
    if data.startswith(("data:", "http://", "https://")):
        return ir.Document(source=_base64(file, "file_data"), name=name, extra=extra)
    bare = ir.Source(data=data, media_type="application/pdf")
    return ir.Document(source=bare, name=name, extra=extra)


def _base64(owner: Fields, name: str) -> ir.Source:
    url = owner.needed(name)
    if url.startswith("data:") and ";base64," not in url[:256]:
        raise owner.fault(name, "be a link or a data URL in base64")
    return source(url)


def write(part: ir.Part, *, same_format: bool) -> dict[str, Any]:
    """One content part of a user or system message; what only its own format can say is kept."""
    match part:
        case ir.Text():
            written: dict[str, Any] = {"type": "text", "text": part.text}
        case ir.Refusal():
            written = {"type": "text", "text": part.text}
        case ir.Image():
            written = {"type": "image_url", "image_url": _image(part)}
        case ir.Document():
            written = _document(part, same_format=same_format)
        case ir.Audio(source=ir.Source(data=str(data), media_type=media_type)):
            written = {"type": "input_audio", "input_audio": audio.write(data, media_type)}
        case ir.Audio():
            raise Unsupported("Chat Completions takes audio as data only.")
        case ir.Opaque(format="openai_chat", value=value):
            return dict(value)
        case _:
            raise Unsupported(f"Chat Completions cannot carry {_title(part)} here.")
    if not same_format:
        return written
    mark = own(part.extra, "anthropic").get("cache_control")
    marked = {"cache_control": mark} if mark else {}
    return {**written, **marked, **own(part.extra, FORMAT_NAME)}


def write_all(parts: Iterable[ir.Part], *, same_format: bool) -> str | list[dict[str, Any]]:
    """A string where only text is to be said, because many servers take nothing else."""
    written = [write(part, same_format=same_format) for part in parts if part != ir.Text(text="")]
    plain = all(part.keys() == {"type", "text"} for part in written)
    if plain and (len(written) < 2 or not same_format):
        return "\n\n".join(part["text"] for part in written)
    return written


def _image(part: ir.Image) -> dict[str, Any]:
    if part.source.file_id is not None:
        raise Unsupported("Chat Completions takes images as a link or as data, not as a file id.")
    image = {"url": part.source.url or _data_url(part.source, "image/png")}
    return {**image, "detail": part.detail} if part.detail else image


def _document(part: ir.Document, *, same_format: bool) -> dict[str, Any]:
    origin = part.source
    if origin.file_id is not None:
        if not same_format:
            raise Unsupported("A file id is only known to the provider that issued it.")
        file: dict[str, Any] = {"file_id": origin.file_id}
    elif origin.data is None:
        if not same_format:
            raise Unsupported("Chat Completions takes documents as data, not as a link.")
        file = {"file_data": origin.url}
    elif origin.media_type.startswith("text/"):
        return {"type": "text", "text": _plain_text(part, origin.data)}
    else:
        file = {"file_data": _data_url(origin, "application/pdf")}
    name = part.name or ("document.pdf" if origin.data is not None else None)
    return {"type": "file", "file": {**file, "filename": name} if name else file}


def _data_url(origin: ir.Source, otherwise: str) -> str:
    return f"data:{origin.media_type or otherwise};base64,{origin.data or ''}"


def _plain_text(part: ir.Document, data: str) -> str:
    try:
        text = b64decode(data, validate=True).decode("utf-8", "replace")
    except (Base64Error, ValueError) as exc:
        raise Unsupported("A document's data is not valid base64.") from exc
    return f"{part.name}\n\n{text}" if part.name else text


def _title(part: ir.Part) -> str:
    if not isinstance(part, ir.Opaque):
        return f"a {type(part).__name__}"
    value = part.value if isinstance(part.value, dict) else {}
    kind = value.get("type") or next(iter(value), None)  # Gemini's parts have no type
    return f"`{kind}`, which only {part.format} knows,"
