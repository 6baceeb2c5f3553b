"""Structured output in every pair: the official SDKs' parsers get what they asked for, and the
provider the schema in its own words; and what several dialects say alike about one answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import anthropic
import openai
import pytest
from google import genai
from google.genai import types
from pydantic import BaseModel

from tests.e2e import valid
from tests.e2e.speech import Speech, answering
from tests.product import Product
from tests.upstream import FakeUpstream

NATIVE = {"openai_chat": "oai", "anthropic": "ant", "openai_responses": "rsp", "gemini": "gem"}
FORMS = ("oai", "ant", "rsp", "gem")
ASK = "How is the weather in Bern?"


class Weather(BaseModel):
    city: str
    degrees: int


BERN = Weather(city="Bern", degrees=20)


class Sdks:
    def __init__(self, url: str, key: str, stack: ExitStack) -> None:
        self.openai = openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0)
        self.anthropic = anthropic.Anthropic(base_url=url, api_key=key, max_retries=0)
        self.google = genai.Client(api_key=key, http_options=types.HttpOptions(base_url=url))
        stack.enter_context(self.openai)
        stack.enter_context(self.anthropic)
        stack.callback(self.google.close)

    def parse(self, dialect: str, model: str) -> Any:
        messages: Any = [{"role": "user", "content": ASK}]
        match dialect:
            case "openai_chat":
                chat = self.openai.chat.completions
                answer: Any = chat.parse(model=model, messages=messages, response_format=Weather)
                return answer.choices[0].message.parsed
            case "openai_responses":
                found = self.openai.responses.parse(model=model, input=ASK, text_format=Weather)
                return found.output_parsed
            case "anthropic":
                said: Any = self.anthropic.messages.parse(
                    model=model, messages=messages, max_tokens=99, output_format=Weather
                )
                return said.parsed_output
            case _:
                config = types.GenerateContentConfig(
                    response_mime_type="application/json", response_schema=Weather
                )
                models = self.google.models
                return models.generate_content(model=model, contents=ASK, config=config).parsed


@pytest.fixture(scope="module")
def sdks(product: Product, key: str) -> Iterator[Sdks]:
    with ExitStack() as stack:
        yield Sdks(product.url, key, stack)


def asked_for(form: str, body: Any) -> Any:
    """The schema that the provider got."""
    match form:
        case "oai":
            wanted = body["response_format"]
            assert (wanted["type"], bool(wanted["json_schema"]["name"])) == ("json_schema", True)
            return wanted["json_schema"]["schema"]
        case "rsp":
            wanted = body["text"]["format"]
            assert (wanted["type"], bool(wanted["name"])) == ("json_schema", True)
            return wanted["schema"]
        case "ant":
            assert body["output_config"]["format"]["type"] == "json_schema"
            return body["output_config"]["format"]["schema"]
        case _:
            config = body["generationConfig"]
            assert config["responseMimeType"] == "application/json"
            return config.get("responseJsonSchema") or config["responseSchema"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dialect", NATIVE)
def test_the_sdks_parsers_get_what_they_asked_for(
    sdks: Sdks, upstreams: dict[str, FakeUpstream], dialect: str, form: str
) -> None:
    upstreams[form].play(answering(form, Speech(text=BERN.model_dump_json())))
    assert sdks.parse(dialect, f"{form}/a-model") == BERN
    body = upstreams[form].received[-1].json
    if NATIVE[dialect] != form:
        valid.check(form, body)
    schema = asked_for(form, body)
    assert schema["type"].lower() == "object"
    kinds = {name: field["type"].lower() for name, field in schema["properties"].items()}
    assert kinds == {"city": "string", "degrees": "integer"}
    assert sorted(schema["required"]) == ["city", "degrees"]


@pytest.mark.parametrize("form", FORMS)
def test_json_without_a_schema_is_asked_for_as_the_format_can(
    sdks: Sdks, upstreams: dict[str, FakeUpstream], form: str
) -> None:
    upstreams[form].play(answering(form, Speech(text='{"a": 1}')))
    answer = sdks.openai.chat.completions.create(
        model=f"{form}/a-model",
        messages=[{"role": "user", "content": ASK}],
        response_format={"type": "json_object"},
    )
    assert json.loads(answer.choices[0].message.content or "") == {"a": 1}
    body = upstreams[form].received[-1].json
    if form != "oai":
        valid.check(form, body)
    match form:
        case "oai":
            assert body["response_format"] == {"type": "json_object"}
        case "rsp":
            assert body["text"]["format"] == {"type": "json_object"}
        case "ant":
            assert "JSON" in body["system"][-1]["text"]
        case "gem":
            assert body["generationConfig"]["responseMimeType"] == "application/json"
            assert "responseSchema" not in body["generationConfig"]


SAMPLING: dict[str, dict[str, Any]] = {
    "oai": {"temperature": 0.5, "stop": ["END"], "seed": 7},
    "ant": {"temperature": 0.5, "stop_sequences": ["END"]},
    "rsp": {"temperature": 0.5},
    "gem": {"temperature": 0.5, "stopSequences": ["END"], "seed": 7},
}


@pytest.mark.parametrize("form", FORMS)
def test_sampling_reaches_the_provider_in_its_own_words(
    sdks: Sdks, upstreams: dict[str, FakeUpstream], product: Product, form: str
) -> None:
    upstreams[form].play(answering(form, Speech(text="x")))
    raw = sdks.openai.chat.completions.with_raw_response.create(
        model=f"{form}/a-model",
        messages=[{"role": "user", "content": ASK}],
        temperature=0.5,
        stop="END",
        seed=7,
    )
    body = upstreams[form].received[-1].json
    told = body.get("generationConfig", body)
    wanted = SAMPLING[form] if form != "oai" else {**SAMPLING["oai"], "stop": "END"}
    assert {name: told[name] for name in wanted} == wanted
    row = product.log_of(raw.headers["x-omniroute-request-id"])
    lost = [step["not_carried"] for step in row["decision"] if "not_carried" in step]
    missing = {"ant": [["seed"]], "rsp": [["seed", "stop"]]}.get(form, [])
    assert lost == missing  # nothing is dropped in silence


VERSIONS = ["2023-06-01", "2026-10-21"]


@pytest.mark.parametrize("version", VERSIONS)
def test_anthropics_versions_reach_its_own_format_as_sent(
    sdks: Sdks, upstreams: dict[str, FakeUpstream], version: str
) -> None:
    for form in FORMS:
        upstreams[form].play(answering(form, Speech(text="x")))
        said = sdks.anthropic.messages.create(
            model=f"{form}/a-model",
            messages=[{"role": "user", "content": ASK}],
            max_tokens=99,
            extra_headers={"anthropic-version": version, "anthropic-beta": "some-beta-2026-01-01"},
        )
        assert said.content[0].text == "x"  # type: ignore[union-attr]
        headers = upstreams[form].received[-1].headers
        if form == "ant":
            assert headers["anthropic-version"] == version
            assert headers["anthropic-beta"] == "some-beta-2026-01-01"
        else:
            assert {"anthropic-version", "anthropic-beta"}.isdisjoint(headers)


def test_a_translated_request_uses_the_old_version(
    sdks: Sdks, upstreams: dict[str, FakeUpstream]
) -> None:
    upstreams["ant"].play(answering("ant", Speech(text="x")))
    sdks.openai.responses.create(model="ant/a-model", input=ASK)
    assert upstreams["ant"].received[-1].headers["anthropic-version"] == "2023-06-01"
