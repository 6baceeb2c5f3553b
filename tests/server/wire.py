"""A client on a bare socket: it sends what no HTTP library would, and sees how it ends."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Ending = Literal["complete", "closed", "reset", "silence"]

HOST = b"Host: 127.0.0.1\r\n"


def get(path: str, *fields: bytes, method: str = "GET") -> bytes:
    lines = b"".join(field + b"\r\n" for field in fields)
    return f"{method} {path} HTTP/1.1\r\n".encode() + HOST + lines + b"\r\n"


def post(path: str, *fields: bytes) -> bytes:
    return get(path, *fields, method="POST")


@dataclass
class Answer:
    """`ending` is how the body ended; `complete` means as its framing promised."""

    status: int
    headers: dict[str, str]
    body: bytes
    ending: Ending

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Wire:
    def __init__(self, port: int, *, receive_buffer: int = 0) -> None:
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(10)
        self.socket.connect(("127.0.0.1", port))
        self.buffer = b""

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def pour(self, size: int, *, piece: bytes = b"x" * 65536) -> int:
        """Sends `size` bytes unless the other side ends it. Returns how many went out."""
        sent = 0
        try:
            while sent < size:
                sent += self.socket.send(piece[: size - sent])
        except OSError:
            pass
        return sent

    def drip(self, data: bytes, *, gap: float) -> float:
        """One byte at a time, until the other side closes. Returns the seconds until then."""
        began = time.monotonic()
        for index in range(len(data)):
            if self.closed(within=gap):
                return time.monotonic() - began
            self.socket.send(data[index : index + 1])
        raise AssertionError("all of it was taken")

    def closed(self, *, within: float) -> bool:
        """True when the other side has ended the connection; what it sent first is kept."""
        return self.ending(within=within) != "silence"

    def ending(self, *, within: float) -> Ending:
        until = time.monotonic() + within
        while (left := until - time.monotonic()) > 0:
            if ending := self._more(left):
                return ending
        return "silence"

    def take(self, size: int) -> None:
        """Reads and forgets."""
        while size > 0:
            size -= len(self.socket.recv(size))

    def answer(self, *, within: float = 10) -> Answer:
        until = time.monotonic() + within
        while b"\r\n\r\n" not in self.buffer:
            if ending := self._more(until - time.monotonic()):
                raise AssertionError(f"no answer but {ending}, after {self.buffer!r}")
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
        status = int(first.split(" ")[1])
        if status < 200:
            return Answer(status, headers, b"", "complete")
        if headers.get("transfer-encoding") == "chunked":
            return Answer(status, headers, *self._chunks(until))
        length = int(headers["content-length"]) if "content-length" in headers else None
        return Answer(status, headers, *self._bytes(length, until))

    def _bytes(self, length: int | None, until: float) -> tuple[bytes, Ending]:
        while length is None or len(self.buffer) < length:
            if ending := self._more(until - time.monotonic()):
                body, self.buffer = self.buffer, b""
                return body, ending
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return body, "complete"

    def _chunks(self, until: float) -> tuple[bytes, Ending]:
        body = []
        while True:
            size, end, rest = self.buffer.partition(b"\r\n")
            if end and len(rest) >= int(size, 16) + 2:
                data, self.buffer = rest[: int(size, 16)], rest[int(size, 16) + 2 :]
                if not data:
                    return b"".join(body), "complete"
                body.append(data)
            elif ending := self._more(until - time.monotonic()):
                return b"".join(body), ending

    def _more(self, seconds: float) -> Ending | None:
        self.socket.settimeout(max(seconds, 0.001))
        try:
            data = self.socket.recv(1 << 20)
        except TimeoutError:
            return "silence"
        except OSError:
            return "reset"
        finally:
            self.socket.settimeout(10)
        self.buffer += data
        return None if data else "closed"


def ask(port: int, request: bytes, *, within: float = 10) -> Answer:
    with Wire(port) as wire:
        wire.send(request)
        return wire.answer(within=within)


def eventually(check: Callable[[], Any], *, within: float = 5.0) -> Any:
    """The first true result of `check`."""
    until = time.monotonic() + within
    while True:
        if result := check():
            return result
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.01)
