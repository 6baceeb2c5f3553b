"""Reasoning that a model writes into its text: `<think>…</think>` at the very beginning."""

from __future__ import annotations

_OPEN, _CLOSE = "<think>", "</think>"


class ThinkTags:
    """Text cut anywhere -> pieces of (is it reasoning, text). `close()` gives the rest."""

    def __init__(self) -> None:
        self._held = ""
        self._state = self._opening

    def feed(self, text: str) -> list[tuple[bool, str]]:
        self._held += text
        return [piece for piece in self._state() if piece[1]]

    def close(self) -> list[tuple[bool, str]]:
        rest, self._held = self._held, ""
        return [(self._state == self._thinking, rest)] if rest else []

    def _opening(self) -> list[tuple[bool, str]]:
        text = self._held.lstrip()
        if text.startswith(_OPEN):
            self._held = text[len(_OPEN) :]
            self._state = self._thinking
            return self._state()
        if _OPEN.startswith(text):
            return []
        self._state = self._plain
        return self._state()

    def _thinking(self) -> list[tuple[bool, str]]:
        end = self._held.find(_CLOSE)
        if end >= 0:
            thought, self._held = self._held[:end], self._held[end + len(_CLOSE) :]
            self._state = self._gap
            return [(True, thought), *self._state()]
        keep = next(n for n in range(len(_CLOSE) - 1, -1, -1) if self._held.endswith(_CLOSE[:n]))
        cut = len(self._held) - keep
        thought, self._held = self._held[:cut], self._held[cut:]
        return [(True, thought)]

    def _gap(self) -> list[tuple[bool, str]]:
        """The blank lines between the reasoning and the answer belong to neither."""
        self._held = self._held.lstrip()
        if self._held:
            self._state = self._plain
            return self._state()
        return []

    def _plain(self) -> list[tuple[bool, str]]:
        text, self._held = self._held, ""
        return [(False, text)]
