"""What this format is called in the hub, and what the hub keeps for it."""

from __future__ import annotations

from typing import Any

from omniroute.gateway import ir
from omniroute.gateway.translation import fields

FORMAT_NAME = "openai_responses"


def own(extra: ir.Extra) -> dict[str, Any]:
    return fields.own(extra, FORMAT_NAME)
