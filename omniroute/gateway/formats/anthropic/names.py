"""Tool names within the API's limits, and back.

A name that fits is sent as it is. Another one becomes a readable prefix and a digest of the whole
name: the same in every request, so that prompts stay cacheable.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha256

_MAX = 64
_VALID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_BAD = re.compile(r"[^a-zA-Z0-9_-]")


class Names:
    """The names of one request. `known` are tried first, so that none of them has to give way."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._taken: set[str] = set()
        self._sent: dict[str, str] = {}
        for name in sorted(known, key=lambda name: not _VALID.fullmatch(name)):
            self.send(name)

    def send(self, name: str) -> str:
        """The name to send for the client's `name`; always the same one."""
        if name not in self._sent:
            sent, salt = name, 0
            while not _VALID.fullmatch(sent) or sent in self._taken:
                sent, salt = _shortened(name, salt), salt + 1
            self._taken.add(sent)
            self._sent[name] = sent
        return self._sent[name]

    def back(self) -> dict[str, str]:
        """What was sent under another name, and the client's name for it."""
        return {sent: name for name, sent in self._sent.items() if sent != name}


def _shortened(name: str, salt: int) -> str:
    digest = sha256(f"{name}{salt or ''}".encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{_BAD.sub('_', name)[: _MAX - 9]}_{digest}"
