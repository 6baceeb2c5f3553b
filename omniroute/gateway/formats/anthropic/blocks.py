"""Content blocks into the hub's parts. A block that the hub has no word for stays whole (Opaque).

Blocks inside blocks are read two levels deep and no further; the rest stays as it is.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any

from omniroute.gateway import ir
from omniroute.gateway.formats.anthropic import carrier, ids
from omniroute.gateway.formats.anthropic.fields import (
    FORMAT_NAME,
    dumped,
    extra,
    optional,
    path,
    required,
    typed,
    wrong,
)

Block = Mapping[str, Any]


Readers = Mapping[str, Callable[[Block, str], ir.Part]]


def read_content(content: Any, where: str, readers: Readers | None = None) -> tuple[ir.Part, ...]:
    """A message's `content`: a string or a list of blocks."""
    if isinstance(content, str):
        return (ir.Text(text=content),)
    if not isinstance(content, list):
        raise wrong(where, "a string or a list of content blocks")
    return tuple(
        read_block(block, path(where, n), _READERS if readers is None else readers)
        for n, block in enumerate(content)
    )


def read_block(block: Any, where: str, readers: Readers | None = None) -> ir.Part:
    body = typed(block, dict, where)
    kind = required(body, "type", str, where)
    reader = (_READERS if readers is None else readers).get(kind)
    if reader is not None:
        return reader(body, where)
    dumped(body, where)
    return ir.Opaque(format=FORMAT_NAME, value=body)


def _text(block: Block, where: str) -> ir.Part:
    return ir.Text(text=required(block, "text", str, where), extra=extra(block, "type", "text"))


def _image(block: Block, where: str) -> ir.Part:
    source = _source(required(block, "source", dict, where), path(where, "source"))
    return ir.Image(source=source, extra=extra(block, "type", "source"))


def _document(block: Block, where: str) -> ir.Part:
    source = required(block, "source", dict, where)
    at = path(where, "source")
    kind = required(source, "type", str, at)
    name = optional(block, "title", str, where)
    if kind == "content":
        text = _plain(source.get("content"), path(at, "content"))
        if text is None:
            return ir.Opaque(format=FORMAT_NAME, value=block)
        # The original source stays beside its plain text, for citations.
        return ir.Document(source=_inline(text), name=name, extra=extra(block, "type", "title"))
    read = _inline(required(source, "data", str, at)) if kind == "text" else _source(source, at)
    return ir.Document(source=read, name=name, extra=extra(block, "type", "title", "source"))


def _inline(text: str) -> ir.Source:
    return ir.Source(media_type="text/plain", data=b64encode(text.encode()).decode())


def _source(source: Block, where: str) -> ir.Source:
    match required(source, "type", str, where):
        case "base64":
            return ir.Source(
                media_type=required(source, "media_type", str, where),
                data=required(source, "data", str, where),
            )
        case "url":
            return ir.Source(url=required(source, "url", str, where))
        case "file":
            return ir.Source(file_id=required(source, "file_id", str, where))
        case _:
            raise wrong(path(where, "type"), "one of base64, url, file, text, content")


def _plain(content: Any, where: str) -> str | None:
    """The text of a string or of text blocks; None when there is anything but text."""
    parts = read_content(content, where, _LEAVES)
    texts = [part.text for part in parts if isinstance(part, ir.Text)]
    return "\n".join(texts) if len(texts) == len(parts) else None


def _search_result(block: Block, where: str) -> ir.Part:
    title, source = optional(block, "title", str, where), optional(block, "source", str, where)
    text = _plain(block.get("content"), path(where, "content"))
    if text is None:
        return ir.Opaque(format=FORMAT_NAME, value=block)
    lines = [line for line in (title, source, text) if line]
    return ir.Text(text="\n".join(lines), extra={FORMAT_NAME: {"block": block}})


def _thinking(block: Block, where: str) -> ir.Part:
    return carrier.thinking(
        optional(block, "thinking", str, where) or "",
        optional(block, "signature", str, where),
        extra(block, "type", "thinking", "signature"),
    )


def _redacted(block: Block, where: str) -> ir.Part:
    return ir.Thinking(
        redacted=required(block, "data", str, where),
        origin=FORMAT_NAME,
        extra=extra(block, "type", "data"),
    )


def _tool_use(block: Block, where: str) -> ir.Part:
    arguments = block.get("input")
    if not isinstance(arguments, str):
        given = optional(block, "input", dict, where)
        arguments = dumped(given or {}, path(where, "input"))
    return ir.ToolCall(
        id=ids.decode(required(block, "id", str, where)),
        name=required(block, "name", str, where),
        arguments=arguments,
        extra=extra(block, "type", "id", "name", "input"),
    )


def _tool_result(block: Block, where: str) -> ir.Part:
    content = block.get("content")
    return ir.ToolResult(
        call_id=ids.decode(required(block, "tool_use_id", str, where)),
        parts=() if content is None else read_content(content, path(where, "content"), _NESTED),
        is_error=optional(block, "is_error", bool, where) or False,
        extra=extra(block, "type", "tool_use_id", "content", "is_error"),
    )


_LEAVES: Readers = {"text": _text, "image": _image}
_NESTED: Readers = {**_LEAVES, "document": _document, "search_result": _search_result}
_READERS: Readers = {
    **_NESTED,
    "thinking": _thinking,
    "redacted_thinking": _redacted,
    "tool_use": _tool_use,
    "tool_result": _tool_result,
}
