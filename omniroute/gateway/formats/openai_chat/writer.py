"""Events -> a stream for a Chat Completions client.

Clients break without `index` and `type` on a call's first fragment and loop without a
`finish_reason`, so both are always there. The usage chunk comes only when it was asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import orjson

from omniroute.gateway import ir
from omniroute.gateway.formats import Head
from omniroute.gateway.translation import freeform
from omniroute.gateway.usage import Usage

from . import calls, finish, reasoning, usage
from .response import image_entry


@dataclass(slots=True, kw_only=True)
class _Open:
    """A part that has begun; `number` counts its kind, `held` gathers what is sent at its end."""

    part: ir.Part
    number: int = 0
    held: list[str] | None = None
    silent: bool = True


class Writer:
    def __init__(self, head: Head) -> None:
        self._raw_tools = freeform.names(head.request)
        self._include_usage = head.include_usage
        self._usage: Usage | None = None
        self._open: dict[int, _Open] = {}
        self._calls = 0
        self._thoughts = 0
        self._refused = self._begun = self._ended = False
        common = {
            "id": f"chatcmpl-{head.id}",
            "object": "chat.completion.chunk",
            "created": head.created,
            "model": head.model,
        }
        self._head = b"data: " + orjson.dumps(common)[:-1] + b',"choices":['
        self._tail = b'],"usage":null}\n\n' if head.include_usage else b"]}\n\n"

    def write(self, event: ir.Event) -> bytes:
        if self._ended:
            return b""
        match event:
            case ir.PartDelta():
                return self._delta(event)
            case ir.PartStart(index=index, part=part):
                return self._begin() + self._start(index, part)
            case ir.PartStop(index=index):
                return self._stop(index)
            case ir.Start():
                return self._begin()
            case ir.UsageReport(usage=found):
                self._usage = found
                return b""
            case ir.Finish(reason=reason):
                return self._begin() + self._finish(reason)
            case _:  # a failure: whatever came after would look like an end
                self._ended = True
                return b""

    def close(self) -> bytes:
        """Nothing: the usage comes before the finish, and both go out together."""
        return b""

    def _begin(self) -> bytes:
        if self._begun:
            return b""
        self._begun = True
        return self._chunk({"role": "assistant", "content": ""})

    def _start(self, index: int, part: ir.Part) -> bytes:
        opened = self._open[index] = _Open(part=part)
        match part:
            case ir.Text(text=text):
                return self._chunk({"content": text}) if text else b""
            case ir.Refusal(text=text):
                self._refused = True
                return self._chunk({"refusal": text}) if text else b""
            case ir.Thinking():
                opened.number = self._thoughts
                self._thoughts += 1
                return self._thought(opened, part)
            case ir.ToolCall():
                opened.number = self._calls
                self._calls += 1
                return self._call(opened, part)
            case ir.Image():
                return self._chunk({"images": [image_entry(part)]})
            case _:  # another vendor's tool logs and the like: a chat answer has no place for them
                return b""

    def _delta(self, event: ir.PartDelta) -> bytes:
        opened = self._open.get(event.index)
        if opened is None:
            return b""
        match opened.part:
            case ir.Text():
                return self._chunk({"content": event.text}) if event.text else b""
            case ir.Refusal():
                return self._chunk({"refusal": event.text}) if event.text else b""
            case ir.Thinking() as part:
                return self._more_thought(opened, part, event)
            case ir.ToolCall() as part:
                return self._more_call(opened, part, event)
            case _:
                return b""

    def _stop(self, index: int) -> bytes:
        opened = self._open.pop(index, None)
        if opened is None or not isinstance(opened.part, ir.ToolCall):
            return b""
        if opened.held is not None:
            raw = freeform.unwrapped("".join(opened.held))
            return self._fragment(opened, {"custom": {"input": raw}})
        if opened.silent and not opened.part.freeform:
            return self._fragment(opened, {"function": {"arguments": "{}"}})
        return b""

    def _finish(self, reason: ir.FinishReason) -> bytes:
        self._ended = True
        rest = b"".join(self._stop(index) for index in list(self._open))
        word = finish.write(reason, called=self._calls > 0, refused=self._refused)
        ending = self._chunk({}, word)
        if self._include_usage and self._usage is not None:
            counts = orjson.dumps(usage.write(self._usage))
            ending += self._head + b'],"usage":' + counts + b"}\n\n"
        return rest + ending + b"data: [DONE]\n\n"

    def _thought(self, opened: _Open, part: ir.Thinking) -> bytes:
        if part.redacted:
            sealed = reasoning.carried(part).redacted or part.redacted
            return self._details(opened, reasoning.sealed_entry(part, sealed))
        first = ir.PartDelta(index=0, text=part.text, signature=part.signature)
        return self._more_thought(opened, part, first)

    def _more_thought(self, opened: _Open, part: ir.Thinking, event: ir.PartDelta) -> bytes:
        """Text whose signature will follow is told twice in one delta, as OpenRouter does."""
        said = b""
        if event.text:
            delta: dict[str, Any] = {"reasoning_content": event.text}
            if reasoning.foreign(part):
                entry = reasoning.text_entry(part, event.text)
                delta["reasoning_details"] = [{**entry, "index": opened.number}]
            said = self._chunk(delta)
        if event.signature:
            part = replace(part, signature=event.signature, extra={**part.extra, **event.extra})
            signature = reasoning.carried(part).signature or event.signature
            said += self._details(opened, reasoning.signature_entry(part, signature))
        return said

    def _details(self, opened: _Open, entry: dict[str, Any]) -> bytes:
        return self._chunk({"reasoning_details": [{**entry, "index": opened.number}]})

    def _call(self, opened: _Open, part: ir.ToolCall) -> bytes:
        custom = part.freeform or part.name in self._raw_tools
        if custom and not part.freeform:
            opened.held = []
        entry = {"custom": {"name": part.name, "input": ""}} if custom else None
        entry = entry or {"function": {"name": part.name, "arguments": ""}}
        kind = "custom" if custom else "function"
        begun = self._fragment(
            opened, calls.carried({"id": part.id, "type": kind, **entry}, part.extra)
        )
        return begun + self._argued(opened, part, part.arguments)

    def _more_call(self, opened: _Open, part: ir.ToolCall, event: ir.PartDelta) -> bytes:
        late = calls.carried({}, event.extra)
        signed = self._fragment(opened, late) if late else b""
        return signed + self._argued(opened, part, event.text)

    def _argued(self, opened: _Open, part: ir.ToolCall, text: str) -> bytes:
        if not text:
            return b""
        opened.silent = False
        if opened.held is not None:
            opened.held.append(text)
            return b""
        if part.freeform:
            return self._fragment(opened, {"custom": {"input": text}})
        return self._fragment(opened, {"function": {"arguments": text}})

    def _fragment(self, opened: _Open, entry: dict[str, Any]) -> bytes:
        return self._chunk({"tool_calls": [{"index": opened.number, **entry}]})

    def _chunk(self, delta: dict[str, Any], reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return self._head + orjson.dumps(choice) + self._tail
