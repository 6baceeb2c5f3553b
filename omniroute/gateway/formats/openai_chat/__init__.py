"""OpenAI Chat Completions (https://platform.openai.com/docs/api-reference/chat).

The lingua franca: most providers speak a dialect of it, so reading is tolerant and writing strict.
"""

from __future__ import annotations

from collections.abc import Mapping

from omniroute.gateway import formats, ir
from omniroute.gateway.errors import GatewayError, UpstreamError
from omniroute.gateway.formats import Format, Head, Wire
from omniroute.gateway.snapshot import Model, Provider
from omniroute.gateway.translation import vendor_errors
from omniroute.gateway.translation.openai import errors
from omniroute.gateway.usage import Usage

from . import body as _body
from . import request as _request
from . import response as answer
from . import usage
from .stream import Reader
from .tap import Tap
from .writer import Writer


class OpenAIChat:
    name = "openai_chat"
    label = "OpenAI chat completions"
    stream_content_type = "text/event-stream"
    streams_json = False
    forwarded: frozenset[bytes] = frozenset()
    keepalive = b": keep-alive\n\n"

    def path(self, model: str, *, stream: bool) -> str:
        return "/chat/completions"

    def count_path(self, model: str) -> str:
        return ""

    def write_count(self, tokens: int) -> ir.Json:
        return {"prompt_tokens": tokens}

    def request_headers(self, client: Mapping[str, str] | None) -> dict[str, str]:
        return {}

    def framing(self, query: str) -> None:
        return None

    def read_request(self, body: ir.Json) -> ir.Request:
        return _request.read(body)

    def write_request(self, request: ir.Request, provider: Provider, model: Model) -> Wire:
        return _body.write(request, provider, model)

    def read_response(self, body: ir.Json, *, inline_think: bool = False) -> ir.Response:
        return answer.read(body, inline_think=inline_think)

    def is_answer(self, body: ir.Json) -> bool:
        return isinstance(body, dict) and answer.is_plain(body)

    def write_response(self, response: ir.Response, head: Head) -> ir.Json:
        return answer.write(response, head)

    def reader(self, *, inline_think: bool = False) -> Reader:
        return Reader(inline_think=inline_think)

    def writer(self, head: Head) -> formats.Writer:
        return Writer(head)

    def tap(self, head: Head, upstream_model: str) -> Tap:
        return Tap(head, upstream_model)

    def passthrough(self, body: ir.Json, provider: Provider, model: Model) -> ir.Json:
        return _request.passthrough(body, provider, model)

    def rename(self, body: ir.Json, model: str) -> None:
        if isinstance(body, dict):
            body["model"] = model

    def response_usage(self, body: ir.Json) -> Usage | None:
        return usage.of(body) if isinstance(body, dict) else None

    def read_error(self, status: int, body: bytes) -> UpstreamError:
        return vendor_errors.read(status, body)

    def write_error(self, error: GatewayError, request_id: str) -> ir.Json:
        return errors.write(error, request_id)

    def stream_error(self, error: GatewayError, request_id: str) -> bytes | None:
        """Cut the connection: every client that can repeat a request then does, and none takes
        half an answer or half a tool call for a whole one."""
        return None


FORMAT: Format = OpenAIChat()
