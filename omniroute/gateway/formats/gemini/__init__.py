"""Google's Gemini API (https://ai.google.dev/api/generate-content), as Vertex AI speaks it too.

A client says the model and whether it wants a stream in the path; the gateway puts both into the
body, as `model` and `stream`, before it hands the request to this format.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from omniroute.gateway import ir
from omniroute.gateway.errors import GatewayError, UpstreamError
from omniroute.gateway.formats import Format, Head, Wire
from omniroute.gateway.formats.gemini import body as bodies
from omniroute.gateway.formats.gemini import errors
from omniroute.gateway.formats.gemini import request as requests
from omniroute.gateway.formats.gemini import response as responses
from omniroute.gateway.formats.gemini.array import ArrayStream
from omniroute.gateway.formats.gemini.spelling import FORMAT_NAME
from omniroute.gateway.formats.gemini.stream import Reader
from omniroute.gateway.formats.gemini.tap import Tap
from omniroute.gateway.formats.gemini.writer import Writer
from omniroute.gateway.snapshot import Model, Provider
from omniroute.gateway.translation import vendor_errors
from omniroute.gateway.usage import Usage

__all__ = ["FORMAT", "ArrayStream", "Gemini"]

_COLLECTIONS = ("models/", "tunedModels/")


class Gemini:
    name = FORMAT_NAME
    label = "Gemini"
    stream_content_type = "text/event-stream"
    streams_json = True
    forwarded: frozenset[bytes] = frozenset()
    keepalive = b"\n\n"  # Google's own SDK takes a comment for a broken answer

    def path(self, model: str, *, stream: bool) -> str:
        method = "streamGenerateContent?alt=sse" if stream else "generateContent"
        return f"{_resource(model)}:{method}"

    def count_path(self, model: str) -> str:
        return f"{_resource(model)}:countTokens"

    def write_count(self, tokens: int) -> ir.Json:
        return {"totalTokens": tokens}

    def request_headers(self, client: Mapping[str, str] | None) -> dict[str, str]:
        return {}

    def framing(self, query: str) -> ArrayStream | None:
        return None if "alt=sse" in query.split("&") else ArrayStream()

    def read_request(self, body: ir.Json) -> ir.Request:
        return requests.read(body)

    def write_request(self, request: ir.Request, provider: Provider, model: Model) -> Wire:
        return bodies.write(request, provider, model)

    def is_answer(self, body: ir.Json) -> bool:
        return responses.is_plain(body)

    def read_response(self, body: ir.Json, *, inline_think: bool = False) -> ir.Response:
        return responses.read(body)

    def write_response(self, response: ir.Response, head: Head) -> ir.Json:
        return responses.write(response, head)

    def reader(self, *, inline_think: bool = False) -> Reader:
        return Reader()

    def writer(self, head: Head) -> Writer:
        return Writer(head)

    def tap(self, head: Head, upstream_model: str) -> Tap:
        return Tap(head, upstream_model)

    def passthrough(self, body: ir.Json, provider: Provider, model: Model) -> ir.Json:
        return requests.passthrough(body, provider, model)

    def rename(self, body: ir.Json, model: str) -> None:
        responses.rename(body, model)

    def response_usage(self, body: ir.Json) -> Usage | None:
        return responses.usage_of(body)

    def read_error(self, status: int, body: bytes) -> UpstreamError:
        return vendor_errors.read(status, body)

    def write_error(self, error: GatewayError, request_id: str) -> ir.Json:
        return errors.write(error, request_id)

    def stream_error(self, error: GatewayError, request_id: str) -> bytes:
        return errors.stream(error, request_id)


def _resource(model: str) -> str:
    return "/" + quote(model if model.startswith(_COLLECTIONS) else f"models/{model}")


FORMAT: Format = Gemini()
