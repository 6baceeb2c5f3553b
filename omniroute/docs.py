"""The documentation: `templates/docs/*.md`, shown inside the dashboard.

HTML in the files is shown as text. What would grow stale when typed is made from the code that it
describes: a line `<!-- table: NAME -->` becomes a table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import Http404
from django.urls import reverse
from django.views.generic import TemplateView
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from omniroute import environment
from omniroute.admin.page import Page
from omniroute.gateway.formats import FORMATS
from providers import catalog

# The order in which the pages are read, by heading of the page list.
PAGES: Mapping[str, tuple[str, ...]] = {
    "Start": ("index", "quickstart", "clients"),
    "Use": ("providers", "models", "compatibility", "keys", "requests", "api"),
    "Run": ("configuration", "operations", "performance", "security"),
    "Develop": ("architecture", "contributing", "changelog"),
}
_TABLE = re.compile(r"^<!-- table: (\w+) -->$", re.MULTILINE)
_PAGE = re.compile(r"(\w+)\.md(#.*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """`html` is the page without its first heading; `sections` are (anchor, text)."""

    name: str
    title: str
    html: str
    sections: tuple[tuple[str, str], ...]

    @property
    def url(self) -> str:
        return _url(self.name)


class DocumentPage(Page, TemplateView):
    """Readable by everybody who may sign in to the dashboard."""

    permission_required = ()
    template_name = "docs_page.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        found = documents()
        name = self.kwargs.get("name", "index")
        if name not in found:
            raise Http404
        order = list(found)
        at = order.index(name)
        context = super().get_context_data(
            document=found[name],
            groups=[(title, [found[page] for page in pages]) for title, pages in PAGES.items()],
            before=found[order[at - 1]] if at else None,
            after=found[order[at + 1]] if at + 1 < len(order) else None,
            **kwargs,
        )
        context["title"] = found[name].title
        return context


@cache
def documents() -> Mapping[str, Document]:
    """Every page by name, in reading order. The files are read once per process."""
    folder = settings.TEMPLATES_DIR / "docs"
    names = [name for group in PAGES.values() for name in group]
    return {name: render(name, (folder / f"{name}.md").read_text()) for name in names}


def render(name: str, text: str) -> Document:
    """Raises KeyError for a table that does not exist."""
    parser = MarkdownIt("commonmark", {"html": False}, renderer_cls=_Html).enable("table")
    tokens = parser.parse(_TABLE.sub(lambda found: TABLES[found[1]](), text))
    sections = _anchor(tokens)
    title, body = tokens[1].content, tokens[3:]  # heading_open, inline, heading_close
    return Document(
        name=name,
        title=title,
        html=parser.renderer.render(body, parser.options, {}),
        sections=tuple(sections),
    )


class _Html(RendererHTML):
    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        code = escapeHtml(tokens[idx].content)
        return (
            f'<div class="o-code"><pre id="code-{idx}" tabindex="0"><code>{code}</code></pre>'
            f'<button type="button" class="o-btn o-btn--small" data-copy="#code-{idx}">'
            '<span class="material-symbols-outlined" aria-hidden="true">content_copy</span>'
            "<span data-label>Copy</span></button></div>\n"
        )

    def heading_close(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
    ) -> str:
        anchor = tokens[idx - 2].attrGet("id")
        link = f'<a class="o-doc__anchor" href="#{anchor}" aria-label="Link to this section">#</a>'
        return f"{link}</{tokens[idx].tag}>\n"

    def table_open(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
    ) -> str:
        return '<div class="o-card o-doc__table" tabindex="0"><table class="o-table">\n'

    def table_close(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
    ) -> str:
        return "</table></div>\n"

    def link_open(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
    ) -> str:
        token = tokens[idx]
        href = str(token.attrGet("href"))
        page = _PAGE.fullmatch(href)
        if page:
            token.attrSet("href", _url(page[1]) + (page[2] or ""))
        elif not href.startswith("#"):
            token.attrSet("rel", "noopener noreferrer")
        return self.renderToken(tokens, idx, options, env)


def _anchor(tokens: Sequence[Token]) -> list[tuple[str, str]]:
    """Gives every heading an id, as code hosts do; returns those of the second level."""
    taken: dict[str, int] = {}
    sections = []
    for token, inline in pairwise(tokens):
        if token.type != "heading_open":
            continue
        words = re.sub(r"[^\w\- ]", "", inline.content.lower()).replace(" ", "-")
        number = taken[words] = taken.get(words, -1) + 1
        anchor = f"{words}-{number}" if number else words
        token.attrSet("id", anchor)
        if token.tag == "h2":
            sections.append((anchor, inline.content.replace("`", "")))
    return sections


def _url(name: str) -> str:
    return reverse("docs") if name == "index" else reverse("docs-page", args=[name])


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines
    )


def _providers() -> str:
    entries = sorted(catalog.entries().values(), key=lambda entry: entry.name.lower())
    return _table(
        ("Provider", "Prefix", "Speaks", "API keys are made at"),
        (
            (
                f"[{entry.name}]({entry.homepage})",
                " ".join(f"`{name}/`" for name in (entry.alias, *_others(entry))),
                FORMATS[entry.api.format].label,
                f"[{urlsplit(entry.key_url).hostname}]({entry.key_url})" if entry.key_url else "",
            )
            for entry in entries
        ),
    )


def _others(entry: catalog.Entry) -> list[str]:
    return [prefix for prefix in entry.prefixes if prefix != entry.alias]


def _variables() -> str:
    return _table(
        ("Variable", "Default", "Meaning"),
        (
            (f"`{v.name}`", f"`{v.default}`" if v.default else "", v.meaning)
            for v in environment.VARIABLES
        ),
    )


TABLES: Mapping[str, Callable[[], str]] = {"providers": _providers, "variables": _variables}
