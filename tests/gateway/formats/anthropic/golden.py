"""A rich answer and a rich request, as a provider and a client would write them."""

from __future__ import annotations

from typing import Any

from .facts import sse_event

SIGNATURE = "EqkECkYIBxgCKkA8AZ4noDfV5VcO+/=="
REDACTED = "EtgBCkYIBxgCKkDQ+/=="

USAGE = {
    "input_tokens": 10,
    "cache_creation_input_tokens": 30,
    "cache_read_input_tokens": 5,
    "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
    "output_tokens": 50,
    "output_tokens_details": {"thinking_tokens": 12},
}

MESSAGE: dict[str, Any] = {
    "id": "msg_01",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-5",
    "content": [
        {"type": "thinking", "thinking": "Hm. žluťoučký", "signature": SIGNATURE},
        {"type": "redacted_thinking", "data": REDACTED},
        {"type": "text", "text": "Let me look 🐎."},
        {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"where": "šuplík"}},
        {"type": "tool_use", "id": "toolu_2", "name": "now", "input": {}},
    ],
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "usage": USAGE,
}


def _block(index: int, block: dict[str, Any], *deltas: dict[str, Any]) -> bytes:
    return b"".join(
        [
            sse_event("content_block_start", index=index, content_block=block),
            *(sse_event("content_block_delta", index=index, delta=delta) for delta in deltas),
            sse_event("content_block_stop", index=index),
        ]
    )


STREAM: bytes = b"".join(
    [
        sse_event(
            "message_start",
            message={
                **MESSAGE,
                "content": [],
                "stop_reason": None,
                "usage": {**USAGE, "output_tokens": 1, "output_tokens_details": None},
            },
        ),
        _block(
            0,
            {"type": "thinking", "thinking": "", "signature": ""},
            {"type": "thinking_delta", "thinking": "Hm. "},
            {"type": "thinking_delta", "thinking": "žluťoučký"},
            {"type": "signature_delta", "signature": SIGNATURE},
        ),
        sse_event("ping"),
        _block(1, {"type": "redacted_thinking", "data": REDACTED}),
        _block(
            2,
            {"type": "text", "text": ""},
            {"type": "text_delta", "text": "Let me "},
            {"type": "text_delta", "text": "look 🐎."},
        ),
        _block(
            3,
            {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {}},
            {"type": "input_json_delta", "partial_json": ""},
            {"type": "input_json_delta", "partial_json": '{"where":'},
            {"type": "input_json_delta", "partial_json": '"šuplík"}'},
        ),
        _block(4, {"type": "tool_use", "id": "toolu_2", "name": "now", "input": {}}),
        sse_event(
            "message_delta",
            delta={"stop_reason": "tool_use", "stop_sequence": None},
            usage={"output_tokens": 50, "output_tokens_details": {"thinking_tokens": 12}},
        ),
        sse_event("message_stop"),
    ]
)

REQUEST: dict[str, Any] = {
    "model": "claude-sonnet-5",
    "max_tokens": 4096,
    "stream": True,
    "system": [
        {"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
        {"type": "text", "text": "Be kind."},
    ],
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is on these?"},
                {
                    "type": "image",
                    "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw=="},
                },
                {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
                {"type": "image", "source": {"type": "file", "file_id": "file_1"}},
                {
                    "type": "document",
                    "source": {
                        "type": "base64",
                        "media_type": "application/pdf",
                        "data": "JVBERg==",
                    },
                    "title": "a.pdf",
                    "citations": {"enabled": True},
                },
                {
                    "type": "document",
                    "source": {"type": "text", "media_type": "text/plain", "data": "plain žlutý"},
                },
                {
                    "type": "document",
                    "source": {"type": "content", "content": [{"type": "text", "text": "inner"}]},
                    "title": "chunks",
                },
                {"type": "container_upload", "file_id": "file_2"},
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "", "signature": SIGNATURE},
                {"type": "redacted_thinking", "data": REDACTED},
                {"type": "text", "text": "One moment.", "citations": []},
                {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"n": 1.5}},
                {"type": "tool_use", "id": "toolu_2", "name": "now", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "toolu_1",
                    "content": [
                        {"type": "text", "text": "seen"},
                        {"type": "image", "source": {"type": "url", "url": "https://e.com/b.png"}},
                        {
                            "type": "search_result",
                            "source": "https://e.com",
                            "title": "T",
                            "content": [{"type": "text", "text": "hit"}],
                        },
                        {"type": "tool_reference", "tool_name": "later"},
                    ],
                    "cache_control": {"type": "ephemeral"},
                },
                {
                    "type": "tool_result",
                    "tool_use_id": "toolu_2",
                    "content": "no clock",
                    "is_error": True,
                },
                {"type": "text", "text": "Go on."},
            ],
        },
    ],
    "tools": [
        {
            "name": "look",
            "description": "Looks.",
            "input_schema": {"type": "object", "properties": {"n": {"type": "number"}}},
            "strict": True,
            "cache_control": {"type": "ephemeral"},
            "defer_loading": True,
        },
        {"name": "now", "input_schema": {"type": "object", "properties": {}}, "type": "custom"},
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 3},
    ],
    "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
    "thinking": {"type": "adaptive", "display": "summarized"},
    "output_config": {
        "effort": "high",
        "format": {"type": "json_schema", "schema": {"type": "object", "properties": {}}},
        "task_budget": {"type": "tokens", "total": 5},
    },
    "stop_sequences": ["END"],
    "metadata": {"user_id": '{"device_id":"d","session_id":"s"}'},
    "service_tier": "standard_only",
    "context_management": {"edits": [{"type": "clear_thinking_20251015"}]},
    "container": "container_1",
}
