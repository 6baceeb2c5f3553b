"""Combos: ordered steps, each of a provider that exists."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from combos.models import Combo
from omniroute.models import ConfigVersion
from providers import accounts
from providers.models import Connection

ADD = "/combos/combo/add/"


def form(*models: str, name: str = "coding", **extra: str) -> dict[str, str]:
    data = {
        "name": name,
        "is_active": "on",
        "steps-TOTAL_FORMS": str(len(models)),
        "steps-INITIAL_FORMS": "0",
        "steps-MIN_NUM_FORMS": "0",
        "steps-MAX_NUM_FORMS": "1000",
    }
    for index, model in enumerate(models):
        data |= {f"steps-{index}-model": model, f"steps-{index}-position": str(index + 1)}
    return {**data, **extra}


def steps(combo: Combo) -> list[tuple[int, str]]:
    return list(combo.steps.values_list("position", "model"))


def change(client: Client, combo: Combo, **fields: str) -> Any:
    """Posts the edit page as it is shown, with some fields changed."""
    address = reverse("admin:combos_combo_change", args=[combo.pk])
    page = client.get(address).content.decode()
    shown = re.sub(r"<template.*?</template>", "", page, flags=re.DOTALL)
    data = form(name=combo.name)
    for tag in re.findall(r"<input[^>]*>", shown):
        name, value = (re.search(rf' {part}="([^"]*)"', tag) for part in ("name", "value"))
        if name and name[1].startswith("steps-"):
            data[name[1]] = value[1] if value else ""
    return client.post(address, {**data, **fields})


def test_it_keeps_the_order_of_the_steps(browser: Client) -> None:
    answer = browser.post(ADD, form("ds/deepseek-chat", "groq/x", "openai/gpt-5"))
    assert answer.status_code == 302
    assert steps(Combo.objects.get()) == [
        (1, "ds/deepseek-chat"),
        (2, "groq/x"),
        (3, "openai/gpt-5"),
    ]
    page = browser.get("/combos/combo/").content.decode()
    assert page.index("ds/deepseek-chat") < page.index("groq/x") < page.index("openai/gpt-5")


def test_it_reorders_adds_and_removes(browser: Client) -> None:
    browser.post(ADD, form("ds/a", "groq/b", "openai/c"))
    combo = Combo.objects.get()
    version = ConfigVersion.objects.get().version
    answer = change(
        browser,
        combo,
        **{
            "steps-0-position": "3",
            "steps-1-DELETE": "on",
            "steps-2-position": "1",
            "steps-TOTAL_FORMS": "4",
            "steps-3-model": "xai/d",
            "steps-3-position": "2",
        },
    )
    assert answer.status_code == 302
    assert steps(combo) == [(1, "openai/c"), (2, "xai/d"), (3, "ds/a")]
    assert ConfigVersion.objects.get().version > version


@pytest.mark.parametrize(
    ("model", "text"),
    [
        ("nobody/model", "There is no provider “nobody”"),
        ("gpt-5", "Write provider/model"),
        ("ds/", "Write provider/model"),
        ("", "This field is required."),
    ],
)
def test_it_refuses_a_step_of_no_provider(browser: Client, model: str, text: str) -> None:
    page = browser.post(ADD, form("ds/fine", model)).content.decode()
    assert text in page or not model
    if model:
        assert not Combo.objects.exists()


def test_it_needs_a_step_and_a_good_name(browser: Client) -> None:
    assert "Add at least one step." in browser.post(ADD, form()).content.decode()
    assert "Use letters, digits" in browser.post(ADD, form("ds/a", name="a b")).content.decode()
    browser.post(ADD, form("ds/a"))
    assert "already exists" in browser.post(ADD, form("ds/a")).content.decode()
    combo = Combo.objects.get()
    answer = change(browser, combo, **{"steps-0-DELETE": "on"})
    assert "Add at least one step." in answer.content.decode()
    assert steps(combo) == [(1, "ds/a")]


def test_it_pins_a_step_only_to_an_account_of_its_provider(browser: Client) -> None:
    mine = accounts.connect("deepseek", name="mine", secret="sk-1")
    other = accounts.connect("groq", name="other", secret="sk-2")

    def pin(account: Connection) -> str:
        data = form("ds/a", **{"steps-0-connection": str(account.pk)})
        return browser.post(ADD, data).content.decode()

    assert "is not an account of that provider" in pin(other)
    pin(mine)
    assert Combo.objects.get().steps.get().connection == mine


def test_it_suggests_models_of_connected_providers_only(browser: Client) -> None:
    assert 'value="ds/deepseek-chat"' not in browser.get(ADD).content.decode()
    accounts.connect("deepseek", name="mine", secret="sk-1")
    page = browser.get(ADD).content.decode()
    assert 'value="ds/deepseek-chat"' in page
    assert 'value="groq/' not in page


def test_it_deletes_after_asking(browser: Client) -> None:
    browser.post(ADD, form("ds/a"))
    delete = reverse("admin:combos_combo_delete", args=[Combo.objects.get().pk])
    assert "Delete “coding”?" in browser.get(delete).content.decode()
    browser.post(delete, {"post": "yes"})
    assert not Combo.objects.exists()
