"""Every tool call gets exactly one result, right behind its turn, and every result has its call.

Ids may repeat in a conversation (some models count from zero in each turn); a result belongs to the
nearest call before it, and on the wire every call has an id of its own.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import replace

from omniroute.gateway import ir

MISSING = "[The result of this tool call was not recorded.]"

Spell = Callable[[str, int], str]  # a call's id and its occurrence -> the id on the wire


class Pairing:
    """The calls and results of a conversation: `turns` holds the parts of each turn, in order."""

    def __init__(self, turns: Iterable[Iterable[ir.Part]], spell: Spell) -> None:
        self.ids: dict[str, str] = {}  # on the wire -> in the conversation, where they differ
        self._spell = spell
        self._seen: Counter[str] = Counter()
        self._calls: defaultdict[str, deque[int]] = defaultdict(deque)
        self._results: defaultdict[str, deque[tuple[int, ir.ToolResult]]] = defaultdict(deque)
        self._taken: set[int] = set()  # by identity
        self._missing = False
        self._orphaned = False
        for position, parts in enumerate(turns):
            for part in parts:
                if isinstance(part, ir.ToolCall):
                    self._calls[part.id].append(position)
                elif isinstance(part, ir.ToolResult):
                    self._results[part.call_id].append((position, part))

    def answer(
        self, position: int, parts: Iterable[ir.Part]
    ) -> tuple[list[ir.Part], list[ir.ToolResult]]:
        """An assistant turn's parts, and the results of its calls, under the ids of the wire.

        To be asked in the order of the turns. A call without a result gets one that says so.
        """
        sent: list[ir.Part] = []
        answers: list[ir.ToolResult] = []
        for part in parts:
            if isinstance(part, ir.ToolResult):
                self._orphaned = True
            elif isinstance(part, ir.ToolCall):
                wire = self._spell(part.id, self._seen[part.id])
                self._seen[part.id] += 1
                if wire != part.id:
                    self.ids[wire] = part.id
                sent.append(replace(part, id=wire))
                answers.append(replace(self._take(part.id, position), call_id=wire))
            else:
                sent.append(part)
        return sent, answers

    def took(self, result: ir.ToolResult) -> bool:
        """Whether this very result answered a call so far."""
        return id(result) in self._taken

    @property
    def losses(self) -> tuple[str, ...]:
        """What `Wire.losses` has to say, when all turns are answered."""
        orphaned = self._orphaned or any(self._results.values())
        missing = ("messages.tool_result.missing",) if self._missing else ()
        return (*missing, "messages.tool_result") if orphaned else missing

    def _take(self, call_id: str, position: int) -> ir.ToolResult:
        calls, results = self._calls[call_id], self._results[call_id]
        while calls and calls[0] <= position:
            calls.popleft()
        while results and results[0][0] < position:
            results.popleft()
            self._orphaned = True
        if not results or (calls and results[0][0] > calls[0]):
            self._missing = True
            return ir.ToolResult(call_id=call_id, parts=(ir.Text(text=MISSING),), is_error=True)
        result = results.popleft()[1]
        self._taken.add(id(result))
        return result
