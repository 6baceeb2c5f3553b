"""A client's JSON: every wrong type is refused by its path."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from omniroute.gateway.errors import InvalidRequest
from omniroute.gateway.translation import fields
from omniroute.gateway.translation.fields import Fields

BODY: dict[str, Any] = {"a": {"b": [{"c": 3}]}, "s": ["x", 3], "n": 1.0, "empty": "", "null": None}


@pytest.mark.parametrize(("dotted", "path"), [(False, "a.b[0].c"), (True, "a.b.0.c")])
def test_it_names_a_place_as_the_api_itself_does(dotted: bool, path: str) -> None:
    [inner] = Fields(BODY, dotted=dotted).inner("a").objects("b")
    with pytest.raises(InvalidRequest) as caught:
        inner.text("c")
    assert caught.value.param == path


@pytest.mark.parametrize(
    ("read", "param"),
    [
        (lambda body: body.inner("null"), "null"),
        (lambda body: body.given("null"), "null"),
        (lambda body: body.needed("empty"), "empty"),
        (lambda body: body.texts("s"), "s[1]"),
        (lambda body: body.flag("n"), "n"),
        (lambda body: body.array("a"), "a"),
        (lambda body: list(body.objects("s")), "s[0]"),
    ],
)
def test_it_refuses_what_has_the_wrong_type(read: Callable[[Fields], object], param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read(Fields(BODY))
    assert caught.value.param == param


def test_it_reads_what_is_there() -> None:
    body = Fields(BODY)
    assert (body.integer("n"), body.given("empty"), body.child("null")) == (1, "", None)
    assert (body.text("null"), body.texts("null")) == (None, ())
    assert body.rest(("a", "s")) == {"n": 1.0, "empty": ""}


@pytest.mark.parametrize("value", [True, "1", float("nan"), 1.5, -1])
def test_it_takes_only_whole_numbers_for_counts(value: object) -> None:
    with pytest.raises(InvalidRequest):
        Fields({"x": value}).natural("x")


def test_it_files_what_the_hub_does_not_know_under_its_owner() -> None:
    extra = Fields({"known": 1, "odd": 2}).extras("x", ("known",))
    assert fields.own(extra, "x") == {"odd": 2}
    assert fields.own(extra, "y") == {}
    assert fields.own({"x": "forged"}, "x") == {}
    assert Fields({}).extras("x", ()) == {}


def test_it_refuses_what_cannot_be_encoded_again() -> None:
    deep: Any = {}
    for _ in range(400):
        deep = {"x": deep}
    with pytest.raises(InvalidRequest):
        fields.dumped(deep, "tools")
