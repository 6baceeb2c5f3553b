"""A caller's own body on its way to a provider of the same format."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest

from omniroute.gateway import ir
from omniroute.gateway.errors import InvalidRequest
from omniroute.gateway.formats.anthropic import FORMAT

from .facts import GLM, HEAD, MODEL, PROVIDER, events_in
from .golden import REQUEST

BODY: dict[str, Any] = {**REQUEST, "model": "my-alias", "brand_new": {"x": [1]}, "betas": ["b"]}


def passed(body: dict[str, Any], provider: Any = PROVIDER, model: Any = MODEL) -> dict[str, Any]:
    before = copy.deepcopy(body)
    after = FORMAT.passthrough(body, provider, model)
    assert body == before, "the caller's body was changed"
    return after


def test_it_replaces_the_model_and_touches_nothing_else() -> None:
    after = passed(BODY)
    assert after == {**BODY, "model": "claude-sonnet-5"}
    assert all(after[key] is BODY[key] for key in BODY if key != "model"), "bytes must survive"


def test_it_drops_only_what_provider_or_model_refuse() -> None:
    model = replace(MODEL, drop_params=("temperature", "max_tokens"))
    provider = replace(PROVIDER, drop_params=("context_management",))
    after = passed({**BODY, "temperature": 1}, provider, model)
    assert BODY.keys() - after.keys() == {"context_management"}
    assert "temperature" not in after


def test_it_keeps_the_billing_header_for_its_own_vendor_and_no_other() -> None:
    header = {"type": "text", "text": "x-anthropic-billing-header: cch=1"}
    prompt = {"type": "text", "text": "You are."}
    body = {**BODY, "system": [header, prompt]}
    assert passed(body)["system"] is body["system"]
    assert passed(body, GLM)["system"] == [prompt]
    assert "system" not in passed({**BODY, "system": [header]}, GLM)
    assert passed({**BODY, "system": "x"}, GLM)["system"] == "x"
    assert passed(BODY, GLM)["system"] is BODY["system"]


def test_it_refuses_threads() -> None:
    with pytest.raises(InvalidRequest):
        passed({**BODY, "thread": {"type": "create"}})


def test_it_sends_no_thinking_that_this_gateway_carried_from_another_family() -> None:
    """A conversation may begin at one provider and go on at Anthropic."""
    foreign = ir.Response(
        id="",
        model="",
        parts=(ir.Thinking(text="hm", origin="openai_chat"), ir.ToolCall(id="a", name="b")),
        finish="tool_calls",
    )
    content = FORMAT.write_response(foreign, HEAD)["content"]
    messages = [
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": content[:1]},
        {"role": "assistant", "content": content},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a"}]},
    ]
    enabled = {"type": "enabled", "budget_tokens": 2000}
    after = passed({**BODY, "messages": messages, "thinking": enabled})
    assert after["messages"] == [
        messages[0],
        {"role": "assistant", "content": content[1:]},
        messages[3],
    ]
    assert after["thinking"] == {"type": "disabled"}, "the open tool turn has lost its thinking"
    adaptive = passed({**BODY, "messages": messages, "thinking": {"type": "adaptive"}})
    assert adaptive["thinking"] == {"type": "adaptive"}
    own = {"type": "thinking", "thinking": "", "signature": "sig"}
    signed = [{"role": "assistant", "content": [own, *content]}]
    assert passed({**BODY, "messages": signed, "thinking": enabled})["thinking"] is enabled
    alone = [{"role": "assistant", "content": content[:1]}, {"role": "user", "content": "x"}]
    assert passed({**BODY, "messages": alone, "thinking": enabled})["thinking"] is enabled


@pytest.mark.parametrize(
    "messages",
    [
        None,
        "x",
        [],
        [1, None, {}, {"role": "assistant"}, {"content": [1, {"signature": 5}]}],
        [7, {"role": "assistant", "content": [{"signature": "omniroute:"}, 5]}],
    ],
)
def test_it_leaves_judging_a_body_to_the_provider(messages: Any) -> None:
    body = {"messages": messages, "thinking": {"type": "enabled"}, "system": [5, {"text": 6}]}
    assert passed(body, GLM)["model"] == MODEL.id


def test_it_tells_where_it_wants_requests_and_with_which_headers() -> None:
    assert FORMAT.path("any/model", stream=True) == FORMAT.path("m", stream=False) == "/messages"
    old = {"anthropic-version": "2023-06-01"}
    assert FORMAT.request_headers(None) == old
    assert FORMAT.request_headers({}) == old
    own = {"anthropic-version": "2026-10-21", "anthropic-beta": "a,b"}
    assert FORMAT.request_headers(own) == own
    assert FORMAT.request_headers({"anthropic-beta": "a"}) == {**old, "anthropic-beta": "a"}


def test_it_keeps_a_stream_open_with_a_ping() -> None:
    assert events_in(FORMAT.keepalive) == [("ping", {"type": "ping"})]
    reader = FORMAT.reader()
    assert reader.feed(FORMAT.keepalive) == []
    assert FORMAT.stream_content_type.startswith("text/event-stream")
    assert FORMAT.name == "anthropic"
