"""Links lead somewhere: in the dashboard, and where the files are read as files."""

from __future__ import annotations

import re

import pytest

from omniroute.docs import documents
from tests.conftest import ROOT
from tests.docs.reading import FOLDER, SOURCES, Page

_FILE_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


@pytest.mark.parametrize("name", sorted(SOURCES.keys() - {"README"}))
def test_it_links_to_pages_and_anchors_that_exist(name: str) -> None:
    by_url = {document.url: document for document in documents().values()}
    for link in Page(documents()[name].html).links:
        if link.startswith("https://"):
            continue
        url, _, anchor = link.partition("#")
        target = by_url[url] if url else documents()[name]
        assert not anchor or anchor in Page(target.html).ids, link


def test_it_links_to_files_that_exist_from_the_readme() -> None:
    links = _FILE_LINK.findall(SOURCES["README"].read_text())
    linked = {link for link in links if not link.startswith("https://")}
    for link in linked:
        assert (ROOT / link).is_file(), link
    assert linked == {f"templates/docs/{path.name}" for path in FOLDER.glob("*.md")}


def test_it_marks_links_that_leave() -> None:
    for document in documents().values():
        for tag, attributes in Page(document.html).tags:
            href = str(attributes.get("href", ""))
            if tag == "a" and href.startswith("http"):
                assert attributes["rel"] == "noopener noreferrer"
