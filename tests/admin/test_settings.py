"""The runtime settings, a tab each."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from omniroute.models import ConfigVersion, Settings


def test_it_saves_a_tab_and_leaves_the_other(browser: Client) -> None:
    browser.get("/settings/")
    version = ConfigVersion.objects.get().version
    answer = browser.post("/settings/general/", {"log_retention_days": "30"}, follow=True)
    assert "Saved." in answer.content.decode()
    saved = Settings.load()
    assert (saved.log_retention_days, saved.require_auth_for_models) == (30, True)
    browser.post("/settings/security/", {})
    saved = Settings.load()
    assert (saved.log_retention_days, saved.require_auth_for_models) == (30, False)
    assert ConfigVersion.objects.get().version == version + 2


@pytest.mark.parametrize("days", ["0", "3651", "", "many"])
def test_it_refuses_what_makes_no_sense(browser: Client, days: str) -> None:
    page = browser.post("/settings/general/", {"log_retention_days": days}).content.decode()
    assert 'role="alert"' in page
    assert Settings.load().log_retention_days == 90


def test_it_knows_no_other_tab(browser: Client) -> None:
    assert browser.get("/settings/other/").status_code == 404


def test_it_is_read_only_for_who_may_only_look(db: None) -> None:
    clerk = User.objects.create_user("clerk", is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="view_settings"))
    client = Client()
    client.force_login(clerk)
    assert ">Save<" not in client.get("/settings/").content.decode()
    assert client.post("/settings/general/", {"log_retention_days": "1"}).status_code == 403
    assert Settings.load().log_retention_days == 90
