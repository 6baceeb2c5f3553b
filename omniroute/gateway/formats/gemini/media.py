"""Images, documents and audio on their way to a provider.

Data goes inline. A public link goes as it is where Google itself can fetch it; the gateway never
fetches anything. A file id is only known where it was issued.
"""

from __future__ import annotations

from mimetypes import guess_type
from typing import Any
from urllib.parse import urlsplit

from omniroute.gateway import ir
from omniroute.gateway.errors import Unsupported
from omniroute.gateway.formats.gemini import written
from omniroute.gateway.snapshot import Model, Provider

Media = ir.Image | ir.Document | ir.Audio

_GOOGLE = ".googleapis.com"
_KINDS = {"Image": "image/jpeg", "Document": "application/pdf", "Audio": "audio/mpeg"}


class MediaWriter:
    """`same` tells whether the client speaks this format itself."""

    def __init__(self, provider: Provider, model: Model, losses: set[str], *, same: bool) -> None:
        self._fetches = (urlsplit(provider.base_url).hostname or "").endswith(_GOOGLE)
        self._images = model.images
        self._losses = losses
        self._same = same

    def write(self, part: Media) -> dict[str, Any]:
        if isinstance(part, ir.Image):
            if not self._images:
                raise Unsupported("This model takes no images.", param="messages")
            if part.detail not in (None, "auto"):
                self._losses.add("messages.image.detail")
        name = part.name if isinstance(part, ir.Document) else None
        if part.source.data is not None:
            found = self._inline(part, part.source.data)
        else:
            found = self._linked(part)
        if name is not None and self._same:
            [blob] = found.values()
            blob["displayName"] = name
        elif name is not None:
            self._losses.add("messages.document.name")
        return found

    def _inline(self, part: Media, data: str) -> dict[str, Any]:
        kind = part.source.media_type or _KINDS[type(part).__name__]
        return {"inlineData": written.blob(ir.Source(media_type=kind, data=data))}

    def _linked(self, part: Media) -> dict[str, Any]:
        source = part.source
        what = type(part).__name__.lower()
        if source.file_id is not None and not self._same:
            raise Unsupported(
                f"A file id is only known to the provider that issued it. Send the {what} as data.",
                param="messages",
            )
        if source.url is not None and not self._fetches:
            raise Unsupported(
                f"This provider does not fetch links. Send the {what} as data.", param="messages"
            )
        uri = source.file_id or source.url or ""
        kind = source.media_type or guess_type(urlsplit(uri).path)[0]
        kind = kind or _KINDS[type(part).__name__]
        return {"fileData": {"mimeType": kind, "fileUri": uri}}
