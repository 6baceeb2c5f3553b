"""The wire formats. One folder each, found by scanning; each exposes one `FORMAT` object.

A format reads and writes both directions. It is stateless; readers, writers and taps hold the state
of one stream. Adding a format touches nothing outside its folder.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from omniroute.gateway import ir
from omniroute.gateway.errors import GatewayError, UpstreamError
from omniroute.gateway.snapshot import Model, Provider
from omniroute.gateway.usage import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """What a request writer produced: the body, and what the target could not carry.

    `names` and `ids` map what was sent to the provider back to what the client knows; the relay
    applies them to every tool call that comes back.
    """

    body: ir.Json
    losses: tuple[str, ...] = ()
    names: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a writer needs to know of the client's request."""

    id: str  # gateway request id; writers mint their ids from it
    model: str  # the name the client asked for
    created: int  # Unix seconds
    include_usage: bool = False
    prompt_estimate: int = 0
    request: ir.Request | None = None  # for formats that echo request fields


class Reader(Protocol):
    """Provider stream -> events. Accepts bytes split anywhere."""

    def feed(self, chunk: bytes) -> list[ir.Event]: ...
    def close(self) -> list[ir.Event]:
        """The rest. No `Finish` in all that was returned means the stream was incomplete."""
        ...


class Writer(Protocol):
    """Events -> client stream. One `Finish` gives the whole ending, terminator included."""

    def write(self, event: ir.Event) -> bytes: ...
    def close(self) -> bytes:
        """What is still held back (a usage chunk that waited); empty after a `Failure`."""
        ...


class Tap(Protocol):
    """Watches a stream that passes through unchanged, and says what may be forwarded.

    Same-format streams are never parsed whole: only events that may carry usage, an error, the
    first content or the end are.
    """

    ready: bool  # content has been seen: from here on the client owns this answer
    done: bool  # the terminal event has been seen
    error: UpstreamError | None  # an error event has been seen
    usage: Usage | None
    output_bytes: int  # content bytes seen, for an estimate

    def feed(self, chunk: bytes) -> bytes:
        """Whole events to forward, unchanged but for the model name and an unasked usage chunk."""
        ...

    def close(self) -> bytes: ...


class Framing(Protocol):
    """Turns a client stream of events into something else that the caller asked for."""

    stream_content_type: str

    def feed(self, chunk: bytes) -> bytes: ...
    def close(self) -> bytes: ...


class Format(Protocol):
    name: str
    label: str  # for people
    stream_content_type: str
    streams_json: bool  # whether its streams may be JSON instead of events
    forwarded: frozenset[bytes]  # the caller's headers that concern this format's providers
    keepalive: bytes  # what keeps an idle stream open without meaning anything

    def path(self, model: str, *, stream: bool) -> str:
        """What follows a provider's base URL, e.g. `/chat/completions`."""
        ...

    def count_path(self, model: str) -> str:
        """Where this API counts the tokens of a request; '' when it does not."""
        ...

    def write_count(self, tokens: int) -> ir.Json: ...

    def request_headers(self, client: Mapping[str, str] | None) -> dict[str, str]:
        """What every request of this format carries. `client` holds the caller's `forwarded`
        headers when it speaks this format itself, else it is None."""
        ...

    def framing(self, query: str) -> Framing | None:
        """How the query string asks for a stream to be framed; None: as events."""
        ...

    def read_request(self, body: ir.Json) -> ir.Request:
        """Raises InvalidRequest with `param` for a body that is not a request of this format."""
        ...

    def write_request(self, request: ir.Request, provider: Provider, model: Model) -> Wire:
        """Raises Unsupported for a part that this format cannot carry."""
        ...

    def is_answer(self, body: ir.Json) -> bool:
        """Whether a whole answer is plainly one; anything else is read in full, which tells an
        error inside a 200 apart."""
        ...

    def read_response(self, body: ir.Json, *, inline_think: bool = False) -> ir.Response:
        """Raises UpstreamError for an error inside a 200, UpstreamFailure for malformed ones.

        `inline_think`: the provider writes its reasoning as <think>…</think> into the text, which
        matters only to formats that have no field of their own for it."""
        ...

    def write_response(self, response: ir.Response, head: Head) -> ir.Json: ...
    def reader(self, *, inline_think: bool = False) -> Reader: ...
    def writer(self, head: Head) -> Writer: ...
    def tap(self, head: Head, upstream_model: str) -> Tap: ...

    def passthrough(self, body: ir.Json, provider: Provider, model: Model) -> ir.Json:
        """The client's own body for a provider of the same format: the model replaced, usage asked
        for on streams, gateway-only fields removed; everything unknown kept."""
        ...

    def rename(self, body: ir.Json, model: str) -> None:
        """Puts the name the client asked for into a whole response, in place."""
        ...

    def response_usage(self, body: ir.Json) -> Usage | None: ...

    def read_error(self, status: int, body: bytes) -> UpstreamError:
        """A provider's error answer of any known shape, cleaned of secrets, at most 2 KB."""
        ...

    def write_error(self, error: GatewayError, request_id: str) -> ir.Json: ...

    def stream_error(self, error: GatewayError, request_id: str) -> bytes | None:
        """The in-band error that makes this format's clients retry; None: cut the connection."""
        ...


def _scan() -> dict[str, Format]:
    found: dict[str, Format] = {}
    for info in pkgutil.iter_modules(__path__):
        if info.ispkg:
            module = importlib.import_module(f"{__name__}.{info.name}")
            found[info.name] = module.FORMAT
    return found


FORMATS: dict[str, Format] = _scan()
