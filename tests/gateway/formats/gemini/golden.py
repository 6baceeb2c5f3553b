"""One conversation as Google tells it: a request, its whole answer, and the same as a stream."""

from __future__ import annotations

from typing import Any

import orjson

from omniroute.gateway import ir

SIGNATURE = "++++//ogc2lnbmF0dXJlIG9mIGdlbWluaT8+Pw=="
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1}},
    "required": ["city"],
}
REQUEST: dict[str, Any] = {
    "contents": [
        {
            "role": "user",
            "parts": [
                {"text": "How is the weather here? žluťoučký 🐎"},
                {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}},
            ],
        },
        {
            "role": "model",
            "parts": [
                {"text": "Two places to ask.", "thought": True},
                {
                    "functionCall": {"id": "c1", "name": "weather", "args": {"city": "Brno"}},
                    "thoughtSignature": SIGNATURE,
                },
                {"functionCall": {"id": "c2", "name": "weather", "args": {"city": "Praha"}}},
            ],
        },
        {
            "role": "user",
            "parts": [
                {
                    "functionResponse": {
                        "id": "c1",
                        "name": "weather",
                        "response": {"result": "22 °C"},
                    }
                },
                {
                    "functionResponse": {
                        "id": "c2",
                        "name": "weather",
                        "response": {"error": "unknown"},
                    }
                },
            ],
        },
    ],
    "systemInstruction": {"parts": [{"text": "Be brief."}]},
    "tools": [
        {
            "functionDeclarations": [
                {
                    "name": "weather",
                    "description": "The weather of a city.",
                    "parametersJsonSchema": SCHEMA,
                },
                {"name": "now"},
            ]
        },
        {"googleSearch": {}},
    ],
    "toolConfig": {
        "functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["weather", "now"]},
        "retrievalConfig": {"languageCode": "cs"},
    },
    "generationConfig": {
        "temperature": 0.5,
        "topP": 0.9,
        "topK": 40,
        "maxOutputTokens": 4096,
        "stopSequences": ["END"],
        "candidateCount": 1,
        "seed": 7,
        "frequencyPenalty": 0.1,
        "presencePenalty": 0.2,
        "responseLogprobs": True,
        "logprobs": 3,
        "responseMimeType": "application/json",
        "responseJsonSchema": SCHEMA,
        "thinkingConfig": {"thinkingLevel": "LOW", "includeThoughts": True},
        "responseModalities": ["TEXT"],
    },
    "safetySettings": [{"category": "HARM_CATEGORY_HATE_SPEECH", "threshold": "BLOCK_NONE"}],
    "cachedContent": "cachedContents/abc",
    "labels": {"team_name": "a"},
    "serviceTier": "flex",
}

USAGE = {
    "promptTokenCount": 100,
    "cachedContentTokenCount": 40,
    "toolUsePromptTokenCount": 7,
    "candidatesTokenCount": 20,
    "thoughtsTokenCount": 30,
    "totalTokenCount": 157,
}
ANSWER: dict[str, Any] = {
    "candidates": [
        {
            "content": {
                "parts": [
                    {"text": "Hm. žluťoučký", "thought": True},
                    {"text": "Let me look 🐎."},
                    {
                        "functionCall": {"id": "f1", "name": "look", "args": {"where": "šuplík"}},
                        "thoughtSignature": SIGNATURE,
                    },
                    {"functionCall": {"id": "f2", "name": "now", "args": {}}},
                    {"text": "", "thoughtSignature": "c2lnbmF0dXJl"},
                ],
                "role": "model",
            },
            "finishReason": "STOP",
            "index": 0,
            "avgLogprobs": -0.1,
        }
    ],
    "usageMetadata": USAGE,
    "modelVersion": "gemini-3-flash-preview",
    "responseId": "resp-1",
    "createTime": "2026-01-01T00:00:00Z",
}
PARTS: tuple[ir.Part, ...] = (
    ir.Thinking(text="Hm. žluťoučký", origin="gemini"),
    ir.Text(text="Let me look 🐎."),
    ir.ToolCall(
        id="f1",
        name="look",
        arguments='{"where":"šuplík"}',
        extra={"gemini": {"thoughtSignature": SIGNATURE}},
    ),
    ir.ToolCall(id="f2", name="now", arguments="{}"),
    ir.Text(text="", extra={"gemini": {"thoughtSignature": "c2lnbmF0dXJl"}}),
)


def _chunk(*parts: Any, **fields: Any) -> dict[str, Any]:
    candidate = {"content": {"parts": list(parts), "role": "model"}, "index": 0}
    return {
        "candidates": [{**candidate, **fields}],
        "modelVersion": "gemini-3-flash-preview",
        "responseId": "resp-1",
    }


CHUNKS: list[dict[str, Any]] = [
    {
        **_chunk({"text": "Hm. ", "thought": True}),
        "createTime": "2026-01-01T00:00:00Z",
        "usageMetadata": {"promptTokenCount": 100},
    },
    _chunk({"text": "žluťoučký", "thought": True}),
    _chunk({"text": "Let me "}),
    _chunk({"text": "look 🐎."}, ANSWER["candidates"][0]["content"]["parts"][2]),
    _chunk({"functionCall": {"id": "f2", "name": "now"}}),
    {
        **_chunk(
            {"text": "", "thoughtSignature": "c2lnbmF0dXJl"},
            finishReason="STOP",
            avgLogprobs=-0.1,
        ),
        "usageMetadata": USAGE,
    },
]
STREAM = b"".join(b"data: " + orjson.dumps(item) + b"\r\n\r\n" for item in CHUNKS)
ARRAY = (
    b"["
    + b"\n,\r\n".join(orjson.dumps(item, option=orjson.OPT_INDENT_2) for item in CHUNKS)
    + b"\n]"
)
