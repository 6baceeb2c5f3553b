from __future__ import annotations

from typing import Any

import pytest

from tests.control.conftest import Api
from tests.control.test_permissions import ANY_ID, ROUTES

pytestmark = pytest.mark.django_db


@pytest.fixture
def description(api: Api) -> dict[str, Any]:
    status, body = api("GET", "/openapi.json")
    assert status == 200
    return body


def operations(description: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method.upper(), path, operation)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    ]


def test_it_describes_every_route(description: dict[str, Any]) -> None:
    described = {
        (method, "/".join(str(ANY_ID) if "{" in step else step for step in path.split("/")))
        for method, path, _ in operations(description)
    }
    assert described == {route for route in ROUTES if route[1] != f"/api/{ANY_ID}"}


def test_it_declares_credentials_everywhere(description: dict[str, Any]) -> None:
    schemes = description["components"]["securitySchemes"]
    for _method, _path, operation in operations(description):
        assert {"401", "403"} <= operation["responses"].keys()
        assert [name for scheme in operation["security"] for name in scheme] == list(schemes)


def test_it_declares_one_shape_of_refusal(description: dict[str, Any]) -> None:
    for _method, _path, operation in operations(description):
        for status, response in operation["responses"].items():
            schema = response["content"]["application/json"]["schema"]
            is_problem = schema.get("$ref") == "#/components/schemas/Problem"
            assert is_problem == (int(status) >= 400)


def test_it_writes_camel_case_only(description: dict[str, Any]) -> None:
    for schema in description["components"]["schemas"].values():
        for name in schema.get("properties", {}):
            assert "_" not in name


def test_it_resolves_every_reference(description: dict[str, Any]) -> None:
    known = {f"#/components/schemas/{name}" for name in description["components"]["schemas"]}
    assert set(references(description)) <= known


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [found for item in value.values() for found in references(item)]
    if isinstance(value, list):
        return [found for item in value for found in references(item)]
    return []


def test_it_gives_every_operation_its_own_id(description: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(description)]
    assert len(ids) == len(set(ids))


def test_it_never_declares_a_secret_in_an_answer(description: dict[str, Any]) -> None:
    """`key` of a created key is the one exception; of a listed one it is only the beginning."""
    outputs = {
        name: schema
        for name, schema in description["components"]["schemas"].items()
        if schema.get("additionalProperties", True) is not False
    }
    holders = {
        name
        for name, schema in outputs.items()
        if schema.get("properties", {}).keys() & {"key", "apiKey", "secret", "digest", "password"}
    }
    assert holders == {"CreatedKey", "Key"}
