"""The Anthropic Messages API (https://platform.claude.com/docs/en/api/messages)."""

from __future__ import annotations

from collections.abc import Mapping

from omniroute.gateway import ir
from omniroute.gateway.errors import GatewayError, UpstreamError
from omniroute.gateway.formats import Format, Head, Wire
from omniroute.gateway.formats.anthropic import body as bodies
from omniroute.gateway.formats.anthropic import errors, passing
from omniroute.gateway.formats.anthropic import request as requests
from omniroute.gateway.formats.anthropic import response as responses
from omniroute.gateway.formats.anthropic.stream import Reader
from omniroute.gateway.formats.anthropic.tap import Tap
from omniroute.gateway.formats.anthropic.writer import Writer
from omniroute.gateway.snapshot import Model, Provider
from omniroute.gateway.translation import vendor_errors
from omniroute.gateway.usage import Usage


class Anthropic:
    name = "anthropic"
    label = "Anthropic messages"
    stream_content_type = "text/event-stream; charset=utf-8"
    streams_json = False
    forwarded = frozenset({b"anthropic-version", b"anthropic-beta"})
    keepalive = b'event: ping\ndata: {"type": "ping"}\n\n'

    def path(self, model: str, *, stream: bool) -> str:
        return "/messages"

    def count_path(self, model: str) -> str:
        return "/messages/count_tokens"

    def write_count(self, tokens: int) -> ir.Json:
        return {"input_tokens": tokens}

    def request_headers(self, client: Mapping[str, str] | None) -> dict[str, str]:
        """A translated request is written for the oldest version, which takes everything."""
        return {"anthropic-version": "2023-06-01", **(client or {})}

    def framing(self, query: str) -> None:
        return None

    def read_request(self, body: ir.Json) -> ir.Request:
        return requests.read_request(body)

    def write_request(self, request: ir.Request, provider: Provider, model: Model) -> Wire:
        return bodies.write_request(request, provider, model)

    def read_response(self, body: ir.Json, *, inline_think: bool = False) -> ir.Response:
        return responses.read_response(body)

    def is_answer(self, body: ir.Json) -> bool:
        return responses.is_plain(body)

    def write_response(self, response: ir.Response, head: Head) -> ir.Json:
        return responses.write_response(response, head)

    def reader(self, *, inline_think: bool = False) -> Reader:
        return Reader()

    def writer(self, head: Head) -> Writer:
        return Writer(head)

    def tap(self, head: Head, upstream_model: str) -> Tap:
        return Tap(head)

    def passthrough(self, body: ir.Json, provider: Provider, model: Model) -> ir.Json:
        return passing.passthrough(body, provider, model)

    def rename(self, body: ir.Json, model: str) -> None:
        responses.rename(body, model)

    def response_usage(self, body: ir.Json) -> Usage | None:
        return responses.response_usage(body)

    def read_error(self, status: int, body: bytes) -> UpstreamError:
        return vendor_errors.read(status, body)

    def write_error(self, error: GatewayError, request_id: str) -> ir.Json:
        return errors.write_error(error, request_id)

    def stream_error(self, error: GatewayError, request_id: str) -> bytes:
        return errors.stream_error(error, request_id)


FORMAT: Format = Anthropic()
