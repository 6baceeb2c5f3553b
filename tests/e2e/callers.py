"""The official SDKs as callers of the four dialects, all asked and heard in the same words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Protocol

import anthropic
import openai
from google import genai
from google.genai import types

from tests.e2e.speech import Call

QUESTION = "How is the weather in Bern and Rome?"
SYSTEM = "Be brief."
LIMIT = 4000
WEATHER = {
    "name": "get_weather",
    "description": "The weather of a city",
    "schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
}
FINISHES = {
    "end_turn": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "refusal": "filtered",
    "content_filter": "filtered",
    "completed": "stop",
    "max_output_tokens": "length",
    "MAX_TOKENS": "length",
    "STOP": "stop",
    "SAFETY": "filtered",
}


@dataclass(frozen=True)
class Heard:
    """An answer. `turn` is what this SDK's user would send back of it; `input` is all of it."""

    text: str
    thinking: str
    calls: tuple[Call, ...]
    finish: str
    usage: tuple[int, int, int]  # input, of that cached, output
    model: str
    headers: Mapping[str, str]
    turn: list[Any]


class Caller(Protocol):
    def ask(self, model: str, history: list[Any] | None = None, *, stream: bool) -> Heard: ...
    def went_on(self, heard: Heard, results: list[str]) -> list[Any]:
        """The history after the answer, with a result for each of its calls, or a new question."""
        ...


class ChatCaller:
    def __init__(self, url: str, key: str, stack: ExitStack) -> None:
        self.sdk = openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0)
        stack.enter_context(self.sdk)

    def ask(self, model: str, history: list[Any] | None = None, *, stream: bool) -> Heard:
        system = {"role": "system", "content": SYSTEM}
        function = {"name": WEATHER["name"], "description": WEATHER["description"]}
        asked: dict[str, Any] = {
            "model": model,
            "messages": history or [system, {"role": "user", "content": QUESTION}],
            "tools": [
                {"type": "function", "function": {**function, "parameters": WEATHER["schema"]}}
            ],
            "max_completion_tokens": LIMIT,
            "reasoning_effort": "medium",
        }
        chat = self.sdk.chat.completions
        if stream:
            options = {"include_usage": True}
            with chat.stream(**asked, stream_options=options) as answer:
                answer.until_done()  # the final completion raises for an answer that was cut
                whole: Any = answer.current_completion_snapshot
                headers = answer._response.headers
        else:
            raw = chat.with_raw_response.create(**asked)
            whole, headers = raw.parse(), raw.headers
        return self._heard(asked, whole, headers)

    def _heard(self, asked: dict[str, Any], whole: Any, headers: Mapping[str, str]) -> Heard:
        (choice,) = whole.choices
        message = choice.message.model_dump(exclude_none=True, exclude={"parsed"})
        for call in message.get("tool_calls", []):
            call["function"].pop("parsed_arguments", None)
        calls = tuple(
            Call(call["id"], call["function"]["name"], json.loads(call["function"]["arguments"]))
            for call in message.get("tool_calls", [])
        )
        usage = whole.usage
        cached = usage.prompt_tokens_details.cached_tokens
        return Heard(
            text=message.get("content") or "",
            thinking=message.get("reasoning_content") or "",
            calls=calls,
            finish=FINISHES.get(choice.finish_reason, choice.finish_reason),
            usage=(usage.prompt_tokens, cached, usage.completion_tokens),
            model=whole.model,
            headers=headers,
            turn=[*asked["messages"], message],
        )

    def went_on(self, heard: Heard, results: list[str]) -> list[Any]:
        answers = [
            {"role": "tool", "tool_call_id": call.id, "content": result}
            for call, result in zip(heard.calls, results, strict=True)
        ]
        return [*heard.turn, *(answers or [{"role": "user", "content": "Go on."}])]


class ResponsesCaller:
    def __init__(self, url: str, key: str, stack: ExitStack) -> None:
        self.sdk = openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0)
        stack.enter_context(self.sdk)

    def ask(self, model: str, history: list[Any] | None = None, *, stream: bool) -> Heard:
        function = {"name": WEATHER["name"], "description": WEATHER["description"]}
        asked: dict[str, Any] = {
            "model": model,
            "instructions": SYSTEM,
            "input": history or [{"role": "user", "content": QUESTION}],
            "tools": [
                {"type": "function", **function, "parameters": WEATHER["schema"], "strict": False}
            ],
            "max_output_tokens": LIMIT,
            "reasoning": {"effort": "medium", "summary": "auto"},
            "include": ["reasoning.encrypted_content"],
            "store": False,
        }
        if stream:
            with self.sdk.responses.stream(**asked) as answer:
                last = list(answer)[-1]
                whole: Any = last.response
                headers = answer._response.headers
        else:
            raw = self.sdk.responses.with_raw_response.create(**asked)
            whole, headers = raw.parse(), raw.headers
        return self._heard(asked, whole, headers)

    def _heard(self, asked: dict[str, Any], whole: Any, headers: Mapping[str, str]) -> Heard:
        items = [item.model_dump(exclude_none=True) for item in whole.output]
        for item in items:
            item.pop("parsed_arguments", None)
            for content in item.get("content", []):
                content.pop("parsed", None)
        calls = tuple(
            Call(item["call_id"], item["name"], json.loads(item["arguments"]))
            for item in items
            if item["type"] == "function_call"
        )
        thoughts = (item["summary"] for item in items if item["type"] == "reasoning")
        why = whole.incomplete_details.reason if whole.incomplete_details else whole.status
        return Heard(
            text=whole.output_text,
            thinking="".join(part["text"] for summary in thoughts for part in summary),
            calls=calls,
            finish="tool_calls" if calls and why == "completed" else FINISHES[why],
            usage=(
                whole.usage.input_tokens,
                whole.usage.input_tokens_details.cached_tokens,
                whole.usage.output_tokens,
            ),
            model=whole.model,
            headers=headers,
            turn=[*asked["input"], *items],
        )

    def went_on(self, heard: Heard, results: list[str]) -> list[Any]:
        answers = [
            {"type": "function_call_output", "call_id": call.id, "output": result}
            for call, result in zip(heard.calls, results, strict=True)
        ]
        return [*heard.turn, *(answers or [{"role": "user", "content": "Go on."}])]


class MessagesCaller:
    def __init__(self, url: str, key: str, stack: ExitStack) -> None:
        self.sdk = anthropic.Anthropic(base_url=url, api_key=key, max_retries=0)
        stack.enter_context(self.sdk)

    def ask(self, model: str, history: list[Any] | None = None, *, stream: bool) -> Heard:
        described = {"name": WEATHER["name"], "description": WEATHER["description"]}
        asked: dict[str, Any] = {
            "model": model,
            "system": SYSTEM,
            "messages": history or [{"role": "user", "content": QUESTION}],
            "tools": [{**described, "input_schema": WEATHER["schema"]}],
            "max_tokens": LIMIT,
            "thinking": {"type": "enabled", "budget_tokens": 2048},
        }
        if stream:
            with self.sdk.messages.stream(**asked) as answer:
                whole: Any = answer.get_final_message()
                headers = answer.response.headers
        else:
            raw = self.sdk.messages.with_raw_response.create(**asked)
            whole, headers = raw.parse(), raw.headers
        return self._heard(asked, whole, headers)

    def _heard(self, asked: dict[str, Any], whole: Any, headers: Mapping[str, str]) -> Heard:
        blocks = [
            block.model_dump(exclude_none=True, exclude={"parsed_output"})
            for block in whole.content
        ]
        usage = whole.usage
        cached = usage.cache_read_input_tokens
        return Heard(
            text="".join(block.get("text", "") for block in blocks),
            thinking="".join(block.get("thinking", "") for block in blocks),
            calls=tuple(
                Call(block["id"], block["name"], block["input"])
                for block in blocks
                if block["type"] == "tool_use"
            ),
            finish=FINISHES[whole.stop_reason],
            usage=(usage.input_tokens + cached, cached, usage.output_tokens),
            model=whole.model,
            headers=headers,
            turn=[*asked["messages"], {"role": "assistant", "content": blocks}],
        )

    def went_on(self, heard: Heard, results: list[str]) -> list[Any]:
        answers = [
            {"type": "tool_result", "tool_use_id": call.id, "content": result}
            for call, result in zip(heard.calls, results, strict=True)
        ]
        return [*heard.turn, {"role": "user", "content": answers or "Go on."}]


class GeminiCaller:
    def __init__(self, url: str, key: str, stack: ExitStack) -> None:
        options = types.HttpOptions(base_url=url)
        self.sdk = genai.Client(api_key=key, http_options=options)
        stack.callback(self.sdk.close)

    def ask(self, model: str, history: list[Any] | None = None, *, stream: bool) -> Heard:
        function = types.FunctionDeclaration(
            name=WEATHER["name"],
            description=WEATHER["description"],
            parameters_json_schema=WEATHER["schema"],
        )
        config = types.GenerateContentConfig(
            system_instruction=SYSTEM,
            tools=[types.Tool(function_declarations=[function])],
            max_output_tokens=LIMIT,
            thinking_config=types.ThinkingConfig(include_thoughts=True, thinking_budget=2048),
        )
        contents = history or [types.Content(role="user", parts=[types.Part(text=QUESTION)])]
        asked: dict[str, Any] = {"model": model, "contents": contents, "config": config}
        if stream:
            chunks = list(self.sdk.models.generate_content_stream(**asked))
        else:
            chunks = [self.sdk.models.generate_content(**asked)]
        return self._heard(contents, chunks)

    def _heard(self, contents: list[Any], chunks: list[Any]) -> Heard:
        parts = [
            part
            for chunk in chunks
            for candidate in chunk.candidates or []
            for part in (candidate.content.parts if candidate.content else None) or []
        ]
        reasons = [c.finish_reason for chunk in chunks for c in chunk.candidates or []]
        finish = FINISHES[next(filter(None, reversed(reasons))).value]
        calls = tuple(
            Call(part.function_call.id, part.function_call.name, part.function_call.args)
            for part in parts
            if part.function_call
        )
        usage = chunks[-1].usage_metadata
        turn = types.Content(role="model", parts=parts)
        return Heard(
            text="".join(part.text for part in parts if part.text and not part.thought),
            thinking="".join(part.text for part in parts if part.text and part.thought),
            calls=calls,
            finish="tool_calls" if calls and finish == "stop" else finish,
            usage=(
                usage.prompt_token_count,
                usage.cached_content_token_count,
                usage.candidates_token_count + (usage.thoughts_token_count or 0),
            ),
            model=chunks[-1].model_version,
            headers=chunks[-1].sdk_http_response.headers,
            turn=[*contents, turn],
        )

    def went_on(self, heard: Heard, results: list[str]) -> list[Any]:
        parts = [
            types.Part(
                function_response=types.FunctionResponse(
                    id=call.id, name=call.name, response={"output": result}
                )
            )
            for call, result in zip(heard.calls, results, strict=True)
        ]
        parts = parts or [types.Part(text="Go on.")]
        return [*heard.turn, types.Content(role="user", parts=parts)]


CALLERS = {
    "openai_chat": ChatCaller,
    "openai_responses": ResponsesCaller,
    "anthropic": MessagesCaller,
    "gemini": GeminiCaller,
}
