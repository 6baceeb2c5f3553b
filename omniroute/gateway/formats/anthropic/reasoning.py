"""How hard the model thinks: `thinking` and `output_config.effort`, in both directions.

Claude up to 4.5 takes a budget, 4.6 both, later ones only adaptive thinking, and some of those
cannot be switched off; a model of the catalog says so itself.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, get_args

from omniroute.gateway import ir
from omniroute.gateway.formats.anthropic.name import FORMAT_NAME
from omniroute.gateway.formats.anthropic.notes import Notes
from omniroute.gateway.snapshot import Model
from omniroute.gateway.translation import thinking
from omniroute.gateway.translation.fields import Fields

_CLAUDE = re.compile(r"claude-(?:[a-z]+-)?(\d+)(?:[-.](\d{1,2}))?(?!\d)")
_EFFORTS = frozenset(get_args(ir.Effort))
_MODES: dict[str, Any] = {"enabled": "on", "adaptive": "adaptive", "disabled": "off"}


def read(body: Fields) -> ir.Reasoning | None:
    asked, config = body.child("thinking"), body.child("output_config")
    effort: Any = config.text("effort") if config else None
    effort = effort if effort in _EFFORTS else None
    if asked is None:
        return None if effort is None else ir.Reasoning(effort=effort)
    kind, budget = asked.given("type"), asked.natural("budget_tokens")
    display = asked.text("display")
    return ir.Reasoning(
        mode=_MODES.get(kind, "adaptive"),
        effort=None if budget else effort,
        budget=budget,
        visible=None if display is None else display != "omitted",
    )


def write(
    request: ir.Request, model: Model, body: dict[str, Any], notes: Notes, *, resumable: bool
) -> thinking.Plan | None:
    """Puts the thinking fields into `body` and returns the plan that was carried out."""
    reasoning = request.reasoning
    if reasoning is None or not thinking.is_asked(reasoning):
        return None  # what would be shown can only be said beside what is thought
    if reasoning.mode is None and request.format == FORMAT_NAME:
        _configure(body, effort=reasoning.effort)  # effort without thinking is valid
        return None
    facts = replace(model, thinking=model.thinking or _guess(model.id))
    writes: tuple[thinking.Kind, ...] = ("adaptive", "budget")
    if not facts.thinking:
        writes = ("budget", "adaptive")  # other vendors' endpoints know the older way
    plan = thinking.plan(reasoning, facts, writes=writes, max_tokens=body["max_tokens"])
    if plan is not None and plan.kind == "budget" and not resumable:
        # The open tool turn has lost its thinking; the API would refuse to go on with it.
        notes.lose("thinking")
        off = not facts.thinking or "off" in facts.thinking
        plan = thinking.Plan(kind="off") if off else None
    if plan is None:
        notes.lose("thinking")
        return None
    _write(plan, facts, body)
    if plan.kind != "off" and reasoning.visible is not None:
        body["thinking"]["display"] = "summarized" if reasoning.visible else "omitted"
    return plan


def _write(plan: thinking.Plan, facts: Model, body: dict[str, Any]) -> None:
    if plan.kind == "off":
        body["thinking"] = {"type": "disabled"}
    elif plan.kind == "budget":
        body["thinking"] = {"type": "enabled", "budget_tokens": plan.budget}
    else:
        body["thinking"] = {"type": "adaptive"}
        if plan.effort is not None:
            _configure(body, effort=_known_effort(plan.effort, facts))


def _configure(body: dict[str, Any], **fields: Any) -> None:
    body["output_config"] = {**body.get("output_config", {}), **fields}


def _known_effort(effort: ir.Effort, facts: Model) -> ir.Effort:
    """The generation that takes both kinds of thinking does not know "xhigh" yet."""
    return "high" if effort == "xhigh" and "budget" in facts.thinking else effort


def _guess(model_id: str) -> tuple[str, ...]:
    """What a Claude without facts takes, by the version in its name; () for other models."""
    if "claude" not in model_id:
        return ()
    match = _CLAUDE.search(model_id)
    version = (int(match[1]), int(match[2] or 0)) if match else (99, 0)
    if version < (4, 6):
        return ("budget", "off")
    return ("adaptive", "budget", "off") if version == (4, 6) else ("adaptive",)
