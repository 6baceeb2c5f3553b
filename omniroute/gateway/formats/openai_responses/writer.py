"""The hub's events -> a stream for a Responses client.

Clients break without any of: the added and done events of an item, its deltas, a number on every
event, the output and the usage in the last one. Items stand one after another.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from omniroute.gateway import ir
from omniroute.gateway.formats import Head
from omniroute.gateway.tokens import estimate
from omniroute.gateway.translation.serialise import Serialiser
from omniroute.gateway.usage import Usage

from . import counts, ending, errors
from .composer import Composer
from .envelope import Envelope
from .item import Said


class Writer:
    def __init__(self, head: Head) -> None:
        self._envelope = Envelope(head)
        self._composer = Composer(head)
        self._serialiser = Serialiser()
        self._usage = Usage(input=head.prompt_estimate, basis="estimated")
        self._said = 0  # characters of content, for an estimate
        self._number = 0
        self._begun = self._ended = False

    def write(self, event: ir.Event) -> bytes:
        return b"".join([self._write(one) for one in self._serialiser.push(event)])

    def close(self) -> bytes:
        return b""

    def _write(self, event: ir.Event) -> bytes:
        if self._ended:
            return b""
        match event:
            case ir.PartDelta():
                self._said += len(event.text)
                return self._framed(self._composer.delta(event))
            case ir.PartStart(part=part):
                return self._begin() + self._framed(self._composer.start(part))
            case ir.PartStop():
                return self._framed(self._composer.stop())
            case ir.Start(usage=usage):
                self._usage = usage or self._usage
                return self._begin()
            case ir.UsageReport(usage=usage):
                self._usage = usage
                return b""
            case ir.Finish(reason=reason):
                return self._begin() + self._finish(reason)
            case failure:
                return self._begin() + self._fail(errors.told(failure.error))

    def _begin(self) -> bytes:
        if self._begun:
            return b""
        self._begun = True
        response = self._envelope.of("in_progress", [])
        fields = {"response": response}
        return self._framed([("created", fields), ("in_progress", fields)])

    def _finish(self, reason: ir.FinishReason) -> bytes:
        status, why = ending.write(reason, refused=self._composer.refused)
        if status == "failed":
            return self._fail(errors.BROKEN)
        self._ended = True
        last = self._composer.close("completed" if status == "completed" else "incomplete")
        usage = self._usage
        if usage.basis == "estimated":
            usage = replace(usage, output=estimate(self._said))
        response = self._envelope.of(
            status, self._composer.output, usage=counts.write(usage), reason=why
        )
        return self._framed([*last, (status, {"response": response})])

    def _fail(self, error: dict[str, Any]) -> bytes:
        self._ended = True
        response = self._envelope.of("failed", self._composer.output, error=error)
        return self._framed([("failed", {"response": response})])

    def _framed(self, said: Said) -> bytes:
        framed = [
            errors.framed(name, fields, self._number + n) for n, (name, fields) in enumerate(said)
        ]
        self._number += len(said)
        return b"".join(framed)
