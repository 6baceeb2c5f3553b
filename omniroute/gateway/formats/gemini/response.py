"""A whole answer, in both directions. The hub carries one candidate: the first."""

from __future__ import annotations

from typing import Any

from omniroute.gateway import ir
from omniroute.gateway.errors import UpstreamFailure
from omniroute.gateway.formats import Head
from omniroute.gateway.formats.gemini import counts, finish
from omniroute.gateway.formats.gemini.answer import Answer, joined
from omniroute.gateway.formats.gemini.said import said_all
from omniroute.gateway.formats.gemini.spelling import FORMAT_NAME
from omniroute.gateway.tokens import estimate
from omniroute.gateway.translation import answers, vendor_errors
from omniroute.gateway.translation.fields import own
from omniroute.gateway.usage import Usage

RESPONSE = frozenset({"candidates", "usageMetadata", "modelVersion", "responseId"})
_CANDIDATE = frozenset({"content", "finishReason", "index"})
_BLOCKED = "SAFETY"


def read(body: object) -> ir.Response:
    """Raises UpstreamError for an error inside a 200, UpstreamFailure for malformed answers."""
    error = vendor_errors.inside(body)
    if error is not None:
        raise error
    whole = answers.mapping(body, "answer")
    candidate, reason = candidate_of(whole)
    if candidate is None and not reason:
        raise UpstreamFailure("protocol", "the answer has no candidates")
    candidate = candidate or {}
    seed = answers.name(whole.get("responseId"))
    answer = Answer(seed)
    reason = reason or "STOP"
    parts = joined([*answer.read(candidate), *answer.close(reason)])
    if finish.is_broken(reason) and not parts:
        raise finish.fault(reason, candidate.get("finishMessage"))
    told = {key: value for key, value in whole.items() if key not in RESPONSE}
    return ir.Response(
        id=seed,
        model=answers.name(whole.get("modelVersion")),
        parts=parts,
        finish=finish.read(reason, called=answer.called),
        usage=counts.read(whole.get("usageMetadata")),
        extra=extra_of(told, candidate),
    )


def is_plain(body: Any) -> bool:
    """Whether an answer has content, so that it can be no error."""
    match body:
        case {"candidates": [{"content": {"parts": [_, *_]}}, *_]} if not body.get("error"):
            return True
        case _:
            return False


def candidate_of(body: dict[str, Any]) -> tuple[dict[str, Any] | None, str]:
    """The first candidate and why it ended; of a prompt that was blocked only the reason."""
    for entry in answers.sequence(body.get("candidates"), "candidates"):
        candidate = answers.mapping(entry, "candidate")
        if not candidate.get("index"):
            return candidate, finish.word(candidate.get("finishReason"))
    return None, _BLOCKED if is_blocked(body) else ""


def is_blocked(body: dict[str, Any]) -> bool:
    """Whether the prompt was refused, which leaves an answer without candidates."""
    feedback = answers.mapping(body.get("promptFeedback"), "promptFeedback")
    return bool(feedback.get("blockReason"))


def extra_of(told: dict[str, Any], candidate: dict[str, Any]) -> ir.Extra:
    """What an answer says beside its parts, to be said again to a client of this format."""
    kept = {key: value for key, value in candidate.items() if key not in _CANDIDATE}
    fields = {**told, "candidate": kept} if kept else told
    return {FORMAT_NAME: fields} if fields else ir.NO_EXTRA


def write(response: ir.Response, head: Head) -> dict[str, Any]:
    parts = said_all(response.parts, cut=response.finish in ("length", "error"))
    told = own(response.extra, FORMAT_NAME)
    candidate = {
        "content": {"parts": parts, "role": "model"},
        "finishReason": finish.write(response.finish),
        "index": 0,
        **told.pop("candidate", {}),
    }
    usage = response.usage or estimated(len(str(parts)) if parts else 0, head)
    return {
        **told,
        **({} if is_blocked(told) and not parts else {"candidates": [candidate]}),
        "usageMetadata": counts.write(usage),
        "modelVersion": head.model,
        "responseId": head.id,
    }


def estimated(size: int, head: Head) -> Usage:
    return Usage(input=head.prompt_estimate, output=estimate(size), basis="estimated")


def rename(body: object, model: str) -> None:
    if isinstance(body, dict) and "modelVersion" in body:
        body["modelVersion"] = model


def usage_of(body: object) -> Usage | None:
    return counts.read(body.get("usageMetadata")) if isinstance(body, dict) else None
