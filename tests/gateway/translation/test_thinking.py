"""One table of depths, and what becomes of it for each kind of model."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniroute.gateway.ir import Effort, Reasoning
from omniroute.gateway.snapshot import Model
from omniroute.gateway.translation import thinking
from omniroute.gateway.translation.thinking import Plan, effort_of, fit_budget, plan

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
    assert plan(None, Model(id="m"), writes=ALL) is None
    assert planned(Reasoning(effort="high"), "effort", thinking=("level",)) is None
    assert planned(Reasoning(mode="adaptive"), "effort") is None
    assert planned(Reasoning(mode="adaptive"), "level") is None


@pytest.mark.parametrize("visible", [True, False, None])
@pytest.mark.parametrize("kind", ALL)
def test_it_does_not_think_only_because_thinking_would_be_shown(
    kind: thinking.Kind, visible: bool | None
) -> None:
    shown = Reasoning(visible=visible)
    assert not thinking.is_asked(shown)
    assert planned(shown, kind) is None
    assert planned(shown, kind, thinking=(kind,)) is None


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
