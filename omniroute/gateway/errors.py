"""The gateway's exceptions.

GatewayError                what a caller is told; each wire format renders it in its own shape
├── InvalidRequest          400  the caller's request cannot be served as sent
│   └── Unsupported         400  a part that the target's format cannot carry
├── Unauthenticated         401  no key, or a key that does not exist
├── PaymentRequired         402  a budget is used up
├── Forbidden               403  the key may not do this
├── NotFound                404  no such path or model
├── TooLarge                413
├── RateLimited             429  our own limit, or every account's limit
├── Unavailable             503  nobody can serve this right now
└── UpstreamError           any  the provider's own answer, or what became of the call
UpstreamFailure             a transport fault; `attempt` turns it into an UpstreamError
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

Kind = Literal[
    "invalid_request",
    "context_length",
    "authentication",
    "billing",
    "permission",
    "not_found",
    "too_large",
    "rate_limit",
    "server",
    "overloaded",
    "timeout",
]

FailureKind = Literal[
    "blocked",  # the address is not one we may call (SSRF guard)
    "dns",
    "connect",
    "tls",
    "pool",  # no free connection to this origin in time
    "write",  # broke while the request was being sent
    "first_byte_timeout",
    "idle_timeout",
    "total_timeout",
    "reset",  # the connection ended before the answer was complete
    "protocol",  # not HTTP, or not the HTTP we accept
    "too_large",  # headers, an event or the body went over the cap
    "incomplete",  # ended cleanly, but without the protocol's terminal event
]


class GatewayError(Exception):
    """`message` is for the caller's eyes: never a secret, an upstream URL or a traceback."""

    status: int = 500
    kind: Kind = "server"
    code: str | None = None

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        retry_after: float | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.param = param
        self.retry_after = retry_after
        self.details = details


class InvalidRequest(GatewayError):
    status, kind = 400, "invalid_request"


class Unsupported(InvalidRequest):
    code = "unsupported_parameter"


class Unauthenticated(GatewayError):
    status, kind, code = 401, "authentication", "invalid_api_key"


class PaymentRequired(GatewayError):
    status, kind, code = 402, "billing", "budget_exceeded"


class Forbidden(GatewayError):
    status, kind, code = 403, "permission", "forbidden"


class NotFound(GatewayError):
    status, kind, code = 404, "not_found", "not_found"


class TooLarge(GatewayError):
    status, kind, code = 413, "too_large", "request_too_large"


class RateLimited(GatewayError):
    status, kind, code = 429, "rate_limit", "rate_limit_exceeded"


class Unavailable(GatewayError):
    status, kind, code = 503, "overloaded", "service_unavailable"


class UpstreamError(GatewayError):
    """What a provider answered instead of content. `status` is the one to tell the caller."""

    def __init__(
        self,
        message: str,
        *,
        status: int,
        kind: Kind,
        code: str | None = None,
        param: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, code=code, param=param, retry_after=retry_after)
        self.status = status
        self.kind = kind


class UpstreamFailure(Exception):
    """A transport fault. `sent` is False only when no byte of the request can have been processed.

    `str()` names the fault and never holds bytes of the answer, headers or credentials.
    """

    def __init__(self, kind: FailureKind, detail: str = "", *, sent: bool = True) -> None:
        super().__init__(f"{kind}: {detail}" if detail else kind)
        self.kind = kind
        self.sent = sent
