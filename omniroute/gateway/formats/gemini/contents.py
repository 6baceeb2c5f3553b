"""The turns of a conversation as `contents`."""

from __future__ import annotations

from typing import Any

from omniroute.gateway import ir
from omniroute.gateway.errors import Unsupported
from omniroute.gateway.formats.gemini import written
from omniroute.gateway.formats.gemini.media import Media, MediaWriter
from omniroute.gateway.formats.gemini.parts import wrapped
from omniroute.gateway.formats.gemini.spelling import FORMAT_NAME
from omniroute.gateway.translation.fields import own
from omniroute.gateway.translation.naming import Spelling
from omniroute.gateway.translation.turns import Turn

Content = dict[str, Any]

_ATTACHED = "[See the attachment behind this result.]"


class ContentWriter:
    """`nested` tells whether media may stand inside of a result (Gemini 3), or only beside it."""

    def __init__(self, names: Spelling, media: MediaWriter, *, nested: bool) -> None:
        self._names = names
        self._media = media
        self._nested = nested
        self._called: dict[str, str] = {}

    def write(self, turn: Turn) -> Content:
        parts: list[Content] = []
        attached: list[Content] = []
        for part in turn.parts:
            if isinstance(part, ir.ToolResult):
                result, beside = self._result(part)
                parts.append(result)
                attached += beside
            else:
                parts += attached
                attached = []
                parts.append(self._part(part))
        role = "model" if turn.role == "assistant" else "user"
        return {"role": role, "parts": parts + attached}

    def _part(self, part: ir.Part) -> Content:
        match part:
            case ir.Text() | ir.Refusal():
                return written.text(part)
            case ir.Thinking():
                return written.thought(part)
            case ir.ToolCall():
                name = self._called[part.id] = self._names.of(part.name)
                return written.call(part, name)
            case ir.Image() | ir.Document() | ir.Audio():
                return {**self._media.write(part), **own(part.extra, FORMAT_NAME)}
            case ir.Opaque(format="gemini", value=value):
                return dict(value)
            case _:
                raise Unsupported(
                    "A tool result holds content that this provider cannot take.", param="messages"
                )

    def _result(self, result: ir.ToolResult) -> tuple[Content, list[Content]]:
        """The result, named as its call was, and the media that cannot stand inside of it."""
        media = [part for part in result.parts if isinstance(part, Media)]
        others = [part for part in result.parts if not isinstance(part, Media)]
        blobs = [self._part(part) for part in media]
        kept = own(result.extra, FORMAT_NAME)
        response = kept.pop("response", None)
        if not isinstance(response, dict):
            said = [str(self._part(part).get("text", "")) for part in others]
            said += [_ATTACHED] * (bool(blobs) and not self._nested)
            response = wrapped("\n".join(said), result.is_error)
        given = {
            "id": result.call_id,
            "name": self._called[result.call_id],
            "response": response,
            **kept,
        }
        if blobs and self._nested:
            return {"functionResponse": {**given, "parts": blobs}}, []
        return {"functionResponse": given}, blobs
