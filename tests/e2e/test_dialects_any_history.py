"""Any history that a client may hold, however damaged, becomes a request that every provider's API
takes, or is refused with a 400 that names its fault."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniroute.gateway.errors import InvalidRequest
from omniroute.gateway.formats import FORMATS
from omniroute.gateway.snapshot import Model, Provider
from tests.e2e import valid

FORMS = {"oai": "openai_chat", "ant": "anthropic", "rsp": "openai_responses", "gem": "gemini"}
MODELS = ["a-model", "gemini-3-pro-preview", "claude-sonnet-4-5", "claude-opus-5", "gpt-6"]
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAAB"

texts = st.sampled_from(["", " ", "\n", "Hi", "é☀", "{}", "x" * 300])
ids = st.sampled_from(["a", "b", "call_1", "functions.f:0", "x" * 70, "ü", ""])
names = st.sampled_from(["f", "g", "mcp__" + "long" * 20, "with.dot", "9lives", "日本"])
inputs = st.sampled_from([{}, {"a": 1}, {"deep": {"er": [None, "é"]}}])
signatures = st.sampled_from(["c2ln", "omniroute:eyJ9", "omniroute:"])


def _blocks() -> st.SearchStrategy[Any]:
    text = st.builds(lambda t: {"type": "text", "text": t}, texts)
    image = st.just(
        {
            "type": "image",
            "source": {"type": "base64", "media_type": "image/png", "data": PIXEL},
        }
    )
    thinking = st.builds(
        lambda t, s: {"type": "thinking", "thinking": t, "signature": s}, texts, signatures
    )
    use = st.builds(
        lambda i, n, a: {"type": "tool_use", "id": i, "name": n, "input": a}, ids, names, inputs
    )
    result = st.builds(
        lambda i, c, e: {"type": "tool_result", "tool_use_id": i, "content": c, "is_error": e},
        ids,
        st.one_of(texts, st.lists(st.one_of(text, image), max_size=2)),
        st.booleans(),
    )
    said = st.lists(st.one_of(text, thinking, use), max_size=4)
    asked = st.lists(st.one_of(text, image, result), max_size=4)
    return st.lists(
        st.one_of(
            st.builds(lambda c: {"role": "assistant", "content": c}, said),
            st.builds(lambda c: {"role": "user", "content": c}, asked),
            st.builds(lambda t: {"role": "system", "content": t}, texts),
        ),
        min_size=1,
        max_size=8,
    )


def _messages() -> st.SearchStrategy[Any]:
    return st.builds(
        lambda system, turns, thinking: {
            "system": system,
            "messages": turns,
            "max_tokens": 4000,
            **({"thinking": thinking} if thinking else {}),
            "tools": [{"name": "f", "input_schema": {"type": "object"}}],
        },
        texts,
        _blocks(),
        st.sampled_from([None, {"type": "adaptive"}, {"type": "enabled", "budget_tokens": 2048}]),
    )


def _chat() -> st.SearchStrategy[Any]:
    function = st.builds(lambda n: {"name": n, "arguments": '{"a": 1}'}, names)
    call = st.builds(lambda i, f: {"id": i, "type": "function", "function": f}, ids, function)
    detail = st.builds(
        lambda t, s, f: {"type": "reasoning.text", "text": t, "signature": s, "format": f},
        texts,
        signatures,
        st.sampled_from(["anthropic-claude-v1", "google-gemini-v1", "openai-responses-v1", "x"]),
    )
    said = st.builds(
        lambda t, c, d: {
            "role": "assistant",
            "content": t,
            **({"tool_calls": c} if c else {}),
            **({"reasoning_details": d} if d else {}),
        },
        texts,
        st.lists(call, max_size=3),
        st.lists(detail, max_size=2),
    )
    told = st.builds(lambda i, t: {"role": "tool", "tool_call_id": i, "content": t}, ids, texts)
    asked = st.builds(
        lambda r, t: {"role": r, "content": t}, st.sampled_from(["user", "system"]), texts
    )
    turns = st.lists(st.one_of(said, told, asked), min_size=1, max_size=8)
    tool = {"type": "function", "function": {"name": "f"}}
    return turns.map(lambda found: {"messages": found, "tools": [tool], "reasoning_effort": "high"})


def _items() -> st.SearchStrategy[Any]:
    call = st.builds(
        lambda i, n: {"type": "function_call", "call_id": i, "name": n, "arguments": "{}"},
        ids,
        names,
    )
    custom = st.builds(
        lambda i, t: {"type": "custom_tool_call", "call_id": i, "name": "p", "input": t},
        ids,
        texts,
    )
    kinds = st.sampled_from(["function_call_output", "custom_tool_call_output"])
    output = st.builds(lambda k, i, t: {"type": k, "call_id": i, "output": t}, kinds, ids, texts)
    roles = st.sampled_from(["user", "assistant", "developer", "system"])
    message = st.builds(lambda r, t: {"role": r, "content": t}, roles, texts)
    thought = st.builds(
        lambda t, s: {
            "type": "reasoning",
            "summary": [{"type": "summary_text", "text": t}],
            "encrypted_content": s,
        },
        texts,
        signatures,
    )
    items = st.lists(st.one_of(call, custom, output, message, thought), min_size=1, max_size=8)
    tools = [{"type": "function", "name": "f"}, {"type": "custom", "name": "p"}]
    asked = {"tools": tools, "reasoning": {"effort": "high"}, "max_output_tokens": 4000}
    return items.map(lambda found: {**asked, "input": found})


def _contents() -> st.SearchStrategy[Any]:
    signed = st.one_of(st.none(), signatures)

    def part(value: dict[str, Any], signature: str | None) -> dict[str, Any]:
        return {**value, **({"thoughtSignature": signature} if signature else {})}

    text = st.builds(lambda t, s: part({"text": t}, s), texts, signed)
    thought = st.builds(lambda t: {"text": t, "thought": True}, texts)
    call = st.builds(
        lambda n, a, s: part({"functionCall": {"name": n, "args": a}}, s), names, inputs, signed
    )
    result = st.builds(lambda n, a: {"functionResponse": {"name": n, "response": a}}, names, inputs)
    contents = st.builds(
        lambda r, p: {"role": r, "parts": p},
        st.sampled_from(["user", "model", "function"]),
        st.lists(st.one_of(text, thought, call, result), max_size=4),
    )
    tools = [{"functionDeclarations": [{"name": "f"}]}]
    config = {"thinkingConfig": {"thinkingBudget": 2048}, "maxOutputTokens": 4000}
    return st.lists(contents, min_size=1, max_size=8).map(
        lambda found: {"contents": found, "tools": tools, "generationConfig": config}
    )


BODIES = {
    "openai_chat": _chat(),
    "anthropic": _messages(),
    "openai_responses": _items(),
    "gemini": _contents(),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dialect", BODIES)
@given(data=st.data())
def test_every_history_becomes_a_request_that_its_api_takes(
    dialect: str, form: str, data: st.DataObject
) -> None:
    if FORMS[form] == dialect:
        return
    body = data.draw(BODIES[dialect])
    model = Model(id=data.draw(st.sampled_from(MODELS)))
    provider = Provider(  # type: ignore[arg-type]
        id="p", alias="p", name="P", format=FORMS[form], base_url="https://p.example.com/v1"
    )
    try:
        request = FORMATS[dialect].read_request({**body, "model": "m"})
        wire = FORMATS[FORMS[form]].write_request(request, provider, model)
    except InvalidRequest:
        return
    valid.check(form, wire.body)
