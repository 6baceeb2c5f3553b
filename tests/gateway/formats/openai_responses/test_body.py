"""What a provider is sent for a request of another format."""

from __future__ import annotations

from typing import Any

import pytest

from omniroute.gateway import ir
from omniroute.gateway.errors import Unsupported
from omniroute.gateway.formats.openai_responses import FORMAT
from omniroute.gateway.snapshot import Model

from .wire import LOOK, ask, assistant, body, call, result, system, thought, user, wire


def sent(model: Model | None = None, **fields: Any) -> dict[str, Any]:
    return wire(ask(**fields), model).body


def losses(**fields: Any) -> tuple[str, ...]:
    return wire(ask(**fields)).losses


CONVERSATION = [
    {
        "type": "message",
        "role": "user",
        "content": [{"type": "input_text", "text": "Hi"}],
    },
    {
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": "Hm."}],
        "encrypted_content": "gAAAA-sealed==",
    },
    {
        "type": "message",
        "role": "assistant",
        "content": [{"type": "output_text", "text": "On it.", "annotations": []}],
    },
    {
        "type": "function_call",
        "call_id": "call_1",
        "name": "look",
        "arguments": '{"at":"x"}',
    },
    {"type": "function_call_output", "call_id": "call_1", "output": "found"},
]


def test_it_writes_a_whole_conversation():
    written = wire(
        ask(
            system("Be brief."),
            user("Hi"),
            assistant(thought(), "On it.", call(arguments='{"at":"x"}')),
            user(result()),
            tools=(LOOK,),
            tool_choice=ir.ToolChoice(mode="auto"),
            stream=True,
            max_tokens=100,
            sampling=ir.Sampling(temperature=0.5, top_p=0.9),
            reasoning=ir.Reasoning(mode="on", effort="low"),
            output=ir.OutputFormat(kind="json_schema", schema={"type": "object"}),
            verbosity="low",
            user="u",
            service_tier="flex",
            prompt_cache_key="k",
        )
    )
    assert written.losses == ()
    assert written.names == written.ids == {}
    assert written.body == {
        "model": "gpt-5.5",
        "instructions": "Be brief.",
        "input": CONVERSATION,
        "store": False,
        "include": ["reasoning.encrypted_content"],
        "stream": True,
        "tools": [
            {
                "type": "function",
                "name": "look",
                "description": "Looks",
                "parameters": LOOK.schema,
                "strict": False,
            }
        ],
        "tool_choice": "auto",
        "reasoning": {"effort": "low", "summary": "auto"},
        "max_output_tokens": 100,
        "temperature": 0.5,
        "top_p": 0.9,
        "text": {
            "format": {"type": "json_schema", "name": "answer", "schema": {"type": "object"}},
            "verbosity": "low",
        },
        "user": "u",
        "service_tier": "flex",
        "prompt_cache_key": "k",
    }


def test_it_sends_as_little_as_it_can():
    assert sent() == {
        "model": "gpt-5.5",
        "input": [
            {
                "type": "message",
                "role": "user",
                "content": [{"type": "input_text", "text": "Hi"}],
            }
        ],
        "store": False,
        "include": ["reasoning.encrypted_content"],
    }


@pytest.mark.parametrize(
    ("asked", "model", "limit", "lost"),
    [
        (None, Model(id="m", max_output=50), None, ()),
        (100, Model(id="m"), 100, ()),
        (100, Model(id="m", max_output=50), 50, ()),
        (1, Model(id="m"), 16, ("max_tokens",)),
        (0, Model(id="m"), 16, ("max_tokens",)),
    ],
)
def test_it_keeps_the_limit_within_what_is_taken(asked, model, limit, lost):
    written = wire(ask(max_tokens=asked), model)
    assert written.body.get("max_output_tokens") == limit
    assert written.losses == lost


@pytest.mark.parametrize(
    ("sampling", "lost"),
    [
        (ir.Sampling(stop=("x",)), ("stop",)),
        (ir.Sampling(n=1), ()),
        (ir.Sampling(seed=1, top_k=5), ("seed", "top_k")),
        (
            ir.Sampling(frequency_penalty=0.1, presence_penalty=0.1, logit_bias={"1": 1}),
            ("frequency_penalty", "logit_bias", "presence_penalty"),
        ),
        (ir.Sampling(logprobs=True, top_logprobs=2), ("logprobs", "top_logprobs")),
        (ir.Sampling(logprobs=False), ()),
    ],
)
def test_it_names_the_sampling_that_it_cannot_ask_for(sampling, lost):
    written = wire(ask(sampling=sampling))
    assert written.losses == lost
    assert written.body == sent()


def test_it_refuses_to_ask_for_several_answers():
    with pytest.raises(Unsupported, match="one answer"):
        wire(ask(sampling=ir.Sampling(n=2)))


def test_it_asks_for_logprobs_where_the_client_can_read_the_answer():
    written = wire(FORMAT.read_request(body(top_logprobs=2)))
    assert written.body["top_logprobs"] == 2
    assert written.body["include"] == [
        "reasoning.encrypted_content",
        "message.output_text.logprobs",
    ]


@pytest.mark.parametrize(
    ("output", "wanted"),
    [
        (ir.OutputFormat(kind="text"), {"type": "text"}),
        (ir.OutputFormat(kind="json_object"), {"type": "json_object"}),
        (
            ir.OutputFormat(kind="json_schema", schema={}, name="x", strict=False),
            {"type": "json_schema", "name": "x", "schema": {}, "strict": False},
        ),
    ],
)
def test_it_writes_every_output_format(output, wanted):
    assert sent(output=output)["text"] == {"format": wanted}


def test_it_keeps_to_itself_what_is_nobody_elses_business():
    """Claude Code's user id is a bundle of device and session ids."""
    told = {
        "metadata": {"user_id": '{"device_id":"secret"}'},
        "user": "u" * 65,
        "service_tier": "standard_only",
        "extra": {"anthropic": {"context_management": {}, "thread": None}},
    }
    written = wire(ask(**told))
    assert written.body == sent()
    assert written.losses == (
        "anthropic.context_management",
        "anthropic.thread",
        "metadata",
        "service_tier",
        "user",
    )


def test_it_gives_back_what_is_its_own():
    asked = FORMAT.read_request(
        body(
            truncation="auto",
            metadata={"a": "b"},
            service_tier="made_up",
            reasoning={"effort": "low", "context": "all_turns", "summary": "detailed"},
        )
    )
    written = wire(asked)
    assert written.losses == ()
    assert written.body | {"input": []} == {
        "model": "gpt-5.5",
        "input": [],
        "store": False,
        "include": ["reasoning.encrypted_content"],
        "truncation": "auto",
        "metadata": {"a": "b"},
        "service_tier": "made_up",
        "reasoning": {"effort": "low", "context": "all_turns", "summary": "detailed"},
    }


def test_it_drops_what_the_provider_or_the_model_refuses():
    facts = Model(id="gpt-5.5", drop_params=("temperature", "model"))
    written = wire(
        ask(sampling=ir.Sampling(temperature=1.0, top_p=1.0), max_tokens=20),
        facts,
        drop_params=("max_output_tokens", "top_k", "input", "store"),
    )
    assert written.body.keys() == {"model", "input", "include", "top_p"}
    assert written.losses == ("max_output_tokens", "temperature")


@pytest.mark.parametrize(
    ("reasoning", "model", "wanted", "lost"),
    [
        (ir.Reasoning(effort="high"), Model(id="m"), {"effort": "high"}, ()),
        (ir.Reasoning(budget=5000), Model(id="m"), {"effort": "medium"}, ()),
        (
            ir.Reasoning(mode="on", budget=5000),
            Model(id="m"),
            {"effort": "medium", "summary": "auto"},
            (),
        ),
        (ir.Reasoning(mode="adaptive"), Model(id="m"), {"summary": "auto"}, ()),
        (ir.Reasoning(mode="adaptive", visible=False), Model(id="m"), None, ()),
        (
            ir.Reasoning(effort="low", visible=True),
            Model(id="m"),
            {"effort": "low", "summary": "auto"},
            (),
        ),
        (ir.Reasoning(mode="off"), Model(id="m"), None, ("reasoning",)),
        (
            ir.Reasoning(mode="off"),
            Model(id="m", thinking=("effort", "off")),
            {"effort": "none"},
            (),
        ),
        (ir.Reasoning(mode="off"), Model(id="m", thinking=("effort",)), {"effort": "minimal"}, ()),
        (ir.Reasoning(effort="low"), Model(id="m", thinking=("budget",)), None, ("reasoning",)),
        (ir.Reasoning(visible=True), Model(id="gpt-5.5"), {"summary": "auto"}, ()),
        (ir.Reasoning(visible=True), Model(id="gpt-4.1"), None, ()),
        (ir.Reasoning(visible=False), Model(id="gpt-5.5"), None, ()),
        (None, Model(id="m"), None, ()),
    ],
)
def test_it_asks_for_the_thinking_that_the_client_wants(reasoning, model, wanted, lost):
    written = wire(ask(reasoning=reasoning), model)
    assert written.body.get("reasoning") == wanted
    assert written.losses == lost


@pytest.mark.parametrize(
    ("model", "sealed"),
    [
        (Model(id="gpt-5.5"), True),
        (Model(id="o4-mini"), True),
        (Model(id="openai/gpt-oss-120b"), True),
        (Model(id="gpt-4o"), False),
        (Model(id="openai/gpt-4.1-nano"), False),
        (Model(id="openai.gpt-4-turbo"), False),
        (Model(id="gpt-3.5-turbo"), False),
        (Model(id="chatgpt-4o-latest"), False),
        (Model(id="gpt-4o", thinking=("effort",)), True),
    ],
)
def test_it_asks_only_models_that_reason_for_sealed_reasoning(model, sealed):
    """The others refuse a request that asks for it."""
    assert ("include" in sent(model)) is sealed


def test_it_notices_cache_marks_that_have_no_place_here():
    marked = ir.Text(text="Hi", extra={"anthropic": {"cache_control": {"type": "ephemeral"}}})
    assert wire(ask(user(marked))).losses == ("cache_control",)
    assert wire(ask(user(marked), format="openai_responses")).losses == ()
    assert losses() == ()


def test_a_seed_of_zero_is_named_as_lost_like_any_other():
    assert losses(sampling=ir.Sampling(seed=0)) == ("seed",)
