"""Arguments of a call that Vertex AI streams leaf by leaf (`streamFunctionCallArguments`).

Each `partialArgs` entry names a leaf by its JSON path; text that `willContinue` goes on in the next
entry for the same path.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

from omniroute.gateway.errors import UpstreamFailure
from omniroute.gateway.translation import answers

_STEP = re.compile(r"""\.([^.\[\]]+)|\[(\d{1,6})\]|\['([^']*)'\]|\["([^"]*)"\]""")
_MAX_STEPS = 64
_VALUES = ("stringValue", "numberValue", "boolValue")

Step = str | int


def is_streamed(call: dict[str, Any]) -> bool:
    return "partialArgs" in call or "willContinue" in call


class Streamed:
    """One call. What its first part says stands; the others bring arguments."""

    def __init__(self) -> None:
        self._part: dict[str, Any] = {}
        self._arguments: dict[str, Any] = {}
        self._going_on: str | None = None  # the path of a text that continues

    def add(self, part: dict[str, Any], call: dict[str, Any]) -> bool:
        """Whether this was the last of it."""
        self._part = {**part, **self._part}
        for entry in answers.sequence(call.get("partialArgs"), "partialArgs"):
            self._add(answers.mapping(entry, "partialArgs"))
        return not call.get("willContinue")

    def part(self) -> dict[str, Any]:
        """The part that a whole call would have been."""
        call = self._part["functionCall"]
        kept = {key: call[key] for key in ("id", "name") if key in call}
        return {**self._part, "functionCall": {**kept, "args": self._arguments}}

    def _add(self, entry: dict[str, Any]) -> None:
        path = answers.text(entry.get("jsonPath"), "jsonPath")
        steps = _steps(path)
        value = next((entry[key] for key in _VALUES if key in entry), None)
        holder: Any = self._arguments
        for step, after in pairwise(steps):
            holder = _inside(holder, step, [] if isinstance(after, int) else {})
        if isinstance(value, str) and path == self._going_on:
            value = answers.name(_inside(holder, steps[-1], "")) + value
        _put(holder, steps[-1], value)
        self._going_on = path if entry.get("willContinue") else None


def _steps(path: str) -> list[Step]:
    steps: list[Step] = []
    at = 1
    while path.startswith("$") and at < len(path) and len(steps) < _MAX_STEPS:
        match = _STEP.match(path, at)
        if match is None:
            break
        name, index, *quoted = match.groups()
        steps.append(int(index) if index else name or quoted[0] or quoted[1] or "")
        at = match.end()
    if not steps or at < len(path) or isinstance(steps[0], int):
        raise UpstreamFailure("protocol", "a path into arguments that cannot be read")
    return steps


def _inside(holder: Any, step: Step, otherwise: Any) -> Any:
    """What `holder` has at `step`; `otherwise`, put there, when it has nothing."""
    if isinstance(holder, list) and isinstance(step, int) and step < len(holder):
        return holder[step]
    if isinstance(holder, dict) and step in holder:
        return holder[step]
    return _put(holder, step, otherwise)


def _put(holder: Any, step: Step, value: Any) -> Any:
    if isinstance(holder, dict) and isinstance(step, str):
        holder[step] = value
    elif isinstance(holder, list) and isinstance(step, int) and step <= len(holder):
        holder[step : step + 1] = [value]
    else:
        raise UpstreamFailure("protocol", "arguments whose paths contradict each other")
    return value
