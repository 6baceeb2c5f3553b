"""What became of a request, step by step, worded for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from billing.models import RequestLog
from omniroute.templatetags.figures import duration
from providers import catalog

Mood = Literal["ok", "bad", "warn", ""]

REASONS: Mapping[str, str] = {
    "authentication": "The provider refused the account's API key",
    "permission": "The account may not use this model",
    "billing": "The account has no credit left",
    "rate_limit": "The account's rate limit was reached",
    "overloaded": "The provider was overloaded",
    "server": "The provider had an error of its own",
    "timeout": "The provider gave up waiting",
    "model_not_found": "The provider does not know this model",
    "invalid_request": "The provider found the request invalid",
    "context_length": "The request is longer than the model's context",
    "too_large": "The request or the answer was too large",
    "unsupported": "This provider's format cannot carry the request",
    "blocked": "The address is private and not allowed",
    "dns": "The provider's address could not be found",
    "connect": "No connection to the provider",
    "tls": "The provider's certificate cannot be trusted",
    "pool": "No free connection in time",
    "write": "The connection broke while the request was sent",
    "first_byte_timeout": "No answer in time",
    "idle_timeout": "The answer stopped coming",
    "total_timeout": "The answer took too long",
    "reset": "The provider broke the connection",
    "protocol": "The provider's answer was not valid HTTP",
    "incomplete": "The answer ended too early",
    "cancelled": "The client went away",
}
VIA = {
    "combo": "a combo of that name",
    "prefix": "the provider named before the slash",
    "bare": "the only provider that has a model of that name",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One point of the timeline. Only calls have a number."""

    mood: Mood
    title: str
    number: int = 0
    text: str = ""
    account: str = ""
    status: int | None = None
    duration_ms: int | None = None
    first_byte_ms: int | None = None
    cost_e10: int | None = None
    cost_known: bool = False
    tokens_in: int = 0
    tokens_out: int = 0
    estimated: bool = False


def story(row: RequestLog, accounts: Mapping[str, str]) -> list[Step]:
    """What the model's name meant, what was left out and why, every call to a provider, the end.

    `accounts` names accounts by id. The gateway's own notes of failed calls ("tried") are left to
    the attempts, which know more of them.
    """
    notes = [_note(note, accounts) for note in row.decision if "tried" not in note]
    calls = [_attempt(attempt, accounts) for attempt in row.attempts]
    return [*notes, *calls, _end(row)]


def reason(word: str) -> str:
    return REASONS.get(word, word.replace("_", " ").capitalize())


def _attempt(attempt: Mapping[str, Any], accounts: Mapping[str, str]) -> Step:
    usage, failure = attempt.get("usage") or {}, attempt.get("failure")
    account = str(attempt.get("connection") or "")
    read = ("input", "cache_read", "cache_write_5m", "cache_write_1h")
    return Step(
        mood="bad" if failure else "ok",
        number=attempt.get("number", 0),
        title=f"{provider_name(attempt.get('provider', ''))} · {attempt.get('model', '')}",
        text=reason(failure) if failure else "Answered",
        account=accounts.get(account, "deleted account" if account else ""),
        status=attempt.get("status"),
        duration_ms=attempt.get("duration_ms"),
        first_byte_ms=attempt.get("first_byte_ms"),
        cost_e10=attempt.get("cost_e10"),
        cost_known=True,
        tokens_in=sum(usage.get(name, 0) for name in read),
        tokens_out=usage.get("output", 0),
        estimated=usage.get("basis") == "estimated",
    )


def _note(note: Mapping[str, Any], accounts: Mapping[str, str]) -> Step:
    model = str(note.get("model", ""))
    if "resolved" in note:
        via = VIA.get(str(note.get("via")), str(note.get("via")))
        return Step(mood="ok", title=f"“{note['resolved']}” was understood", text=f"As {via}.")
    if note.get("excluded") == "not_allowed":
        return Step(mood="warn", title=f"{model} was left out", text="The key may not use it.")
    if note.get("excluded") == "cooldown":
        rest = f"It rested after a failure, for another {note.get('seconds', 0):g} s."
        account = accounts.get(str(note.get("account", "")), "")
        return Step(mood="warn", title=f"{model} was left out", text=rest, account=account)
    if note.get("again") == "without_reasoning":
        why = "It refused the signatures of earlier reasoning."
        return Step(mood="warn", title=f"{model} was asked without reasoning", text=why)
    if "not_carried" in note:
        lost = ", ".join(map(str, note["not_carried"]))
        return Step(
            mood="warn", title=f"{model} could not take everything", text=f"Without: {lost}."
        )
    return Step(mood="", title=", ".join(f"{name}: {value}" for name, value in note.items()))


def _end(row: RequestLog) -> Step:
    mood: Mood = "ok" if row.outcome == RequestLog.Outcome.OK else "bad"
    nobody = "" if row.attempts else " No provider was called."
    said = f"The client got status {row.status} after {duration(row.duration_ms)}.{nobody}"
    return Step(mood=mood, title=row.get_outcome_display(), text=said)


def provider_name(provider: str) -> str:
    entry = catalog.entries().get(provider)
    return entry.name if entry else provider
