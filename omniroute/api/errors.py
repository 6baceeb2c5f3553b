"""Every refusal of the management API in one shape, and never a traceback."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import structlog
from django.core.exceptions import NON_FIELD_ERRORS, RequestDataTooBig
from django.core.exceptions import ValidationError as ModelError
from django.db import IntegrityError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError
from ninja.errors import ValidationError as SchemaError
from pydantic.alias_generators import to_camel

from omniroute.api.schema import Detail, Error, Problem

log = structlog.get_logger()

# status -> (type, code)
KINDS = {
    400: ("invalid_request_error", "bad_request"),
    401: ("authentication_error", "invalid_token"),
    403: ("permission_error", "forbidden"),
    404: ("invalid_request_error", "not_found"),
    409: ("invalid_request_error", "conflict"),
    413: ("invalid_request_error", "payload_too_large"),
    415: ("invalid_request_error", "unsupported_media_type"),
    429: ("rate_limit_error", "rate_limit_exceeded"),
    500: ("server_error", "internal_server_error"),
    503: ("server_error", "service_unavailable"),
}

# What the API calls otherwise than the models.
FIELDS = {"secret": "apiKey", NON_FIELD_ERRORS: ""}


def register(api: NinjaAPI) -> None:
    for error, handler in _HANDLERS.items():
        api.add_exception_handler(error, handler)


def answer(status: int, message: str, details: Iterable[Detail] = ()) -> HttpResponse:
    kind, code = KINDS.get(status, KINDS[400])
    error = Error(message=message, type=kind, code=code, details=list(details))
    body = Problem(error=error).model_dump_json(by_alias=True)
    response = HttpResponse(body, content_type="application/json", status=status)
    if status == 401:
        response["WWW-Authenticate"] = "Bearer"
    return response


def _schema_error(request: HttpRequest, exc: SchemaError) -> HttpResponse:
    details = [_schema_detail(error) for error in exc.errors]
    return answer(400, _summary(details), details)


def _schema_detail(error: dict[str, Any]) -> Detail:
    _source, *path = error["loc"]
    if _source == "body":
        path = path[1:]  # the name of the view's parameter
    field = ".".join(str(step) for step in path)
    return Detail(field=field, message=str(error["msg"]))


def _model_error(request: HttpRequest, exc: ModelError) -> HttpResponse:
    fields = exc.error_dict if hasattr(exc, "error_dict") else {NON_FIELD_ERRORS: exc.error_list}
    details = [
        Detail(field=FIELDS.get(name, to_camel(name)), message=message)
        for name, errors in fields.items()
        for error in errors
        for message in error.messages
    ]
    taken = any(error.code == "unique" for errors in fields.values() for error in errors)
    return answer(409 if taken else 400, _summary(details), details)


def _summary(details: list[Detail]) -> str:
    return " ".join(
        f"{detail.field}: {detail.message}" if detail.field else detail.message
        for detail in details[:3]
    )


def _http_error(request: HttpRequest, exc: HttpError) -> HttpResponse:
    # Ninja hides what our parser says behind "Cannot parse request body".
    cause = exc.__cause__ if isinstance(exc.__cause__, HttpError) else exc
    return answer(cause.status_code, cause.message)


def _not_found(request: HttpRequest, exc: Http404) -> HttpResponse:
    return answer(404, "There is nothing at this address.")


def _too_large(request: HttpRequest, exc: RequestDataTooBig) -> HttpResponse:
    return answer(413, "The request body is too large.")


def _integrity_error(request: HttpRequest, exc: IntegrityError) -> HttpResponse:
    return answer(409, "Somebody else has just stored the same thing.")


def _database_away(request: HttpRequest, exc: Exception) -> HttpResponse:
    log.error("api.database", error=type(exc).__name__)
    return answer(503, "The database cannot be reached. Try again in a moment.")


def _unexpected(request: HttpRequest, exc: Exception) -> HttpResponse:
    log.error("api.failed", method=request.method, path=request.path, exc_info=exc)
    return answer(500, "Something went wrong here. The server's log says what.")


_HANDLERS: dict[type[Exception], Callable[[HttpRequest, Any], HttpResponse]] = {
    SchemaError: _schema_error,
    ModelError: _model_error,
    HttpError: _http_error,
    Http404: _not_found,
    RequestDataTooBig: _too_large,
    IntegrityError: _integrity_error,
    OperationalError: _database_away,
    InterfaceError: _database_away,
    Exception: _unexpected,
}
