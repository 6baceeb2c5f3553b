"""What Gemini 3 demands of the current turn: the first call of each of its steps is signed.

A call that another family made has no signature; the documented dummy stands in for it, there and
nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from omniroute.gateway.formats.gemini.spelling import either

DUMMY = "skip_thought_signature_validator"


def signed(contents: list[Any]) -> list[Any]:
    """`contents` with what is missing. What needs no change stays the same object."""
    start = next((at for at in range(len(contents) - 1, -1, -1) if _begins(contents[at])), 0)
    return [*contents[:start], *map(_step, contents[start:])]


def _begins(content: Any) -> bool:
    """Whether a content begins a turn: the user speaks, and does not only hand in results."""
    parts = _parts(content)
    return _role(content) != "model" and bool(parts) and not any(map(_is_result, parts))


def _step(content: Any) -> Any:
    parts = _parts(content)
    if _role(content) != "model":
        return content
    first = next((at for at, part in enumerate(parts) if is_call(part)), None)
    if first is None or either(parts[first], "thoughtSignature", "thought_signature"):
        return content
    marked = {**parts[first], "thoughtSignature": DUMMY}
    return {**content, "parts": [*parts[:first], marked, *parts[first + 1 :]]}


def mapped(contents: list[Any], change: Callable[[Any], Any]) -> list[Any]:
    """`change` for every part; None takes a part out, and a content with its last part. What is
    not changed stays the same object."""
    mapped = (_mapped(content, change) for content in contents)
    return [content for content in mapped if content is not None]


def _mapped(content: Any, change: Callable[[Any], Any]) -> Any:
    parts = _parts(content)
    changed = [change(part) for part in parts]
    if all(new is old for new, old in zip(changed, parts, strict=True)):
        return content
    left = [part for part in changed if part is not None]
    return {**content, "parts": left} if left else None


def is_call(part: Any) -> bool:
    return isinstance(part, dict) and either(part, "functionCall", "function_call") is not None


def _is_result(part: Any) -> bool:
    given = either(part, "functionResponse", "function_response") if _is_object(part) else None
    return given is not None


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _role(content: Any) -> Any:
    return content.get("role") if isinstance(content, dict) else None


def _parts(content: Any) -> list[Any]:
    parts = content.get("parts") if isinstance(content, dict) else None
    return parts if isinstance(parts, list) else []
