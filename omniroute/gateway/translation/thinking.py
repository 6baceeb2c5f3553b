"""How hard a model thinks: one table between the words of all wire formats.

A format says which kinds it can write, best first; `plan` answers with the one that the model takes
and that comes nearest to what the client asked for. A model without facts is taken at its word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from omniroute.gateway.ir import Effort, Reasoning
from omniroute.gateway.snapshot import Model

Kind = Literal["effort", "adaptive", "budget", "level"]
Level = Literal["minimal", "low", "medium", "high"]

LEAST_BUDGET = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    budget: int  # tokens
    adaptive: Effort  # the effort beside adaptive thinking, which knows no "minimal"
    level: Level


_DEPTHS: dict[Effort, Depth] = {
    "minimal": Depth(budget=1024, adaptive="low", level="minimal"),
    "low": Depth(budget=2048, adaptive="low", level="low"),
    "medium": Depth(budget=8192, adaptive="medium", level="medium"),
    "high": Depth(budget=24576, adaptive="high", level="high"),
    "xhigh": Depth(budget=32000, adaptive="xhigh", level="high"),
    "max": Depth(budget=64000, adaptive="max", level="high"),
}
# The largest budget that still counts as this effort; above the last one it is "xhigh".
_BUCKETS: tuple[tuple[int, Effort], ...] = ((2048, "low"), (10000, "medium"), (24576, "high"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to send. Exactly the field named by `kind` counts; `effort` goes with "adaptive" too,
    where None leaves the depth to the model."""

    kind: Kind | Literal["off"]
    effort: Effort | None = None
    budget: int | None = None
    level: Level | None = None


def effort_of(reasoning: Reasoning) -> Effort | None:
    """The effort that `reasoning` amounts to; None when the client left the depth to the model."""
    if reasoning.mode == "off" or reasoning.budget == 0:
        return "none"
    if reasoning.effort is not None:
        return reasoning.effort
    if reasoning.budget is None or reasoning.budget < 0:
        return None
    for ceiling, effort in _BUCKETS:
        if reasoning.budget <= ceiling:
            return effort
    return "xhigh"


def is_asked(reasoning: Reasoning) -> bool:
    """Whether thinking was asked for, or its absence: not only whether it would be shown."""
    return reasoning != Reasoning(visible=reasoning.visible)


def fit_budget(budget: int, max_tokens: int | None) -> int | None:
    """`budget` with room left for an answer within `max_tokens`; None when there is no room."""
    budget = max(budget, LEAST_BUDGET)
    if max_tokens is None or budget < max_tokens:
        return budget
    if max_tokens <= LEAST_BUDGET:
        return None
    return max(LEAST_BUDGET, max_tokens * 3 // 4)


def plan(
    reasoning: Reasoning | None,
    model: Model,
    *,
    writes: Sequence[Kind],
    max_tokens: int | None = None,
) -> Plan | None:
    """What to send to `model` for `reasoning`, in one of the kinds that the format `writes`.

    None: send nothing, because nothing was asked for or the model takes nothing of it.
    """
    if reasoning is None or not is_asked(reasoning):
        return None
    effort = effort_of(reasoning)
    if effort == "none":
        if not model.thinking or "off" in model.thinking:
            return Plan(kind="off")
        # The model cannot stop thinking: the least it can do.
        reasoning, effort = Reasoning(effort="minimal"), "minimal"
    kinds = [kind for kind in writes if not model.thinking or kind in model.thinking]
    if not kinds:
        return None
    limit = model.max_output if max_tokens is None else max_tokens
    return _plan(_choose(reasoning, kinds), effort, reasoning, limit)


def _choose(reasoning: Reasoning, kinds: Sequence[Kind]) -> Kind:
    if reasoning.budget is not None and reasoning.budget > 0 and "budget" in kinds:
        return "budget"
    if reasoning.mode == "adaptive" and "adaptive" in kinds:
        return "adaptive"
    return kinds[0]


def _plan(
    kind: Kind, effort: Effort | None, reasoning: Reasoning, max_tokens: int | None
) -> Plan | None:
    if kind == "adaptive":
        return Plan(kind=kind, effort=None if effort is None else _DEPTHS[effort].adaptive)
    if kind == "budget":
        wanted = max(reasoning.budget or 0, 0) or _DEPTHS[effort or "high"].budget
        budget = fit_budget(wanted, max_tokens)
        return None if budget is None else Plan(kind=kind, budget=budget)
    if effort is None and reasoning.mode != "on":
        return None  # the model's own default is what "adaptive" means here
    effort = effort or "medium"
    if kind == "level":
        return Plan(kind=kind, level=_DEPTHS[effort].level)
    return Plan(kind=kind, effort=effort)
