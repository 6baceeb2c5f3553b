"""Parts, one after another, -> output items and the events that tell of them.

A part opens its item with its first content; one that never has any makes no item. One counter
numbers all items, and the ids are made of the answer's.
"""

from __future__ import annotations

from typing import Any

from omniroute.gateway import ir
from omniroute.gateway.formats import Head
from omniroute.gateway.translation.naming import full_name
from omniroute.gateway.translation.stream import has_content

from . import thoughts
from .item import CallItem, Item, MessageItem, ReasoningItem, Said, Status, WholeItem
from .name import FORMAT_NAME

_UNSHOWN = "[The answer holds {} content that this API cannot show.]"


class Composer:
    def __init__(self, head: Head) -> None:
        self.output: list[dict[str, Any]] = []  # the items that are closed
        self.refused = False
        self._seed = head.id.replace("-", "")
        request = head.request
        self._tools = {full_name(tool): tool for tool in request.tools} if request else {}
        self._waiting: ir.Part | None = None
        self._item: Item | None = None

    def start(self, part: ir.Part) -> Said:
        self._waiting = part
        signed = isinstance(part, ir.Thinking) and part.signature is not None
        return self._open(part) if signed or has_content(part) else []

    def delta(self, delta: ir.PartDelta) -> Said:
        if self._waiting is None:
            return [] if self._item is None else self._item.delta(delta)
        if not delta.text and not delta.signature:
            return []
        said = self._open(self._waiting)
        return said if self._item is None else said + self._item.delta(delta)

    def stop(self) -> Said:
        if self._waiting is not None or self._item is None:
            self._waiting = None
            return []
        return self._item.stop()

    def close(self, status: Status) -> Said:
        """Ends the last item. An answer without any gets an empty message."""
        said: Said = []
        if self._item is None and not self.output:
            said = [*self._open(ir.Text(text="")), *self.stop()]
        return said + self._close(status)

    def _close(self, status: Status) -> Said:
        if self._item is None:
            return []
        said = self._item.close(status)
        self.output.append(self._item.value)
        self._item = None
        return said

    def _open(self, part: ir.Part) -> Said:
        self._waiting = None
        self.refused = self.refused or isinstance(part, ir.Refusal)
        said: Said = []
        if self._item is None or not self._item.joins(part):
            said = self._close("completed") + self._luggage(part)
            self._item = self._made(part)
        if self._item is None:
            return said
        return said + self._item.begin(_shown(part))

    def _luggage(self, part: ir.Part) -> Said:
        value = thoughts.luggage_item(part, self._id("rs"))
        if value is None:
            return []
        self._item = WholeItem(len(self.output), value)
        return self._item.begin(part) + self._close("completed")

    def _made(self, part: ir.Part) -> Item | None:
        index = len(self.output)
        match part:
            case ir.Thinking():
                return ReasoningItem(index, self._id("rs"))
            case ir.ToolCall():
                return self._call(index, part)
            case ir.Image(source=ir.Source(data=str(data))):
                return WholeItem(index, self._picture(data))
            case ir.Opaque(format=owner, value=value):
                return WholeItem(index, value) if owner == FORMAT_NAME else None
            case _:
                return MessageItem(index, self._id("msg"))

    def _call(self, index: int, part: ir.ToolCall) -> Item:
        tool = self._tools.get(part.name)
        raw = part.freeform or (tool is not None and tool.freeform is not None)
        named = {
            "id": self._id("ctc" if raw else "fc"),
            "type": "custom_tool_call" if raw else "function_call",
            "call_id": part.id or self._id("call"),
            "name": tool.name if tool else part.name,
        }
        if tool is not None and tool.namespace:
            named["namespace"] = tool.namespace
        return CallItem(index, named, raw=raw)

    def _picture(self, data: str) -> dict[str, Any]:
        named = {"id": self._id("ig"), "type": "image_generation_call"}
        return {**named, "status": "completed", "result": data}

    def _id(self, prefix: str) -> str:
        return f"{prefix}_{self._seed}{len(self.output):04x}"


def _shown(part: ir.Part) -> ir.Part:
    """Clients of this API get pictures only as data; other media are named."""
    match part:
        case ir.Image(source=ir.Source(data=None, url=str(url))):
            return ir.Text(text=f"![image]({url})")
        case ir.Document() | ir.Audio() | ir.ToolResult() | ir.Image(source=ir.Source(data=None)):
            return ir.Text(text=_UNSHOWN.format(type(part).__name__.lower()))
        case _:
            return part
