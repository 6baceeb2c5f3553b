"""Audio in messages: its data and the short name of its format."""

from __future__ import annotations

from omniroute.gateway import ir
from omniroute.gateway.translation.fields import Fields

_TYPES = {"mp3": "audio/mpeg", "wav": "audio/wav"}
_SPELLINGS = {"audio/mpeg": "mp3", "audio/mp3": "mp3", "audio/wav": "wav", "audio/x-wav": "wav"}


def read(audio: Fields) -> ir.Source:
    spelling = audio.text("format") or "wav"
    media_type = _TYPES.get(spelling, f"audio/{spelling}")
    return ir.Source(data=audio.needed("data"), media_type=media_type)


def write(data: str, media_type: str) -> dict[str, str]:
    kind = media_type.partition(";")[0]
    return {"data": data, "format": _SPELLINGS.get(kind) or kind.rpartition("/")[2] or "wav"}
