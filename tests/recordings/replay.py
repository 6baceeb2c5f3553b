"""Every recorded answer, asked for from every client dialect, through a real gateway.

What the client gets must say what the recording says, and must be well-formed. What passes
unchanged, from a provider of the client's own dialect, is as well-formed as its provider made it.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from queue import SimpleQueue

from pydantic import ValidationError

from tests.product import Product, running
from tests.recorded import Json, Recording, Told, answered, told
from tests.recordings import answer, exceptions
from tests.recordings.provider import Provider
from tests.recordings.question import DIALECTS, Dialect, question
from tests.upstream import FakeUpstream

WORKERS = 8
_NODES = {
    "openai_chat": ("oai", "openai-compatible", "/v1"),
    "anthropic": ("ant", "anthropic-compatible", "/v1"),
    "openai_responses": ("res", "openai-responses-compatible", "/v1"),
    "gemini": ("gem", "gemini-compatible", "/v1beta"),
}
_NOTHING = Told(text="", calls=[], ending="error")
_UNTOLD = {"gemini": {"written"}}  # what a dialect has no word for
_MALFORMED = (AssertionError, LookupError, TypeError, ValueError, ValidationError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """`name` is the model's, behind the provider's `prefix`."""

    recording: Recording
    dialect: Dialect
    prefix: str
    name: str

    @property
    def model(self) -> str:
        return f"{self.prefix}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """`differs` names what does not agree with the recording; `why` shows it."""

    recording: Recording
    dialect: Dialect
    differs: frozenset[str]
    why: str

    @property
    def place(self) -> exceptions.Place:
        return self.recording.name, self.dialect.name


def replay(root: Path) -> Sequence[Result]:
    recordings = {f"r{number}": one for number, one in enumerate(answered(root))}
    cells = [
        Cell(recording=recording, dialect=dialect, prefix=_prefix(recording, dialect), name=name)
        for name, recording in recordings.items()
        for dialect in DIALECTS
        if recording.streamed or not dialect.framed
    ]
    with _gateway(recordings, cells) as gateway, ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(gateway.result, cells))


def _prefix(recording: Recording, dialect: Dialect) -> str:
    """An account rests after a failure, so each answer that may be one has an account for itself,
    at a provider for itself."""
    prefix = _NODES[recording.api][0]
    if recording.told.ending != "error" and (recording.name, dialect.name) not in _DOUBTFUL:
        return prefix
    return f"{prefix}-{recording.name[-8:]}-{DIALECTS.index(dialect)}"


_DOUBTFUL = exceptions.expected()


@contextmanager
def _gateway(recordings: Mapping[str, Recording], cells: Sequence[Cell]) -> Iterator[Gateway]:
    with ExitStack() as stack:
        product = stack.enter_context(running("--no-worker"))
        for api, (prefix, kind, path) in _NODES.items():
            here = {name: one for name, one in recordings.items() if one.api == api}
            upstream = stack.enter_context(FakeUpstream(Provider(api, here)))
            others = {cell.prefix for cell in cells if cell.name in here}
            for each in sorted({prefix, *others}):
                _connect(product, each, kind, upstream.url + path)
        yield stack.enter_context(closing(Gateway(product.port, product.key())))


def _connect(product: Product, prefix: str, kind: str, url: str) -> None:
    node = {"name": prefix, "prefix": prefix, "type": kind, "baseUrl": url}
    product.api("POST", "/provider-nodes", node)
    product.api("POST", "/providers", {"provider": prefix, "name": "main", "apiKey": "up-secret"})


class Gateway:
    """The running product, behind connections that are kept alive."""

    def __init__(self, port: int, key: str) -> None:
        self._headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        self._idle: SimpleQueue[http.client.HTTPConnection] = SimpleQueue()
        for _ in range(WORKERS):
            self._idle.put(http.client.HTTPConnection("127.0.0.1", port, timeout=30))

    def close(self) -> None:
        while not self._idle.empty():
            self._idle.get().close()

    def result(self, cell: Cell) -> Result:
        path, body = question(cell.dialect, cell.model, cell.recording)
        status, raw, whole = self._ask(path, body)
        try:
            differs, why = _judged(cell, raw, status=status, whole=whole)
        except _MALFORMED as error:
            differs, why = {"form"}, f"{type(error).__name__}: {error}"
        return Result(
            recording=cell.recording,
            dialect=cell.dialect,
            differs=frozenset(differs),
            why=f"{why} {status} … {raw[-300:].decode(errors='replace')}",
        )

    def _ask(self, path: str, body: Json) -> tuple[int, bytes, bool]:
        """Status, body, and whether the body came to its end."""
        connection = self._idle.get()
        try:
            connection.request("POST", path, json.dumps(body), self._headers)
            response = connection.getresponse()
            return response.status, response.read(), True
        except http.client.IncompleteRead as cut:
            connection.close()
            return response.status, cut.partial, False
        finally:
            self._idle.put(connection)


def _judged(cell: Cell, raw: bytes, *, status: int, whole: bool) -> tuple[set[str], str]:
    recording, api, streamed = cell.recording, cell.dialect.api, cell.recording.streamed
    if status != 200:
        return _difference(recording.told, _NOTHING, api)
    got = told(api, raw, streamed=streamed)
    got = got if whole else replace(got, ending="error")
    differs, why = _difference(recording.told, got, api)
    pieces = answer.pieces(raw, streamed=streamed)
    if set(answer.models(pieces)) - {cell.model}:
        differs.add("model")
    if api != recording.api and not recording.broken:
        answer.check(api, raw, pieces, streamed=streamed)
    return differs, why


def _difference(wanted: Told, got: Told, api: str) -> tuple[set[str], str]:
    """Of a broken answer the beginning must agree: how much of it came through is chance."""
    if wanted.ending == got.ending == "error" and wanted.text.startswith(got.text):
        return set(), ""
    differs = set()
    why = ""
    for field in {one.name for one in fields(Told)} - _UNTOLD.get(api, set()):
        one, other = getattr(wanted, field), getattr(got, field)
        if one is not None and one != other:
            differs.add(field)
            why += f"{field}: {str(one)[:200]} is told as {str(other)[:200]}; "
    return differs, why
