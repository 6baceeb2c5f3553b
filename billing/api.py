"""/api/keys and /api/usage."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Query, Router, Status
from pydantic import Field

from billing import keys as verbs
from billing.models import ApiKey, RequestLog
from omniroute.api.auth import may
from omniroute.api.paging import page
from omniroute.api.schema import Input, Message, Output, answers
from omniroute.models import ManagementToken
from providers.models import Connection

keys = Router(tags=["API keys"], by_alias=True)
usage = Router(tags=["Usage"], by_alias=True)

Name = Annotated[str, Field(min_length=1, max_length=100)]
Texts = list[str]


class NewKey(Input):
    name: Name
    expires_at: datetime | None = None
    allowed_models: Texts = []
    ip_allowlist: Texts = []


class KeyChange(Input):
    """Only what is sent is changed."""

    name: Name = Field(default_factory=str)
    is_active: bool = Field(default_factory=bool)
    expires_at: datetime | None = None
    allowed_models: Texts = Field(default_factory=list)
    ip_allowlist: Texts = Field(default_factory=list)


class CreatedKey(Output):
    """The only answer that ever carries the key."""

    id: UUID
    name: str
    key: str


class Key(Output):
    id: UUID
    name: str
    key: str = Field(description="The beginning of the key; the rest is not stored.")
    is_active: bool
    expires_at: datetime | None
    allowed_models: Texts
    ip_allowlist: Texts
    created_at: datetime


class Keys(Output):
    keys: list[Key]
    total: int
    allow_key_reveal: bool


@keys.get("", response=answers(Keys), operation_id="list_keys", auth=may("billing.view_apikey"))
def list_keys(request: HttpRequest) -> Keys:
    shown = [_shown(key) for key in ApiKey.objects.all()]
    return Keys(keys=shown, total=len(shown), allow_key_reveal=False)


@keys.post(
    "",
    response=answers(CreatedKey, 201, refusals=(400,)),
    operation_id="create_key",
    auth=may("billing.add_apikey"),
)
def create_key(request: HttpRequest, new: NewKey) -> Status[CreatedKey]:
    key, secret = verbs.issue(
        new.name,
        owner=_caller(request),
        expires_at=new.expires_at,
        allowed_models=new.allowed_models,
        ip_allowlist=new.ip_allowlist,
    )
    return Status(201, CreatedKey(id=key.id, name=key.name, key=secret))


@keys.get(
    "/{uuid:key_id}",
    response=answers(Key, refusals=(404,)),
    operation_id="get_key",
    auth=may("billing.view_apikey"),
)
def get_key(request: HttpRequest, key_id: UUID) -> Key:
    return _shown(get_object_or_404(ApiKey, pk=key_id))


@keys.patch(
    "/{uuid:key_id}",
    response=answers(Key, refusals=(400, 404)),
    operation_id="change_key",
    auth=may("billing.change_apikey"),
)
def change_key(request: HttpRequest, key_id: UUID, change: KeyChange) -> Key:
    key = get_object_or_404(ApiKey, pk=key_id)
    return _shown(verbs.change(key, **change.model_dump(exclude_unset=True)))


@keys.delete(
    "/{uuid:key_id}",
    response=answers(Message, refusals=(404,)),
    operation_id="delete_key",
    auth=may("billing.delete_apikey"),
)
def delete_key(request: HttpRequest, key_id: UUID) -> Message:
    """Ends the key at once. What it has used stays in the ledger."""
    key = get_object_or_404(ApiKey, pk=key_id)
    key.delete()
    return Message(message=f'The API key "{key.name}" is deleted.')


class LogEntry(Output):
    request_id: UUID
    started_at: datetime
    status: int
    outcome: str
    error_code: str
    endpoint: str
    format: str
    client: str
    session: str
    stream: bool
    requested_model: str
    provider: str
    model: str
    connection_id: UUID | None
    account: str | None
    api_key_id: UUID | None
    api_key_name: str | None
    input_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    output_tokens: int
    reasoning_tokens: int
    basis: str = Field(description="Where the token counts come from: reported, estimated or none.")
    cost_usd: Decimal | None = Field(description="Null: the model has no known price.")
    duration_ms: int
    ttft_ms: int | None
    attempts: list[Any]
    decision: list[Any] = Field(description="How the model's name became calls, step by step.")


class Logs(Output):
    logs: list[LogEntry]
    next_cursor: str | None


@usage.get(
    "/logs",
    response=answers(Logs, refusals=(400,)),
    operation_id="list_logs",
    auth=may("billing.view_requestlog"),
)
def list_logs(
    request: HttpRequest,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: Annotated[str | None, Query(max_length=100)] = None,
) -> Logs:
    """Requests, newest first. Send `nextCursor` back as `cursor` for the next page."""
    rows, following = page(RequestLog.objects.all(), cursor=cursor, limit=limit)
    key_names = _names(ApiKey, {row.key_id for row in rows})
    accounts = _names(Connection, {row.connection_id for row in rows})
    return Logs(logs=[_entry(row, key_names, accounts) for row in rows], next_cursor=following)


def _entry(row: RequestLog, key_names: dict[UUID, str], accounts: dict[UUID, str]) -> LogEntry:
    same = {name: getattr(row, name) for name in LogEntry.model_fields if name in _COLUMNS}
    return LogEntry(
        request_id=row.id,
        format=row.dialect,
        account=accounts.get(row.connection_id) if row.connection_id else None,
        api_key_id=row.key_id,
        api_key_name=key_names.get(row.key_id) if row.key_id else None,
        cache_write_tokens=row.cache_write_5m_tokens + row.cache_write_1h_tokens,
        cost_usd=None if row.cost_e10 is None else Decimal(row.cost_e10).scaleb(-10),
        **same,
    )


_COLUMNS = frozenset(field.attname for field in RequestLog._meta.concrete_fields)


def _names(model: type[Model], ids: set[UUID | None]) -> dict[UUID, str]:
    return dict(QuerySet(model).filter(pk__in=ids - {None}).values_list("pk", "name"))


def _shown(key: ApiKey) -> Key:
    return Key(
        id=key.id,
        name=key.name,
        key=key.hint,
        is_active=key.is_active,
        expires_at=key.expires_at,
        allowed_models=key.allowed_models,
        ip_allowlist=key.ip_allowlist,
        created_at=key.created_at,
    )


def _caller(request: HttpRequest) -> User | None:
    """Who stands behind the session or the token."""
    caller = getattr(request, "auth", None)
    if isinstance(caller, ManagementToken):
        return caller.owner
    return caller if isinstance(caller, User) else None
