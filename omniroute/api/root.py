"""The management API: its resources, who may call it, how it refuses."""

from __future__ import annotations

from typing import Any

import orjson
from django.http import Http404, HttpRequest
from ninja import NinjaAPI, Router
from ninja.errors import HttpError
from ninja.parser import Parser

from billing.api import keys, usage
from omniroute import __version__
from omniroute.api import errors
from omniroute.api.auth import may
from omniroute.api.schema import answers
from providers.api import connections, nodes


class JsonParser(Parser):
    def parse_body(self, request: HttpRequest) -> Any:
        if request.content_type != "application/json":
            raise HttpError(415, "Send JSON, with the header Content-Type: application/json.")
        try:
            return orjson.loads(request.body)
        except orjson.JSONDecodeError as exc:
            raise HttpError(400, f"The request body is not valid JSON: {exc}.") from exc


api = NinjaAPI(
    title="OmniRoute management API",
    version=__version__,
    description="Manages an OmniRoute installation. Model traffic goes to /v1, not here.",
    urls_namespace="api",
    auth=may(),
    parser=JsonParser(),
    docs_url=None,
    openapi_url=None,
)
errors.register(api)

description = Router(tags=["API"], by_alias=True)
unknown = Router(by_alias=True)


@description.get("/openapi.json", response=answers(dict[str, Any]), operation_id="describe")
def describe(request: HttpRequest) -> dict[str, Any]:
    """This description."""
    return dict(api.get_openapi_schema())


@unknown.api_operation(
    ["GET", "POST", "PUT", "PATCH", "DELETE"], "/{path:rest}", include_in_schema=False
)
def nothing(request: HttpRequest, rest: str) -> None:
    raise Http404


api.add_router("/keys", keys)
api.add_router("/usage", usage)
api.add_router("/providers", connections)
api.add_router("/provider-nodes", nodes)
api.add_router("", description)
api.add_router("", unknown)  # last: it takes whatever is left
