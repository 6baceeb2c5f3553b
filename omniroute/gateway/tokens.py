"""Token estimates for when a provider reports none. They are marked as estimates wherever shown."""

from __future__ import annotations

import orjson

from omniroute.gateway import ir

BYTES_PER_TOKEN = 4  # English measured 4.09 characters a token
IMAGE = 1_500  # tokens; providers charge between some hundred and some thousand
PAGE_BYTES = 50_000  # of a document, taken as one page of IMAGE tokens


def estimate(size: int) -> int:
    """Tokens in `size` bytes of text or JSON, rounded up."""
    return -(-size // BYTES_PER_TOKEN)


def of_request(request: ir.Request) -> int:
    """Tokens of everything that a provider would charge as input: messages, tools, schemas."""
    parts = [part for message in request.messages for part in message.parts]
    tools = sum(
        len(orjson.dumps([tool.name, tool.description, tool.schema, tool.freeform, tool.hosted]))
        for tool in request.tools
    )
    output = len(orjson.dumps(request.output.schema)) if request.output else 0
    return max(1, sum(map(_of_part, parts)) + estimate(tools + output))


def _of_part(part: ir.Part) -> int:
    match part:
        case ir.Text(text=text) | ir.Refusal(text=text) | ir.Thinking(text=text):
            return estimate(len(text.encode("utf-8", "replace")))
        case ir.ToolCall(name=name, arguments=arguments):
            return estimate(len(name) + len(arguments.encode("utf-8", "replace")))
        case ir.ToolResult(parts=parts):
            return sum(map(_of_part, parts))
        case ir.Image() | ir.Audio():
            return IMAGE
        case ir.Document(source=source):
            return IMAGE * max(1, len(source.data or "") // PAGE_BYTES)
        case ir.Opaque(value=value):
            return estimate(len(orjson.dumps(value)))
