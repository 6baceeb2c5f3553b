"""Reasoning controls: OpenAI's effort, and the objects that OpenRouter, Z.AI and DeepSeek take."""

from __future__ import annotations

from typing import get_args

from omniroute.gateway import ir
from omniroute.gateway.snapshot import Model
from omniroute.gateway.translation import thinking
from omniroute.gateway.translation.fields import Fields

_EFFORTS: dict[str, ir.Effort] = {effort: effort for effort in get_args(ir.Effort)}


def read(body: Fields) -> ir.Reasoning | None:
    if body.raw.get("reasoning_effort") is not None:
        return _of(_effort(body, "reasoning_effort"))
    control = body.child("reasoning")
    if control is not None:
        return _openrouter(control)
    switch = body.child("thinking")
    return None if switch is None else _switch(switch)


def write(reasoning: ir.Reasoning, model: Model) -> ir.Effort | None:
    """The effort that says the same; None when the model does not know it or need not be told.

    Switching off is only said to models that are known to understand it: to many others the field
    itself is an error, and they do not think anyway.
    """
    planned = thinking.plan(reasoning, model, writes=("effort",))
    if planned is None:
        return None
    if planned.kind == "off":
        return "none" if "off" in model.thinking else None
    return planned.effort


def _of(effort: ir.Effort | None) -> ir.Reasoning:
    return ir.Reasoning(mode="off" if effort == "none" else None, effort=effort)


def _effort(owner: Fields, name: str) -> ir.Effort | None:
    value = owner.text(name)
    if value is None:
        return None
    effort = _EFFORTS.get(value)
    if effort is None:
        raise owner.fault(name, f"be one of {', '.join(_EFFORTS)}")
    return effort


def _openrouter(control: Fields) -> ir.Reasoning:
    effort = _effort(control, "effort")
    hidden = control.flag("exclude")
    visible = None if hidden is None else not hidden
    if effort == "none" or control.flag("enabled") is False:
        return ir.Reasoning(mode="off", effort="none", visible=visible)
    budget = None if effort else control.natural("max_tokens")
    return ir.Reasoning(
        mode="on" if control.flag("enabled") else None,
        effort=effort,
        budget=budget,
        visible=visible,
    )


def _switch(switch: Fields) -> ir.Reasoning:
    match switch.text("type"):
        case "disabled":
            return ir.Reasoning(mode="off", effort="none")
        case "adaptive":
            return ir.Reasoning(mode="adaptive")
        case "enabled" | None:
            return ir.Reasoning(mode="on", budget=switch.natural("budget_tokens"))
        case _:
            raise switch.fault("type", "be enabled, disabled or adaptive")
