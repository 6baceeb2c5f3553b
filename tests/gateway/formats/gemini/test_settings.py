"""`generationConfig` in both directions: sampling, limits, thinking and the form of the answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from omniroute.gateway import ir
from omniroute.gateway.errors import Unsupported
from omniroute.gateway.formats.gemini import FORMAT
from omniroute.gateway.snapshot import Model

from .wire import GOOGLE, OTHER, SECOND, THIRD, ask, read, system, user, write

JSON = "application/json"
SCHEMA = {"type": "object", "properties": {"a": {"type": ["string", "null"]}}}


def config(model: Model = THIRD, **fields: Any) -> Any:
    return write(model=model, **fields).body.get("generationConfig")


def losses(model: Model = THIRD, **fields: Any) -> tuple[str, ...]:
    return write(model=model, **fields).losses


def test_it_writes_what_was_asked_for_and_nothing_else():
    assert write().body.keys() == {"contents"}
    sampling = ir.Sampling(
        temperature=0,
        top_p=0.5,
        top_k=3,
        seed=0,
        n=1,
        stop=("a",),
        frequency_penalty=0,
        presence_penalty=-1,
    )
    assert config(sampling=sampling, max_tokens=10) == {
        "temperature": 0,
        "topP": 0.5,
        "topK": 3,
        "seed": 0,
        "candidateCount": 1,
        "stopSequences": ["a"],
        "frequencyPenalty": 0,
        "presencePenalty": -1,
        "maxOutputTokens": 10,
    }


def test_it_keeps_the_limit_within_the_models():
    assert config(max_tokens=10**6) == {"maxOutputTokens": 65_536}
    assert config(Model(id="m"), max_tokens=10**6) == {"maxOutputTokens": 10**6}
    assert config(max_tokens=0) == {"maxOutputTokens": 1}, "a request that only fills a cache"


def test_it_names_what_it_cannot_carry():
    many = ir.Sampling(stop=tuple("abcdef"), logit_bias={"1": 2}, logprobs=True, top_logprobs=2)
    assert config(sampling=many) == {"stopSequences": list("abcde")}
    assert losses(sampling=many) == ("logit_bias", "logprobs", "stop")
    with pytest.raises(Unsupported) as refused:
        write(sampling=ir.Sampling(n=2))
    assert refused.value.param == "n"
    fields = {"user": "u", "prompt_cache_key": "k", "verbosity": "low", "metadata": {"a": "b"}}
    assert losses(**fields) == ("metadata", "prompt_cache_key", "user", "verbosity")
    assert losses(extra={"openai_chat": {"store": True}}) == ("openai_chat.store",)


def test_it_drops_what_the_provider_or_the_model_does_not_take():
    model = Model(id="m", drop_params=("topK", "seed", "contents"))
    sampling = ir.Sampling(top_k=3, temperature=1)
    wire = write(model=model, sampling=sampling)
    assert wire.body["generationConfig"] == {"temperature": 1}
    assert wire.body["contents"]
    assert wire.losses == ("topK",)
    picky = replace(GOOGLE, drop_params=("systemInstruction", "temperature"))
    wire = write(system("S"), user("Hi"), provider=picky, sampling=sampling)
    assert "systemInstruction" not in wire.body
    assert wire.body["generationConfig"] == {"topK": 3}
    assert wire.losses == ("systemInstruction", "temperature")


@pytest.mark.parametrize(
    ("given", "tier", "written"),
    [
        ("FLEX", "flex", "flex"),
        ("priority", "priority", "priority"),
        ("standard", "default", "standard"),
    ],
)
def test_it_translates_the_service_tier(given: str, tier: str, written: str):
    request = read(serviceTier=given)
    assert request.service_tier == tier
    assert request.extra == {}
    assert write(service_tier=tier).body["serviceTier"] == written


def test_it_keeps_a_tier_that_only_google_knows_and_names_one_that_it_does_not():
    assert read(serviceTier="unspecified").extra == {"gemini": {"serviceTier": "unspecified"}}
    assert read(serviceTier="unspecified").service_tier is None
    assert losses(service_tier="scale") == ("service_tier",)
    assert write(service_tier="auto").losses == ()
    assert "serviceTier" not in write(service_tier="auto").body


# --- the form of the answer ---


@pytest.mark.parametrize(
    ("given", "want"),
    [
        ({}, None),
        ({"responseMimeType": "text/plain"}, ir.OutputFormat(kind="text")),
        ({"responseMimeType": JSON}, ir.OutputFormat(kind="json_object")),
        (
            {"responseMimeType": JSON, "responseJsonSchema": SCHEMA},
            ir.OutputFormat(kind="json_schema", schema=SCHEMA),
        ),
        (
            {
                "response_mime_type": JSON,
                "response_schema": {
                    "type": "OBJECT",
                    "properties": {"a": {"type": "STRING", "nullable": True}},
                },
            },
            ir.OutputFormat(kind="json_schema", schema=SCHEMA),
        ),
    ],
)
def test_it_reads_the_form_of_the_answer(given: Any, want: Any):
    assert read(generationConfig=given).output == want


def test_it_keeps_an_answer_of_one_word_for_its_own_format():
    given = {"responseMimeType": "text/x.enum", "responseSchema": {"enum": ["a", "b"]}}
    request = read(generationConfig=given)
    assert request.output is None
    assert FORMAT.write_request(request, GOOGLE, THIRD).body["generationConfig"] == given


def test_it_writes_the_form_of_the_answer():
    assert config(output=ir.OutputFormat(kind="text")) == {"responseMimeType": "text/plain"}
    assert config(output=ir.OutputFormat(kind="json_object")) == {"responseMimeType": JSON}
    wanted = ir.OutputFormat(kind="json_schema", schema=SCHEMA, name="answer", strict=True)
    assert config(output=wanted) == {"responseMimeType": JSON, "responseJsonSchema": SCHEMA}
    assert losses(output=wanted) == ("response_format.name", "response_format.strict")


def test_it_reduces_the_form_for_an_endpoint_that_takes_no_json_schema():
    old = Model(id="m", drop_params=("responseJsonSchema",))
    wanted = ir.OutputFormat(kind="json_schema", schema=SCHEMA)
    assert config(old, output=wanted) == {
        "responseMimeType": JSON,
        "responseSchema": {
            "type": "OBJECT",
            "properties": {"a": {"type": "STRING", "nullable": True}},
        },
    }


def test_it_asks_older_models_in_words_because_they_refuse_a_form_beside_functions():
    tool = ir.Tool(name="f", schema={"type": "object"})
    wanted = ir.OutputFormat(kind="json_schema", schema=SCHEMA)
    for model in (SECOND, Model(id="gemini-2.0-flash")):
        wire = write(model=model, tools=(tool,), output=wanted)
        assert "generationConfig" not in wire.body
        [told] = wire.body["systemInstruction"]["parts"]
        assert '{"type":"object","properties"' in told["text"]
        assert wire.losses == ("response_format",)
        plain = write(model=model, tools=(tool,), output=ir.OutputFormat(kind="json_object"))
        assert "JSON" in plain.body["systemInstruction"]["parts"][0]["text"]
        for harmless in (None, ir.OutputFormat(kind="text")):
            assert write(model=model, tools=(tool,), output=harmless).losses == ()
        hosted = ir.Tool(name="googleSearch", hosted={"googleSearch": {}})
        assert config(model, format="gemini", tools=(hosted,), output=wanted)
    for model in (THIRD, Model(id="my-tuned-model")):
        wire = write(model=model, tools=(tool,), output=wanted)
        assert wire.body["generationConfig"]["responseJsonSchema"] == SCHEMA


# --- thinking ---

PRO = Model(id="gemini-2.5-pro", max_output=65_536, thinking=("budget",))
THIRD_PRO = Model(id="gemini-3.1-pro-preview", thinking=("level",))
FIRST_THIRD_PRO = Model(id="gemini-3-pro-preview", thinking=("level",))
NAMED = Model(id="my-own-model")


@pytest.mark.parametrize(
    ("given", "want"),
    [
        ({}, None),
        ({"includeThoughts": True}, ir.Reasoning(visible=True)),
        ({"include_thoughts": False}, ir.Reasoning(visible=False)),
        ({"thinkingBudget": 0}, ir.Reasoning(mode="off")),
        ({"thinking_budget": -1}, ir.Reasoning(mode="adaptive")),
        ({"thinkingBudget": 2048}, ir.Reasoning(mode="on", budget=2048)),
        ({"thinkingLevel": "MINIMAL"}, ir.Reasoning(effort="minimal")),
        ({"thinkingLevel": "low"}, ir.Reasoning(effort="low")),
        ({"thinkingLevel": "MEDIUM"}, ir.Reasoning(effort="medium")),
        (
            {"thinkingLevel": "HIGH", "includeThoughts": True},
            ir.Reasoning(effort="high", visible=True),
        ),
        ({"thinkingLevel": "XHIGH"}, ir.Reasoning(effort="xhigh")),
        ({"thinkingLevel": "THINKING_LEVEL_UNSPECIFIED"}, ir.Reasoning()),
    ],
)
def test_it_reads_how_hard_to_think(given: Any, want: Any):
    assert read(generationConfig={"thinkingConfig": given}).reasoning == want


@pytest.mark.parametrize(
    ("model", "reasoning", "want"),
    [
        (THIRD, ir.Reasoning(effort="low"), {"thinkingLevel": "LOW", "includeThoughts": True}),
        (
            THIRD,
            ir.Reasoning(effort="max", visible=False),
            {"thinkingLevel": "HIGH", "includeThoughts": False},
        ),
        (THIRD, ir.Reasoning(mode="on", budget=8000), {"thinkingLevel": "MEDIUM"}),
        (THIRD, ir.Reasoning(mode="on"), {"thinkingLevel": "MEDIUM"}),
        (THIRD, ir.Reasoning(mode="adaptive"), {"includeThoughts": True}),
        (THIRD, ir.Reasoning(visible=True), {"includeThoughts": True}),
        (THIRD, ir.Reasoning(mode="off"), {"thinkingLevel": "MINIMAL"}),
        (THIRD_PRO, ir.Reasoning(effort="none"), {"thinkingLevel": "LOW"}),
        (THIRD_PRO, ir.Reasoning(effort="medium"), {"thinkingLevel": "MEDIUM"}),
        (FIRST_THIRD_PRO, ir.Reasoning(effort="medium"), {"thinkingLevel": "HIGH"}),
        (SECOND, ir.Reasoning(effort="low"), {"thinkingBudget": 2048}),
        (SECOND, ir.Reasoning(effort="max"), {"thinkingBudget": 24_576}),
        (PRO, ir.Reasoning(effort="max"), {"thinkingBudget": 32_768}),
        (SECOND, ir.Reasoning(mode="on", budget=5000), {"thinkingBudget": 5000}),
        (SECOND, ir.Reasoning(mode="adaptive"), {"thinkingBudget": -1}),
        (SECOND, ir.Reasoning(mode="adaptive", effort="high"), {"thinkingBudget": 24_576}),
        (SECOND, ir.Reasoning(visible=True), {"includeThoughts": True}),
        (SECOND, ir.Reasoning(mode="off"), {"thinkingBudget": 0}),
        (PRO, ir.Reasoning(mode="off"), {"thinkingBudget": 1024}),
        (Model(id="gemini-2.5-flash-lite"), ir.Reasoning(mode="off"), {"thinkingBudget": 0}),
        (Model(id="gemini-2.5-pro"), ir.Reasoning(mode="off"), {"thinkingBudget": 1024}),
        (Model(id="gemini-3-flash"), ir.Reasoning(effort="low"), {"thinkingLevel": "LOW"}),
        (Model(id="gemini-4-argon"), ir.Reasoning(effort="low"), {"thinkingLevel": "LOW"}),
        (NAMED, ir.Reasoning(effort="low"), {"thinkingLevel": "LOW"}),
        (NAMED, ir.Reasoning(mode="on", budget=5000), {"thinkingBudget": 5000}),
        (NAMED, ir.Reasoning(mode="off"), {"thinkingBudget": 0}),
    ],
)
def test_it_writes_a_level_or_a_budget_and_never_both(model: Model, reasoning: Any, want: Any):
    found = config(model, reasoning=reasoning)["thinkingConfig"]
    assert found.items() >= want.items()
    assert not {"thinkingLevel", "thinkingBudget"} <= found.keys()
    if reasoning.mode == "off" and "thinkingBudget" in want and not want["thinkingBudget"]:
        assert "includeThoughts" not in found


def test_it_asks_models_that_do_not_think_for_nothing():
    for model in (Model(id="gemini-2.0-flash"), Model(id="gemini-1.5-pro")):
        assert config(model, reasoning=ir.Reasoning(effort="high")) is None
        assert losses(model, reasoning=ir.Reasoning(effort="high")) == ("thinking",)
        assert losses(model, reasoning=ir.Reasoning(mode="off")) == ()
        assert config(model, reasoning=ir.Reasoning(mode="off")) is None


def test_it_leaves_room_for_an_answer_beside_the_thoughts():
    tight = config(SECOND, reasoning=ir.Reasoning(mode="on", budget=9000), max_tokens=4096)
    assert tight["thinkingConfig"]["thinkingBudget"] == 3072
    none = write(model=SECOND, reasoning=ir.Reasoning(mode="on", budget=9000), max_tokens=100)
    assert none.body["generationConfig"]["thinkingConfig"] == {"includeThoughts": True}
    assert none.losses == ("thinking",)


def test_it_makes_a_thinking_request_for_every_provider():
    wire = FORMAT.write_request(ask(reasoning=ir.Reasoning(effort="low")), OTHER, THIRD)
    assert wire.body["generationConfig"]["thinkingConfig"]["thinkingLevel"] == "LOW"
