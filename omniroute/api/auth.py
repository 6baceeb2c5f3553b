"""Who may call the management API: a management token, or the session of a staff user.

A request that brings an Authorization header is judged by that alone, whatever cookies it has.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest
from ninja.errors import AuthenticationError, HttpError
from ninja.security.base import AuthBase
from ninja.utils import check_csrf

from omniroute import tokens
from omniroute.models import ManagementToken

GATEWAY_PREFIX = "sk-omni-"
_UNSIGNED = (
    "Send a management token as `Authorization: Bearer omni_adm_…`. "
    "`omniroute tokens create NAME` makes one."
)


class Token(AuthBase):
    openapi_type = "http"
    openapi_scheme = "bearer"

    def __call__(self, request: HttpRequest) -> ManagementToken | None:
        header = request.headers.get("Authorization")
        if header is None:
            return None
        scheme, _, credential = header.strip().partition(" ")
        credential = credential.strip()
        if credential.startswith(GATEWAY_PREFIX):
            raise HttpError(403, f"This is an API key for /v1; it opens nothing here. {_UNSIGNED}")
        found = tokens.find(credential) if scheme.lower() == "bearer" else None
        if found is None:
            raise AuthenticationError(
                message=f"This management token is unknown, expired or revoked. {_UNSIGNED}"
            )
        return found


class Session(AuthBase):
    openapi_type = "apiKey"
    openapi_in = "cookie"
    openapi_name = settings.SESSION_COOKIE_NAME

    def __call__(self, request: HttpRequest) -> User | None:
        if not isinstance(request.user, User):
            raise AuthenticationError(message=_UNSIGNED)
        if not request.user.is_staff:
            raise HttpError(403, "Your account may not manage this installation.")
        if check_csrf(request) is not None:
            raise HttpError(403, "The CSRF token is missing or wrong. Reload the page.")
        return request.user


AUTH = (Token(), Session())
