"""One `/v1` request in flight: what is known of it so far, and its record at the end."""

from __future__ import annotations

import asyncio
import os
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from omniroute.gateway.asgi import Scope
from omniroute.gateway.routes import Endpoint
from omniroute.gateway.snapshot import Key, Snapshot
from omniroute.gateway.usage import AttemptRecord, Outcome, UsageEvent

if TYPE_CHECKING:
    from omniroute.gateway.attempt import Attempt

_CLIENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


def new_id() -> str:
    """A UUIDv7 (RFC 9562): its order is the order of time."""
    stamp = time.time_ns() // 1_000_000
    rand = int.from_bytes(os.urandom(10), "big")
    value = stamp << 80 | 0x7 << 76 | (rand >> 68 & 0xFFF) << 64 | 0b10 << 62 | rand & (1 << 62) - 1
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


@dataclass(slots=True, kw_only=True, eq=False)
class Exchange:
    """Mutable, owned by the one task that serves it."""

    scope: Scope
    endpoint: Endpoint
    dialect: str
    snapshot: Snapshot
    id: str = field(default_factory=new_id)
    started_at: float = field(default_factory=time.time)
    started: float = field(default_factory=time.monotonic)
    key: Key | None = None
    task: asyncio.Task[object] | None = None  # what serves it
    revoked: bool = False  # its key was taken back while it was served
    body: bytes = b""
    json: dict[str, Any] = field(default_factory=dict)
    requested_model: str = ""
    stream: bool = False
    ttft_ms: int | None = None
    attempts: list[AttemptRecord] = field(default_factory=list)
    decision: list[dict[str, object]] = field(default_factory=list)
    current: Attempt | None = None  # the call that is under way
    responded: bool = False  # the client has the head of the answer
    aborted: str | None = None  # what broke an answer that had begun
    recorded: bool = False  # its usage record is written

    def elapsed_ms(self) -> int:
        return round((time.monotonic() - self.started) * 1000)

    def first_content(self) -> None:
        if self.ttft_ms is None:
            self.ttft_ms = self.elapsed_ms()

    def forwarded(self, names: frozenset[bytes]) -> dict[str, str]:
        """The caller's own headers of these names."""
        return {
            name.decode(): value.decode("latin-1")
            for name, value in self.scope["headers"]
            if name in names
        }

    def client(self) -> str:
        """The client tool's name from its User-Agent: `claude-cli`, `codex_cli_rs`, `OpenAI`."""
        for name, value in self.scope["headers"]:
            if name == b"user-agent":
                found = _CLIENT.match(value.decode("latin-1"))
                return found.group() if found else ""
        return ""

    def end_attempt(self, failure: str | None) -> None:
        """Moves the call under way, if any, to the finished ones."""
        if self.current is not None:
            self.attempts.append(self.current.record(failure))
            self.current = None

    def event(self, outcome: Outcome, status: int, error_code: str | None) -> UsageEvent:
        return UsageEvent(
            request_id=self.id,
            started_at=self.started_at,
            key_id=self.key.id if self.key else None,
            endpoint=self.endpoint.name,
            dialect=self.dialect,
            requested_model=self.requested_model[:200],
            stream=self.stream,
            outcome=outcome,
            status=status,
            error_code=error_code,
            duration_ms=self.elapsed_ms(),
            ttft_ms=self.ttft_ms,
            client=self.client(),
            session=None,
            config_version=self.snapshot.version,
            attempts=tuple(self.attempts),
            decision=tuple(self.decision),
        )
