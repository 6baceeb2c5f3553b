"""A whole answer, in both directions."""

from __future__ import annotations

from typing import Any

from omniroute.gateway import ir
from omniroute.gateway.errors import UpstreamFailure
from omniroute.gateway.formats import Head
from omniroute.gateway.translation import answers, vendor_errors

from . import counts, ending, errors, output
from .composer import Composer
from .envelope import Envelope

_UNFINISHED = ("queued", "in_progress")


def is_answer(body: object) -> bool:
    """Also of one that is still being made, where the client asked for that."""
    if not isinstance(body, dict) or not isinstance(body.get("output"), list):
        return False
    return not body.get("error") and body.get("status") != "failed"


def read(value: object) -> ir.Response:
    """Raises UpstreamError for an answer that failed."""
    body = answers.mapping(value, "answer")
    if body.get("error") or body.get("status") == "failed":
        raise vendor_errors.of(body)
    if body.get("status") in _UNFINISHED:
        raise UpstreamFailure("incomplete", "the answer is not finished")
    if not isinstance(body.get("output"), list):
        raise UpstreamFailure("protocol", "the answer has no output")
    parts = tuple(
        part for item in body["output"] for part in output.read(answers.mapping(item, "item"))
    )
    created = body.get("created_at")
    return ir.Response(
        id=answers.name(body.get("id")),
        model=answers.name(body.get("model")),
        parts=parts,
        finish=ending.read(body, "completed", map(type, parts)),
        usage=counts.of(body),
        created=int(created) if isinstance(created, int | float) else None,
    )


def write(response: ir.Response, head: Head) -> dict[str, Any]:
    composer = Composer(head)
    for part in response.parts:
        composer.start(part)
        composer.stop()
    status, reason = ending.write(response.finish, refused=composer.refused)
    composer.close("completed" if status == "completed" else "incomplete")
    return Envelope(head).of(
        status,
        composer.output,
        usage=counts.write(response.usage or counts.estimated(composer.output, head)),
        error=errors.BROKEN if status == "failed" else None,
        reason=reason,
    )
