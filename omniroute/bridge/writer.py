"""Moves usage records from the spool into the database: each exactly once, however often replayed.

Rows have ids that follow from the request, so a record that is already there is skipped. While the
database is away the segments stay on disk.
"""

from __future__ import annotations

import threading
import time
import uuid
from datetime import UTC, datetime
from typing import Any

import structlog
from django.db import Error as DatabaseError
from django.db import connection, transaction

from billing.models import Entry, RequestLog
from omniroute.gateway.spool import Segment, Spool, read

log = structlog.get_logger()
SYNC = 0.05  # seconds between syncs to the medium
MOVE = 0.25  # seconds between moves into the database
BACKOFF = 5.0
_NAMESPACE = uuid.UUID("0b5e6f0e-6a5b-4f0a-9a55-6f1d3d6b7c10")
_COUNTS = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning")


class UsageWriter(threading.Thread):
    def __init__(self, spool: Spool) -> None:
        super().__init__(name="usage-writer", daemon=True)
        self._spool = spool
        self._stopping = threading.Event()
        self._waiting: list[Segment] = []

    def stop(self) -> None:
        """Moves what can be moved within seconds; the rest stays for the next start."""
        self._stopping.set()
        self.join(timeout=10)

    def run(self) -> None:
        self._waiting = list(self._spool.orphans())
        move_at = 0.0
        while not self._stopping.wait(SYNC):
            self._spool.sync()
            if time.monotonic() >= move_at:
                moved = self._move()
                move_at = time.monotonic() + (MOVE if moved else BACKOFF)
        self._spool.sync()
        self._move()
        for segment in self._waiting:
            segment.release()
        connection.close()

    def _move(self) -> bool:
        """False when the database is away."""
        segment = self._spool.rotate()
        if segment is not None:
            self._waiting.append(segment)
        while self._waiting:
            try:
                store(self._waiting[0])
            except DatabaseError as error:
                log.error("usage.waits", segments=len(self._waiting), error=type(error).__name__)
                connection.close()
                return False
            self._spool.moved(self._waiting.pop(0))
        return True


def store(segment: Segment) -> None:
    """Writes a segment's records in one transaction. Safe to repeat. Raises a database error."""
    records, damaged = read(segment)
    if damaged:
        log.error("usage.damaged", segment=segment.path.name, lines=damaged)
    with transaction.atomic():
        RequestLog.objects.bulk_create([_log_row(r) for r in records], ignore_conflicts=True)
        Entry.objects.bulk_create(
            [_entry(record, attempt) for record in records for attempt in record["attempts"]],
            ignore_conflicts=True,
        )


def _log_row(record: dict[str, Any]) -> RequestLog:
    attempts = record["attempts"]
    last: dict[str, Any] = attempts[-1] if attempts else {}
    return RequestLog(
        id=record["request_id"],
        started_at=_moment(record["started_at"]),
        key_id=record["key_id"] or None,
        endpoint=record["endpoint"],
        dialect=record["dialect"],
        client=record["client"],
        session=record["session"] or "",
        requested_model=_text(record["requested_model"]),
        provider=last.get("provider", ""),
        model=_text(last.get("model", "")),
        connection_id=last.get("connection"),
        stream=record["stream"],
        outcome=record["outcome"],
        status=record["status"],
        error_code=(record["error_code"] or "")[:60],
        basis=last["usage"]["basis"] if last else "none",
        cost_e10=_total(attempts),
        duration_ms=record["duration_ms"],
        ttft_ms=record["ttft_ms"],
        config_version=record["config_version"],
        attempts=attempts,
        decision=record["decision"],
        **_sums(attempts),
    )


def _entry(record: dict[str, Any], attempt: dict[str, Any]) -> Entry:
    usage = attempt["usage"]
    return Entry(
        id=uuid.uuid5(_NAMESPACE, f"{record['request_id']}/{attempt['number']}/settle"),
        request_id=record["request_id"],
        attempt=attempt["number"],
        at=_moment(record["started_at"]),
        key_id=record["key_id"] or None,
        provider=attempt["provider"],
        model=_text(attempt["model"]),
        connection_id=attempt["connection"],
        basis=usage["basis"],
        suspect=usage["suspect"],
        price_id=(attempt["price_id"] or "")[:120],
        amount_e10=attempt["cost_e10"],
        **_sums([attempt]),
    )


def _sums(attempts: list[dict[str, Any]]) -> dict[str, int]:
    return {f"{name}_tokens": sum(a["usage"][name] for a in attempts) for name in _COUNTS}


def _total(attempts: list[dict[str, Any]]) -> int | None:
    """None when a part of the request has no price: a sum without it would be a lie."""
    costs = [attempt["cost_e10"] for attempt in attempts]
    return None if None in costs else sum(costs)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _text(value: str) -> str:
    """PostgreSQL's text holds no NUL."""
    return value.replace("\x00", "")[:200]
