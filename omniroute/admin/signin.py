"""The sign-in form: one answer for every wrong account or password, and a limit on tries."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin.forms import AdminAuthenticationForm

from omniroute.admin.lockout import Lockout


class SignInForm(AdminAuthenticationForm):
    error_messages = {
        **AdminAuthenticationForm.error_messages,
        "invalid_login": "That user name and password do not fit. Both are case-sensitive.",
        "locked": "Too many failed tries. Wait %(minutes)s, then try again.",
    }

    def clean(self) -> dict[str, Any]:
        account, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if not account or not password:
            return super().clean()
        address = self.request.META.get("REMOTE_ADDR", "") if self.request else ""
        lockout = Lockout(account, address)
        if minutes := lockout.enter():
            raise forms.ValidationError(
                self.error_messages["locked"],
                code="locked",
                params={"minutes": "1 minute" if minutes == 1 else f"{minutes} minutes"},
            )
        cleaned = super().clean()
        lockout.clear()
        return cleaned
