"""A request of this format on its way to a provider of the same format."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from omniroute.gateway.errors import InvalidRequest
from omniroute.gateway.formats.openai_chat import FORMAT
from omniroute.gateway.snapshot import Model

from .wire import body, provider


def passed(sent: Any, model: Model | None = None, **facts: Any) -> dict[str, Any]:
    before = copy.deepcopy(sent)
    after = FORMAT.passthrough(sent, provider(**facts), model or Model(id="real-model"))
    assert sent == before, "the client's body is not touched"
    return after


def test_it_changes_nothing_but_the_model():
    sent = body(temperature=1, vendor={"deep": [1, None]}, stream_options={"x": 1})
    after = passed(sent)
    assert after == {**sent, "model": "real-model"}
    assert all(after[name] is sent[name] for name in sent if name != "model")


@pytest.mark.parametrize(
    ("options", "stream_usage", "expected"),
    [
        (None, True, {"include_usage": True}),
        ({"include_usage": False}, True, {"include_usage": True}),
        (
            {"include_obfuscation": False},
            True,
            {"include_obfuscation": False, "include_usage": True},
        ),
        ("odd", True, {"include_usage": True}),
        ({"include_usage": True}, False, None),
    ],
)
def test_it_always_asks_for_the_usage_of_a_stream(options, stream_usage, expected):
    after = passed(body(stream=True, stream_options=options), stream_usage=stream_usage)
    assert after.get("stream_options") == expected


def test_it_leaves_options_alone_that_ask_already():
    sent = body(stream=True, stream_options={"include_usage": True})
    assert passed(sent)["stream_options"] is sent["stream_options"]


def test_it_leaves_out_what_provider_and_model_refuse():
    after = passed(
        body(temperature=1, seed=1),
        Model(id="m", drop_params=("seed",)),
        drop_params=("temperature",),
    )
    assert {"temperature", "seed"}.isdisjoint(after)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"max_tokens": 5}, {"max_completion_tokens": 5}),
        ({"max_tokens": 5, "max_completion_tokens": 6}, {"max_completion_tokens": 6}),
        ({"max_completion_tokens": 6}, {"max_completion_tokens": 6}),
        ({"max_tokens": None}, {"max_tokens": None}),
    ],
)
def test_it_gives_a_model_the_limit_in_the_field_it_knows(fields, expected):
    after = passed(body(**fields), Model(id="m", max_tokens_field="max_completion_tokens"))
    assert {k: v for k, v in after.items() if k.startswith("max_")} == expected


def test_it_makes_the_role_developer_system_for_those_who_do_not_know_it():
    sent = {"model": "m", "messages": [{"role": "developer", "content": "x"}, "odd"]}
    assert passed(sent)["messages"] == [{"role": "system", "content": "x"}, "odd"]
    after = passed(sent, system_role="developer")
    assert after["messages"] is sent["messages"]
    assert passed({"model": "m", "messages": 3})["messages"] == 3


def test_it_refuses_what_is_no_object():
    with pytest.raises(InvalidRequest):
        passed([])
