"""Serves one exchange from one target: builds the call, and carries the answer to the client.

Nothing reaches the client before the first content has arrived, so that until then another target
can take over. Only the protocol's terminal event makes a success, and the usage record is on disk
before the client has that event.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import orjson

from omniroute.gateway import flow, headers, ir, splice
from omniroute.gateway.adapters import PLAIN, Target
from omniroute.gateway.asgi import PARSE_ON_LOOP, SAFE_HEADERS, Cut, Send
from omniroute.gateway.attempt import Attempt
from omniroute.gateway.errors import InvalidRequest, UpstreamError, UpstreamFailure
from omniroute.gateway.exchange import Exchange
from omniroute.gateway.formats import FORMATS, Head, Tap, Wire
from omniroute.gateway.pulse import Pulse
from omniroute.gateway.tokens import estimate
from omniroute.gateway.translation.history import without_reasoning
from omniroute.gateway.translation.stream import Translation, restored
from omniroute.gateway.upstream import Deadlines, UpstreamClient, UpstreamRequest, UpstreamResponse

ERROR_BYTES = 256 * 1024
_REASONING = re.compile(r"signature|encrypted_content|redacted_thinking", re.IGNORECASE)
_STREAM = Deadlines()
_WHOLE = Deadlines(first_byte=300.0, total=600.0)

Settle = Callable[[], None]


class Relay:
    """`settle` writes the exchange's usage record; it is called once, just before the end."""

    def __init__(
        self, exchange: Exchange, send: Send, client: UpstreamClient, settle: Settle
    ) -> None:
        self._exchange = exchange
        self._send = send
        self._client = client
        self._settle = settle
        self._format = FORMATS[exchange.dialect]
        self._request: ir.Request | None = None
        query = exchange.scope["query_string"].decode("latin-1")
        self._framing = self._format.framing(query) if exchange.stream else None

    async def serve(self, attempt: Attempt) -> None:
        """Raises UpstreamError, UpstreamFailure or InvalidRequest; nothing was sent to the client
        unless `exchange.responded` says so.

        A provider that does not accept the signatures of earlier reasoning (another model or
        organisation made them) is asked once more without that reasoning.
        """
        target = attempt.target
        try:
            await self._ask(attempt, *self._body(target))
        except UpstreamError as error:
            if self._exchange.responded or not _about_reasoning(error):
                raise
            bare = without_reasoning(self._read_request())
            if bare is None:
                raise
            name = f"{target.provider.alias}/{target.model.id}"
            self._exchange.decision.append({"model": name, "again": "without_reasoning"})
            await self._ask(attempt, *self._translated(bare, target))

    async def _ask(self, attempt: Attempt, body: bytes, wire: Wire | None) -> None:
        target, exchange = attempt.target, self._exchange
        attempt.sent_bytes = len(body)
        response = await self._client.send(
            self._call(target, body), _STREAM if exchange.stream else _WHOLE
        )
        try:
            attempt.head(response.status)
            if not 200 <= response.status < 300:
                raise await self._refusal(target, response)
            if exchange.stream:
                await self._stream(attempt, response, wire)
            else:
                await self._whole(attempt, response, wire)
        finally:
            response.abort()

    def _call(self, target: Target, body: bytes) -> UpstreamRequest:
        exchange = self._exchange
        client = None
        if target.format == exchange.dialect and self._format.forwarded:
            client = exchange.forwarded(self._format.forwarded)
        return UpstreamRequest(
            method="POST",
            url=PLAIN.url(target, stream=exchange.stream) + exchange.endpoint.suffix,
            headers=PLAIN.headers(target, client),
            body=body,
            pool=target.connection.id,
        )

    def _body(self, target: Target) -> tuple[bytes, Wire | None]:
        exchange = self._exchange
        if target.format == exchange.dialect:
            after = self._format.passthrough(exchange.json, target.provider, target.model)
            return splice.rewrite(exchange.body, exchange.json, after), None
        if exchange.endpoint.kind == "compact":
            raise InvalidRequest(
                "Only a provider that speaks the Responses API can compact a conversation. "
                "Send a plain request for a summary instead.",
                code="unsupported_endpoint",
            )
        return self._translated(self._read_request(), target)

    def _read_request(self) -> ir.Request:
        if self._request is None:
            self._request = self._format.read_request(self._exchange.json)
        return self._request

    def _translated(self, request: ir.Request, target: Target) -> tuple[bytes, Wire]:
        request = replace(request, model=target.model.id)
        wire = FORMATS[target.format].write_request(request, target.provider, target.model)
        if wire.losses:
            name = f"{target.provider.alias}/{target.model.id}"
            self._exchange.decision.append({"model": name, "not_carried": list(wire.losses)})
        return orjson.dumps(wire.body), wire

    def _head(self) -> Head:
        exchange = self._exchange
        options = exchange.json.get("stream_options")
        return Head(
            id=exchange.id,
            model=exchange.requested_model,
            created=int(exchange.started_at),
            include_usage=isinstance(options, dict) and options.get("include_usage") is True,
            prompt_estimate=estimate(len(exchange.body)),
            request=self._request,
        )

    def _pipe(self, target: Target, wire: Wire | None) -> Tap:
        head = self._head()
        if wire is None:
            return self._format.tap(head, target.model.id)
        reader = FORMATS[target.format].reader(inline_think=target.provider.inline_think)
        return Translation(reader, self._format.writer(head), wire)

    async def _refusal(self, target: Target, response: UpstreamResponse) -> UpstreamError:
        try:
            body = await response.read(ERROR_BYTES)
        except UpstreamFailure:
            body = b""
        error = FORMATS[target.format].read_error(response.status, body)
        if error.retry_after is None:
            error.retry_after = headers.retry_after(response.headers)
        return error

    async def _whole(self, attempt: Attempt, response: UpstreamResponse, wire: Wire | None) -> None:
        raw = await response.read()
        body = await _load(raw)
        target_format = FORMATS[attempt.target.format]
        if wire is None:
            if self._exchange.endpoint.kind == "chat" and not target_format.is_answer(body):
                target_format.read_response(body)  # raises for an error inside a 200
            attempt.usage = target_format.response_usage(body)
            renamed = dict(body)
            self._format.rename(renamed, self._exchange.requested_model)
            answer = splice.rewrite(raw, body, renamed)
        else:
            think = attempt.target.provider.inline_think
            read = target_format.read_response(body, inline_think=think)
            attempt.usage = read.usage
            parts = tuple(restored(part, wire) for part in read.parts)
            answer = orjson.dumps(
                self._format.write_response(replace(read, parts=parts), self._head())
            )
        attempt.complete = True
        self._exchange.first_content()
        self._settle()
        await self._respond(attempt, answer)

    async def _respond(self, attempt: Attempt, answer: bytes) -> None:
        self._exchange.responded = True
        await self._send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [
                    (b"content-type", b"application/json"),
                    (b"content-length", str(len(answer)).encode()),
                    (b"cache-control", b"no-store"),
                    *SAFE_HEADERS,
                    *headers.of_answer(self._exchange, attempt),
                    *headers.accounting(self._exchange),
                ],
            }
        )
        await self._send({"type": "http.response.body", "body": answer})

    async def _stream(
        self, attempt: Attempt, response: UpstreamResponse, wire: Wire | None
    ) -> None:
        if "json" in response.headers.get("content-type", ""):
            await self._not_a_stream(attempt.target, response)
        pipe = attempt.pipe = self._pipe(attempt.target, wire)
        chunks = response.chunks()
        held = await flow.until_ready(chunks, pipe)
        self._exchange.first_content()
        await self._start(attempt)
        try:
            await self._flow(attempt, response, chunks, held)
        except (UpstreamError, UpstreamFailure) as error:
            await self._broken(attempt, error)

    async def _not_a_stream(self, target: Target, response: UpstreamResponse) -> None:
        """Some providers answer a streamed request with a plain error and status 200."""
        if FORMATS[target.format].streams_json:
            return
        FORMATS[target.format].read_response(await _load(await response.read()))
        raise UpstreamFailure("protocol", "a whole answer where a stream was asked for")

    async def _start(self, attempt: Attempt) -> None:
        self._exchange.responded = True
        await self._send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [
                    (b"content-type", (self._framing or self._format).stream_content_type.encode()),
                    (b"cache-control", b"no-cache"),
                    (b"x-accel-buffering", b"no"),
                    *SAFE_HEADERS,
                    *headers.of_answer(self._exchange, attempt),
                ],
            }
        )

    async def _flow(
        self,
        attempt: Attempt,
        response: UpstreamResponse,
        chunks: AsyncIterator[bytes],
        held: bytes,
    ) -> None:
        pipe = attempt.pipe
        assert pipe is not None  # noqa: S101  (for the type checker: _stream has set it)
        async with Pulse(
            self._piece, pipe, keepalive=self._format.keepalive, abort=response.abort
        ) as pulse:
            try:
                ending = await flow.forward(pipe, pulse, chunks, held)
            except UpstreamFailure as failure:
                if pulse.idle:
                    raise UpstreamFailure("idle_timeout", "no content") from failure
                raise
            except asyncio.CancelledError:
                if pulse.stalled:
                    raise Cut from None
                raise
            attempt.complete = True
            self._settle()
            await self._last(ending)
        await flow.drain(chunks)

    async def _piece(self, data: bytes) -> None:
        if self._framing is not None:
            data = self._framing.feed(data)
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def _last(self, data: bytes) -> None:
        if self._framing is not None:
            data = self._framing.feed(data) + self._framing.close()
        await self._send({"type": "http.response.body", "body": data})

    async def _broken(self, attempt: Attempt, error: UpstreamError | UpstreamFailure) -> None:
        """Ends a stream that has begun in the way that makes this dialect's clients try again."""
        told = _as_error(error)
        self._exchange.aborted = told.code or told.kind
        self._settle()
        ending = self._format.stream_error(told, self._exchange.id)
        if ending is None:
            raise Cut
        await self._last(ending)


async def _load(raw: bytes) -> dict[str, Any]:
    try:
        if len(raw) > PARSE_ON_LOOP:
            body = await asyncio.to_thread(orjson.loads, raw)
        else:
            body = orjson.loads(raw)
    except orjson.JSONDecodeError as exc:
        raise UpstreamFailure("protocol", "the answer is not JSON") from exc
    if not isinstance(body, dict):
        raise UpstreamFailure("protocol", "the answer is not a JSON object")
    return body


def _about_reasoning(error: UpstreamError) -> bool:
    told = f"{error.code} {error.message}"
    return error.kind == "invalid_request" and _REASONING.search(told) is not None


def _as_error(error: UpstreamError | UpstreamFailure) -> UpstreamError:
    if isinstance(error, UpstreamError):
        return error
    return UpstreamError(
        f"The provider broke off in the middle of the answer ({error.kind.replace('_', ' ')}).",
        status=502,
        kind="server",
        code=f"upstream_{error.kind}",
    )
