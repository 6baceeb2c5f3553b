"""Writing requests: whatever the client spoke, the provider gets what it takes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from omniroute.gateway import ir
from omniroute.gateway.errors import InvalidRequest, Unsupported
from omniroute.gateway.formats.anthropic import FORMAT

from .facts import (
    BUDGETED,
    HEAD,
    MODEL,
    PROVIDER,
    ask,
    assistant,
    call,
    result,
    system,
    user,
    wire,
)
from .golden import REQUEST

LOOK = ir.Tool(name="look", schema={"type": "object", "properties": {"x": {}}})


def test_it_writes_the_least_a_request_needs() -> None:
    assert wire(user("Hi")).body == {
        "model": "claude-sonnet-5",
        "max_tokens": 64_000,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}],
    }


@pytest.mark.parametrize(
    ("asked", "ceiling", "sent"),
    [
        (None, 64_000, 64_000),
        (None, None, 32_000),
        (500, 64_000, 500),
        (500, None, 500),
        (200_000, 64_000, 64_000),
        (0, 64_000, 0),
    ],
)
def test_it_always_sends_max_tokens_within_the_models_limit(
    asked: int | None, ceiling: int | None, sent: int
) -> None:
    model = replace(MODEL, max_output=ceiling)
    assert wire(model=model, max_tokens=asked).body["max_tokens"] == sent


def test_it_sends_a_stream_flag_only_for_streams() -> None:
    assert wire(stream=True).body["stream"] is True
    assert "stream" not in wire().body


def test_it_names_every_field_that_the_target_lacks() -> None:
    sampling = ir.Sampling(
        seed=1,
        frequency_penalty=0.1,
        presence_penalty=0.1,
        logprobs=True,
        top_logprobs=2,
        logit_bias={},
        stop=("END", "\n"),
    )
    sent = wire(
        sampling=sampling,
        verbosity="low",
        prompt_cache_key="k",
        metadata={"a": "b"},
        service_tier="flex",
        extra={"openai_chat": {"store": False, "prediction": {}}, "odd": 1},
    )
    assert sent.body.keys() == {"model", "max_tokens", "messages", "stop_sequences"}
    assert sent.body["stop_sequences"] == ["END"]
    assert set(sent.losses) == {
        *("seed", "frequency_penalty", "presence_penalty", "logprobs", "top_logprobs"),
        *("logit_bias", "stop", "verbosity", "prompt_cache_key", "metadata", "service_tier"),
        *("store", "prediction", "odd"),
    }


def test_it_does_not_let_fields_of_other_apis_leak_upstream() -> None:
    extra = {"openai_responses": {"client_metadata": {"x": "y"}}, "anthropic": {"container": "c"}}
    assert wire(extra=extra).body.keys() == {"model", "max_tokens", "messages"}


def test_it_refuses_several_answers_at_once() -> None:
    with pytest.raises(Unsupported) as caught:
        wire(sampling=ir.Sampling(n=2))
    assert caught.value.param == "n"
    assert "n" not in wire(sampling=ir.Sampling(n=1)).losses


@pytest.mark.parametrize(
    ("tier", "sent"), [("auto", "auto"), ("priority", "auto"), ("default", "standard_only")]
)
def test_it_translates_service_tiers(tier: str, sent: str) -> None:
    assert wire(service_tier=tier).body["service_tier"] == sent


def test_it_sends_the_end_user() -> None:
    assert wire(user="u-1").body["metadata"] == {"user_id": "u-1"}


@pytest.mark.parametrize(
    ("sampling", "sent", "losses"),
    [
        (ir.Sampling(temperature=0.5), {"temperature": 0.5}, ()),
        (ir.Sampling(temperature=1.7), {"temperature": 1}, ("temperature",)),
        (ir.Sampling(temperature=0.5, top_p=0.9), {"temperature": 0.5}, ("top_p",)),
        (ir.Sampling(top_p=0.9, top_k=5), {"top_p": 0.9, "top_k": 5}, ()),
    ],
)
def test_it_keeps_sampling_within_what_the_api_takes(
    sampling: ir.Sampling, sent: dict[str, Any], losses: tuple[str, ...]
) -> None:
    made = wire(sampling=sampling)
    assert {k: v for k, v in made.body.items() if k in ("temperature", "top_p", "top_k")} == sent
    assert made.losses == losses


@pytest.mark.parametrize(
    ("sampling", "sent", "losses"),
    [
        (ir.Sampling(temperature=0.2, top_k=5), {}, ("temperature", "top_k")),
        (ir.Sampling(temperature=1, top_p=0.97), {"top_p": 0.97}, ()),
        (ir.Sampling(top_p=0.5), {}, ("top_p",)),
    ],
)
def test_it_drops_sampling_that_thinking_refuses(
    sampling: ir.Sampling, sent: dict[str, Any], losses: tuple[str, ...]
) -> None:
    made = wire(sampling=sampling, reasoning=ir.Reasoning(effort="high"))
    assert {k: v for k, v in made.body.items() if k in ("temperature", "top_p", "top_k")} == sent
    assert made.losses == losses


def test_it_drops_what_provider_or_model_refuse_but_never_what_the_api_needs() -> None:
    model = replace(MODEL, drop_params=("temperature", "model", "stream"))
    provider = replace(PROVIDER, drop_params=("stop_sequences", "max_tokens", "unheard_of"))
    request = ask(stream=True, sampling=ir.Sampling(temperature=0.2, stop=("END",)))
    made = FORMAT.write_request(request, provider, model)
    assert made.body.keys() == {"model", "max_tokens", "messages", "stream"}
    assert made.losses == ("stop_sequences", "temperature")


def test_it_asks_for_json_in_words_where_there_is_no_field() -> None:
    body = wire(system("Be kind."), user("Hi"), output=ir.OutputFormat(kind="json_object")).body
    assert [block["text"][:8] for block in body["system"]] == ["Be kind.", "Answer w"]
    assert "output_config" not in body
    assert "output_config" not in wire(output=ir.OutputFormat(kind="text")).body


def test_it_makes_a_schema_that_the_constrained_decoder_knows() -> None:
    given = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "age": {"type": "integer", "minimum": 0, "description": "Years."},
            "when": {"type": "string", "format": "date-time"},
            "code": {"type": "string", "format": "regex", "maxLength": 4},
            "tags": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 3},
            "many": {"type": "array", "minItems": 2},
            "pick": {"oneOf": [{"type": "string"}, {"$ref": "#/$defs/N"}]},
            "open": {"type": "object", "additionalProperties": True},
        },
        "required": ["age"],
        "$defs": {"N": {"type": "object", "properties": {"n": {"enum": [1, 2]}}}},
    }
    output = ir.OutputFormat(kind="json_schema", schema=given, name="answer", strict=False)
    assert wire(output=output).body["output_config"]["format"] == {
        "type": "json_schema",
        "schema": {
            "type": "object",
            "properties": {
                "age": {"type": "integer", "description": "Years. (minimum: 0)"},
                "when": {"type": "string", "format": "date-time"},
                "code": {"type": "string", "description": "(format: regex, maxLength: 4)"},
                "tags": {
                    "type": "array",
                    "items": {"type": "string"},
                    "minItems": 1,
                    "description": "(maxItems: 3)",
                },
                "many": {"type": "array", "description": "(minItems: 2)"},
                "pick": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/N"}]},
                "open": {"type": "object", "additionalProperties": False},
            },
            "required": ["age"],
            "$defs": {
                "N": {
                    "type": "object",
                    "properties": {"n": {"enum": [1, 2]}},
                    "additionalProperties": False,
                }
            },
            "additionalProperties": False,
        },
    }


def test_it_leaves_a_bottomless_or_odd_schema_to_the_provider() -> None:
    deep: Any = True
    for _ in range(900):
        deep = {"items": deep}
    for odd in (deep, True, {"properties": [], "anyOf": {}, "format": []}):
        output = ir.OutputFormat(kind="json_schema", schema=odd)
        assert "format" in wire(output=output).body["output_config"]


def test_it_keeps_the_callers_own_schema_and_effort_side_by_side() -> None:
    body = {**REQUEST, "thinking": {"type": "enabled", "budget_tokens": 2000}}
    sent = FORMAT.write_request(FORMAT.read_request(body), PROVIDER, BUDGETED).body
    assert sent["thinking"] == {
        "type": "enabled",
        "budget_tokens": 2000,
    }
    assert sent["output_config"] == REQUEST["output_config"]


# --- content ---


@pytest.mark.parametrize(
    ("part", "block"),
    [
        (
            ir.Image(source=ir.Source(media_type="image/png", data="aGk="), detail="high"),
            {
                "type": "image",
                "source": {"type": "base64", "media_type": "image/png", "data": "aGk="},
            },
        ),
        (
            ir.Image(source=ir.Source(url="https://e.com/a.png")),
            {"type": "image", "source": {"type": "url", "url": "https://e.com/a.png"}},
        ),
        (
            ir.Document(source=ir.Source(media_type="application/pdf", data="aGk="), name="a.pdf"),
            {
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": "aGk="},
                "title": "a.pdf",
            },
        ),
        (
            ir.Document(source=ir.Source(media_type="text/markdown", data="aGk=")),
            {
                "type": "document",
                "source": {"type": "text", "media_type": "text/plain", "data": "hi"},
            },
        ),
        (ir.Refusal(text="No."), {"type": "text", "text": "No."}),
    ],
)
def test_it_writes_content(part: ir.Part, block: dict[str, Any]) -> None:
    made = wire(user(part))
    assert made.body["messages"][0]["content"] == [block]
    detailed = isinstance(part, ir.Image) and part.detail == "high"
    assert made.losses == (("messages.image.detail",) if detailed else ())


@pytest.mark.parametrize(
    "message",
    [
        user(ir.Audio(source=ir.Source(media_type="audio/wav", data="aGk="))),
        user(ir.Document(source=ir.Source(media_type="application/zip", data="aGk="))),
        user(ir.Document(source=ir.Source(media_type="text/plain", data="!"))),
        user(ir.Opaque(format="openai_chat", value={})),
        assistant(ir.Image(source=ir.Source(url="u"))),
        system(ir.Image(source=ir.Source(url="u"))),
    ],
)
def test_it_says_what_the_provider_cannot_carry(message: ir.Message) -> None:
    with pytest.raises(Unsupported) as caught:
        wire(message, user("x"))
    assert caught.value.param == "messages"


def test_it_says_so_inside_a_tool_result_too() -> None:
    for odd in (ir.Audio(source=ir.Source(url="u")), ir.Opaque(format="gemini", value=1)):
        answer = ir.ToolResult(call_id="a", parts=(odd,))
        with pytest.raises(Unsupported):
            wire(user("x"), assistant(call("a")), user(answer))


def test_it_refuses_images_for_a_model_without_eyes() -> None:
    blind = replace(MODEL, images=False)
    picture = ir.Image(source=ir.Source(url="u"))
    with pytest.raises(Unsupported, match="no images"):
        wire(user(picture), model=blind)
    with pytest.raises(Unsupported, match="no images"):
        wire(
            user("x"),
            assistant(call("a")),
            user(ir.ToolResult(call_id="a", parts=(picture,))),
            model=blind,
        )


def test_it_drops_records_of_other_vendors_own_tools_from_answers() -> None:
    record = ir.Opaque(format="openai_responses", value={"type": "web_search_call"})
    made = wire(user("x"), assistant(record, "y"), user("z"))
    assert made.body["messages"][1]["content"] == [{"type": "text", "text": "y"}]
    assert made.losses == ("messages.content",)


def test_it_sends_results_with_images_and_documents() -> None:
    answer = ir.ToolResult(
        call_id="a",
        parts=(
            ir.Text(text="see"),
            ir.Text(text=""),
            ir.Image(source=ir.Source(url="u")),
            ir.Document(source=ir.Source(media_type="application/pdf", data="aGk=")),
        ),
        is_error=True,
    )
    made = wire(user("x"), assistant(call("a")), user(answer), tools=(LOOK,))
    [block] = made.body["messages"][2]["content"]
    assert [inner["type"] for inner in block["content"]] == ["text", "image", "document"]
    assert block["is_error"] is True


def test_it_sends_an_empty_result_without_content() -> None:
    made = wire(user("x"), assistant(call("a")), user(ir.ToolResult(call_id="a")), user("y"))
    assert made.body["messages"][2]["content"][0] == {"type": "tool_result", "tool_use_id": "a"}


@pytest.mark.parametrize(
    ("arguments", "freeform", "sent"),
    [
        ('{"x": 1}', False, {"x": 1}),
        ("", False, {}),
        ("[1]", False, {"arguments": [1]}),
        ('{"x": ', False, {"arguments": '{"x": '}),
        ("*** Begin Patch", True, {"input": "*** Begin Patch"}),
        ('{"x": 1}', True, {"input": '{"x": 1}'}),
    ],
)
def test_it_always_sends_arguments_as_an_object(
    arguments: str, freeform: bool, sent: dict[str, Any]
) -> None:
    made = ir.ToolCall(id="a", name="look", arguments=arguments, freeform=freeform)
    [block] = wire(user("x"), assistant(made), user(result("a"))).body["messages"][1]["content"]
    assert block["input"] == sent


# --- cache marks ---

MARK = {"type": "ephemeral"}


def test_it_marks_a_conversation_of_another_api_for_caching_at_its_stable_ends() -> None:
    body = wire(system("S"), user("a"), assistant("b"), user("c", "d"), tools=(LOOK,)).body
    assert body["system"][-1]["cache_control"] == MARK
    assert body["messages"][-1]["content"][-1]["cache_control"] == MARK
    assert str(body).count("cache_control") == 2
    without_system = wire(user("a"), tools=(LOOK,)).body
    assert without_system["tools"][-1]["cache_control"] == MARK
    prefilled = wire(user("a"), assistant("b")).body
    assert "cache_control" not in str(prefilled)


def test_it_does_not_mark_a_single_question() -> None:
    assert "cache_control" not in str(wire(system("S"), user("a")).body)


def test_it_leaves_clients_that_mark_for_themselves_alone() -> None:
    marked = ir.Text(text="S", extra={"anthropic": {"cache_control": MARK}})
    body = wire(system(marked), user("a"), assistant("b"), user("c")).body
    assert str(body).count("cache_control") == 1
    assert "cache_control" not in str(wire(user("x"), format="anthropic", tools=(LOOK,)).body)


def test_it_gives_gemini_signatures_back_with_the_part_they_belong_to() -> None:
    """An Anthropic client keeps only thinking blocks; the signature travels in one of those."""
    signed = replace(call("c1"), extra={"gemini": {"thoughtSignature": "sig=="}})
    answer = ir.Response(id="", model="", parts=(signed,), finish="tool_calls")
    content = FORMAT.write_response(answer, HEAD)["content"]
    assert [block["type"] for block in content] == ["thinking", "tool_use"]
    body = {"model": "m", "messages": [{"role": "assistant", "content": content}]}
    assert FORMAT.read_request(body).messages[0].parts == (signed,)


def test_it_refuses_a_conversation_without_content() -> None:
    with pytest.raises(InvalidRequest) as caught:
        wire(system(" "), user(" "), assistant(""))
    assert caught.value.param == "messages"
