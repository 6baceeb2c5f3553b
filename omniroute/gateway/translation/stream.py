"""A stream of one format turned into another, behind the interface of a pass-through tap."""

from __future__ import annotations

from dataclasses import replace

from omniroute.gateway import ir
from omniroute.gateway.errors import GatewayError, UpstreamError
from omniroute.gateway.formats import Reader, Wire, Writer
from omniroute.gateway.usage import Usage


class Translation:
    """Implements `formats.Tap`: reader, mapping back of tool names and ids, writer."""

    def __init__(self, reader: Reader, writer: Writer, wire: Wire) -> None:
        self.ready = False
        self.done = False
        self.error: UpstreamError | None = None
        self.usage: Usage | None = None
        self.output_bytes = 0
        self._reader = reader
        self._writer = writer
        self._wire = wire

    def feed(self, chunk: bytes) -> bytes:
        return b"".join(self._event(event) for event in self._reader.feed(chunk))

    def close(self) -> bytes:
        written = b"".join(self._event(event) for event in self._reader.close())
        return written + self._writer.close() if self.done else written

    def _event(self, event: ir.Event) -> bytes:
        match event:
            case ir.Failure(error=error):
                self.error = error if isinstance(error, UpstreamError) else _as_upstream(error)
                return b""
            case ir.Start(usage=usage) if usage is not None:
                self.usage = usage
            case ir.UsageReport(usage=usage):
                self.usage = usage
            case ir.PartStart(index=index, part=part):
                self.ready = self.ready or has_content(part)
                event = ir.PartStart(index=index, part=restored(part, self._wire))
            case ir.PartDelta(text=text):
                self.ready = self.ready or bool(text)
                self.output_bytes += len(text)
            case ir.Finish():
                self.done = True
        return self._writer.write(event)


def restored(part: ir.Part, wire: Wire) -> ir.Part:
    """A tool call as the client knows it: its own tool name, and an id it may send back."""
    if isinstance(part, ir.ToolCall):
        return replace(
            part, name=wire.names.get(part.name, part.name), id=wire.ids.get(part.id, part.id)
        )
    return part


def has_content(part: ir.Part) -> bool:
    """Whether a part's beginning is already something of the answer, not just an opened block."""
    match part:
        case ir.Text(text=text) | ir.Refusal(text=text):
            return bool(text)
        case ir.Thinking(text=text, redacted=redacted):
            return bool(text or redacted)
        case _:
            return True


def _as_upstream(error: GatewayError) -> UpstreamError:
    return UpstreamError(error.message, status=error.status, kind=error.kind, code=error.code)
