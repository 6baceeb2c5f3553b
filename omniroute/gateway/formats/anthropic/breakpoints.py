"""Cache marks for clients of other APIs, which know no such thing and expect caching anyway.

A conversation that goes on is marked at its two stable ends: the system prompt and the last block.
A client that sets marks of its own (some do, in chat messages) is left alone.
"""

from __future__ import annotations

from typing import Any

_MARK = {"type": "ephemeral"}


def place(body: dict[str, Any]) -> None:
    messages = body["messages"]
    blocks = [block for message in messages for block in message["content"]]
    tools, system = body.get("tools", []), body.get("system", [])
    if any("cache_control" in block for block in (*tools, *system, *blocks)):
        return
    if not tools and len(messages) == 1:
        return  # one question, not to be continued: a cache would only cost
    stable = system or tools
    if stable:
        stable[-1]["cache_control"] = _MARK
    if messages[-1]["role"] == "user":
        blocks[-1]["cache_control"] = _MARK
