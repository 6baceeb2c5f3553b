"""The hub's events into a stream for Anthropic clients.

Blocks stand one after another and are always closed; exactly one message_delta carries the final
usage; `event:` lines are always there. Clients fail, hang or loop without.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from omniroute.gateway import ir
from omniroute.gateway.formats import Head
from omniroute.gateway.formats.anthropic import counts, errors, stops
from omniroute.gateway.formats.anthropic.block import Block, framed
from omniroute.gateway.formats.anthropic.name import FORMAT_NAME
from omniroute.gateway.formats.anthropic.response import call_fallback, message_id
from omniroute.gateway.tokens import estimate
from omniroute.gateway.translation import carrier
from omniroute.gateway.translation.fields import own
from omniroute.gateway.translation.serialise import Serialiser
from omniroute.gateway.usage import Usage


class Writer:
    def __init__(self, head: Head) -> None:
        self._head = head
        self._serialiser = Serialiser()
        self._usage = Usage(input=head.prompt_estimate, basis="estimated")
        self._said = 0  # characters of content, for an estimate
        self._begun = False
        self._ended = False
        self._calls = False
        self._blocks = 0  # that are closed
        self._block = Block(0, ir.Text(text=""))

    def write(self, event: ir.Event) -> bytes:
        return b"".join([self._write(one) for one in self._serialiser.push(event)])

    def close(self) -> bytes:
        return b""

    def _write(self, event: ir.Event) -> bytes:
        if self._ended:
            return b""
        match event:
            case ir.Start(usage=usage, extra=extra):
                return self._start(usage, own(extra, FORMAT_NAME))
            case ir.UsageReport(usage=usage):
                self._usage = usage
                return b""
            case ir.Failure(error=error):
                self._ended = True
                return errors.stream_error(error, self._head.id)
        return self._start(None, {}) + self._content(event)

    def _content(self, event: ir.PartStart | ir.PartDelta | ir.PartStop | ir.Finish) -> bytes:
        match event:
            case ir.PartDelta():
                self._said += len(event.text)
                return self._block.delta(event)
            case ir.PartStart(part=part):
                return self._luggage(part) + self._open(part)
            case ir.PartStop():
                return self._close()
            case finish:
                return self._finish(finish)

    def _start(self, usage: Usage | None, fields: dict[str, Any]) -> bytes:
        if self._begun:
            return b""
        self._begun = True
        if usage is not None and usage.prompt:
            self._usage = usage
        message = {
            "id": message_id(self._head),
            "type": "message",
            "role": "assistant",
            "model": self._head.model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": counts.write(self._usage),
            **fields,
        }
        return framed("message_start", message=message)

    def _open(self, part: ir.Part) -> bytes:
        self._calls = self._calls or isinstance(part, ir.ToolCall)
        self._block = Block(self._blocks, part)
        return self._block.start(call_fallback(self._head, self._blocks))

    def _close(self) -> bytes:
        written = self._block.stop()
        self._blocks += self._block.opened
        return written

    def _luggage(self, part: ir.Part) -> bytes:
        """A block of its own, before the part that it belongs to."""
        signature = carrier.luggage(part)
        if signature is None:
            return b""
        carried = ir.Thinking(signature=signature, origin=FORMAT_NAME)
        return self._open(carried) + self._close()

    def _finish(self, finish: ir.Finish) -> bytes:
        self._ended = True
        delta = {
            "stop_reason": stops.write(finish.reason, self._calls),
            "stop_sequence": finish.stop_sequence,
            **own(finish.extra, FORMAT_NAME),
        }
        usage = self._usage
        if usage.basis == "estimated":
            usage = replace(usage, output=estimate(self._said))
        ending = framed("message_delta", delta=delta, usage=counts.write(usage))
        return ending + framed("message_stop")
