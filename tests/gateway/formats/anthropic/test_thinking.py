"""One table of depths, and what becomes of it for each kind of model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniroute.gateway import thinking
from omniroute.gateway.ir import Effort, Reasoning
from omniroute.gateway.snapshot import Model
from omniroute.gateway.thinking import Plan, effort_of, fit_budget, plan

from .facts import MODEL, wire

ALL: tuple[thinking.Kind, ...] = ("effort", "adaptive", "budget", "level")
EFFORTS: list[Effort] = ["minimal", "low", "medium", "high", "xhigh", "max"]


def planned(reasoning: Reasoning, kind: thinking.Kind, **facts: Any) -> Plan | None:
    return plan(reasoning, Model(id="m", **facts), writes=(kind,))


@pytest.mark.parametrize(
    ("effort", "budget", "adaptive", "level"),
    [
        ("minimal", 1024, "low", "minimal"),
        ("low", 2048, "low", "low"),
        ("medium", 8192, "medium", "medium"),
        ("high", 24576, "high", "high"),
        ("xhigh", 32000, "xhigh", "high"),
        ("max", 64000, "max", "high"),
    ],
)
def test_it_says_every_effort_in_every_word(
    effort: Effort, budget: int, adaptive: Effort, level: Any
) -> None:
    asked = Reasoning(effort=effort)
    assert planned(asked, "effort") == Plan(kind="effort", effort=effort)
    assert planned(asked, "budget") == Plan(kind="budget", budget=budget)
    assert planned(asked, "adaptive") == Plan(kind="adaptive", effort=adaptive)
    assert planned(asked, "level") == Plan(kind="level", level=level)


@pytest.mark.parametrize(
    ("reasoning", "effort"),
    [
        (Reasoning(mode="off", effort="high"), "none"),
        (Reasoning(budget=0), "none"),
        (Reasoning(budget=1024), "low"),
        (Reasoning(budget=2048), "low"),
        (Reasoning(budget=8192), "medium"),
        (Reasoning(budget=16384), "high"),
        (Reasoning(budget=32000), "xhigh"),
        (Reasoning(budget=-1), None),
        (Reasoning(mode="adaptive"), None),
    ],
)
def test_it_finds_the_effort_that_was_meant(reasoning: Reasoning, effort: Effort | None) -> None:
    assert effort_of(reasoning) == effort


@pytest.mark.parametrize("effort", ["low", "medium", "high", "xhigh"])
def test_it_takes_an_effort_through_a_budget_and_back(effort: Effort) -> None:
    through = planned(Reasoning(effort=effort), "budget")
    assert through is not None
    assert effort_of(Reasoning(budget=through.budget)) == effort


@pytest.mark.parametrize(
    ("budget", "max_tokens", "fits"),
    [
        (2000, None, 2000),
        (10, None, 1024),
        (2000, 2001, 2000),
        (2000, 2000, 1500),
        (32000, 4096, 3072),
        (2000, 1100, 1024),
        (2000, 1024, None),
        (2000, 0, None),
    ],
)
def test_it_keeps_the_budget_below_max_tokens(
    budget: int, max_tokens: int | None, fits: int | None
) -> None:
    assert fit_budget(budget, max_tokens) == fits


@given(st.integers(-1, 200_000), st.integers(0, 200_000))
def test_it_never_makes_a_budget_that_would_be_refused(budget: int, max_tokens: int) -> None:
    fits = fit_budget(budget, max_tokens)
    assert fits is None or 1024 <= fits < max_tokens


def test_it_invents_no_thinking() -> None:
    assert plan(None, MODEL, writes=ALL) is None
    assert planned(Reasoning(effort="high"), "effort", thinking=("level",)) is None
    assert planned(Reasoning(mode="adaptive"), "effort") is None
    assert planned(Reasoning(mode="adaptive"), "level") is None


def test_it_chooses_the_kind_that_the_model_takes_and_the_client_meant() -> None:
    def kind(reasoning: Reasoning, *takes: str) -> Any:
        made = plan(reasoning, Model(id="m", thinking=takes), writes=ALL)
        return made and made.kind

    assert kind(Reasoning(budget=2000), "adaptive", "budget") == "budget"
    assert kind(Reasoning(budget=2000), "adaptive", "effort") == "effort"
    assert kind(Reasoning(budget=-1), "adaptive", "budget") == "adaptive"
    assert kind(Reasoning(budget=-1), "effort", "budget") is None
    assert kind(Reasoning(mode="adaptive"), "effort", "adaptive") == "adaptive"
    assert kind(Reasoning(effort="low"), "adaptive", "budget") == "adaptive"
    assert kind(Reasoning(mode="on"), "effort") == "effort"
    assert kind(Reasoning(effort="none"), "effort", "off") == "off"


def test_it_does_the_least_where_thinking_cannot_be_switched_off() -> None:
    for off in (Reasoning(mode="off"), Reasoning(effort="none"), Reasoning(budget=0)):
        assert planned(off, "adaptive", thinking=("adaptive",)) == Plan(
            kind="adaptive", effort="low"
        )
        assert planned(off, "budget", thinking=("budget",)) == Plan(kind="budget", budget=1024)
        assert planned(off, "effort") == Plan(kind="off")


def test_it_gives_thinking_that_was_asked_for_without_depth_a_depth_where_one_is_needed() -> None:
    on = Reasoning(mode="on")
    assert planned(on, "effort") == Plan(kind="effort", effort="medium")
    assert planned(on, "level") == Plan(kind="level", level="medium")
    assert planned(on, "budget") == Plan(kind="budget", budget=24576)
    assert planned(on, "adaptive") == Plan(kind="adaptive")
    assert planned(Reasoning(budget=-1), "budget") == Plan(kind="budget", budget=24576)


def test_it_clamps_to_what_the_model_can_write() -> None:
    made = planned(Reasoning(effort="max"), "budget", max_output=8000)
    assert made == Plan(kind="budget", budget=6000)


# --- the Messages API's fields ---


def sent(reasoning: Reasoning, **facts: Any) -> tuple[Any, Any]:
    model = replace(MODEL, **facts)
    body = wire(model=model, reasoning=reasoning).body
    return body.get("thinking"), body.get("output_config", {}).get("effort")


@pytest.mark.parametrize(
    ("reasoning", "takes", "expected"),
    [
        (Reasoning(effort="high"), ("adaptive",), ({"type": "adaptive"}, "high")),
        (Reasoning(effort="minimal"), ("adaptive",), ({"type": "adaptive"}, "low")),
        (Reasoning(effort="xhigh"), ("adaptive",), ({"type": "adaptive"}, "xhigh")),
        (Reasoning(effort="xhigh"), ("adaptive", "budget"), ({"type": "adaptive"}, "high")),
        (Reasoning(mode="adaptive"), ("adaptive",), ({"type": "adaptive"}, None)),
        (Reasoning(budget=16384), ("adaptive",), ({"type": "adaptive"}, "high")),
        (
            Reasoning(budget=3000),
            ("adaptive", "budget"),
            ({"type": "enabled", "budget_tokens": 3000}, None),
        ),
        (
            Reasoning(mode="adaptive", effort="medium"),
            ("budget",),
            ({"type": "enabled", "budget_tokens": 8192}, None),
        ),
        (Reasoning(effort="none"), ("adaptive", "off"), ({"type": "disabled"}, None)),
        (Reasoning(effort="none"), ("adaptive",), ({"type": "adaptive"}, "low")),
        (Reasoning(effort="high"), ("level",), (None, None)),
        (
            Reasoning(effort="low", visible=True),
            ("adaptive",),
            ({"type": "adaptive", "display": "summarized"}, "low"),
        ),
        (
            Reasoning(effort="low", visible=False),
            ("budget",),
            ({"type": "enabled", "budget_tokens": 2048, "display": "omitted"}, None),
        ),
        (Reasoning(mode="off", visible=True), ("adaptive", "off"), ({"type": "disabled"}, None)),
    ],
)
def test_it_writes_thinking_as_the_model_takes_it(
    reasoning: Reasoning, takes: tuple[str, ...], expected: Any
) -> None:
    assert sent(reasoning, thinking=takes) == expected


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("claude-3-7-sonnet-20250219", "enabled"),
        ("claude-3-haiku", "enabled"),
        ("claude-sonnet-4-20250514", "enabled"),
        ("claude-opus-4-1-20250805", "enabled"),
        ("anthropic/claude-sonnet-4.5", "enabled"),
        ("claude-opus-4-6", "adaptive"),
        ("claude-opus-4-7", "adaptive"),
        ("claude-sonnet-5", "adaptive"),
        ("us.anthropic.claude-fable-5-2", "adaptive"),
        ("claude-next", "adaptive"),
        ("glm-5", "enabled"),
    ],
)
def test_it_knows_what_a_claude_without_facts_takes(model: str, expected: str) -> None:
    asked, _ = sent(Reasoning(effort="high"), id=model, thinking=())
    assert asked["type"] == expected


def test_it_takes_a_model_of_unknown_make_at_the_clients_word() -> None:
    assert sent(Reasoning(mode="adaptive"), id="glm-5", thinking=())[0] == {"type": "adaptive"}
    assert sent(Reasoning(mode="off"), id="glm-5", thinking=())[0] == {"type": "disabled"}


def test_it_never_sends_a_budget_that_max_tokens_cannot_hold() -> None:
    budgeted = replace(MODEL, thinking=("budget", "off"))
    asked = Reasoning(budget=8000)
    made = wire(model=budgeted, reasoning=asked, max_tokens=4096)
    assert made.body["thinking"] == {"type": "enabled", "budget_tokens": 3072}
    cramped = wire(model=budgeted, reasoning=asked, max_tokens=500)
    assert "thinking" not in cramped.body
    assert cramped.losses == ("thinking",)


def test_it_leaves_thinking_out_where_it_can_neither_stay_on_nor_be_switched_off() -> None:
    from .facts import assistant, call, result, user

    only_budget = replace(MODEL, thinking=("budget",))
    history = (user("x"), assistant(call("a")), user(result("a")))
    made = wire(*history, model=only_budget, reasoning=Reasoning(effort="low"))
    assert "thinking" not in made.body
    assert made.losses == ("thinking",)
