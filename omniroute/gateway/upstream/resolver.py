"""Names to addresses, for the event loop and for threads alike.

Each lookup has a thread of its own and each name at most one lookup, so a name server that
hangs delays nobody who asks for another name, nor the end of the process.
"""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import Future
from ipaddress import ip_address

AddrInfo = tuple[int, int, int, str, tuple[str, int] | tuple[str, int, int, int]]
Answer = tuple[str, ...]


class Resolver:
    """`lookup` gives a future of addresses; good answers are kept for `ttl` seconds."""

    def __init__(self, *, ttl: float = 10.0, max_lookups: int = 64, max_names: int = 4096) -> None:
        self._ttl = ttl
        self._max_lookups = max_lookups
        self._max_names = max_names
        self._lock = threading.Lock()
        self._pending: dict[str, Future[Answer]] = {}
        self._known: dict[str, tuple[float, Answer]] = {}

    def lookup(self, host: str) -> Future[Answer]:
        future: Future[Answer] = Future()
        future.set_running_or_notify_cancel()  # shared: nobody may cancel it for the others
        known = self._recall(host)
        if known is not None:
            future.set_result(known)
            return future
        with self._lock:
            if host in self._pending:
                return self._pending[host]
            if len(self._pending) >= self._max_lookups:
                future.set_exception(socket.gaierror(socket.EAI_AGAIN, "too many lookups"))
                return future
            self._pending[host] = future
        threading.Thread(target=self._ask, args=(host, future), daemon=True, name="dns").start()
        return future

    def _recall(self, host: str) -> Answer | None:
        try:
            return (str(ip_address(host)),)
        except ValueError:
            pass
        until, answer = self._known.get(host, (0.0, ()))
        return answer if time.monotonic() < until else None

    def _ask(self, host: str, future: Future[Answer]) -> None:
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as exc:
            self._forget(host)
            refused = exc if isinstance(exc, OSError) else socket.gaierror(socket.EAI_NONAME)
            future.set_exception(refused)
            return
        answer = tuple(dict.fromkeys(str(info[4][0]) for info in found))
        if len(self._known) >= self._max_names:
            self._known.clear()
        self._known[host] = (time.monotonic() + self._ttl, answer)
        self._forget(host)
        future.set_result(answer)

    def _forget(self, host: str) -> None:
        with self._lock:
            del self._pending[host]


def addr_info(ip: str, port: int) -> AddrInfo:
    """What `getaddrinfo` would say about an address that is already known."""
    if ":" in ip:
        return (socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (ip, port, 0, 0))
    return (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (ip, port))
