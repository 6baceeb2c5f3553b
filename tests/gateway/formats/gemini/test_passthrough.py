"""A client's own body for a provider of the same format, and the paths of the API."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest

from omniroute.gateway import splice
from omniroute.gateway.errors import InvalidRequest
from omniroute.gateway.formats.gemini import FORMAT
from omniroute.gateway.snapshot import Model

from .golden import REQUEST
from .wire import GOOGLE, SECOND, THIRD, body


def test_it_takes_out_what_the_gateway_put_in_and_keeps_everything_else():
    given = {**REQUEST, "model": "alias", "stream": True, "newField": {"x": 1}}
    before = copy.deepcopy(given)
    passed = FORMAT.passthrough(given, GOOGLE, THIRD)
    assert passed == {**REQUEST, "newField": {"x": 1}}
    assert given == before
    assert all(passed[key] is given[key] for key in passed)


def test_it_changes_no_byte_of_what_the_client_wrote():
    raw = b'{ "contents" : [{"parts":[{"text":"\\u00e9 1e2"}]}],\n"x": 1.50 }'
    parsed = {"contents": [{"parts": [{"text": "é 1e2"}]}], "x": 1.5}
    before = {**parsed, "model": "alias", "stream": False}
    passed = FORMAT.passthrough(before, GOOGLE, SECOND)
    told = splice.rewrite(raw, before, passed)
    assert b'[{"parts":[{"text":"\\u00e9 1e2"}]}]' in told
    assert b"1.50" in told
    assert b"alias" not in told


def test_it_drops_what_a_provider_or_a_model_does_not_take():
    given = body(labels={"a": "b"}, safetySettings=[], cachedContent="x")
    provider = replace(GOOGLE, drop_params=("labels", "contents"))
    model = Model(id="m", drop_params=("safetySettings",))
    assert FORMAT.passthrough(given, provider, model).keys() == {"contents", "cachedContent"}


def test_it_refuses_what_is_no_object():
    with pytest.raises(InvalidRequest):
        FORMAT.passthrough([], GOOGLE, THIRD)


@pytest.mark.parametrize("name", ["generateContentRequest", "generate_content_request"])
def test_it_names_the_providers_model_in_a_request_to_count(name: str):
    inner = {**REQUEST, "model": "models/alias"}
    given = {"model": "alias", "stream": False, name: inner}
    assert FORMAT.passthrough(given, GOOGLE, THIRD) == {
        "generateContentRequest": {**REQUEST, "model": "models/gemini-3-flash-preview"}
    }


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("gemini-3-flash", "/models/gemini-3-flash"),
        ("models/gemini-3-flash", "/models/gemini-3-flash"),
        ("tunedModels/mine-1", "/tunedModels/mine-1"),
        ("google/gemini-3", "/models/google/gemini-3"),
        ("odd name?#%:x", "/models/odd%20name%3F%23%25%3Ax"),
        ("modèle", "/models/mod%C3%A8le"),
    ],
)
def test_it_puts_the_model_into_the_path(model: str, path: str):
    assert FORMAT.path(model, stream=False) == f"{path}:generateContent"
    assert FORMAT.path(model, stream=True) == f"{path}:streamGenerateContent?alt=sse"
    assert FORMAT.count_path(model) == f"{path}:countTokens"


def test_it_needs_no_headers_of_its_own():
    assert FORMAT.request_headers(None) == FORMAT.request_headers({}) == {}
    assert FORMAT.forwarded == frozenset()
    assert FORMAT.streams_json
