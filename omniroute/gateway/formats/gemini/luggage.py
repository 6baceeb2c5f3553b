"""What other families want back, carried through Gemini clients in a `thoughtSignature`.

Such clients return the signatures of calls and text, but no thoughts. Reasoning of another family
therefore travels, text and all, in a marked signature on the part that follows it. It never reaches
Google: a request of the same format is cleaned of it.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any

import orjson

from omniroute.gateway import ir
from omniroute.gateway.formats.gemini.spelling import FORMAT_NAME
from omniroute.gateway.translation import carrier

_MARK = b64encode(b"omniroute").decode()  # nine bytes: whole digits, the same in both alphabets


def is_ours(signature: object) -> bool:
    return isinstance(signature, str) and signature.startswith(_MARK)


def unpacked(signature: str) -> list[ir.Part]:
    """The thinking in a marked signature. SDKs give bytes back in the alphabet for URLs."""
    code = signature.removeprefix(_MARK).translate(str.maketrans("-_", "+/")).rstrip("=")
    try:
        carried = orjson.loads(b64decode(code + "=" * (-len(code) % 4)))
    except ValueError:
        return []
    thoughts: list[ir.Part] = []
    for pair in carried if isinstance(carried, list) else ():
        match pair:
            case [str(text), str(sealed)] if carrier.is_foreign(sealed):
                thoughts.append(carrier.thinking(text, sealed, ir.NO_EXTRA, FORMAT_NAME))
    return thoughts


class Luggage:
    """Holds foreign thinking until there is a part to carry it."""

    def __init__(self) -> None:
        self._held: list[ir.Thinking] = []

    def add(self, thinking: ir.Thinking) -> None:
        if thinking.origin != FORMAT_NAME and (thinking.text or _is_sealed(thinking)):
            self._held.append(thinking)

    def onto(self, part: dict[str, Any]) -> dict[str, Any]:
        """`part` with what must come back with it. A call takes everything; text only what is
        sealed, because nobody wants plain reasoning back but before a call."""
        if "thoughtSignature" in part or part.get("thought"):
            return part
        call = "functionCall" in part
        taken = [thinking for thinking in self._held if call or _is_sealed(thinking)]
        if not taken or not (call or "text" in part):
            return part
        self._held = [thinking for thinking in self._held if thinking not in taken]
        pairs = [[each.text, carrier.signature_of(each, FORMAT_NAME)] for each in taken]
        return {**part, "thoughtSignature": _MARK + b64encode(orjson.dumps(pairs)).decode()}


def _is_sealed(thinking: ir.Thinking) -> bool:
    return bool(thinking.signature or thinking.redacted)
