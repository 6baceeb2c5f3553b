"""The viewer's time zone, told by a cookie that the dashboard's script sets."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

COOKIE = "omni_zone"


@cache
def _known() -> frozenset[str]:
    return frozenset(available_timezones())


class ViewerZone:
    """Dates typed into forms, and "today", are the viewer's; UTC until the cookie is known."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        name = request.COOKIES.get(COOKIE, "")
        with timezone.override(ZoneInfo(name) if name in _known() else None):
            return self.get_response(request)
