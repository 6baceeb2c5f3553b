"""Tests by their names: `ant/test_stream::it_reads_pings` is
`tests/gateway/formats/anthropic/test_stream.py::test_it_reads_pings`."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from tests.conftest import ROOT

FOLDERS = {
    "ant": "tests/gateway/formats/anthropic",
    "chat": "tests/gateway/formats/openai_chat",
    "resp": "tests/gateway/formats/openai_responses",
    "gem": "tests/gateway/formats/gemini",
    "hub": "tests/gateway/translation",
    "gateway": "tests/gateway",
    "upstream": "tests/gateway/upstream",
    "e2e": "tests/e2e",
}


def node_id(name: str) -> str:
    """What pytest calls the test."""
    folder, _, rest = name.partition("/")
    file, _, test = rest.partition("::")
    return f"{FOLDERS[folder]}/{file}.py::test_{test}"


def missing(names: list[str]) -> list[str]:
    """The node ids that no test has."""
    return [found for found in map(node_id, names) if not _exists(found)]


def _exists(found: str) -> bool:
    file, _, test = found.partition("::")
    return test in _tests(ROOT / file)


@cache
def _tests(file: Path) -> frozenset[str]:
    if not file.is_file():
        return frozenset()
    functions = ast.FunctionDef | ast.AsyncFunctionDef
    tree = ast.parse(file.read_text())
    return frozenset(node.name for node in tree.body if isinstance(node, functions))
