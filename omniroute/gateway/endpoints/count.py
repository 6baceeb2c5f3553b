"""Counting the tokens of a request: by the provider where it can, else by an estimate.

An estimate is marked by the header `X-OmniRoute-Token-Source: estimated`; see `gateway.tokens` for
how it is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from omniroute.gateway import splice
from omniroute.gateway.adapters import PLAIN, Target
from omniroute.gateway.errors import UpstreamFailure
from omniroute.gateway.exchange import Exchange
from omniroute.gateway.formats import FORMATS
from omniroute.gateway.tokens import of_request
from omniroute.gateway.upstream import Deadlines, UpstreamClient, UpstreamRequest

_DEADLINES = Deadlines(first_byte=20.0, total=30.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    body: dict[str, Any]
    source: str  # provider | estimated


async def count(exchange: Exchange, targets: list[Target], client: UpstreamClient) -> Count:
    """Raises InvalidRequest for a body that is not a request of the caller's dialect."""
    form = FORMATS[exchange.dialect]
    target = targets[0]
    path = form.count_path(target.model.id)
    if path and target.format == exchange.dialect and "count_tokens" in target.provider.paths:
        body = await _ask(exchange, target, path, client)
        if body is not None:
            return Count(body=body, source="provider")
    return Count(
        body=form.write_count(of_request(form.read_request(_complete(exchange.json)))),
        source="estimated",
    )


def _complete(body: dict[str, Any]) -> dict[str, Any]:
    """A count request is a request without an output limit."""
    return {"max_tokens": 1, **body} if "messages" in body else body


async def _ask(
    exchange: Exchange, target: Target, path: str, client: UpstreamClient
) -> dict[str, Any] | None:
    """The provider's answer; None when it gives none that is of use."""
    form = FORMATS[exchange.dialect]
    after = form.passthrough(exchange.json, target.provider, target.model)
    request = UpstreamRequest(
        method="POST",
        url=target.provider.base_url + path,
        headers=PLAIN.headers(target, exchange.forwarded(form.forwarded)),
        body=splice.rewrite(exchange.body, exchange.json, after),
        pool=target.connection.id,
    )
    try:
        response = await client.send(request, _DEADLINES)
    except UpstreamFailure:
        return None
    try:
        body = orjson.loads(await response.read(1 << 20))
    except (UpstreamFailure, orjson.JSONDecodeError):
        return None
    finally:
        response.abort()
    return body if response.status == 200 and isinstance(body, dict) else None
