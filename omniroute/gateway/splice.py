"""Changes a few top-level members of a JSON object and leaves every other byte as it was.

Prompts, signatures and numbers reach a provider of the caller's own format exactly as sent.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[{}\[\],:]', re.DOTALL)


def rewrite(raw: bytes, before: dict[str, Any], after: dict[str, Any]) -> bytes:
    """`raw`, which parses to `before`, turned into bytes that parse to `after`.

    A member is unchanged when both hold the same object: change copies, not values in place.
    """
    changed = {key: value for key, value in after.items() if before.get(key, _ABSENT) is not value}
    removed = before.keys() - after.keys()
    if not changed and not removed:
        return raw
    added = {key: changed.pop(key) for key in list(changed) if key not in before}
    if removed or len(changed) > 1:
        raw = _replace(raw, changed, removed)
    elif changed:
        [(key, value)] = changed.items()
        raw = _replace_one(raw, key, before[key], value)
    return _insert(raw, added) if added else raw


_ABSENT = object()


def _replace_one(raw: bytes, key: str, old: Any, new: Any) -> bytes:
    """The quick way: a key that occurs once in the whole text is the one at the top."""
    name = orjson.dumps(key)
    if isinstance(old, str) and raw.count(name) == 1:
        before, _, rest = raw.partition(name)
        gap, quote, _ = rest.partition(b'"')
        value = orjson.dumps(old)
        start = len(gap)
        if quote and gap.strip() == b":" and rest.startswith(value, start):
            return before + name + gap + orjson.dumps(new) + rest[start + len(value) :]
    return _replace(raw, {key: new}, set())


def _insert(raw: bytes, members: dict[str, Any]) -> bytes:
    start = raw.index(b"{") + 1
    text = orjson.dumps(members)[1:-1]
    comma = b"" if raw[start:].lstrip().startswith(b"}") else b","
    return raw[:start] + text + comma + raw[start:]


def _replace(raw: bytes, changed: dict[str, Any], removed: set[str]) -> bytes:
    kept = []
    for key, text in _members(raw):
        if key in removed:
            continue
        value = orjson.dumps(changed[key]) if key in changed else text
        kept.append(orjson.dumps(key) + b":" + value)
    return b"{" + b",".join(kept) + b"}"


def _members(raw: bytes) -> list[tuple[str, bytes]]:
    """Every top-level member with its value's own bytes; of a repeated key the last one."""
    members: dict[str, bytes] = {}
    depth, key, start = 0, "", 0
    for match in _TOKEN.finditer(raw):
        token = match.group()
        if depth == 1 and not key and token[:1] == b'"':
            key = orjson.loads(token)
        elif depth == 1 and token == b":":
            start = match.end()
        elif token in b"{[":
            depth += 1
        elif token in b"}]" or (token == b"," and depth == 1):
            if key and depth == 1:
                members[key] = raw[start : match.start()].strip()
                key = ""
            depth -= token != b","
    return list(members.items())
