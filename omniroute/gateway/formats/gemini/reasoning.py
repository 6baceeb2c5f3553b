"""How hard the model thinks: `thinkingConfig`, in both directions.

Gemini 2.5 takes a budget, Gemini 3 a level, and both together are refused. A model of the catalog
says so itself; of others the version in the name tells.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from omniroute.gateway import ir
from omniroute.gateway.snapshot import Model
from omniroute.gateway.translation import thinking
from omniroute.gateway.translation.fields import Fields

_GEMINI = re.compile(r"gemini-(\d+)(?:\.(\d+))?")
_LEVELS: dict[str, ir.Effort] = {
    "MINIMAL": "minimal",
    "LOW": "low",
    "MEDIUM": "medium",
    "HIGH": "high",
    "XHIGH": "xhigh",
}
_MOST = {"pro": 32768, "flash": 24576}
_DYNAMIC = -1
_NEVER = ("never",)  # takes not even the wish not to


def read(config: Fields) -> ir.Reasoning | None:
    asked = config.child("thinkingConfig")
    if asked is None:
        return None
    visible = asked.flag("includeThoughts")
    level, budget = asked.text("thinkingLevel"), asked.integer("thinkingBudget")
    if level is not None and budget is not None:
        raise asked.fault("thinkingBudget", "not stand beside thinkingLevel: send one of them")
    if level is not None:
        return ir.Reasoning(effort=_LEVELS.get(level.upper()), visible=visible)
    if budget is None:
        return None if visible is None else ir.Reasoning(visible=visible)
    if budget == 0:
        return ir.Reasoning(mode="off", visible=visible)
    if budget < 0:
        return ir.Reasoning(mode="adaptive", visible=visible)
    return ir.Reasoning(mode="on", budget=budget, visible=visible)


def facts(model: Model) -> Model:
    """`model` with what its name tells about its thinking, if nobody else has."""
    match = None if model.thinking else _GEMINI.search(model.id)
    if match is None:
        return model
    version = (int(match[1]), int(match[2] or 0))
    if version >= (3, 0):
        return replace(model, thinking=("level",))
    if version < (2, 5):
        return replace(model, thinking=_NEVER)
    return replace(model, thinking=("budget",) if "pro" in model.id else ("budget", "off"))


def wants_signatures(model: Model) -> bool:
    """Gemini 3 refuses calls of the current turn that have lost their signature."""
    return "level" in model.thinking


def shapes_beside_tools(model: Model) -> bool:
    """Whether a model takes a form for its answer and functions at once: since Gemini 3."""
    return "budget" not in model.thinking and model.thinking != _NEVER


def write(request: ir.Request, model: Model, losses: set[str]) -> dict[str, Any]:
    """The `thinkingConfig` for a model with its `facts`, empty when there is nothing to say."""
    reasoning = request.reasoning
    if reasoning is None:
        return {}
    effort = thinking.effort_of(reasoning)
    if model.thinking == _NEVER:
        if effort != "none" and thinking.is_asked(reasoning):
            losses.add("thinking")
        return {}
    kinds: tuple[thinking.Kind, ...] = ("level", "budget")
    plan = thinking.plan(reasoning, model, writes=kinds, max_tokens=request.max_tokens)
    if plan is None and effort is not None:
        losses.add("thinking")
    written = {} if plan is None else _written(plan, reasoning, model)
    if plan is None or plan.kind != "off":
        written["includeThoughts"] = reasoning.visible is not False
    return written


def _written(plan: thinking.Plan, reasoning: ir.Reasoning, model: Model) -> dict[str, Any]:
    if plan.kind == "off":
        return {"thinkingBudget": 0}
    if plan.level is not None:
        return {"thinkingLevel": _level(plan.level, model)}
    if thinking.effort_of(reasoning) is None and reasoning.mode != "on":
        return {"thinkingBudget": _DYNAMIC}
    most = _MOST["pro" if "pro" in model.id else "flash"]
    return {"thinkingBudget": min(plan.budget or most, most)}


def _level(level: thinking.Level, model: Model) -> str:
    """Pro models know no minimal thinking, and the first of them no medium."""
    if level == "minimal" and "pro" in model.id:
        level = "low"
    if level == "medium" and model.id.startswith("gemini-3-pro"):
        level = "high"
    return level.upper()
