"""Requests and answers of other formats."""

from __future__ import annotations

from typing import Any

from .agents import AGENT_TOOLS
from .wire import PIXEL

CALL_ID = "toolu_01"
SCHEMA = {"type": "object", "properties": {"q": {"type": "string"}}, "required": ["q"]}

FROM_CHAT: dict[str, Any] = {
    "model": "m",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}},
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": "functions.find:0",
                    "type": "function",
                    "function": {"name": "find", "arguments": '{"q":"cat"}'},
                },
                {
                    "id": "functions.find:1",
                    "type": "function",
                    "function": {"name": "find", "arguments": ""},
                },
            ],
        },
        {"role": "tool", "tool_call_id": "functions.find:1", "content": "nothing"},
        {"role": "tool", "tool_call_id": "functions.find:0", "content": "a cat"},
    ],
    "tools": [{"type": "function", "function": {"name": "find", "parameters": SCHEMA}}],
    "tool_choice": {"type": "function", "function": {"name": "find"}},
    "response_format": {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": SCHEMA},
    },
    "reasoning_effort": "low",
    "max_completion_tokens": 100,
    "stop": "END",
    "seed": 1,
}
FROM_ANTHROPIC: dict[str, Any] = {
    "model": "m",
    "max_tokens": 4000,
    "system": [
        {"type": "text", "text": "x-anthropic-billing-header: cc_version=1"},
        {"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}},
    ],
    "messages": [
        {"role": "user", "content": "Hi"},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": "sig"},
                {"type": "text", "text": "Let me look."},
                {"type": "tool_use", "id": CALL_ID, "name": "find", "input": {"q": "cat"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": CALL_ID,
                    "is_error": True,
                    "content": [
                        {"type": "text", "text": "broken"},
                        {
                            "type": "image",
                            "source": {"type": "base64", "media_type": "image/png", "data": PIXEL},
                        },
                    ],
                },
                {"type": "text", "text": "Go on."},
            ],
        },
        {"role": "system", "content": "Hurry."},
    ],
    "tools": [
        {"name": f"tool_{n}", "description": "d", "input_schema": schema}
        for n, schema in enumerate(AGENT_TOOLS)
    ],
    "tool_choice": {"type": "any", "disable_parallel_tool_use": True},
    "thinking": {"type": "enabled", "budget_tokens": 2048},
}
CHAT_ANSWER: dict[str, Any] = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt",
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "Let me look 🐎.",
                "reasoning_content": "Hm.",
                "tool_calls": [
                    {
                        "id": "c1",
                        "type": "function",
                        "function": {"name": "look", "arguments": '{"where":"šuplík"}'},
                    },
                    {
                        "id": "c2",
                        "type": "function",
                        "function": {"name": "now", "arguments": ""},
                    },
                ],
            },
            "finish_reason": "tool_calls",
        }
    ],
    "usage": {
        "prompt_tokens": 10,
        "completion_tokens": 9,
        "total_tokens": 19,
        "completion_tokens_details": {"reasoning_tokens": 4},
        "prompt_tokens_details": {"cached_tokens": 3},
    },
}
ANTHROPIC_ANSWER: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude",
    "content": [
        {"type": "thinking", "thinking": "Hm.", "signature": "sig"},
        {"type": "text", "text": "Let me look 🐎."},
        {"type": "tool_use", "id": "c1", "name": "look", "input": {"where": "šuplík"}},
        {"type": "tool_use", "id": "c2", "name": "now", "input": {}},
    ],
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "usage": {"input_tokens": 7, "cache_read_input_tokens": 3, "output_tokens": 9},
}
