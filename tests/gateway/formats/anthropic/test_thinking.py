"""How hard the model thinks, in the Messages API's fields."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from omniroute.gateway.ir import Reasoning

from .facts import MODEL, wire


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
    "model", ["claude-sonnet-4-5", "claude-opus-4-6", "claude-sonnet-5", "glm-5"]
)
@pytest.mark.parametrize("visible", [True, False])
def test_it_does_not_switch_thinking_on_only_to_show_it(model: str, visible: bool) -> None:
    written = wire(
        reasoning=Reasoning(visible=visible), model=replace(MODEL, id=model, thinking=())
    )
    assert "thinking" not in written.body
    assert "thinking" not in written.losses


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
