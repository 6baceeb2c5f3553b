"""What the headers of an answer tell, ours to the client and a provider's to us."""

from __future__ import annotations

from collections.abc import Mapping

from omniroute.gateway.asgi import RawHeaders
from omniroute.gateway.attempt import Attempt
from omniroute.gateway.exchange import Exchange


def of_answer(exchange: Exchange, attempt: Attempt) -> RawHeaders:
    target = attempt.target
    model = f"{target.provider.alias}/{target.model.id}"
    found = [
        (b"x-omniroute-request-id", exchange.id.encode()),
        (b"x-omniroute-provider", target.provider.alias.encode()),
        (b"x-omniroute-model", _visible(model)),
    ]
    if attempt.number > 1:
        found.append((b"x-omniroute-fallback-attempts", str(attempt.number - 1).encode()))
    return found


def accounting(exchange: Exchange) -> RawHeaders:
    record = exchange.attempts[-1]
    found = [
        (b"x-omniroute-latency-ms", str(exchange.elapsed_ms()).encode()),
        (b"x-omniroute-tokens-in", str(record.usage.prompt).encode()),
        (b"x-omniroute-tokens-out", str(record.usage.output).encode()),
    ]
    if record.cost_e10 is not None:
        usd = f"{record.cost_e10 // 10**10}.{record.cost_e10 % 10**10:010d}"
        found.append((b"x-omniroute-response-cost", usd.encode()))
    return found


def retry_after(headers: Mapping[str, str]) -> float | None:
    """`Retry-After` in seconds; dates and nonsense are ignored."""
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name, "")
        try:
            seconds = float(value) * scale
        except ValueError:
            continue
        if 0 <= seconds < 1e9:
            return seconds
    return None


def _visible(text: str) -> bytes:
    """A header value: printable ASCII, everything else as a question mark."""
    return "".join(c if " " <= c <= "~" else "?" for c in text).encode()
