"""Errors towards a client: before the stream, and as its last event.

Codex asks again after `response.failed`, whatever the fault was, but for the few codes that tell it
to stop; so every fault that another try may cure is a `server_error`.
"""

from __future__ import annotations

from typing import Any

import orjson

from omniroute.gateway import sse
from omniroute.gateway.errors import GatewayError
from omniroute.gateway.formats import Head

from .envelope import Envelope

BROKEN = {"code": "server_error", "message": "The model's answer broke off. Please try again."}
# A number behind those of all events that may have gone before: clients skip what is not new.
_LAST = 2**31 - 1


def told(error: GatewayError) -> dict[str, Any]:
    code = "context_length_exceeded" if error.kind == "context_length" else "server_error"
    return {"code": code, "message": error.message}


def stream_error(error: GatewayError, request_id: str) -> bytes:
    envelope = Envelope(Head(id=request_id, model="", created=0))
    response = envelope.of("failed", [], error=told(error))
    return framed("failed", {"response": response}, _LAST)


def framed(name: str, fields: dict[str, Any], number: int) -> bytes:
    kind = f"response.{name}"
    data = orjson.dumps({"type": kind, "sequence_number": number, **fields})
    return sse.encode(data, kind.encode())
