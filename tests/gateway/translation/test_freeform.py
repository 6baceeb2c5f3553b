"""Freeform tools as functions of one string."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniroute.gateway import ir
from omniroute.gateway.errors import InvalidRequest
from omniroute.gateway.translation import freeform


@given(st.text())
def test_it_wraps_raw_input_and_unwraps_it_again(raw: str) -> None:
    assert freeform.unwrapped(freeform.wrapped(raw)) == raw


@pytest.mark.parametrize("odd", ["", "plain", "{", "[]", "3", '{"input": 3}', "{}"])
def test_it_takes_what_is_not_wrapped_as_it_is(odd: str) -> None:
    assert freeform.unwrapped(odd) == odd


@pytest.mark.parametrize(
    ("format_", "told"),
    [
        ({}, "Patches."),
        (None, "Patches."),
        ({"type": "text"}, "Patches."),
        (
            {"type": "grammar", "syntax": "lark", "definition": "start: X"},
            "Patches.\n\n`input` must follow this lark grammar:\nstart: X",
        ),
        (
            {"type": "grammar", "definition": "start: X"},
            "Patches.\n\n`input` must follow this grammar:\nstart: X",
        ),
        (
            {"type": "other", "x": 1},
            'Patches.\n\n`input` must follow this format: {"type":"other","x":1}',
        ),
    ],
)
def test_it_tells_a_grammar_in_words(format_: Any, told: str) -> None:
    tool = ir.Tool(name="p", description="Patches.", freeform=format_)
    assert freeform.described(tool) == told


def test_it_refuses_a_bottomless_format() -> None:
    deep: Any = {}
    for _ in range(400):
        deep = {"x": deep}
    with pytest.raises(InvalidRequest):
        freeform.described(ir.Tool(name="p", freeform=deep))


def test_it_knows_which_tools_of_a_request_are_freeform() -> None:
    tools = (ir.Tool(name="p", freeform={}, namespace="n"), ir.Tool(name="q", schema={}))
    request = ir.Request(format="x", model="m", messages=(), tools=tools)
    assert freeform.names(request) == {"n__p"}
    assert freeform.names(None) == frozenset()
