"""OpenAI Responses (https://platform.openai.com/docs/api-reference/responses).

The one API of Codex and the newest of OpenAI. Nothing is kept here between two requests: where an
answer is translated, the client has to bring the whole conversation.
"""

from __future__ import annotations

from collections.abc import Mapping

from omniroute.gateway import ir
from omniroute.gateway.errors import GatewayError, UpstreamError
from omniroute.gateway.formats import Format, Head, Wire
from omniroute.gateway.snapshot import Model, Provider
from omniroute.gateway.translation import vendor_errors
from omniroute.gateway.translation.openai.errors import write as write_error
from omniroute.gateway.usage import Usage

from . import body as bodies
from . import counts, errors, passing
from . import request as requests
from . import response as responses
from .name import FORMAT_NAME
from .stream import Reader
from .tap import Tap
from .writer import Writer


class OpenAIResponses:
    name = FORMAT_NAME
    label = "OpenAI Responses"
    stream_content_type = "text/event-stream; charset=utf-8"
    streams_json = False
    # Which conversation a request belongs to, so that a provider finds its prompt cache.
    forwarded = frozenset({b"session_id", b"session-id"})
    keepalive = b": keep-alive\n\n"

    def path(self, model: str, *, stream: bool) -> str:
        return "/responses"

    def count_path(self, model: str) -> str:
        return "/responses/input_tokens"

    def write_count(self, tokens: int) -> ir.Json:
        return {"object": "response.input_tokens", "input_tokens": tokens}

    def request_headers(self, client: Mapping[str, str] | None) -> dict[str, str]:
        return dict(client or {})

    def framing(self, query: str) -> None:
        return None

    def read_request(self, body: ir.Json) -> ir.Request:
        return requests.read(body)

    def write_request(self, request: ir.Request, provider: Provider, model: Model) -> Wire:
        return bodies.write(request, provider, model)

    def is_answer(self, body: ir.Json) -> bool:
        return responses.is_answer(body)

    def read_response(self, body: ir.Json, *, inline_think: bool = False) -> ir.Response:
        return responses.read(body)

    def write_response(self, response: ir.Response, head: Head) -> ir.Json:
        return responses.write(response, head)

    def reader(self, *, inline_think: bool = False) -> Reader:
        return Reader()

    def writer(self, head: Head) -> Writer:
        return Writer(head)

    def tap(self, head: Head, upstream_model: str) -> Tap:
        return Tap(head)

    def passthrough(self, body: ir.Json, provider: Provider, model: Model) -> ir.Json:
        return passing.passthrough(body, provider, model)

    def rename(self, body: ir.Json, model: str) -> None:
        if isinstance(body, dict):
            body["model"] = model

    def response_usage(self, body: ir.Json) -> Usage | None:
        return counts.of(body)

    def read_error(self, status: int, body: bytes) -> UpstreamError:
        return vendor_errors.read(status, body)

    def write_error(self, error: GatewayError, request_id: str) -> ir.Json:
        return write_error(error, request_id)

    def stream_error(self, error: GatewayError, request_id: str) -> bytes | None:
        return errors.stream_error(error, request_id)


FORMAT: Format = OpenAIResponses()
