"""Legacy Completions bodies: a prompt in, plain text out."""

from __future__ import annotations

from typing import Any

import orjson

from omniroute.gateway import ir
from omniroute.gateway.errors import InvalidRequest, Unsupported
from omniroute.gateway.formats import Head
from omniroute.gateway.formats.openai_chat import finish, usage
from omniroute.gateway.usage import Usage

UNSUPPORTED = ("suffix", "echo", "best_of", "logprobs")


def to_chat(body: ir.Json) -> dict[str, Any]:
    """The same request for Chat Completions. Raises InvalidRequest."""
    if not isinstance(body, dict):
        raise InvalidRequest("The request must be a JSON object.")
    for name in UNSUPPORTED:
        if body.get(name):
            raise Unsupported(f"'{name}' is not supported here; leave it out.", param=name)
    rest = {key: value for key, value in body.items() if key not in {"prompt", *UNSUPPORTED}}
    prompt = {"role": "user", "content": _prompt(body.get("prompt"))}
    return {**rest, "messages": [prompt]}


def _prompt(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return "\n".join(value)
    raise InvalidRequest("'prompt' must be a string or a list of strings.", param="prompt")


def whole(response: ir.Response, head: Head) -> dict[str, Any]:
    text = "".join(part.text for part in response.parts if isinstance(part, ir.Text))
    reason = finish.write(response.finish, called=False, refused=False)
    body = {**_common(head), "choices": [_choice(text, reason)]}
    if response.usage is not None:
        body["usage"] = usage.write(response.usage)
    return body


def _common(head: Head) -> dict[str, Any]:
    return {
        "id": f"cmpl-{head.id}",
        "object": "text_completion",
        "created": head.created,
        "model": head.model,
    }


def _choice(text: str, reason: str | None) -> dict[str, Any]:
    return {"text": text, "index": 0, "logprobs": None, "finish_reason": reason}


class Writer:
    """Events -> a stream for a Completions client. Only text has a place in it."""

    def __init__(self, head: Head) -> None:
        self._common = _common(head)
        self._include_usage = head.include_usage
        self._texts: set[int] = set()
        self._usage: Usage | None = None

    def write(self, event: ir.Event) -> bytes:
        match event:
            case ir.PartStart(index=index, part=ir.Text(text=text)):
                self._texts.add(index)
                return self._chunk(text) if text else b""
            case ir.PartDelta(index=index, text=text) if index in self._texts and text:
                return self._chunk(text)
            case ir.UsageReport(usage=found):
                self._usage = found
                return b""
            case ir.Finish(reason=reason):
                return self._ending(finish.write(reason, called=False, refused=False))
            case _:
                return b""

    def close(self) -> bytes:
        return b""

    def _ending(self, reason: str) -> bytes:
        ending = self._chunk("", reason)
        if self._include_usage and self._usage is not None:
            ending += _event({**self._common, "choices": [], "usage": usage.write(self._usage)})
        return ending + b"data: [DONE]\n\n"

    def _chunk(self, text: str, reason: str | None = None) -> bytes:
        return _event({**self._common, "choices": [_choice(text, reason)]})


def _event(body: dict[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(body) + b"\n\n"
