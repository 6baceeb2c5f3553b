"""Changing a few members of a JSON object without touching any other byte."""

from __future__ import annotations

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniroute.gateway import splice

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)
objects = st.dictionaries(st.sampled_from(["model", "a", "b", 'q"x', "é"]), json_values, max_size=5)


def _sent(body: dict[str, object], indent: int | None) -> bytes:
    return json.dumps(body, indent=indent).encode()


@given(objects, objects, st.sampled_from([None, 2]))
def test_it_parses_to_what_was_asked_for(
    before: dict[str, object], changes: dict[str, object], indent: int | None
) -> None:
    raw = _sent(before, indent)
    parsed = orjson.loads(raw)
    kept = {key: value for key, value in parsed.items() if key != "b"}
    assert orjson.loads(splice.rewrite(raw, parsed, {**kept, **changes})) == {**kept, **changes}


def test_it_leaves_every_other_byte_alone() -> None:
    inner = b'[{"model":"x"}, "\\u00e9\\/ {\\"model\\": \\"x\\"}"]'
    raw = b'{ "a" : 1.50, "model":"x",\n "m":' + inner + b' , "n":1e5 }'
    before = orjson.loads(raw)
    after = splice.rewrite(raw, before, {**before, "model": "y/z"})
    assert b'"m":' + inner in after
    assert b'"a":1.50' in after
    assert b'"n":1e5' in after
    assert orjson.loads(after)["model"] == "y/z"


def test_it_changes_nothing_when_nothing_changed() -> None:
    raw = b'{"model": "x"  , "a":[1, 2]}'
    before = orjson.loads(raw)
    assert splice.rewrite(raw, before, dict(before)) is raw


@pytest.mark.parametrize("raw", [b"{}", b" { } ", b'{"a":1}'])
def test_it_adds_members_in_front(raw: bytes) -> None:
    before = orjson.loads(raw)
    after = splice.rewrite(raw, before, {**before, "stream_options": {"include_usage": True}})
    assert orjson.loads(after) == {**before, "stream_options": {"include_usage": True}}


def test_it_takes_the_last_of_a_repeated_key_as_the_parser_does() -> None:
    raw = b'{"model":"first","x":1,"model":"second"}'
    before = orjson.loads(raw)
    after = splice.rewrite(raw, before, {**before, "model": "third"})
    assert after.count(b"model") == 1
    assert orjson.loads(after) == {"model": "third", "x": 1}
