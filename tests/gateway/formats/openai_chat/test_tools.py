"""Reading tools and the choice among them."""

from __future__ import annotations

import pytest

from omniroute.gateway import ir
from omniroute.gateway.formats.openai_chat import FORMAT

from .wire import body


@pytest.mark.parametrize(
    ("choice", "meaning"),
    [
        ("auto", ir.ToolChoice(mode="auto")),
        ("none", ir.ToolChoice(mode="none")),
        ("required", ir.ToolChoice(mode="required")),
        ("any", ir.ToolChoice(mode="required")),
        (
            {"type": "function", "function": {"name": "f"}},
            ir.ToolChoice(mode="named", names=("f",)),
        ),
        ({"type": "custom", "custom": {"name": "f"}}, ir.ToolChoice(mode="named", names=("f",))),
        (
            {
                "type": "allowed_tools",
                "allowed_tools": {
                    "mode": "required",
                    "tools": [
                        {"type": "function", "function": {"name": "f"}},
                        {"type": "custom", "custom": {"name": "g"}},
                    ],
                },
            },
            ir.ToolChoice(mode="allowed", names=("f", "g"), required=True),
        ),
    ],
)
def test_it_reads_every_form_of_tool_choice(choice, meaning):
    assert FORMAT.read_request(body(tool_choice=choice)).tool_choice == meaning


def test_it_reads_custom_and_hosted_tools():
    grammar = {"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: x"}}
    asked = FORMAT.read_request(
        body(
            tools=[
                {"type": "custom", "custom": {"name": "p", "description": "d", "format": grammar}},
                {"type": "custom", "custom": {"name": "q"}},
                {"type": "custom", "custom": {"name": "r", "format": {"type": "text"}}},
                {"type": "vendor:search", "parameters": {}},
                {"function": {"name": "bare"}, "cache_control": {"type": "ephemeral"}},
            ]
        )
    )
    assert asked.tools == (
        ir.Tool(
            name="p",
            description="d",
            freeform={"type": "grammar", "syntax": "lark", "definition": "start: x"},
        ),
        ir.Tool(name="q", freeform={}),
        ir.Tool(name="r", freeform={"type": "text"}),
        ir.Tool(name="vendor:search", hosted={"type": "vendor:search", "parameters": {}}),
        ir.Tool(
            name="bare",
            schema={"type": "object", "properties": {}},
            extra={"anthropic": {"cache_control": {"type": "ephemeral"}}},
        ),
    )
