"""The model's name in a stream that passes through: the client's instead of the provider's."""

from __future__ import annotations

import re

import orjson


class Renaming:
    """`label` is how the field begins where the provider is expected to write it, up to its value;
    another spelling is learned from the first event that has it."""

    def __init__(self, label: bytes, upstream_model: str, model: str) -> None:
        self._label = label
        self._wanted = orjson.dumps(model)
        self._old = label + orjson.dumps(upstream_model)
        self._new = label + self._wanted

    def block(self, block: bytes) -> bytes:
        """Events that hold the name as it was last seen, or not at all."""
        return block.replace(self._old, self._new)

    def event(self, event: bytes, told: object) -> bytes:
        """An event in which the provider told `told` as the model's name."""
        if isinstance(told, str) and self._old not in event:
            self._learn(event, told)
        return self.block(event)

    def _learn(self, event: bytes, told: str) -> None:
        key = re.escape(self._label.partition(b":")[0])
        for match in re.finditer(rb"(" + key + rb'\s*:\s*)("(?:[^"\\]|\\.)*")', event):
            if orjson.loads(match[2]) == told:
                self._old, self._new = match[0], match[1] + self._wanted
                return
