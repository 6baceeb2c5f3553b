"""What kind of failure an error answer is, from its status and its words; and for how long."""

from __future__ import annotations

import re

from omniroute.gateway.errors import Kind

MAX_WAIT = 86_400.0
_MAX_WORDS = 4096

# Words that a vendor uses for one thing only, in a field of their own.
_NAMED: dict[str, Kind] = {
    "overloaded_error": "overloaded",
    "UNAVAILABLE": "overloaded",
    "ServiceUnavailableException": "overloaded",
    "timeout_error": "timeout",
    "request_too_large": "too_large",
    "billing_error": "billing",
    "permission_error": "permission",
    "PERMISSION_DENIED": "permission",
    "AccessDeniedException": "permission",
    "authentication_error": "authentication",
    "not_found_error": "not_found",
    "NOT_FOUND": "not_found",
    "rate_limit_error": "rate_limit",
    "slow_down": "rate_limit",
}
# What the message may make of such a word nevertheless.
_FINER: dict[Kind, tuple[Kind, ...]] = {
    "too_large": ("context_length",),
    "permission": ("billing",),
    "rate_limit": ("billing",),
}
_SPELLINGS: dict[Kind, str] = {
    "context_length": (
        r"context_length|context[ _](?:length|window|limit)|maximum context|prompt is too long"
        r"|too many (input )?tokens|input is too long|reduce the length"
        r"|token count .{0,40}exceeds|string_above_max_length"
    ),
    "billing": (
        r"insufficient_quota|insufficient[ _](balance|quota|credits?|funds?)|billing|余额不足"
        r"|exceeded your current quota|out of credits|credit balance|payment[ _]required"
    ),
    "authentication": (
        r"invalid_api_key|api_key_invalid|invalid api key|incorrect api key|invalid_token"
        r"|api key not valid|unauthenticated|authentication_error"
    ),
    "not_found": (
        r"model_not_found|model .{0,80}(does not exist|not found)|deploymentnotfound"
        r"|not_found_error"
    ),
    "rate_limit": r"rate[ _]limit|resource_exhausted|too many requests|throttlingexception",
    "overloaded": (
        r"overloaded|server_is_overloaded|over capacity|at capacity|temporarily unavailable"
    ),
    "timeout": r"\btimed? ?out\b|deadline_exceeded",
    "invalid_request": (
        r"invalid_request|bad_request|invalid_argument|invalid_prompt|failed_precondition"
        r"|tool_use_failed|validationexception"
    ),
}
_WORDS = {kind: re.compile(words, re.IGNORECASE) for kind, words in _SPELLINGS.items()}
_SURE: dict[int, Kind] = {
    401: "authentication",
    402: "billing",
    408: "timeout",
    503: "overloaded",
    504: "timeout",
    529: "overloaded",
}
_LIKELY: dict[int, Kind] = {
    403: "permission",
    404: "not_found",
    413: "too_large",
    429: "rate_limit",
}
# Besides these statuses words are free to say anything; where they contradict the status, they are
# quotations and not the verdict.
_POSSIBLE: dict[int, frozenset[Kind]] = {
    403: frozenset({"permission", "billing", "authentication", "rate_limit"}),
    413: frozenset({"too_large", "context_length"}),
    429: frozenset({"rate_limit", "overloaded", "billing"}),
}
_FAULTS: frozenset[Kind] = frozenset({"rate_limit", "overloaded", "timeout", "billing"})
_DEFAULT: dict[Kind, int] = {
    "invalid_request": 400,
    "context_length": 400,
    "authentication": 401,
    "billing": 402,
    "permission": 403,
    "not_found": 404,
    "too_large": 413,
    "rate_limit": 429,
    "server": 502,
    "overloaded": 503,
    "timeout": 504,
}
_WAIT = re.compile(
    r"(?:retry|try again)[^.]{0,40}? (?:in|after) "
    r"((?:\d+(?:\.\d+)?\s?(?:ms|milliseconds?|hours?|minutes?|seconds?|h|m|s)\s*)+)",
    re.IGNORECASE,
)
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s?(ms|milli|h|m|s)", re.IGNORECASE)
_NUMBER = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s?(ms|h|m|s)?")
_UNITS = {"ms": 0.001, "milli": 0.001, "h": 3600.0, "m": 60.0, "s": 1.0}


def kind(status: int, names: tuple[str, ...], message: str, *, waits: bool = False) -> Kind:
    """A status that says it all decides; otherwise the words do, as far as it allows.

    `names` are the answer's own fields for the kind. Who tells when to come back (`waits`) has no
    empty account, even where the message speaks of quota and billing.
    """
    sure = _SURE.get(status)
    if sure is not None:
        return sure
    meant = _meant(status, names, message)
    if meant == "billing" and status == 429 and waits:
        return "rate_limit"
    return meant


def _meant(status: int, names: tuple[str, ...], message: str) -> Kind:
    words = f"{' '.join(names)} {message}"
    known = (_NAMED[name] for name in names if name in _NAMED)
    named = next((meant for meant in known if _fits(meant, status)), None)
    for meant in _WORDS if named is None else _FINER.get(named, ()):
        if _fits(meant, status) and _WORDS[meant].search(words, 0, _MAX_WORDS):
            return meant
    if named is not None:
        return named
    if status in _LIKELY:
        return _LIKELY[status]
    return "invalid_request" if 400 <= status < 500 else "server"


def _fits(meant: Kind, status: int) -> bool:
    if status >= 500:
        return meant in _FAULTS
    possible = _POSSIBLE.get(status)
    return possible is None or meant in possible


def status(upstream: int, meant: Kind, names: tuple[str, ...]) -> int:
    """The status for the caller: the provider's own where it is an error at all."""
    if 400 <= upstream <= 599:
        return upstream
    return 529 if "overloaded_error" in names else _DEFAULT[meant]


def wait(message: str) -> float | None:
    """Seconds in "Please try again in 1m2.5s" and its kin."""
    match = _WAIT.search(message, 0, _MAX_WORDS)
    return None if match is None else _sum(match[1])


def seconds(value: object) -> float | None:
    """A number of seconds, or a span such as "48.9s"."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    match = _NUMBER.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        return None
    return _sum(match[0]) if match[2] else float(match[1])


def _sum(span: str) -> float:
    return sum(float(number) * _UNITS[unit.lower()] for number, unit in _SPAN.findall(span))
