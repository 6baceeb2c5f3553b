"""Usage records on disk, before the caller has the end of its answer.

A record is appended to a segment file with one `write`, which survives `kill -9`; the writer thread
syncs segments to the medium, moves them into the database and deletes them. A segment is locked by
the process that owns it: one that can be locked belongs to a process that has died.

A line is `<crc32 as 8 hex digits> <json>\\n`; a torn or damaged line is skipped and counted.
"""

from __future__ import annotations

import fcntl
import os
import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from omniroute.gateway.errors import Unavailable
from omniroute.gateway.exchange import new_id
from omniroute.gateway.usage import UsageEvent

MAX_BYTES = 1 << 30  # of all segments that wait for the database


@dataclass(frozen=True, slots=True)
class Segment:
    path: Path
    handle: int  # open and locked

    def discard(self) -> None:
        """The records are in the database."""
        self.path.unlink(missing_ok=True)
        os.close(self.handle)

    def release(self) -> None:
        """Leaves the records for another time."""
        os.close(self.handle)


class Spool:
    """`append` is for the event loop, everything else for the writer thread."""

    def __init__(self, folder: Path, max_bytes: int = MAX_BYTES) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._max = max_bytes
        self._lock = threading.Lock()
        self._waiting = 0  # bytes in segments that were rotated and not discarded
        self._size = 0
        self._dirty = False
        self._open: Segment | None = None

    def append(self, event: UsageEvent) -> None:
        """Raises Unavailable when the disk is full."""
        data = orjson.dumps(event)
        line = b"%08x %s\n" % (zlib.crc32(data), data)
        with self._lock:
            if self._open is None:
                self._open = self._new_segment()
            _write(self._open.handle, line, self._size)
            self._size += len(line)
            self._dirty = True

    def check_room(self) -> None:
        """Raises Unavailable before billable work that could not be recorded."""
        if self._waiting + self._size > self._max:
            raise Unavailable(
                "Usage waits for the database, and there is no room left to keep more of it.",
                retry_after=30,
            )

    def sync(self) -> None:
        """Everything appended so far survives a power cut when this returns."""
        with self._lock:
            segment, self._dirty, dirty = self._open, False, self._dirty
        if segment is not None and dirty:
            os.fdatasync(segment.handle)  # outside the lock: the event loop must not wait for it

    def rotate(self) -> Segment | None:
        """Closes the current segment; new records go into another. None: nothing to move."""
        with self._lock:
            segment, self._open = self._open, None
            if segment is not None:
                self._waiting += self._size
                self._size = 0
            return segment

    def moved(self, segment: Segment) -> None:
        self._waiting = max(0, self._waiting - os.fstat(segment.handle).st_size)
        segment.discard()

    def orphans(self) -> Iterator[Segment]:
        """Segments that no living process owns, oldest first."""
        for path in sorted(self._folder.glob("*.jsonl")):
            try:
                handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
            except FileNotFoundError:
                continue
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(handle)
                continue
            yield Segment(path, handle)

    def set_aside(self, record: dict[str, Any]) -> None:
        """Keeps what the database refuses for people to look at."""
        with (self._folder / "refused.log").open("ab") as file:
            file.write(orjson.dumps(record) + b"\n")

    def waiting(self) -> tuple[int, int]:
        """(files, bytes) that are not in the database yet."""
        sizes = []
        for path in self._folder.glob("*.jsonl"):
            try:
                sizes.append(path.stat().st_size)
            except FileNotFoundError:
                continue
        return len(sizes), sum(sizes)

    def _new_segment(self) -> Segment:
        path = self._folder / f"{new_id()}.jsonl"
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        handle = os.open(path, flags, 0o600)
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return Segment(path, handle)


def _write(handle: int, line: bytes, size: int) -> None:
    """All of the line, or none of it: half a line would spoil the next one."""
    try:
        written = os.write(handle, line)
    except OSError as exc:
        raise Unavailable("Usage cannot be recorded: the disk is full.") from exc
    if written != len(line):
        os.ftruncate(handle, size)
        raise Unavailable("Usage cannot be recorded: the disk is full.")


def read(segment: Segment) -> tuple[list[dict[str, Any]], int]:
    """The segment's records and how many lines were damaged."""
    records, damaged = [], 0
    for line in segment.path.read_bytes().split(b"\n"):
        if not line:
            continue
        checksum, _, data = line.partition(b" ")
        if checksum == b"%08x" % zlib.crc32(data):
            records.append(orjson.loads(data))
        else:
            damaged += 1
    return records, damaged
