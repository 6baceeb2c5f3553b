"""How to reach a provider. The class here is the plain case; a file beside it is an odd one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from omniroute.gateway.formats import FORMATS
from omniroute.gateway.snapshot import Connection, Model, Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One way to serve a request: a model at a provider through an account, in a format."""

    provider: Provider
    model: Model
    connection: Connection
    format: str


def format_for(provider: Provider, model: Model, dialect: str) -> str:
    """The caller's own dialect where the provider speaks it, so that nothing is translated."""
    if model.format:
        return model.format
    return dialect if dialect in provider.paths else provider.format


class Adapter:
    def url(self, target: Target, *, stream: bool) -> str:
        path = target.provider.paths.get(target.format) or FORMATS[target.format].path(
            target.model.id, stream=stream
        )
        return target.provider.base_url + path

    def headers(self, target: Target, client: Mapping[str, str] | None) -> dict[str, str]:
        """`client` holds the caller's own headers where it speaks the target's format."""
        provider = target.provider
        secret = target.connection.secret
        headers = {
            "Content-Type": "application/json",
            **provider.headers,
            **FORMATS[target.format].request_headers(client),
        }
        if secret:
            headers[provider.auth_header] = f"{provider.auth_scheme} {secret}".strip()
        return headers


PLAIN = Adapter()
