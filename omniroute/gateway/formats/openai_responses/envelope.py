"""The response object around the items of an answer.

Clients check it against a schema in which most fields are required, so all of them are always
there; what was asked for is told again.
"""

from __future__ import annotations

import time
from typing import Any, Literal

from omniroute.gateway import ir
from omniroute.gateway.formats import Head

from . import tools
from .name import own

Status = Literal["in_progress", "completed", "incomplete", "failed"]

_NOTHING = ir.Request(format="", model="", messages=())


class Envelope:
    """Made once for an answer, because the tools in it may be long."""

    def __init__(self, head: Head) -> None:
        self.id = f"resp_{head.id.replace('-', '')}"
        self._first = {
            "id": self.id,
            "object": "response",
            "created_at": head.created,
            "model": head.model,
        }
        self._echo = _echo(head.request or _NOTHING)

    def of(
        self,
        status: Status,
        output: list[dict[str, Any]],
        *,
        usage: dict[str, Any] | None = None,
        error: dict[str, Any] | None = None,
        reason: str | None = None,
    ) -> dict[str, Any]:
        """`reason` says why an answer is incomplete."""
        return {
            **self._first,
            "completed_at": int(time.time()) if status == "completed" else None,
            "status": status,
            "error": error,
            "incomplete_details": {"reason": reason} if reason else None,
            "output": output,
            "usage": usage,
            **self._echo,
        }


def _echo(request: ir.Request) -> dict[str, Any]:
    sampling, reasoning, told = request.sampling, request.reasoning, own(request.extra)
    summary = told.get("reasoning", {}).get("summary")
    return {
        "background": False,
        "frequency_penalty": 0.0,
        "instructions": _instructions(request),
        "max_output_tokens": request.max_tokens,
        "max_tool_calls": told.get("max_tool_calls"),
        "metadata": request.metadata or {},
        "parallel_tool_calls": request.parallel_tool_calls is not False,
        "presence_penalty": 0.0,
        "previous_response_id": None,
        "prompt_cache_key": request.prompt_cache_key,
        "reasoning": {"effort": reasoning.effort if reasoning else None, "summary": summary},
        "safety_identifier": request.user,
        "service_tier": request.service_tier or "default",
        "store": False,
        "temperature": _or_one(sampling.temperature),
        "text": {"format": _format(request.output), "verbosity": request.verbosity or "medium"},
        "tool_choice": tools.echo_choice(request),
        "tools": tools.echo(request.tools),
        "top_logprobs": sampling.top_logprobs or 0,
        "top_p": _or_one(sampling.top_p),
        "truncation": told.get("truncation") or "disabled",
        "user": request.user,
    }


def _or_one(value: float | None) -> float:
    return 1.0 if value is None else value


def _instructions(request: ir.Request) -> str | None:
    first = request.messages[0] if request.messages else None
    if first is None or not own(first.extra).get("instructions"):
        return None
    return "".join(part.text for part in first.parts if isinstance(part, ir.Text))


def _format(output: ir.OutputFormat | None) -> dict[str, Any]:
    if output is None or output.kind != "json_schema":
        return {"type": output.kind if output else "text"}
    return {
        "type": "json_schema",
        "name": output.name or "answer",
        "schema": output.schema,
        "strict": output.strict or False,
    }
