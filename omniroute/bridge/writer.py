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

import orjson
import structlog
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.db.models import Model

from billing.models import Entry, RequestLog
from omniroute.gateway.spool import Segment, Spool, read

log = structlog.get_logger()
SYNC = 0.05  # seconds between syncs to the medium
MOVE = 0.25  # seconds between moves into the database
BACKOFF = 5.0
UNFIT = (DatabaseError, OverflowError, ValueError, TypeError, KeyError)
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
            records, damaged = read(self._waiting[0])
            if damaged:
                log.error("usage.damaged", segments=1, lines=damaged)
            try:
                self._store_all(records)
            except (OperationalError, InterfaceError) as error:
                log.error("usage.waits", segments=len(self._waiting), error=type(error).__name__)
                connection.close()
                return False
            self._spool.moved(self._waiting.pop(0))
        return True

    def _store_all(self, records: list[dict[str, Any]]) -> None:
        """One record that the database does not take must not hold up the others."""
        try:
            store(records)
        except (OperationalError, InterfaceError):
            raise
        except UNFIT:
            for record in records:
                try:
                    store([record])
                except UNFIT as error:
                    if isinstance(error, OperationalError | InterfaceError):
                        raise
                    self._spool.set_aside(record)
                    log.error("usage.refused", error=type(error).__name__)


def store(records: list[dict[str, Any]]) -> None:
    """Writes records in one transaction. Safe to repeat. Raises a database error."""
    rows = _Rows(connection.features.has_native_uuid_field)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(_LOG_INSERT, [rows.log(record) for record in records])
        cursor.executemany(
            _ENTRY_INSERT,
            [rows.entry(record, attempt) for record in records for attempt in record["attempts"]],
        )


def _insert(model: type[Model], columns: tuple[str, ...]) -> str:
    """Plain SQL: the ORM's objects cost several times as much as the rows themselves."""
    places = ", ".join(["%s"] * len(columns))
    table = model._meta.db_table
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places}) ON CONFLICT DO NOTHING"  # noqa: S608


_LOG_COLUMNS = (
    "id", "started_at", "key_id", "endpoint", "dialect", "client", "session", "requested_model",
    "provider", "model", "connection_id", "stream", "outcome", "status", "error_code", "basis",
    "cost_e10", "duration_ms", "ttft_ms", "config_version", "attempts", "decision",
    *(f"{name}_tokens" for name in _COUNTS),
)  # fmt: skip
_ENTRY_COLUMNS = (
    "id", "kind", "request_id", "attempt", "at", "key_id", "provider", "model", "connection_id",
    "basis", "suspect", "price_id", "amount_e10", *(f"{name}_tokens" for name in _COUNTS),
)  # fmt: skip
_LOG_INSERT = _insert(RequestLog, _LOG_COLUMNS)
_ENTRY_INSERT = _insert(Entry, _ENTRY_COLUMNS)


class _Rows:
    """Records as the database takes them: UUIDs are a type of its own, or 32 digits on SQLite."""

    def __init__(self, native_uuid: bool) -> None:
        self._native_uuid = native_uuid

    def log(self, record: dict[str, Any]) -> tuple[Any, ...]:
        attempts = record["attempts"]
        last: dict[str, Any] = attempts[-1] if attempts else {}
        return (
            self._id(record["request_id"]),
            _moment(record["started_at"]),
            self._id(record["key_id"]),
            record["endpoint"],
            record["dialect"],
            record["client"],
            record["session"] or "",
            _text(record["requested_model"]),
            last.get("provider", ""),
            _text(last.get("model", "")),
            self._id(last.get("connection")),
            record["stream"],
            record["outcome"],
            record["status"],
            (record["error_code"] or "")[:60],
            last["usage"]["basis"] if last else "none",
            _total(attempts),
            record["duration_ms"],
            record["ttft_ms"],
            record["config_version"],
            orjson.dumps(attempts).decode(),
            orjson.dumps(record["decision"]).decode(),
            *_sums(attempts),
        )

    def entry(self, record: dict[str, Any], attempt: dict[str, Any]) -> tuple[Any, ...]:
        usage = attempt["usage"]
        return (
            self._id(
                str(uuid.uuid5(_NAMESPACE, f"{record['request_id']}/{attempt['number']}/settle"))
            ),
            Entry.Kind.SETTLE.value,
            self._id(record["request_id"]),
            attempt["number"],
            _moment(record["started_at"]),
            self._id(record["key_id"]),
            attempt["provider"],
            _text(attempt["model"]),
            self._id(attempt["connection"]),
            usage["basis"],
            usage["suspect"],
            (attempt["price_id"] or "")[:120],
            attempt["cost_e10"],
            *_sums([attempt]),
        )

    def _id(self, text: str | None) -> str | None:
        if not text:
            return None
        return text if self._native_uuid else text.replace("-", "")


def _sums(attempts: list[dict[str, Any]]) -> list[int]:
    if len(attempts) == 1:
        usage = attempts[0]["usage"]
        return [usage[name] for name in _COUNTS]
    return [sum(attempt["usage"][name] for attempt in attempts) for name in _COUNTS]


def _total(attempts: list[dict[str, Any]]) -> int | None:
    """None when a part of the request has no price: a sum without it would be a lie."""
    costs = [attempt["cost_e10"] for attempt in attempts]
    return None if None in costs else sum(costs)


def _moment(seconds: float) -> str:
    """As Django writes it to SQLite; PostgreSQL reads it in the session's zone, which is UTC."""
    return str(datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None))


def _text(value: str) -> str:
    """PostgreSQL's text holds no NUL, nor half a surrogate pair."""
    return value.replace("\x00", "")[:200]
