"""Pages of rows whose ids grow with time (UUIDv7), newest first.

A cursor is the id of the last row seen: rows that arrive meanwhile never shift or repeat a page.
"""

from __future__ import annotations

import base64
import binascii
from typing import TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet
from ninja.errors import HttpError

Row = TypeVar("Row", bound=Model)


def page(rows: QuerySet[Row], *, cursor: str | None, limit: int) -> tuple[list[Row], str | None]:
    """The rows after `cursor`, and the cursor of the next page if there is one."""
    if cursor:
        rows = rows.filter(pk__lt=_decode(cursor))
    found = list(rows.order_by("-pk")[: limit + 1])
    if len(found) <= limit:
        return found, None
    return found[:limit], _encode(found[limit - 1].pk)


def _encode(row_id: UUID) -> str:
    return base64.urlsafe_b64encode(row_id.bytes).decode().rstrip("=")


def _decode(cursor: str) -> UUID:
    try:
        return UUID(bytes=base64.b64decode(f"{cursor}==", altchars=b"-_", validate=True))
    except (ValueError, binascii.Error) as exc:
        raise HttpError(
            400, "The cursor is not one that this API gave out. Start without it."
        ) from exc
