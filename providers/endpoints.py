"""How the gateway speaks to a node: its type says the format and the header of the key."""

from __future__ import annotations

from omniroute.gateway.snapshot import FormatName, Provider
from providers.models import Node

_TYPES: dict[str, tuple[FormatName, str, str]] = {
    Node.Type.OPENAI: ("openai_chat", "Authorization", "Bearer"),
    Node.Type.RESPONSES: ("openai_responses", "Authorization", "Bearer"),
    Node.Type.ANTHROPIC: ("anthropic", "x-api-key", ""),
    Node.Type.GEMINI: ("gemini", "x-goog-api-key", ""),
}


def provider(node: Node) -> Provider:
    """The node as the data plane knows providers: no models, no prices."""
    form, header, scheme = _TYPES[node.type]
    return Provider(
        id=node.prefix,
        alias=node.prefix,
        name=node.name,
        format=form,
        base_url=node.base_url.rstrip("/"),
        auth_header=header,
        auth_scheme=scheme,
    )
