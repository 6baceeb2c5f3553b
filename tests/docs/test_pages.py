"""The documentation in the dashboard: every page, safe and complete."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from omniroute import environment
from omniroute.docs import PAGES, documents, render
from providers import catalog
from tests.docs.reading import SOURCES, Page, fences

NAMES = [name for group in PAGES.values() for name in group]


@pytest.fixture
def reader(client: Client, db: None) -> Client:
    """Somebody who may sign in and do nothing else."""
    client.force_login(User.objects.create_user("reader", is_staff=True))
    return client


@pytest.mark.parametrize("name", NAMES)
def test_it_shows_every_page(reader: Client, name: str) -> None:
    answer = reader.get(documents()[name].url)
    assert answer.status_code == 200
    page = answer.content.decode()
    assert documents()[name].title in page
    for other in documents().values():
        assert f'href="{other.url}"' in page


def test_it_starts_with_the_overview(reader: Client) -> None:
    assert documents()["index"].html in reader.get("/docs/").content.decode()


def test_it_has_a_place_for_every_file() -> None:
    assert sorted(NAMES) == sorted(SOURCES.keys() - {"README"})


def test_it_asks_strangers_to_sign_in(client: Client, db: None) -> None:
    answer = client.get(documents()["security"].url)
    assert answer.status_code == 302
    assert "/login/" in answer["Location"]


@pytest.mark.parametrize("name", ["nothing", "docs_page", "..%2fdocs_page"])
def test_it_has_no_other_pages(reader: Client, name: str) -> None:
    assert reader.get(f"/docs/{name}/").status_code == 404


def test_it_shows_html_as_text() -> None:
    html = render("page", "# T\n\n<script>alert(1)</script>\n\na <b onclick='x()'>b</b>\n").html
    assert "<script" not in html
    assert "<b " not in html
    assert "&lt;script&gt;alert(1)" in html


def test_it_links_nowhere_that_runs_code() -> None:
    page = Page(render("page", "# T\n\n[a](javascript:alert(1)) [b](https://example.com)\n").html)
    assert page.links == ["https://example.com"]


@pytest.mark.parametrize("name", NAMES)
def test_it_keeps_to_the_content_security_policy(name: str) -> None:
    for tag, attributes in Page(documents()[name].html).tags:
        assert tag not in {"script", "style", "iframe"}
        assert not [a for a in attributes if a == "style" or a.startswith("on")], (tag, attributes)


@pytest.mark.parametrize("name", NAMES)
def test_it_has_a_copy_button_for_every_block(name: str) -> None:
    page = Page(documents()[name].html)
    targets = [a["data-copy"] for tag, a in page.tags if tag == "button"]
    assert len(targets) == len(fences(SOURCES[name]))
    assert {str(target).lstrip("#") for target in targets} <= set(page.ids)


def test_it_gives_each_heading_an_anchor_of_its_own() -> None:
    document = render("page", "# T\n\n## One `key`, two!\n\n### More\n\n## More\n")
    assert document.title == "T"
    assert document.sections == (("one-key-two", "One key, two!"), ("more-1", "More"))
    page = Page(document.html)
    assert page.ids == ["one-key-two", "more", "more-1"]
    assert page.links == ["#one-key-two", "#more", "#more-1"]


@pytest.mark.parametrize("name", NAMES)
def test_it_uses_no_id_twice(name: str) -> None:
    ids = Page(documents()[name].html).ids
    assert len(ids) == len(set(ids))


def test_it_lists_the_catalog() -> None:
    html = documents()["providers"].html
    for entry in catalog.entries().values():
        assert entry.name in html
        for prefix in entry.prefixes:
            assert f"<code>{prefix}/</code>" in html


def test_it_describes_every_variable() -> None:
    html = documents()["configuration"].html
    for variable in environment.VARIABLES:
        assert f"<code>{variable.name}</code>" in html
        assert variable.meaning


def test_it_refuses_a_table_that_does_not_exist() -> None:
    with pytest.raises(KeyError):
        render("page", "# T\n\n<!-- table: nothing -->\n")
