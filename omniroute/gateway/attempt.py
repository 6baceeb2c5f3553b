"""One call to a provider, and the loop that goes on to the next target when it fails."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

from omniroute.gateway.adapters import Target
from omniroute.gateway.errors import GatewayError, InvalidRequest, UpstreamError, UpstreamFailure
from omniroute.gateway.exchange import Exchange
from omniroute.gateway.failures import Verdict, judge
from omniroute.gateway.formats import Tap
from omniroute.gateway.state import State
from omniroute.gateway.tokens import estimate
from omniroute.gateway.usage import AttemptRecord, Usage, cost_e10


@dataclass(slots=True, kw_only=True)
class Attempt:
    """Mutable: what is known so far of one call. `sent_bytes` is the size of its request body."""

    number: int
    target: Target
    started: float = field(default_factory=time.monotonic)
    sent_bytes: int = 0
    status: int | None = None
    first_byte_ms: int | None = None
    pipe: Tap | None = None
    usage: Usage | None = None
    complete: bool = False

    def elapsed_ms(self) -> int:
        return round((time.monotonic() - self.started) * 1000)

    def head(self, status: int) -> None:
        self.status = status
        self.first_byte_ms = self.elapsed_ms()

    def record(self, failure: str | None) -> AttemptRecord:
        """The ledger's view of the call, priced."""
        target = self.target
        usage = self._usage()
        price = target.provider.prices.get(target.model.id)
        return AttemptRecord(
            number=self.number,
            provider=target.provider.id,
            model=target.model.id,
            connection=target.connection.id,
            status=self.status,
            failure=failure,
            first_byte_ms=self.first_byte_ms,
            duration_ms=self.elapsed_ms(),
            usage=usage,
            price_id=price.id if price else None,
            cost_e10=_cost(usage, target),
        )

    def _usage(self) -> Usage:
        """Reported numbers when the answer is complete; an estimate of what a cut-off or silent
        answer has cost; nothing for an attempt that the provider refused."""
        reported = self.usage or (self.pipe.usage if self.pipe else None)
        output = estimate(self.pipe.output_bytes) if self.pipe else 0
        if reported is not None:
            if self.complete or reported.output >= output:
                return reported
            return replace(reported, output=output, basis="estimated")
        if self.status is None or not 200 <= self.status < 300:
            return Usage(basis="none")
        return Usage(input=estimate(self.sent_bytes), output=output, basis="estimated")


def _cost(usage: Usage, target: Target) -> int | None:
    """0 for an attempt that cost nothing; None when it used tokens of an unpriced model."""
    if usage.basis == "none":
        return 0
    price = target.provider.prices.get(target.model.id)
    return cost_e10(usage, price) if price else None


async def run(
    exchange: Exchange,
    targets: Sequence[Target],
    state: State,
    serve: Callable[[Attempt], Awaitable[None]],
) -> None:
    """Tries targets until one has answered. Raises the last one's error when none has.

    A failure after the client has received content is raised as it is: two models are never
    spliced into one answer.
    """
    last: GatewayError | None = None
    for number, target in enumerate(targets, 1):
        attempt = Attempt(number=number, target=target)
        exchange.current = attempt
        try:
            await serve(attempt)
        except (UpstreamError, UpstreamFailure, InvalidRequest) as error:
            if exchange.responded:
                raise
            verdict = _verdict(error)
            _note_failure(exchange, attempt, verdict, state)
            last = verdict.error
            if not verdict.retry:
                raise last from error
        else:
            state.recovered(target.connection.id)
            return
    raise last or AssertionError("a plan is never empty")


def _verdict(error: UpstreamError | UpstreamFailure | InvalidRequest) -> Verdict:
    """A request that this target's format cannot carry may still suit the next one."""
    if isinstance(error, InvalidRequest):
        return Verdict(scope="caller", reason="unsupported", retry=True, rest=0, error=error)
    return judge(error)


def _note_failure(exchange: Exchange, attempt: Attempt, verdict: Verdict, state: State) -> None:
    target = attempt.target
    if verdict.rest and verdict.scope == "connection":
        state.rest(target.connection.id, verdict.rest)
    exchange.attempts.append(attempt.record(verdict.reason))
    exchange.current = None
    exchange.decision.append(
        {
            "model": f"{target.provider.alias}/{target.model.id}",
            "account": target.connection.id,
            "tried": verdict.reason,
            "status": attempt.status,
            "ms": attempt.elapsed_ms(),
        }
    )
