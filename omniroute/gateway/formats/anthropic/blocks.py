"""Content blocks into the hub's parts. A block that the hub has no word for stays whole (Opaque).

Blocks inside blocks are read two levels deep and no further; the rest stays as it is.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping

from omniroute.gateway import ir
from omniroute.gateway.formats.anthropic.name import FORMAT_NAME
from omniroute.gateway.translation import callids, carrier
from omniroute.gateway.translation.fields import Fields, dumped

Readers = Mapping[str, Callable[[Fields], ir.Part]]


def read_content(
    owner: Fields, name: str = "content", readers: Readers | None = None
) -> tuple[ir.Part, ...]:
    """The field `name` of a message or block: a string or a list of blocks."""
    content = owner.raw.get(name)
    if isinstance(content, str):
        return (ir.Text(text=content),)
    if not isinstance(content, list):
        raise owner.fault(name, "be a string or a list of content blocks")
    return tuple(read_block(block, readers) for block in owner.objects(name))


def read_block(block: Fields, readers: Readers | None = None) -> ir.Part:
    kind = block.given("type")
    reader = (_READERS if readers is None else readers).get(kind)
    if reader is not None:
        return reader(block)
    dumped(block.raw, block.path("type"))
    return ir.Opaque(format=FORMAT_NAME, value=block.raw)


def _extra(block: Fields, *known: str) -> ir.Extra:
    return block.extras(FORMAT_NAME, ("type", *known))


def _text(block: Fields) -> ir.Part:
    return ir.Text(text=block.given("text"), extra=_extra(block, "text"))


def _image(block: Fields) -> ir.Part:
    return ir.Image(source=_source(block.inner("source")), extra=_extra(block, "source"))


def _document(block: Fields) -> ir.Part:
    source = block.inner("source")
    kind = source.given("type")
    name = block.text("title")
    if kind == "content":
        text = _plain(source)
        if text is None:
            return ir.Opaque(format=FORMAT_NAME, value=block.raw)
        # The original source stays beside its plain text, for citations.
        return ir.Document(source=_inline(text), name=name, extra=_extra(block, "title"))
    read = _inline(source.given("data")) if kind == "text" else _source(source)
    return ir.Document(source=read, name=name, extra=_extra(block, "title", "source"))


def _inline(text: str) -> ir.Source:
    return ir.Source(media_type="text/plain", data=b64encode(text.encode()).decode())


def _source(source: Fields) -> ir.Source:
    match source.given("type"):
        case "base64":
            return ir.Source(media_type=source.given("media_type"), data=source.given("data"))
        case "url":
            return ir.Source(url=source.given("url"))
        case "file":
            return ir.Source(file_id=source.given("file_id"))
        case _:
            raise source.fault("type", "be one of base64, url, file, text, content")


def _plain(owner: Fields) -> str | None:
    """The text of a string or of text blocks; None when there is anything but text."""
    parts = read_content(owner, readers=_LEAVES)
    texts = [part.text for part in parts if isinstance(part, ir.Text)]
    return "\n".join(texts) if len(texts) == len(parts) else None


def _search_result(block: Fields) -> ir.Part:
    title, source = block.text("title"), block.text("source")
    text = _plain(block)
    if text is None:
        return ir.Opaque(format=FORMAT_NAME, value=block.raw)
    lines = [line for line in (title, source, text) if line]
    return ir.Text(text="\n".join(lines), extra={FORMAT_NAME: {"block": block.raw}})


def _tool_reference(block: Fields) -> ir.Part:
    """What a tool search found: other models are given all tools from the beginning."""
    text = f"The tool `{block.given('tool_name')}` can be used now."
    return ir.Text(text=text, extra={FORMAT_NAME: {"block": block.raw}})


def _thinking(block: Fields) -> ir.Part:
    text, signature = block.text("thinking") or "", block.text("signature")
    return carrier.thinking(text, signature, _extra(block, "thinking", "signature"), FORMAT_NAME)


def _redacted(block: Fields) -> ir.Part:
    return ir.Thinking(
        redacted=block.given("data"), origin=FORMAT_NAME, extra=_extra(block, "data")
    )


def _tool_use(block: Fields) -> ir.Part:
    arguments = block.raw.get("input")
    if not isinstance(arguments, str):
        given = block.child("input")
        arguments = dumped(given.raw, block.path("input")) if given else "{}"
    return ir.ToolCall(
        id=callids.decode(block.given("id")),
        name=block.given("name"),
        arguments=arguments,
        extra=_extra(block, "id", "name", "input"),
    )


def _tool_result(block: Fields) -> ir.Part:
    empty = block.raw.get("content") is None
    return ir.ToolResult(
        call_id=callids.decode(block.given("tool_use_id")),
        parts=() if empty else read_content(block, readers=_NESTED),
        is_error=block.flag("is_error") or False,
        extra=_extra(block, "tool_use_id", "content", "is_error"),
    )


_LEAVES: Readers = {"text": _text, "image": _image}
_OUTER: Readers = {**_LEAVES, "document": _document, "search_result": _search_result}
_NESTED: Readers = {**_OUTER, "tool_reference": _tool_reference}
_READERS: Readers = {
    **_OUTER,
    "thinking": _thinking,
    "redacted_thinking": _redacted,
    "tool_use": _tool_use,
    "tool_result": _tool_result,
}
