"""Every route of /api against every kind of caller. A new route is in the matrix by itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission, User
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from billing import keys
from omniroute import tokens
from omniroute.api.root import api as root
from omniroute.keyring import new_token
from omniroute.models import ManagementToken

pytestmark = pytest.mark.django_db

ANY_ID = UUID(int=1)
Send = Callable[[str, str], HttpResponse]


def routes() -> list[tuple[str, str]]:
    """(method, path) of every operation that ninja serves, documented or not."""
    found = []
    for prefix, router in root._routers:
        for path, view in router.path_operations.items():
            full = f"/api{prefix}{path}".replace("{uuid:", "{").replace("{path:", "{")
            full = "/".join(
                str(ANY_ID) if step.startswith("{") else step for step in full.split("/")
            )
            found += [
                (method, full) for operation in view.operations for method in operation.methods
            ]
    return sorted(set(found))


ROUTES = routes()


def send(method: str, path: str, client: Client | None = None, **headers: str) -> HttpResponse:
    client = client or Client(raise_request_exception=False)
    body = "{}" if method in {"POST", "PUT", "PATCH"} else ""
    return client.generic(method, path, body, content_type="application/json", headers=headers)


def bearer(secret: str) -> Send:
    return lambda method, path: send(method, path, authorization=f"Bearer {secret}")


def with_session(user: User) -> Send:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return lambda method, path: send(method, path, client)


def anonymous() -> Send:
    return send


def gateway_key() -> Send:
    return bearer(keys.issue("laptop")[1])


def unknown_token() -> Send:
    return bearer(new_token(ManagementToken.PREFIX))


def revoked_token() -> Send:
    token, secret = tokens.issue("x")
    tokens.revoke(token)
    return bearer(secret)


def expired_token() -> Send:
    token, secret = tokens.issue("x")
    token.expires_at = timezone.now() - timedelta(seconds=1)
    token.save()
    return bearer(secret)


def valid_token() -> Send:
    return bearer(tokens.issue("x")[1])


def owned_token() -> Send:
    return bearer(tokens.issue("x", owner=User.objects.create_superuser("admin"))[1])


def admin_session() -> Send:
    return with_session(User.objects.create_superuser("admin"))


def permitted_session() -> Send:
    user = User.objects.create_user("operator", is_staff=True)
    user.user_permissions.set(Permission.objects.all())
    return with_session(user)


def powerless_session() -> Send:
    return with_session(User.objects.create_user("staff", is_staff=True))


def powerless_token() -> Send:
    return bearer(tokens.issue("x", owner=User.objects.create_user("staff", is_staff=True))[1])


def plain_session() -> Send:
    return with_session(User.objects.create_user("plain"))


def inactive_session() -> Send:
    user = User.objects.create_user("gone", is_staff=True)
    sender = with_session(user)
    User.objects.update(is_active=False)
    return sender


REFUSED = [
    (anonymous, 401),
    (gateway_key, 403),
    (unknown_token, 401),
    (revoked_token, 401),
    (expired_token, 401),
    (plain_session, 403),
    (inactive_session, 401),
]


def test_it_knows_the_routes() -> None:
    assert ("POST", "/api/keys") in ROUTES
    assert ("DELETE", f"/api/provider-nodes/{ANY_ID}") in ROUTES
    assert ("GET", "/api/openapi.json") in ROUTES
    assert len(ROUTES) >= 17


@pytest.mark.parametrize(("caller", "status"), REFUSED)
@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_it_refuses(method: str, path: str, caller: Callable[[], Send], status: int) -> None:
    response = caller()(method, path)
    assert response.status_code == status
    assert response["Content-Type"] == "application/json"
    assert response.json()["error"]["message"]
    if status == 401:
        assert response["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("caller", [valid_token, owned_token, admin_session, permitted_session])
@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_it_admits(method: str, path: str, caller: Callable[[], Send]) -> None:
    assert caller()(method, path).status_code in {200, 400, 404}


@pytest.mark.parametrize("caller", [powerless_session, powerless_token])
@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_it_lets_staff_do_only_what_the_dashboard_would(
    method: str, path: str, caller: Callable[[], Send]
) -> None:
    response = caller()(method, path)
    if path == "/api/openapi.json":
        assert response.status_code == 200
    elif path == f"/api/{ANY_ID}":
        assert response.status_code == 404
    else:
        assert response.status_code == 403
        assert "lacks the permission" in response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("permission", "allowed"),
    [
        ("view_apikey", ("GET", "/api/keys")),
        ("add_apikey", ("POST", "/api/keys")),
        ("view_requestlog", ("GET", "/api/usage/logs")),
        ("view_connection", ("GET", "/api/providers")),
        ("add_connection", ("POST", "/api/providers")),
        ("view_node", ("GET", "/api/provider-nodes")),
        ("add_node", ("POST", "/api/provider-nodes")),
    ],
)
def test_it_takes_each_permission_for_what_it_says(
    permission: str, allowed: tuple[str, str]
) -> None:
    user = User.objects.create_user("staff", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename=permission))
    caller = with_session(user)
    plain = [route for route in ROUTES if str(ANY_ID) not in route[1] and "json" not in route[1]]
    assert [route for route in plain if caller(*route).status_code != 403] == [allowed]


def test_it_tells_the_holder_of_a_gateway_key_what_to_use() -> None:
    message = gateway_key()("GET", "/api/keys").json()["error"]["message"]
    assert "omni_adm_" in message
    assert "omniroute tokens create" in message


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic {0}", "{0}", "Bearer {0} {0}", "Token {0}", "Bearer\t{0}x"],
)
def test_it_admits_no_token_in_another_shape(header: str) -> None:
    secret = tokens.issue("x")[1]
    assert send("GET", "/api/keys", authorization=header.format(secret)).status_code == 401


def test_it_reads_no_token_from_elsewhere() -> None:
    secret = tokens.issue("x")[1]
    for name in ("x-api-key", "x-goog-api-key", "x-auth-token", "proxy-authorization"):
        assert send("GET", "/api/keys", **{name: secret}).status_code == 401
    assert send("GET", f"/api/keys?token={secret}&key={secret}").status_code == 401


def test_it_judges_a_session_with_a_bad_token_by_the_token(admin: User) -> None:
    client = Client()
    client.force_login(admin)
    assert send("GET", "/api/keys", client).status_code == 200
    assert send("GET", "/api/keys", client, authorization="Bearer nonsense").status_code == 401


def test_it_ends_a_session_with_the_role(admin: User) -> None:
    client = Client()
    client.force_login(admin)
    admin.is_staff = False
    admin.save()
    assert send("GET", "/api/keys", client).status_code == 403


def csrf_client(user: User) -> tuple[Client, str]:
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.force_login(user)
    session = client.session
    session["_csrftoken"] = "x" * 32
    session.save()
    return client, "x" * 32


@pytest.mark.parametrize(
    ("method", "path"), [route for route in ROUTES if route[0] not in {"GET", "HEAD"}]
)
def test_it_takes_no_change_from_another_site(admin: User, method: str, path: str) -> None:
    client, csrf = csrf_client(admin)
    assert send(method, path, client).status_code == 403
    assert send(method, path, client, **{"x-csrftoken": "y" * 32}).status_code == 403
    foreign = {"x-csrftoken": csrf, "origin": "https://evil.example"}
    assert send(method, path, client, **foreign).status_code == 403
    assert send(method, path, client, **{"x-csrftoken": csrf}).status_code in {200, 400, 404}


def test_it_needs_no_csrf_token_with_a_management_token() -> None:
    client = Client(enforce_csrf_checks=True)
    secret = tokens.issue("x")[1]
    assert send("POST", "/api/keys", client, authorization=f"Bearer {secret}").status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "/api/Keys",
        "/API/keys",
        "/api/keys/",
        "/api//keys",
        "//api/keys",
        "/api/./keys",
        "/api/x/../keys",
        "/api/%6beys",
        "/api/keys;x",
        "/api/keys%2f",
        "/api/keys%00",
        "/api/\uff4beys",
        "/api/",
        "/api",
    ],
)
def test_it_opens_nothing_under_another_spelling(path: str) -> None:
    response = send("GET", path)
    assert response.status_code in {301, 302, 401, 404}
    assert b"allowKeyReveal" not in response.content
    with_token = bearer(tokens.issue("x")[1])("GET", path)
    same = path == "/api/%6beys"
    assert (with_token.status_code == 200) == same


def test_it_guards_every_route_of_the_site() -> None:
    """Whatever the URLconf holds: without credentials there is no page, but for the exceptions."""
    open_paths = {
        path
        for path in _paths(get_resolver())
        if send("GET", path).status_code not in {301, 302, 401, 403, 404, 405}
    }
    prefix = settings.STATIC_URL
    assert {path for path in open_paths if not path.startswith(prefix)} <= {
        "/login/",
        "/jsi18n/",
        "/setup",
    }


def _paths(resolver: URLResolver, before: str = "/") -> list[str]:
    found: list[str] = []
    for pattern in resolver.url_patterns:
        text = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            found += _paths(pattern, text)
        elif isinstance(pattern, URLPattern):
            found.append(_filled(text))
    return found


def _filled(text: str) -> str:
    """A path that matches, near enough: converters become an id, regular expressions go."""
    steps = (str(ANY_ID) if "<" in step or "(" in step else step for step in text.split("/"))
    return "/".join(steps).replace("^", "").replace("$", "").replace("\\Z", "")


def test_it_makes_no_token_from_a_token() -> None:
    """There is no route that could: a token cannot outlive its own revocation."""
    before = ManagementToken.objects.count()
    caller: Any = valid_token()
    for method, path in ROUTES:
        caller(method, path)
    assert ManagementToken.objects.count() == before + 1
