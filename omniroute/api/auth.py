"""Who may call the management API: a management token, or the session of a staff user.

A request that brings an Authorization header is judged by that alone, whatever cookies it has. A
staff user may do here what the dashboard lets that user do; so may a token with an owner. A token
without one, as the shell makes it, may do everything.
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


def may(permission: str = "") -> tuple[AuthBase, AuthBase]:
    """The `auth` of an operation that needs a permission of Django's, e.g. billing.add_apikey."""
    return Token(permission), Session(permission)


class Token(AuthBase):
    openapi_type = "http"
    openapi_scheme = "bearer"

    def __init__(self, permission: str) -> None:
        super().__init__()
        self._permission = permission

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
        if found.owner is not None:
            _require(found.owner, self._permission)
        return found


class Session(AuthBase):
    openapi_type = "apiKey"
    openapi_in = "cookie"
    openapi_name = settings.SESSION_COOKIE_NAME

    def __init__(self, permission: str) -> None:
        super().__init__()
        self._permission = permission

    def __call__(self, request: HttpRequest) -> User | None:
        if not isinstance(request.user, User):
            raise AuthenticationError(message=_UNSIGNED)
        if not request.user.is_staff:
            raise HttpError(403, "Your account may not manage this installation.")
        if check_csrf(request) is not None:
            raise HttpError(403, "The CSRF token is missing or wrong. Reload the page.")
        _require(request.user, self._permission)
        return request.user


def _require(user: User, permission: str) -> None:
    if permission and not user.has_perm(permission):
        raise HttpError(403, f"Your account lacks the permission {permission}.")
