"""A client's top-level fields, and what is refused because only one provider could know it."""

from __future__ import annotations

from typing import Any

import pytest

from omniroute.gateway import ir
from omniroute.gateway.errors import InvalidRequest, Unsupported
from omniroute.gateway.formats.openai_responses import FORMAT

from .wire import body, system, user


def read(**fields: Any) -> ir.Request:
    return FORMAT.read_request(body(**fields))


def refused(*items: Any, **fields: Any) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        FORMAT.read_request(body(*items, **fields))
    assert caught.value.status == 400
    return caught.value


def test_it_reads_the_least_there_can_be():
    assert read() == ir.Request(
        format="openai_responses", model="m", messages=(user("Hi"),), include_usage=True
    )


def test_it_reads_what_the_hub_has_words_for():
    asked = read(
        instructions="Be brief.",
        stream=True,
        max_output_tokens=100,
        temperature=0.5,
        top_p=0.9,
        parallel_tool_calls=False,
        user="u",
        service_tier="flex",
        prompt_cache_key="k",
        metadata={"a": "b"},
        text={"verbosity": "low"},
        store=False,
        include=["reasoning.encrypted_content"],
        stream_options={"include_obfuscation": False},
    )
    assert asked == ir.Request(
        format="openai_responses",
        model="m",
        messages=(
            ir.Message(
                role="system",
                parts=(ir.Text(text="Be brief."),),
                extra={"openai_responses": {"instructions": True}},
            ),
            user("Hi"),
        ),
        max_tokens=100,
        stream=True,
        include_usage=True,
        parallel_tool_calls=False,
        sampling=ir.Sampling(temperature=0.5, top_p=0.9),
        user="u",
        service_tier="flex",
        prompt_cache_key="k",
        verbosity="low",
        metadata={"a": "b"},
    )


def test_it_prefers_the_newer_name_of_the_end_user():
    assert read(user="old", safety_identifier="new").user == "new"


def test_it_reads_logprobs_from_either_place():
    assert read(top_logprobs=3).sampling == ir.Sampling(logprobs=True, top_logprobs=3)
    assert read(top_logprobs=0).sampling == ir.Sampling(top_logprobs=0)
    asked = read(include=["message.output_text.logprobs"])
    assert asked.sampling == ir.Sampling(logprobs=True)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"type": "text"}, ir.OutputFormat(kind="text")),
        ({"type": "json_object"}, ir.OutputFormat(kind="json_object")),
        (
            {"type": "json_schema", "name": "x", "schema": {"type": "object"}, "strict": True},
            ir.OutputFormat(kind="json_schema", schema={"type": "object"}, name="x", strict=True),
        ),
    ],
)
def test_it_reads_every_output_format(given, wanted):
    assert read(text={"format": given}).output == wanted


def test_it_refuses_a_json_schema_format_without_a_schema():
    error = refused(text={"format": {"type": "json_schema", "name": "x"}})
    assert error.param == "text.format.schema"
    assert refused(text={"format": {"type": "xml"}}).param == "text.format.type"


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (None, None),
        ({}, None),
        ({"effort": None, "summary": None}, None),
        ({"effort": "high"}, ir.Reasoning(effort="high")),
        ({"effort": "none"}, ir.Reasoning(mode="off", effort="none")),
        ({"summary": "auto"}, ir.Reasoning(visible=True)),
        ({"summary": "none", "effort": "low"}, ir.Reasoning(effort="low", visible=False)),
        ({"generate_summary": "concise"}, ir.Reasoning(visible=True)),
    ],
)
def test_it_reads_how_hard_to_think(given, wanted):
    assert read(reasoning=given).reasoning == wanted


def test_it_refuses_an_effort_that_nobody_knows():
    assert refused(reasoning={"effort": "heroic"}).param == "reasoning.effort"


def test_it_keeps_what_only_this_api_knows():
    asked = read(
        truncation="auto",
        max_tool_calls=3,
        reasoning={"effort": "low", "context": "all_turns", "summary": "detailed"},
        made_up=[1],
    )
    assert asked.extra == {
        "openai_responses": {
            "truncation": "auto",
            "max_tool_calls": 3,
            "made_up": [1],
            "reasoning": {"context": "all_turns", "summary": "detailed"},
        }
    }


def test_it_takes_no_private_field_of_a_client_along():
    """`client_metadata` tells Codex installations and sessions apart."""
    asked = read(client_metadata={"x-codex-installation-id": "secret"})
    assert asked.extra == {}


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"previous_response_id": "resp_1"}, "previous_response_id", "previous_response_not_found"),
        ({"conversation": {"id": "conv_1"}}, "conversation", "conversation_not_found"),
        ({"background": True}, "background", "unsupported_parameter"),
        ({"prompt": {"id": "pmpt_1"}}, "prompt", "unsupported_parameter"),
    ],
)
def test_it_never_ignores_state_that_only_another_provider_holds(fields, param, code):
    error = refused(**fields)
    assert (error.param, error.code) == (param, code)
    assert "`input`" in error.message or param == "background"


def test_it_tells_a_client_how_to_go_on_without_state():
    error = refused(previous_response_id="resp_1")
    assert "whole conversation" in error.message
    assert "`store` set to false" in error.message


def test_it_minds_no_state_that_is_not_used():
    read(previous_response_id=None, conversation=None, background=False, prompt=None)


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ([{"type": "item_reference", "id": "msg_1"}], "another provider holds"),
        ([{"id": "msg_1"}], "another provider holds"),
        ([{"type": "compaction_trigger"}], "summary"),
        ([{"type": "compaction", "encrypted_content": "x"}], "only the provider which made it"),
    ],
)
def test_it_refuses_items_that_only_another_provider_can_resolve(items, words):
    error = refused(*items)
    assert error.param == "input"
    assert words in error.message


def test_it_calls_a_compaction_request_unsupported():
    """Codex dies of any other answer than one compaction item; a 400 tells why."""
    assert isinstance(refused({"type": "compaction_trigger"}), Unsupported)


@pytest.mark.parametrize("value", ["nonsense", None, [], 3])
def test_it_refuses_a_body_that_is_no_object(value):
    with pytest.raises(InvalidRequest):
        FORMAT.read_request(value)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": ""}, "model"),
        ({"input": None}, "input"),
        ({"input": 3}, "input"),
        ({"input": []}, "input"),
        ({"input": ""}, "input"),
        ({"input": ["x"]}, "input[0]"),
        ({"input": [{"role": "king", "content": "x"}]}, "input[0].role"),
        ({"input": [{"type": "message", "content": "x"}]}, "input[0].role"),
        ({"input": [{"role": "user", "content": 3}]}, "input[0].content"),
        ({"input": [{"role": "user", "content": [{"type": "input_text"}]}]}, None),
        ({"input": [{"type": "function_call", "name": "f"}]}, "input[0].call_id"),
        ({"input": [{"type": "function_call", "call_id": "c"}]}, "input[0].name"),
        ({"instructions": ["x"]}, "instructions"),
        ({"temperature": "hot"}, "temperature"),
        ({"max_output_tokens": -1}, "max_output_tokens"),
        ({"stream": "yes"}, "stream"),
        ({"text": "x"}, "text"),
        ({"include": [3]}, "include[0]"),
        ({"metadata": "x"}, "metadata"),
        ({"tools": [{}]}, "tools[0].type"),
        ({"tools": [{"type": "function"}]}, "tools[0].name"),
        ({"tools": [{"type": "namespace", "tools": []}]}, "tools[0].name"),
    ],
)
def test_it_names_the_field_that_is_wrong(fields, param):
    error = refused(**fields)
    if param is not None:
        assert error.param == param
    assert error.param
    assert error.param in error.message


@pytest.mark.parametrize(
    "fields",
    [
        {"metadata": {"a": None}},
        {"made_up": None},
        {"text": {"format": {"type": "json_schema", "schema": None}}},
        {"tools": [{"type": "function", "name": "f", "parameters": None}]},
        {"input": [{"type": "made_up_call", "value": None}]},
        {"input": [{"type": "function_call", "call_id": "c", "name": "f", "arguments": None}]},
        {"input": [{"role": "user", "content": [{"type": "made_up", "value": None}]}]},
    ],
)
def test_it_refuses_what_is_nested_too_deeply_to_be_written_again(fields):
    deep: Any = {}
    for _ in range(400):
        deep = {"a": deep}
    assert "too deeply" in refused(**_filled(fields, deep)).message


def _filled(value: Any, deep: Any) -> Any:
    """`value` with `deep` in the place of its None."""
    if isinstance(value, dict):
        return {key: _filled(inner, deep) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, deep) for inner in value]
    return deep if value is None else value


def test_it_minds_no_instructions_but_their_absence():
    assert FORMAT.read_request(body(instructions="")).messages == (user("Hi"),)
    with pytest.raises(InvalidRequest):
        FORMAT.read_request({"model": "m", "instructions": "Be brief."})
    alone = FORMAT.read_request({"model": "m", "instructions": "Be brief.", "input": []})
    assert [m.role for m in alone.messages] == [system("").role]
