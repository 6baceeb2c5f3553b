"""Who may open what in the dashboard and its API: nobody, unless a rule here says so.

`/v1` has its own rule (API keys) in `omniroute.gateway.access`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse

PUBLIC = frozenset({"admin:login", "setup"})
TOKEN_OR_SESSION = "api"  # noqa: S105  (a URL namespace: ninja checks session or management token)


class SignedInOnly:
    """Every view needs a signed-in staff user, but for the named exceptions above."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        match = request.resolver_match
        if match is None:
            return JsonResponse({"detail": "Not found"}, status=404)
        if match.view_name in PUBLIC or match.namespaces[:1] == [TOKEN_OR_SESSION]:
            return None
        if request.user.is_authenticated and request.user.is_staff:
            return None
        return redirect_to_login(request.get_full_path())
