"""The keywords of JSON Schema that Gemini's `Schema` has too, and what becomes of the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]

_TYPES = frozenset({"STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL"})
_FORMATS = {
    "STRING": frozenset({"date-time", "enum"}),
    "NUMBER": frozenset({"float", "double"}),
    "INTEGER": frozenset({"int32", "int64"}),
}
_SIZES = {
    "STRING": ("minLength", "maxLength"),
    "ARRAY": ("minItems", "maxItems"),
    "OBJECT": ("minProperties", "maxProperties"),
}
_PYTHON: dict[str, tuple[type, ...]] = {
    "STRING": (str,),
    "NUMBER": (int, float),
    "INTEGER": (int,),
    "BOOLEAN": (bool,),
    "ARRAY": (list,),
    "OBJECT": (dict,),
}
_HINTS = {
    "OBJECT": ("properties", "required", "additionalProperties", "patternProperties"),
    "ARRAY": ("items", "prefixItems", "minItems", "maxItems"),
    "NUMBER": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}
_RULES = {"enum": list, "pattern": str}
_WORDS = ("title", "description")
_TOLD = ("format", "multipleOf", "uniqueItems")
_LARGEST = 2**63


def types(node: Schema) -> list[str]:
    """The types that `node` names, each once, in capitals."""
    given = node.get("type")
    given = given if isinstance(given, list) else [given]
    named = [kind.upper() for kind in given if isinstance(kind, str)]
    return list(dict.fromkeys(kind for kind in named if kind in _TYPES))


def guessed(node: Schema) -> str:
    """The type of a node that names none."""
    for kind, hints in _HINTS.items():
        if any(hint in node for hint in hints):
            return kind
    return "STRING"


def enumerated(node: Schema) -> tuple[Schema, bool]:
    """`node` with the strings of its `enum` or `const`, and whether null is possible.

    Only strings can be listed: numbers become strings, and true and false need no list.
    """
    nullable = node.get("nullable") is True
    if "const" in node:
        node = {**node, "enum": [node["const"]]}
    values = node.get("enum")
    if not isinstance(values, list):
        return {key: value for key, value in node.items() if key != "enum"}, nullable
    node = {key: value for key, value in node.items() if key not in ("enum", "const")}
    said = [value for value in values if value is not None]
    nullable = nullable or len(said) < len(values)
    if values and not said:
        return {**node, "type": "null"}, True
    if said and all(isinstance(value, bool) for value in said):
        return {**node, "type": "boolean"}, nullable
    if any(isinstance(value, dict | list) for value in said):
        return node, nullable
    words = list(dict.fromkeys(word for word in map(_word, said) if word))
    return ({**node, "type": "string", "enum": words} if words else node), nullable


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def described(node: Schema, inner: Schema | None = None) -> Schema:
    """The words about `node`, together with those about the `inner` node that takes its place."""
    found = {}
    for keyword in _WORDS:
        said = [each[keyword] for each in (node, inner or {}) if isinstance(each.get(keyword), str)]
        if said:
            found[keyword] = "\n".join(dict.fromkeys(said)) if keyword == "description" else said[0]
    return found


def undescribed(node: Schema) -> Schema:
    return {key: value for key, value in node.items() if key not in _WORDS}


def plain(node: Schema, kind: str) -> Schema:
    """Everything of a node of type `kind` but what holds other nodes."""
    written = described(node)
    told = {
        keyword: node[keyword]
        for keyword in _TOLD
        if isinstance(node.get(keyword), str | int | float)
    }
    if str(node.get("format")) in _FORMATS.get(kind, ()):
        written["format"] = told.pop("format")
    for keyword in ("default", "example"):
        if _is(node.get(keyword), kind):
            written[keyword] = node[keyword]
    sizes = {keyword: _size(node.get(keyword)) for keyword in _SIZES.get(kind, ())}
    written |= {keyword: size for keyword, size in sizes.items() if size is not None}
    if kind == "STRING":
        written |= {key: node[key] for key, of in _RULES.items() if isinstance(node.get(key), of)}
    elif kind in ("NUMBER", "INTEGER"):
        written |= _bounds(node, kind)
    if told:
        rules = ", ".join(f"{keyword}: {_word(value)}" for keyword, value in told.items())
        written["description"] = f"{written.get('description', '')} ({rules})".strip()
    return written


def _is(value: object, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "BOOLEAN"
    return isinstance(value, _PYTHON[kind])


def _size(value: object) -> int | None:
    """A size, which Google's own clients write as a string."""
    if isinstance(value, str) and value.isdecimal():
        value = int(value[:20])
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value < _LARGEST and value == int(value) else None


def _bounds(node: Schema, kind: str) -> Schema:
    """Limits that include themselves: of whole numbers the next one, of others the same."""
    found: Schema = {}
    for keyword, step in (("minimum", 1), ("maximum", -1)):
        limit = _number(node.get(keyword))
        exclusive = node.get(f"exclusive{keyword.capitalize()}")
        strict = limit if exclusive is True else _number(exclusive)
        if strict is not None and kind == "INTEGER" and strict == int(strict):
            strict = int(strict) + step
        known = [each for each in (limit, strict) if each is not None]
        if known:
            found[keyword] = max(known) if step > 0 else min(known)
    return found


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if abs(value) < _LARGEST else None


def merged(one: Schema, other: Schema) -> Schema:
    """Both at once (`allOf`): where they say the same thing in two ways, the narrower way."""
    both = {**one, **other}
    for keyword in one.keys() & other.keys():
        narrow = _NARROWER.get(keyword)
        if narrow is not None:
            both[keyword] = narrow(one[keyword], other[keyword])
    return both


def _properties(one: Any, other: Any) -> Any:
    if not isinstance(one, Mapping) or not isinstance(other, Mapping):
        return other
    shared = one.keys() & other.keys()
    return {**one, **other, **{name: {"allOf": [one[name], other[name]]} for name in shared}}


def _union(one: Any, other: Any) -> Any:
    if not isinstance(one, list) or not isinstance(other, list):
        return other
    return [*one, *(value for value in other if value not in one)]


def _common(one: Any, other: Any) -> Any:
    """What both allow; what `other` allows if that is nothing."""
    ones = one if isinstance(one, list) else [one]
    others = other if isinstance(other, list) else [other]
    return [value for value in others if value in ones] or other


def _higher(one: Any, other: Any) -> Any:
    return other if _number(one) is None or _number(other) is None else max(one, other)


def _lower(one: Any, other: Any) -> Any:
    return other if _number(one) is None or _number(other) is None else min(one, other)


_NARROWER = {
    "properties": _properties,
    "required": _union,
    "propertyOrdering": _union,
    "type": _common,
    "enum": _common,
    **dict.fromkeys(
        ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"), _higher
    ),
    **dict.fromkeys(
        ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"), _lower
    ),
}
