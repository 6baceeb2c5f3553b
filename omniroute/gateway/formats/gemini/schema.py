"""JSON Schema cut down to the `Schema` of the Gemini API, a part of OpenAPI 3.0
(https://ai.google.dev/api/caching#Schema), for endpoints that take nothing else.

What comes out has known keywords only, one type per node, and no references; every value that
Gemini may give by it is one that the original describes, as far as `Schema` can say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from omniroute.gateway.formats.gemini import keywords
from omniroute.gateway.formats.gemini.keywords import Schema

_MAX_DEPTH = 48
_MAX_NODES = 4000  # references that fan out could grow without bound
_ANYTHING: Schema = {"type": "OBJECT"}

Path = tuple[str, ...]  # the references that are being followed, and a "" for every other step


def parameters(schema: object) -> Schema | None:
    """What a function takes: an object. None for no arguments, which must not be described."""
    root = _Reducer(schema).reduce(schema, ())
    if "anyOf" in root:
        root = _united(root["anyOf"])
    if root.get("type") != "OBJECT" or "properties" not in root:
        return None
    root.pop("nullable", None)
    return root


def output(schema: object) -> Schema:
    """What a structured answer looks like: of any type."""
    return _Reducer(schema).reduce(schema, ())


def _united(variants: list[Schema]) -> Schema:
    """One object with the properties of all `variants`; required is what all of them require."""
    objects = [variant for variant in variants if variant["type"] == "OBJECT"]
    properties: Schema = {}
    for variant in reversed(objects):
        properties |= variant.get("properties", {})
    if not properties:
        return {}
    required = [variant.get("required", []) for variant in objects]
    common = [name for name in required[0] if all(name in names for names in required)]
    united = {"type": "OBJECT", **keywords.described(objects[0]), "properties": properties}
    return {**united, "required": common} if common else united


class _Reducer:
    def __init__(self, root: object) -> None:
        self._root = root
        self._left = _MAX_NODES

    def reduce(self, schema: object, path: Path) -> Schema:
        self._left -= 1
        if self._left < 0 or len(path) > _MAX_DEPTH:
            return dict(_ANYTHING)
        node, path = self._resolved(schema, path)
        nodes, nullable = self._variants(node, path)
        variants: list[Schema] = []
        for one, way in nodes or [({"type": "string", **keywords.described(node)}, path)]:
            written = self._write(one, way)
            if nullable:
                written["nullable"] = True
            if written not in variants:
                variants.append(written)
        return variants[0] if len(variants) == 1 else {"anyOf": variants}

    def _resolved(self, schema: object, path: Path) -> tuple[Schema, Path]:
        """The node with its references followed and its `allOf` merged in."""
        node = dict(schema) if isinstance(schema, Mapping) else {}
        path = (*path, "")
        pending = node.pop("allOf", None)
        pending = list(pending) if isinstance(pending, list) else []
        ref = node.pop("$ref", None)
        if isinstance(ref, str):
            if ref in path:
                return {**_ANYTHING, **keywords.described(node)}, path
            path = (*path, ref)
            pending.insert(0, self._target(ref))
        for part in pending[:_MAX_NODES]:
            if len(path) > _MAX_DEPTH:
                break
            inner, path = self._resolved(part, path)
            node = keywords.merged(inner, node)
        return node, path

    def _target(self, ref: str) -> object:
        if ref != "#" and not ref.startswith("#/"):
            return None  # another document, or a name that Schema does not know
        found: object = self._root
        for step in ref.split("/")[1:]:
            name = unquote(step).replace("~1", "/").replace("~0", "~")
            if isinstance(found, Mapping):
                found = found.get(name)
            elif isinstance(found, list) and name.isdecimal() and int(name) < len(found):
                found = found[int(name)]
            else:
                return None
        return found

    def _variants(self, node: Schema, path: Path) -> tuple[list[tuple[Schema, Path]], bool]:
        """`node` as nodes of one type each, and whether null is possible beside them."""
        shared = {key: value for key, value in node.items() if key not in ("anyOf", "oneOf")}
        for options in (node.get("anyOf"), node.get("oneOf")):
            if isinstance(options, list) and options and len(path) <= _MAX_DEPTH:
                return self._options(options, shared, path)
        shared, nullable = keywords.enumerated(shared)
        types = keywords.types(shared)
        named = [kind for kind in types if kind != "NULL"]
        nullable = nullable or len(named) < len(types)
        if not named and nullable:
            return [], True
        kinds = named or [keywords.guessed(shared)]
        return [({**shared, "type": kind}, path) for kind in kinds], nullable

    def _options(
        self, options: list[Any], shared: Schema, path: Path
    ) -> tuple[list[tuple[Schema, Path]], bool]:
        """`anyOf` must stand alone, so what stands beside it goes into the options."""
        nodes: list[tuple[Schema, Path]] = []
        nullable = shared.get("nullable") is True
        for option in options[:_MAX_NODES]:
            self._left -= 1
            if self._left < 0:
                break
            inner, way = self._resolved(option, path)
            node = keywords.merged(inner, shared if not nodes else keywords.undescribed(shared))
            if not nodes:
                node.update(keywords.described(shared, inner))
            more, null = self._variants(node, way)
            nodes += more
            nullable = nullable or null
        return nodes, nullable

    def _write(self, node: Schema, path: Path) -> Schema:
        """`node`, which has one type, in the words of `Schema`."""
        kind = str(node["type"]).upper()
        written = {"type": kind, **keywords.plain(node, kind)}
        if kind == "ARRAY":
            written["items"] = self._items(node, path)
        elif kind == "OBJECT":
            self._properties(node, written, path)
        return written

    def _items(self, node: Schema, path: Path) -> Schema:
        items, tuples = node.get("items"), node.get("prefixItems")
        if isinstance(items, list):
            tuples = items
        if isinstance(tuples, list) and tuples:
            items = {"anyOf": tuples}
        return self.reduce(items, path)

    def _properties(self, node: Schema, written: Schema, path: Path) -> None:
        given = node.get("properties")
        given = given if isinstance(given, Mapping) else {}
        properties = {
            str(name): self.reduce(inner, path)
            for name, inner in given.items()
            if inner is not False
        }
        if not properties:
            return  # an empty list of properties is refused
        written["properties"] = properties
        for keyword in ("required", "propertyOrdering"):
            names = node.get(keyword)
            names = names if isinstance(names, list) else []
            known = [name for name in names if isinstance(name, str) and name in properties]
            if known:
                written[keyword] = list(dict.fromkeys(known))
