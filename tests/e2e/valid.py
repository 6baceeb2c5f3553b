"""Whether a request is one that the provider's API would take: strict, one function per format.

`check` fails the test with the first thing that the real API would refuse, or that must never leave
the house: fields of other APIs, and the marks by which the gateway carries what others signed.
"""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import Any

from tests.e2e.valid_results import results_follow

NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
GEMINI_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}")
CALL_ID = re.compile(r"[a-zA-Z0-9_-]+")
MAX_CALL_ID = 64
CARRIED = ("omniroute:", "b21uaXJvdXRl")  # the marks of carried reasoning, plain and in base64
PRIVATE = ("x-anthropic-billing-header", "client_metadata", "internal_chat_message")
FIELDS = {
    "oai": {
        *("model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens"),
        *("temperature", "top_p", "n", "stop", "seed", "frequency_penalty", "presence_penalty"),
        *("logprobs", "top_logprobs", "logit_bias", "tools", "tool_choice", "parallel_tool_calls"),
        *("response_format", "reasoning_effort", "verbosity", "user", "service_tier"),
        *("prompt_cache_key", "metadata", "store"),
    },
    "ant": {
        *("model", "messages", "system", "max_tokens", "stream", "stop_sequences", "temperature"),
        *("top_p", "top_k", "tools", "tool_choice", "thinking", "output_config", "metadata"),
        "service_tier",
    },
    "rsp": {
        *("model", "input", "instructions", "stream", "max_output_tokens", "temperature", "top_p"),
        *("tools", "tool_choice", "parallel_tool_calls", "text", "reasoning", "include", "store"),
        *("user", "service_tier", "prompt_cache_key", "metadata", "top_logprobs"),
    },
    "gem": {
        *("contents", "systemInstruction", "tools", "toolConfig", "generationConfig"),
        *("safetySettings", "cachedContent", "serviceTier"),
    },
}


def check(form: str, body: dict[str, Any]) -> None:
    """Of a translated request."""
    assert body.keys() <= FIELDS[form], f"foreign: {body.keys() - FIELDS[form]}"
    text = json.dumps(body)
    assert [mark for mark in (*CARRIED, *PRIVATE) if mark in text] == []
    assert all(value is not None for value in body.values()), "a field that is null"
    {"oai": chat, "ant": messages, "rsp": responses, "gem": gemini}[form](body)
    results_follow(form, body)


def keys(value: dict[str, Any], needed: str, allowed: str = "") -> None:
    """Just these keys, written as words."""
    must, may = set(needed.split()), set(allowed.split())
    assert must <= value.keys() <= must | may, value


def schema(value: Any) -> None:
    """A tool's parameters, as far as every server is strict about them."""
    assert value["type"] == "object", value
    assert isinstance(value["properties"], dict)
    assert value.keys().isdisjoint({"anyOf", "oneOf", "allOf"})


def said(text: Any, *, blank: bool = True) -> None:
    """A text that is not empty; Anthropic refuses blank ones, too."""
    assert isinstance(text, str), text
    assert text if blank else text.strip(), "an empty text"


def arguments(text: Any) -> None:
    assert isinstance(json.loads(text), dict), text


def chat(body: dict[str, Any]) -> None:
    assert body["messages"]
    assert "stream_options" not in body or body.get("stream") is True
    assert {"max_tokens", "max_completion_tokens"} - body.keys(), "both limits"
    names = [tool["function"]["name"] for tool in body.get("tools", [])]
    for tool in body.get("tools", []):
        keys(tool, "type function")
        assert tool["type"] == "function"
        keys(tool["function"], "name parameters", "description strict")
        schema(tool["function"]["parameters"])
    choice = body.get("tool_choice", "auto")
    if not isinstance(choice, str):
        assert choice["function"]["name"] in names
    _offered(body, names, NAME)
    for message in body["messages"]:
        _chat_message(message)


def _chat_message(message: dict[str, Any]) -> None:
    role, content = message["role"], message["content"]
    match role:
        case "system" | "developer" | "user":
            keys(message, "role content")
        case "tool":
            keys(message, "role content tool_call_id")
            assert 1 <= len(message["tool_call_id"]) <= MAX_CALL_ID
        case "assistant":
            keys(message, "role content", "tool_calls reasoning_content")
            for call in message.get("tool_calls", []):
                keys(call, "id type function")
                assert call["type"] == "function"
                keys(call["function"], "name arguments")
                assert NAME.fullmatch(call["function"]["name"])
                arguments(call["function"]["arguments"])
        case _:
            raise AssertionError(role)
    if content is None:
        assert message.get("tool_calls"), "nothing said and nothing called"
    elif isinstance(content, str):
        assert content or role in {"tool", "user"}, "an empty text"
    for part in content if isinstance(content, list) else []:
        match part["type"]:
            case "text":
                said(part["text"])
            case "image_url":
                assert role == "user"
                assert re.match(r"https?://|data:image/\w+;base64,.", part["image_url"]["url"])
            case _:
                assert part["type"] in {"file", "input_audio"}


def messages(body: dict[str, Any]) -> None:
    assert body["max_tokens"] >= 1
    assert isinstance(body["messages"], list)
    roles = [message["role"] for message in body["messages"]]
    assert set(roles) <= {"user", "assistant"}
    assert all(one != other for one, other in pairwise(roles))
    system = body.get("system", [])
    for block in system:
        keys(block, "type text", "cache_control")
        said(block["text"], blank=False)
    for message in body["messages"]:
        keys(message, "role content")
        assert message["content"], "a turn without content"
        for block in message["content"]:
            _block(block, message["role"])
    names = [tool["name"] for tool in body.get("tools", [])]
    for tool in body.get("tools", []):
        keys(tool, "name input_schema", "description strict cache_control")
        schema(tool["input_schema"])
    _offered(body, names, NAME)
    _thinking(body)
    marks = json.dumps(body).count('"cache_control"')
    assert marks <= 4, f"{marks} breakpoints"
    assert not {"temperature", "top_p"} <= body.keys()
    assert all(stop.strip() for stop in body.get("stop_sequences", []))
    assert body.get("metadata", {}).keys() <= {"user_id"}


def _block(block: dict[str, Any], role: str) -> None:
    match block["type"], role:
        case "text", _:
            keys(block, "type text", "cache_control")
            said(block["text"], blank=False)
        case "image" | "document", "user":
            assert block["source"]["type"] in {"base64", "url", "text"}
        case "tool_result", "user":
            keys(block, "type tool_use_id", "content is_error cache_control")
            inner = block.get("content", [])
            for one in inner if isinstance(inner, list) else []:
                _block(one, role)
        case "tool_use", "assistant":
            keys(block, "type id name input", "cache_control")
            assert CALL_ID.fullmatch(block["id"])
            assert NAME.fullmatch(block["name"])
            assert isinstance(block["input"], dict)
        case "thinking", "assistant":
            keys(block, "type thinking signature")
            assert block["signature"], "unsigned thinking"
        case "redacted_thinking", "assistant":
            assert block["data"]
        case other:
            raise AssertionError(other)


def _thinking(body: dict[str, Any]) -> None:
    thinking = body.get("thinking", {"type": "disabled"})
    if thinking["type"] == "disabled":
        return
    assert body.get("temperature", 1) == 1
    assert "top_k" not in body
    if thinking["type"] == "enabled":
        assert 1024 <= thinking["budget_tokens"] < body["max_tokens"]
        assert body.get("tool_choice", {"type": "auto"})["type"] in {"auto", "none"}
        *_, last = body["messages"]
        if last["content"][0]["type"] == "tool_result":
            opening = body["messages"][-2]["content"][0]["type"]
            assert opening in {"thinking", "redacted_thinking"}


def responses(body: dict[str, Any]) -> None:
    assert body["store"] is False
    assert body["input"]
    for item in body["input"]:
        _item(item)
    for item, after in zip(body["input"], [*body["input"][1:], {"type": "end"}], strict=True):
        if item["type"] == "reasoning":
            assert after["type"] in {"reasoning", "message", "function_call"}, after
            assert after.get("role", "assistant") == "assistant"
    for tool in body.get("tools", []):
        keys(tool, "type name parameters strict", "description")
        assert tool["type"] == "function"
        schema(tool["parameters"])
    _offered(body, [tool["name"] for tool in body.get("tools", [])], NAME)
    form = body.get("text", {}).get("format", {"type": "text"})
    if form["type"] == "json_schema":
        assert NAME.fullmatch(form["name"])
        assert form["schema"]
    assert body.get("max_output_tokens", 16) >= 16


def _item(item: dict[str, Any]) -> None:
    match item["type"]:
        case "message":
            keys(item, "type role content", "phase")
            kinds = {"output_text", "refusal"} if item["role"] == "assistant" else None
            for part in item["content"]:
                allowed = kinds or {"input_text", "input_image", "input_file", "input_audio"}
                assert part["type"] in allowed
                if "text" in part and item["role"] != "user":
                    said(part["text"])
        case "function_call":
            keys(item, "type call_id name arguments")
            assert NAME.fullmatch(item["name"])
            assert 1 <= len(item["call_id"]) <= MAX_CALL_ID
            arguments(item["arguments"])
        case "function_call_output":
            keys(item, "type call_id output")
            for part in item["output"] if isinstance(item["output"], list) else []:
                assert part["type"].startswith("input_")
        case "reasoning":
            keys(item, "type summary encrypted_content", "content")
            assert item["encrypted_content"], "reasoning that nobody can read"
        case other:
            raise AssertionError(other)


def gemini(body: dict[str, Any]) -> None:
    roles = [content["role"] for content in body["contents"]]
    assert roles == ["user", "model"] * (len(roles) // 2) + ["user"] * (len(roles) % 2)
    for content in body["contents"]:
        keys(content, "role parts")
        assert content["parts"]
        for part in content["parts"]:
            _part(part, content["role"])
    for part in body.get("systemInstruction", {"parts": []})["parts"]:
        keys(part, "text")
        said(part["text"])
    functions = [f for tool in body.get("tools", []) for f in tool["functionDeclarations"]]
    for function in functions:
        keys(function, "name", "description parameters parametersJsonSchema")
        assert not {"parameters", "parametersJsonSchema"} <= function.keys()
    names = [function["name"] for function in functions]
    _offered(body, names, GEMINI_NAME)
    calling = body.get("toolConfig", {}).get("functionCallingConfig", {})
    if calling:
        assert functions
        assert calling["mode"] in {"AUTO", "ANY", "NONE", "VALIDATED"}
        assert set(calling.get("allowedFunctionNames", [])) <= set(names)
        assert "allowedFunctionNames" not in calling or calling["mode"] in {"ANY", "VALIDATED"}
    config = body.get("generationConfig", {})
    assert len(config.get("stopSequences", [])) <= 5
    assert not {"thinkingLevel", "thinkingBudget"} <= config.get("thinkingConfig", {}).keys()


def _part(part: dict[str, Any], role: str) -> None:
    (kind,) = part.keys() - {"thought", "thoughtSignature"}
    match kind, role:
        case "text", _:
            assert part["text"] or "thoughtSignature" in part
        case "inlineData", _:
            keys(part["inlineData"], "mimeType data")
        case "fileData", _:
            assert part["fileData"]["fileUri"]
        case "functionCall", "model":
            keys(part["functionCall"], "name args", "id")
            assert GEMINI_NAME.fullmatch(part["functionCall"]["name"])
            assert isinstance(part["functionCall"]["args"], dict)
        case "functionResponse", "user":
            keys(part["functionResponse"], "name response", "id parts")
            assert isinstance(part["functionResponse"]["response"], dict)
        case other:
            raise AssertionError(other)


def _offered(body: dict[str, Any], names: list[str], pattern: re.Pattern[str]) -> None:
    assert len(names) == len(set(names)), "a tool twice"
    assert all(pattern.fullmatch(name) for name in names), names
    if not names:
        assert body.keys().isdisjoint({"tools", "tool_choice", "parallel_tool_calls"})
