"""The page on the management API and the API itself agree."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlsplit

import pytest

from omniroute.api.root import api
from tests.docs.reading import SOURCES, commands, fences

PAGE = SOURCES["api"]
SCHEMA: dict[str, Any] = dict(api.get_openapi_schema())
CURLS = [words for script in fences(PAGE, "sh") for words in commands(script) if words[0] == "curl"]
_ROW = re.compile(r"^\| `(GET|POST|PUT|PATCH|DELETE) (/api/[^`]*)` \|", re.MULTILINE)


def _operation(method: str, path: str) -> dict[str, Any]:
    for template, operations in SCHEMA["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", r"[^/]+", template), path):
            found: dict[str, Any] = operations[method.lower()]
            return found
    raise AssertionError(f"no such path: {path}")


def _properties(schema: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref", "").rpartition("/")[2]
    return dict(SCHEMA["components"]["schemas"][reference]["properties"]) if reference else {}


def _answers() -> list[dict[str, Any]]:
    """The shapes of all successful answers, and of the one refusal."""
    found = [
        answer["content"]["application/json"]["schema"]
        for operations in SCHEMA["paths"].values()
        for operation in operations.values()
        for answer in operation["responses"].values()
    ]
    return [_properties(schema) for schema in found]


def _fits(example: dict[str, Any], properties: dict[str, Any]) -> bool:
    if example.keys() != properties.keys():
        return False
    return all(
        _fits(value, inner)
        for name, value in example.items()
        if isinstance(value, dict) and (inner := _properties(properties[name]))
    )


def test_it_lists_every_operation_and_no_other() -> None:
    shown = set(_ROW.findall(PAGE.read_text()))
    there = {
        (method.upper(), path)
        for path, operations in SCHEMA["paths"].items()
        for method in operations
    }
    assert shown == there


@pytest.mark.parametrize("words", CURLS, ids=" ".join)
def test_it_shows_requests_that_the_api_takes(words: list[str]) -> None:
    [url] = [word for word in words if word.startswith("http://")]
    body = json.loads(words[words.index("-d") + 1]) if "-d" in words else None
    method = words[words.index("-X") + 1] if "-X" in words else "POST" if body else "GET"
    operation = _operation(method, urlsplit(url).path)
    assert "Authorization: Bearer $OMNIROUTE_TOKEN" in words
    if body is not None:
        assert "Content-Type: application/json" in words
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        assert body.keys() <= _properties(schema).keys()
    query = {part.partition("=")[0] for part in urlsplit(url).query.split("&") if part}
    assert query <= {parameter["name"] for parameter in operation.get("parameters", [])}


@pytest.mark.parametrize("text", fences(PAGE, "json"), ids=range(len(fences(PAGE, "json"))))
def test_it_shows_answers_as_the_api_gives_them(text: str) -> None:
    example = json.loads(text)
    assert any(_fits(example, properties) for properties in _answers())


def test_it_names_fields_of_the_log_that_exist() -> None:
    [sentence] = re.findall(r"Each row has .*?`attempts`", PAGE.read_text(), re.DOTALL)
    named = set(re.findall(r"`([a-zA-Z]+)`", sentence)) - {"reported", "estimated", "none"}
    assert named <= _properties({"$ref": "#/components/schemas/LogEntry"}).keys()
