"""Files that lie at a provider, and are known by their ids only there."""

from __future__ import annotations

from collections.abc import Iterable

from omniroute.gateway import ir
from omniroute.gateway.errors import Unsupported


def refuse(messages: Iterable[ir.Message]) -> None:
    """Raises Unsupported where messages of another format hold what was uploaded elsewhere."""
    for part in (part for message in messages for part in message.parts):
        for one in part.parts if isinstance(part, ir.ToolResult) else (part,):
            if isinstance(one, ir.Image | ir.Document) and one.source.file_id is not None:
                raise Unsupported(
                    "A file id is only known to the provider that issued it. "
                    "Send the file as data.",
                    param="messages",
                )
