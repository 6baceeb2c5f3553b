"""/api/providers (accounts) and /api/provider-nodes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Status
from ninja.errors import HttpError
from pydantic import Field

from omniroute.api.auth import may
from omniroute.api.schema import Input, Message, Output, answers
from providers import accounts, probe
from providers import nodes as node_verbs
from providers.models import Connection, ConnectionCheck, Node

connections = Router(tags=["Providers"], by_alias=True)
nodes = Router(tags=["Provider nodes"], by_alias=True)

Name = Annotated[str, Field(min_length=1, max_length=100)]
Secret = Annotated[
    str, Field(max_length=accounts.MAX_SECRET, json_schema_extra={"writeOnly": True})
]
Priority = Annotated[int, Field(ge=1, le=1000)]


class NewAccount(Input):
    provider: Annotated[str, Field(min_length=1, max_length=60)]
    name: Name
    api_key: Secret = ""
    priority: Priority = 1


class AccountChange(Input):
    """Only what is sent is changed."""

    name: Name = Field(default_factory=str)
    api_key: Secret = Field(default_factory=str)
    priority: Priority = Field(default_factory=int)
    is_active: bool = Field(default_factory=bool)


class Account(Output):
    id: UUID
    provider: str
    name: str
    auth_type: str
    has_api_key: bool
    priority: int
    is_active: bool
    test_status: str = Field(description="active, error or unknown (never tested)")
    last_error: str | None
    error_code: int | None = Field(description="The HTTP status of the last test.")
    latency_ms: int | None
    last_tested_at: datetime | None
    created_at: datetime


class Accounts(Output):
    connections: list[Account]


class OneAccount(Output):
    connection: Account


class Diagnosis(Output):
    type: str
    message: str


class Tested(Output):
    valid: bool
    error: str | None
    diagnosis: Diagnosis | None
    status_code: int | None
    latency_ms: int | None
    tested_at: datetime


@connections.get(
    "",
    response=answers(Accounts),
    operation_id="list_providers",
    auth=may("providers.view_connection"),
)
def list_providers(request: HttpRequest) -> Accounts:
    rows = Connection.objects.select_related("check_result")
    return Accounts(connections=[_account(row) for row in rows])


@connections.post(
    "",
    response=answers(OneAccount, 201, refusals=(400, 409)),
    operation_id="connect_provider",
    auth=may("providers.add_connection"),
)
def connect_provider(request: HttpRequest, new: NewAccount) -> Status[OneAccount]:
    made = accounts.connect(new.provider, name=new.name, secret=new.api_key, priority=new.priority)
    return Status(201, OneAccount(connection=_account(made)))


@connections.get(
    "/{uuid:connection_id}",
    response=answers(OneAccount, refusals=(404,)),
    operation_id="get_provider",
    auth=may("providers.view_connection"),
)
def get_provider(request: HttpRequest, connection_id: UUID) -> OneAccount:
    return OneAccount(connection=_account(get_object_or_404(Connection, pk=connection_id)))


@connections.put(
    "/{uuid:connection_id}",
    response=answers(OneAccount, refusals=(400, 404, 409)),
    operation_id="change_provider",
    auth=may("providers.change_connection"),
)
def change_provider(request: HttpRequest, connection_id: UUID, change: AccountChange) -> OneAccount:
    connection = get_object_or_404(Connection, pk=connection_id)
    values = change.model_dump(exclude_unset=True)
    if "api_key" in values:
        values["secret"] = values.pop("api_key")
    accounts.change(connection, **values)
    return OneAccount(connection=_account(get_object_or_404(Connection, pk=connection_id)))


@connections.delete(
    "/{uuid:connection_id}",
    response=answers(Message, refusals=(404,)),
    operation_id="disconnect",
    auth=may("providers.delete_connection"),
)
def disconnect(request: HttpRequest, connection_id: UUID) -> Message:
    connection = get_object_or_404(Connection, pk=connection_id)
    connection.delete()
    return Message(message=f'The account "{connection.name}" is disconnected.')


@connections.post(
    "/{uuid:connection_id}/test",
    response=answers(Tested, refusals=(404, 429)),
    operation_id="test_provider",
    auth=may("providers.change_connection"),
)
def test_provider(request: HttpRequest, connection_id: UUID) -> Tested:
    """Asks the provider whether the API key works."""
    connection = get_object_or_404(Connection, pk=connection_id)
    try:
        result = accounts.check(connection)
    except probe.TooMany as exc:
        raise HttpError(429, str(exc)) from exc
    works = result.status == ConnectionCheck.Status.OK
    diagnosis = Diagnosis(type=probe.kind(result.error), message=result.error)
    return Tested(
        valid=works,
        error=result.error or None,
        diagnosis=None if works else diagnosis,
        status_code=result.status_code,
        latency_ms=result.latency_ms,
        tested_at=result.tested_at,
    )


class NewNode(Input):
    prefix: Annotated[str, Field(min_length=1, max_length=40)]
    name: Annotated[str, Field(max_length=100)] = ""
    type: Node.Type
    base_url: Annotated[str, Field(max_length=500)]


class NodeChange(Input):
    """Only what is sent is changed. A new base URL clears the API keys of the node's accounts."""

    name: Name = Field(default_factory=str)
    type: Node.Type = Node.Type.OPENAI
    base_url: Annotated[str, Field(max_length=500)] = Field(default_factory=str)


class NodeOut(Output):
    id: UUID
    prefix: str
    name: str
    type: str
    base_url: str
    created_at: datetime


class Nodes(Output):
    nodes: list[NodeOut]


class OneNode(Output):
    node: NodeOut


@nodes.get("", response=answers(Nodes), operation_id="list_nodes", auth=may("providers.view_node"))
def list_nodes(request: HttpRequest) -> Nodes:
    return Nodes(nodes=[_node(node) for node in Node.objects.all()])


@nodes.post(
    "",
    response=answers(OneNode, 201, refusals=(400, 409)),
    operation_id="add_node",
    auth=may("providers.add_node"),
)
def add_node(request: HttpRequest, new: NewNode) -> Status[OneNode]:
    made = node_verbs.add(new.prefix, name=new.name, type=new.type, base_url=new.base_url)
    return Status(201, OneNode(node=_node(made)))


@nodes.put(
    "/{uuid:node_id}",
    response=answers(OneNode, refusals=(400, 404)),
    operation_id="change_node",
    auth=may("providers.change_node"),
)
def change_node(request: HttpRequest, node_id: UUID, change: NodeChange) -> OneNode:
    node = get_object_or_404(Node, pk=node_id)
    return OneNode(node=_node(node_verbs.change(node, **change.model_dump(exclude_unset=True))))


@nodes.delete(
    "/{uuid:node_id}",
    response=answers(Message, refusals=(404,)),
    operation_id="remove_node",
    auth=may("providers.delete_node"),
)
def remove_node(request: HttpRequest, node_id: UUID) -> Message:
    """Removes the node and its accounts."""
    node = get_object_or_404(Node, pk=node_id)
    node_verbs.remove(node)
    return Message(message=f'The node "{node.name}" and its accounts are removed.')


def _account(row: Connection) -> Account:
    check: ConnectionCheck | None = getattr(row, "check_result", None)
    return Account(
        id=row.id,
        provider=row.provider,
        name=row.name,
        auth_type=row.auth,
        has_api_key=bool(row.secret),
        priority=row.priority,
        is_active=row.is_active,
        test_status=check.status if check else "unknown",
        last_error=(check.error or None) if check else None,
        error_code=check.status_code if check else None,
        latency_ms=check.latency_ms if check else None,
        last_tested_at=check.tested_at if check else None,
        created_at=row.created_at,
    )


def _node(node: Node) -> NodeOut:
    return NodeOut(
        id=node.id,
        prefix=node.prefix,
        name=node.name,
        type=node.type,
        base_url=node.base_url,
        created_at=node.created_at,
    )
