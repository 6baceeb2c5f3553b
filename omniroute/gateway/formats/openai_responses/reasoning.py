"""Reasoning controls: `reasoning.effort` and `reasoning.summary`, in both directions.

A summary is asked for only where the client said that it shows thinking: some accounts are refused
when they ask. Sealed reasoning is asked for from models that reason; the others refuse it.
"""

from __future__ import annotations

import re
from typing import Any, get_args

from omniroute.gateway import ir
from omniroute.gateway.snapshot import Model
from omniroute.gateway.translation import thinking
from omniroute.gateway.translation.fields import Fields

from .name import FORMAT_NAME, own

SEALED = "reasoning.encrypted_content"
_EFFORTS: dict[str, ir.Effort] = {effort: effort for effort in get_args(ir.Effort)}
_NEVER_REASONS = re.compile(r"(?:^|[/.])(?:chatgpt-|gpt-(?:3\.5|4(?![0-9])))")


def read(body: Fields) -> ir.Reasoning | None:
    control = body.child("reasoning")
    if control is None:
        return None
    word = control.text("effort")
    effort = None if word is None else _EFFORTS.get(word)
    if word is not None and effort is None:
        raise control.fault("effort", f"be one of {', '.join(_EFFORTS)}")
    summary = control.text("summary") or control.text("generate_summary")
    if effort is None and summary is None:
        return None
    return ir.Reasoning(
        mode="off" if effort == "none" else None,
        effort=effort,
        visible=None if summary is None else summary != "none",
    )


def read_rest(body: Fields) -> dict[str, Any]:
    """What the hub has no word for: `context`, `mode`, and how long a summary should be."""
    control = body.child("reasoning")
    return {} if control is None else control.rest({"effort"})


def write(request: ir.Request, model: Model, losses: set[str]) -> dict[str, Any]:
    told: dict[str, Any] = own(request.extra).get("reasoning", {})
    asked = request.reasoning
    if asked is not None:
        effort = asked.effort if request.format == FORMAT_NAME else _effort(asked, model, losses)
        summary = _summary(asked) if thinking.is_asked(asked) or sealable(model) else {}
        told = {**({"effort": effort} if effort else {}), **summary, **told}
    return {"reasoning": told} if told else {}


def _effort(asked: ir.Reasoning, model: Model, losses: set[str]) -> ir.Effort | None:
    """Switching off is only said to models that are known to understand it."""
    planned = thinking.plan(asked, model, writes=("effort",))
    effort = None if planned is None else planned.effort
    if planned is not None and planned.kind == "off" and "off" in model.thinking:
        effort = "none"
    if effort is None and thinking.effort_of(asked) is not None:
        losses.add("reasoning")
    return effort


def _summary(asked: ir.Reasoning) -> dict[str, str]:
    thinks = asked.mode in ("on", "adaptive")
    return {"summary": "auto"} if asked.visible or (thinks and asked.visible is None) else {}


def sealable(model: Model) -> bool:
    """Whether the model's reasoning can be asked for in sealed form."""
    return bool(model.thinking) or not _NEVER_REASONS.search(model.id)
