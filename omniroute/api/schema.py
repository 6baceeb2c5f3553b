"""The shapes that every resource of the management API shares. JSON is camelCase."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Input(BaseModel):
    """A request body. A field that is not listed is an error, never silently kept or dropped."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", str_strip_whitespace=True)


class Output(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class Message(Output):
    message: str


class Detail(Output):
    field: str
    message: str


class Error(Output):
    message: str
    type: str
    code: str
    details: list[Detail]


class Problem(Output):
    """Every answer that is not a success."""

    error: Error


def answers(success: Any, status: int = 200, *, refusals: tuple[int, ...] = ()) -> dict[int, Any]:
    """The `response` of an operation: its success, and the refusals that it can meet."""
    return {status: success} | dict.fromkeys(sorted({401, 403, *refusals}), Problem)
