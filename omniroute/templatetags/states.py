"""States as coloured pills: of credentials, of an account's last test, of a request."""

from __future__ import annotations

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from billing.models import ApiKey, RequestLog
from omniroute.models import ManagementToken
from providers.models import Connection

register = template.Library()

_OUTCOMES = {
    RequestLog.Outcome.OK: ("ok", "Answered"),
    RequestLog.Outcome.ERROR: ("bad", "Failed"),
    RequestLog.Outcome.ABORTED: ("bad", "Cut off"),
    RequestLog.Outcome.CANCELLED: ("", "Cancelled"),
    RequestLog.Outcome.REFUSED: ("warn", "Refused"),
}


def pill(kind: str, text: str, title: str = "") -> SafeString:
    css = f"o-pill o-pill--{kind}" if kind else "o-pill"
    return format_html('<span class="{}" title="{}">{}</span>', css, title or text, text)


@register.filter
def credential(item: ApiKey | ManagementToken) -> SafeString:
    if not item.is_active:
        return pill("bad", "Revoked")
    if item.expires_at and item.expires_at <= timezone.now():
        return pill("warn", "Expired")
    return pill("ok", "Active")


@register.filter
def account(item: Connection) -> SafeString:
    """What the account is doing, then what its last test said."""
    check = getattr(item, "check_result", None)
    if not item.is_active:
        return pill("", "Paused", "No request uses this account")
    if check is None:
        return pill("", "Not tested yet")
    if check.status == check.Status.OK:
        return pill("ok", "Works")
    return pill("bad", "Test failed")


@register.filter
def outcome(item: RequestLog) -> SafeString:
    kind, text = _OUTCOMES.get(RequestLog.Outcome(item.outcome), ("", item.outcome))
    return pill(kind, text, item.get_outcome_display())
