"""Keeps the gateway's snapshot up to date: at once for changes of this process, else within 1 s.

A snapshot that cannot be built never replaces a good one.
"""

from __future__ import annotations

import threading

import structlog
from django.db import Error as DatabaseError
from django.db import connection

from omniroute.bridge import changes, snapshot
from omniroute.gateway.store import Store
from omniroute.keyring import KeyringError

log = structlog.get_logger()
POLL = 1.0  # seconds


class Watcher(threading.Thread):
    def __init__(self, store: Store) -> None:
        super().__init__(name="config-watcher", daemon=True)
        self._store = store
        self._wake = threading.Event()
        self._ended = False
        self._unsubscribe = changes.subscribe(self._wake.set)

    def stop(self) -> None:
        self._unsubscribe()
        self._ended = True
        self._wake.set()
        self.join(timeout=5)

    def run(self) -> None:
        try:
            while not self._ended:
                self._wake.wait(POLL)
                self._wake.clear()
                if not self._ended:
                    self._look()
        finally:
            connection.close()

    def _look(self) -> None:
        try:
            if snapshot.current_version() != self._store.current.version:
                self._store.swap(snapshot.build())
                log.info("config.live", version=self._store.current.version)
            self._mark(fresh=True)
        except DatabaseError as error:
            connection.close()
            self._mark(fresh=False, reason=type(error).__name__)
        except (KeyringError, snapshot.Moving) as error:
            self._mark(fresh=False, reason=str(error))

    def _mark(self, *, fresh: bool, reason: str = "") -> None:
        if fresh != self._store.fresh:
            self._store.fresh = fresh
            if fresh:
                log.info("config.readable")
            else:
                log.error("config.rejected", reason=reason, version=self._store.current.version)
