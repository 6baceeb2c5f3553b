"""Reads the documentation's sources and what becomes of them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from markdown_it import MarkdownIt

from tests.conftest import ROOT

FOLDER = ROOT / "templates" / "docs"
SOURCES: dict[str, Path] = {path.stem: path for path in sorted(FOLDER.glob("*.md"))}
SOURCES["README"] = ROOT / "README.md"
_PARSER = MarkdownIt("commonmark").enable("table")


def fences(path: Path, language: str = "") -> list[str]:
    """The code blocks of one language, or of all."""
    tokens = _PARSER.parse(path.read_text())
    return [
        token.content
        for token in tokens
        if token.type == "fence" and language in {"", token.info.strip()}
    ]


def code(path: Path) -> str:
    """Everything that is written as code: blocks, and what stands in backticks."""
    tokens = _PARSER.parse(path.read_text())
    inline = [child for token in tokens for child in token.children or []]
    pieces = [token.content for token in tokens if token.type == "fence"]
    pieces += [child.content for child in inline if child.type == "code_inline"]
    return "\n".join(pieces)


def commands(script: str) -> Iterator[list[str]]:
    """The simple commands of a shell script, each as its words without redirections."""
    for line in script.replace("\\\n", " ").splitlines():
        line = re.sub(r"^export \w+=\$\((.*)\)$", r"\1", line)
        for part in re.split(r"&&|\|", line):
            words = shlex.split(part, comments=True)
            if "<" in words:
                words = words[: words.index("<")]
            if words:
                yield words


class Page(HTMLParser):
    """What a rendered page links to, what can be linked to in it, and which tags it has."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        if found.get("id"):
            self.ids.append(str(found["id"]))
        if tag == "a":
            self.links.append(str(found.get("href")))
