"""Every tool call gets its result in the next user turn, and every result its call.

Ids may repeat in a conversation (some models count from zero in each turn); a result belongs to the
nearest call before it, and on the wire every call has an id of its own.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from dataclasses import dataclass, replace
from typing import Literal

from omniroute.gateway import ir
from omniroute.gateway.formats.anthropic import ids
from omniroute.gateway.formats.anthropic.notes import Notes

MISSING = "[The result of this tool call was not recorded.]"


@dataclass(slots=True, kw_only=True)
class Turn:
    role: Literal["user", "assistant"]
    parts: list[ir.Part]


def pair(turns: list[Turn], notes: Notes) -> list[Turn]:
    """`turns` with results moved behind their calls; turns alternate, and parts may become none."""
    pool = _Results(turns)
    paired: list[Turn] = []
    answers: list[ir.Part] = []
    for position, turn in enumerate(turns):
        if turn.role == "user":
            others = [part for part in turn.parts if not isinstance(part, ir.ToolResult)]
            paired.append(replace(turn, parts=[*answers, *others]))
            answers = []
        else:
            parts, answers = pool.answer(turn.parts, position, notes)
            paired.append(replace(turn, parts=parts))
    if answers:
        paired.append(Turn(role="user", parts=answers))
    if pool.orphaned():
        notes.lose("messages.tool_result")
    return paired


class _Results:
    def __init__(self, turns: list[Turn]) -> None:
        self._seen: Counter[str] = Counter()
        self._calls: defaultdict[str, deque[int]] = defaultdict(deque)
        self._results: defaultdict[str, deque[tuple[int, ir.ToolResult]]] = defaultdict(deque)
        self._orphaned = False
        for position, turn in enumerate(turns):
            for part in turn.parts:
                if isinstance(part, ir.ToolCall):
                    self._calls[part.id].append(position)
                elif isinstance(part, ir.ToolResult):
                    self._results[part.call_id].append((position, part))

    def answer(
        self, parts: list[ir.Part], position: int, notes: Notes
    ) -> tuple[list[ir.Part], list[ir.Part]]:
        """An assistant turn's parts, and the results of its calls, under the ids of the wire."""
        sent: list[ir.Part] = []
        answers: list[ir.Part] = []
        for part in parts:
            if isinstance(part, ir.ToolResult):
                self._orphaned = True
                continue
            if not isinstance(part, ir.ToolCall):
                sent.append(part)
                continue
            wire = ids.encode(part.id, self._seen[part.id])
            self._seen[part.id] += 1
            if wire != part.id:
                notes.ids[wire] = part.id
            result = self._take(part.id, position)
            if result is None:
                notes.lose("messages.tool_result.missing")
                result = ir.ToolResult(
                    call_id=part.id, parts=(ir.Text(text=MISSING),), is_error=True
                )
            sent.append(replace(part, id=wire))
            answers.append(replace(result, call_id=wire))
        return sent, answers

    def _take(self, call_id: str, position: int) -> ir.ToolResult | None:
        calls, results = self._calls[call_id], self._results[call_id]
        while calls and calls[0] <= position:
            calls.popleft()
        while results and results[0][0] < position:
            results.popleft()
            self._orphaned = True
        if not results or (calls and results[0][0] > calls[0]):
            return None
        return results.popleft()[1]

    def orphaned(self) -> bool:
        return self._orphaned or any(self._results.values())
