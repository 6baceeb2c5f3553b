"""Calls whose arguments Vertex AI streams leaf by leaf."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from omniroute.gateway import ir
from omniroute.gateway.errors import UpstreamFailure

from .wire import chunk, events, finishes, function_call, parts, sse


def piece(*entries: Any, go_on: bool = True, **fields: Any) -> dict[str, Any]:
    call = {**fields, "partialArgs": list(entries)} if entries else dict(fields)
    return {"functionCall": {**call, "willContinue": True} if go_on else call}


def text(path: str, value: str, *, go_on: bool = False) -> dict[str, Any]:
    entry = {"jsonPath": path, "stringValue": value}
    return {**entry, "willContinue": True} if go_on else entry


def read(*pieces: Any, finish: str = "STOP") -> list[ir.Part]:
    return parts(events(sse(*map(chunk, pieces), chunk(finish=finish))))


def arguments(*entries: Any) -> Any:
    [call] = read(piece(name="f"), *(piece(entry) for entry in entries), piece(go_on=False))
    assert isinstance(call, ir.ToolCall)
    return orjson.loads(call.arguments)


def test_it_puts_a_call_together():
    signed = {**piece(name="light", id="c1"), "thoughtSignature": "c2ln"}
    pieces = [
        signed,
        piece({"jsonPath": "$.brightness", "numberValue": 50}),
        piece(text("$.colour", "wa", go_on=True)),
        piece(text("$.colour", "rm", go_on=True)),
        piece(text("$.colour", "")),
        piece(go_on=False),
    ]
    [call] = read(*pieces)
    assert call == ir.ToolCall(
        id="c1",
        name="light",
        arguments='{"brightness":50,"colour":"warm"}',
        extra={"gemini": {"thoughtSignature": "c2ln"}},
    )


@pytest.mark.parametrize(
    ("entries", "want"),
    [
        ([], {}),
        ([{"jsonPath": "$.a", "boolValue": True}], {"a": True}),
        ([{"jsonPath": "$.a", "nullValue": "NULL_VALUE"}], {"a": None}),
        ([text("$.a.b.c", "x"), text("$.a.d", "y")], {"a": {"b": {"c": "x"}, "d": "y"}}),
        ([text("$.a[0].b", "x"), text("$.a[1].b", "y")], {"a": [{"b": "x"}, {"b": "y"}]}),
        ([text("$['a b']", "x"), text('$["c.d"][0]', "y")], {"a b": "x", "c.d": ["y"]}),
        ([text("$.a[0][0]", "x"), text("$.a[0][1]", "y")], {"a": [["x", "y"]]}),
        ([text("$.a", "x"), text("$.a", "y")], {"a": "y"}),
        ([text("$.a", "x", go_on=True), text("$.b", "y")], {"a": "x", "b": "y"}),
        ([text("$.a", "", go_on=True), text("$.a", "y")], {"a": "y"}),
        ([text("$['']", "x")], {"": "x"}),
    ],
)
def test_it_follows_the_paths(entries: list[Any], want: Any):
    assert arguments(*entries) == want


def test_it_tells_calls_apart_that_follow_each_other():
    calls = read(
        piece(text("$.a", "1"), name="f"),
        piece(text("$.a", "2"), name="f"),
        piece(go_on=False),
        function_call("g", {"b": 1}),
    )
    assert [(call.name, call.arguments) for call in calls] == [
        ("f", '{"a":"1"}'),
        ("f", '{"a":"2"}'),
        ("g", '{"b":1}'),
    ]
    assert len({call.id for call in calls}) == 3
    [first, second] = read(piece(text("$.a", "1"), name="f"), function_call("g", {"b": 1}))
    assert (first.name, second.name) == ("f", "g")


def test_it_ends_a_call_with_the_whole_answer_but_not_with_a_cut_one():
    begun = piece(text("$.a", "1", go_on=True), name="f")
    [call] = read(begun)
    assert call.arguments == '{"a":"1"}'
    assert read(begun, finish="MAX_TOKENS") == []
    found = events(sse(chunk(begun), chunk(finish="MAX_TOKENS")))
    assert finishes(found) == ["length"]
    assert parts(events(sse(chunk(begun)))) == []


@pytest.mark.parametrize(
    "entries",
    [
        [text("a", "x")],
        [text("$", "x")],
        [text("$[0]", "x")],
        [text("$.a[x]", "x")],
        [text("$.a" * 99, "x")],
        [text("$.a", "x"), text("$.a.b", "y")],
        [text("$.a[1]", "x")],
        [text("$.a[0]", "x"), text("$.a.b", "x")],
        [{"stringValue": "x"}],
        [{"jsonPath": 5}],
        ["x"],
    ],
)
def test_it_calls_paths_that_lead_nowhere_a_fault_of_the_protocol(entries: list[Any]):
    with pytest.raises(UpstreamFailure) as failed:
        arguments(*entries)
    assert failed.value.kind == "protocol"
