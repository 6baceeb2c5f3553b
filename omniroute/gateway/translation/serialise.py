"""Parts one after another, for the wire formats that forbid two open parts at a time.

The part that is open streams through; parts that started meanwhile wait until it stops. `Finish`
stops whatever is still open. Nothing is said about a part before its start or after its stop.
"""

from __future__ import annotations

from omniroute.gateway import ir


class Serialiser:
    """Turns interleaved part events into strictly sequential ones; order of starts is kept."""

    def __init__(self) -> None:
        self._open: int | None = None
        self._waiting: dict[int, list[ir.Event]] = {}

    def push(self, event: ir.Event) -> list[ir.Event]:
        match event:
            case ir.PartStart(index=index):
                return self._start(index, event)
            case ir.PartDelta(index=index) | ir.PartStop(index=index):
                return self._continue(index, event)
            case ir.Finish():
                return [*self._drain(), event]
            case _:
                return [event]

    def _start(self, index: int, event: ir.PartStart) -> list[ir.Event]:
        if self._open is None:
            self._open = index
            return [event]
        if index == self._open or index in self._waiting:
            return []
        self._waiting[index] = [event]
        return []

    def _continue(self, index: int, event: ir.PartDelta | ir.PartStop) -> list[ir.Event]:
        held = self._waiting.get(index)
        if held is not None and not isinstance(held[-1], ir.PartStop):
            held.append(event)
        if index != self._open:
            return []
        if isinstance(event, ir.PartDelta):
            return [event]
        self._open = None
        return [event, *self._promote()]

    def _promote(self) -> list[ir.Event]:
        """Lets the waiting parts out up to the first that has not stopped: it is open from now."""
        released: list[ir.Event] = []
        while self._open is None and self._waiting:
            index = next(iter(self._waiting))
            held = self._waiting.pop(index)
            released += held
            if not isinstance(held[-1], ir.PartStop):
                self._open = index
        return released

    def _drain(self) -> list[ir.Event]:
        events: list[ir.Event] = []
        while self._open is not None:
            events += self._continue(self._open, ir.PartStop(index=self._open))
        return events
