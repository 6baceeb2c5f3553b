"""Events -> a stream for Gemini clients.

A part is sent when it is whole, text and thoughts piece by piece. Every chunk tells the usage so
far; only the last has a `finishReason`, without which clients ask again for ever.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson

from omniroute.gateway import ir
from omniroute.gateway.formats import Head
from omniroute.gateway.formats.gemini import counts, errors, finish, said, written
from omniroute.gateway.formats.gemini.luggage import Luggage
from omniroute.gateway.formats.gemini.response import estimated, is_blocked
from omniroute.gateway.formats.gemini.spelling import FORMAT_NAME
from omniroute.gateway.translation.fields import own
from omniroute.gateway.translation.serialise import Serialiser
from omniroute.gateway.usage import Usage

_OPENING = b'data: {"candidates":[{"content":{"parts":['
_CLOSING = b'],"role":"model"},"index":0}],'


class Writer:
    def __init__(self, head: Head) -> None:
        self._head = head
        self._serialiser = Serialiser()
        self._luggage = Luggage()
        self._usage: Usage | None = None
        self._ending = self._end_of_chunk(None)
        self._size = 0  # of the content, for an estimate
        self._ended = False
        self._part: ir.Part = ir.Text(text="")
        self._texts: list[str] = []
        self._doubtful: ir.ToolCall | None = None

    def write(self, event: ir.Event) -> bytes:
        return b"".join([self._write(one) for one in self._serialiser.push(event)])

    def close(self) -> bytes:
        return b""

    def _write(self, event: ir.Event) -> bytes:
        if self._ended:
            return b""
        match event:
            case ir.PartDelta():
                return self._more(event)
            case ir.PartStart(part=part):
                return self._release() + self._begin(part)
            case ir.PartStop():
                return self._stop()
            case ir.Start(usage=usage):
                return self._count(usage)
            case ir.UsageReport(usage=usage):
                return self._count(usage)
            case ir.Finish():
                return self._finish(event)
            case failure:
                self._ended = True
                return errors.stream(failure.error, self._head.id)

    def _count(self, usage: Usage | None) -> bytes:
        if usage is not None:
            self._usage = usage
            self._ending = self._end_of_chunk(usage)
        return b""

    def _begin(self, part: ir.Part) -> bytes:
        self._texts = []
        self._part = part
        match part:
            case ir.Text(text=text) | ir.Refusal(text=text) | ir.Thinking(text=text):
                begun = self._part = replace(part, text="")
                return self._text(begun, text)
            case ir.ToolCall(arguments=arguments):
                self._texts.append(arguments)
                return b""
            case _:
                whole = said.said(part)
                return b"" if whole is None else self._say(whole)

    def _more(self, delta: ir.PartDelta) -> bytes:
        part = self._part
        if isinstance(part, ir.Opaque):
            return b""
        if delta.extra:
            part = self._part = replace(part, extra={**part.extra, **delta.extra})
        match part:
            case ir.Thinking():
                if delta.signature:
                    self._part = replace(part, signature=delta.signature)
                return self._text(part, delta.text)
            case ir.Text() | ir.Refusal():
                return self._text(part, delta.text)
            case ir.ToolCall():
                self._texts.append(delta.text)
        return b""

    def _text(self, part: ir.Text | ir.Refusal | ir.Thinking, text: str) -> bytes:
        """Text goes out at once, unless it is known that a signature belongs to all of it."""
        if not text:
            return b""
        if isinstance(part, ir.Thinking):
            if part.origin != FORMAT_NAME:
                self._texts.append(text)
            return self._say({"text": text, "thought": True})
        if own(part.extra, FORMAT_NAME):
            self._texts.append(text)
            return b""
        return self._say({"text": text})

    def _stop(self) -> bytes:
        part, text = self._part, "".join(self._texts)
        match part:
            case ir.Text(extra=extra) | ir.Refusal(extra=extra) if own(extra, FORMAT_NAME):
                return self._say(written.text(replace(part, text=text)))
            case ir.Thinking(origin=origin, signature=signature, extra=extra):
                if origin != FORMAT_NAME:
                    self._luggage.add(replace(part, text=text))
                elif signature or own(extra, FORMAT_NAME):
                    return self._say(written.thought(part))
            case ir.ToolCall():
                call = replace(part, arguments=text)
                if not said.is_doubtful(call):
                    return self._say(written.call(call, call.name))
                self._doubtful = call
        return b""

    def _release(self) -> bytes:
        """The call whose arguments looked cut, now that the answer has gone on behind it."""
        call, self._doubtful = self._doubtful, None
        return b"" if call is None else self._say(written.call(call, call.name))

    def _say(self, part: written.Part) -> bytes:
        carried = orjson.dumps(self._luggage.onto(part))
        self._size += len(carried)
        return _OPENING + carried + _CLOSING + self._ending

    def _finish(self, event: ir.Finish) -> bytes:
        rest = b"" if event.reason in ("length", "error") else self._release()
        self._ended = True
        told = own(event.extra, FORMAT_NAME)
        candidate = {
            "content": {"parts": [self._luggage.onto({"text": ""})], "role": "model"},
            "finishReason": finish.write(event.reason),
            "index": 0,
            **told.pop("candidate", {}),
        }
        alone = is_blocked(told) and not self._size
        last = {**told, **({} if alone else {"candidates": [candidate]})}
        usage = self._usage or estimated(self._size, self._head)
        return rest + b"data: " + orjson.dumps(last)[:-1] + b"," + self._end_of_chunk(usage)

    def _end_of_chunk(self, usage: Usage | None) -> bytes:
        told: dict[str, Any] = {} if usage is None else {"usageMetadata": counts.write(usage)}
        told |= {"modelVersion": self._head.model, "responseId": self._head.id}
        return orjson.dumps(told)[1:] + b"\n\n"
