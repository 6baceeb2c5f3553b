"""The house rules that no linter knows: sizes, names, boundaries, and files that must agree."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

from omniroute.bridge.changes import WATCHED
from omniroute.environment import VARIABLES
from omniroute.logs import FIELDS
from tests.conftest import ROOT

PACKAGES = ("omniroute", "providers", "combos", "billing", "health")
PRODUCT = sorted(
    file
    for file in chain(*((ROOT / package).rglob("*.py") for package in PACKAGES))
    if "migrations" not in file.parts
)
SOURCES = [ROOT / "manage.py", *PRODUCT, *sorted((ROOT / "tests").rglob("*.py"))]
MAX_FILE = 400
MAX_FUNCTION = 60
BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "base"}
# Who may catch every error: the ASGI boundary and the lifespan of each server. A handler that
# raises again catches nothing.
BOUNDARIES = {"omniroute/gateway/app.py", "omniroute/lifespan.py", "omniroute/granian.py"}
WATCHED_MODELS = {label.partition(".")[2] for label in WATCHED}
LOG_METHODS = {"debug", "info", "warning", "error", "exception"}


def name_of(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def nodes(file: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(file.read_text(), filename=str(file)))


def test_it_keeps_files_short() -> None:
    lengths = {name_of(file): len(file.read_text().splitlines()) for file in SOURCES}
    assert {name: length for name, length in lengths.items() if length > MAX_FILE} == {}


def test_it_keeps_functions_short() -> None:
    long = [
        f"{name_of(file)}:{node.lineno} {node.name}"
        for file in SOURCES
        for node in nodes(file)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > MAX_FUNCTION
    ]
    assert long == []


def test_it_names_no_module_after_nothing() -> None:
    parts = {name_of(file): {file.stem, *file.relative_to(ROOT).parts[:-1]} for file in SOURCES}
    assert [name for name, words in parts.items() if words & BANNED_NAMES] == []


def test_it_imports_from_no_parent_package() -> None:
    relative = [
        f"{name_of(file)}:{node.lineno}"
        for file in SOURCES
        for node in nodes(file)
        if isinstance(node, ast.ImportFrom) and node.level > 1
    ]
    assert relative == []


def test_it_starts_every_module_with_the_same_import() -> None:
    lacking = [
        name_of(file)
        for file in SOURCES
        if file.read_text().strip() and "from __future__ import annotations" not in file.read_text()
    ]
    assert lacking == []


def test_it_describes_every_module_of_the_product() -> None:
    silent = [
        name_of(file)
        for file in PRODUCT
        if file.read_text().strip() and not ast.get_docstring(ast.parse(file.read_text()))
    ]
    assert silent == []


def test_it_catches_every_error_only_at_the_boundaries() -> None:
    broad = {
        name_of(file)
        for file in PRODUCT
        for node in nodes(file)
        if isinstance(node, ast.ExceptHandler) and _is_broad(node) and not _raises_again(node)
    }
    assert broad <= BOUNDARIES


def test_it_changes_watched_configuration_only_by_saving() -> None:
    silent = [
        f"{name_of(file)}:{node.lineno}"
        for file in PRODUCT
        for node in nodes(file)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"update", "bulk_update", "bulk_create"}
        and _root_name(node.func) in {*WATCHED_MODELS, "queryset"}
    ]
    assert silent == []


def test_it_logs_only_fields_that_the_log_lets_through() -> None:
    unknown = [
        f"{name_of(file)}:{node.lineno} {keyword.arg}"
        for file in PRODUCT
        for node in nodes(file)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in LOG_METHODS
        and _root_name(node.func) == "log"
        for keyword in node.keywords
        if keyword.arg not in {*FIELDS, "exc_info"}
    ]
    assert unknown == []


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_it_locks_every_dependency_with_hashes(name: str) -> None:
    wanted = {_package(line) for line in _project()["project"]["dependencies"]}
    if name == "requirements-dev.lock":
        wanted |= {_package(line) for line in _project()["dependency-groups"]["dev"]}
    assert wanted <= set(_locked(name))
    assert all("--hash=sha256:" in hashes for _, hashes in _locked(name).values())


def test_it_develops_with_the_versions_that_it_ships() -> None:
    development = _locked("requirements-dev.lock")
    other = {
        name: (version, development.get(name, ("nothing", ""))[0])
        for name, (version, _) in _locked("requirements.lock").items()
        if development.get(name, ("nothing", ""))[0] != version
    }
    assert other == {}


def test_it_offers_every_variable_in_the_example_environment() -> None:
    text = (ROOT / "deploy" / "env.example").read_text()
    offered = dict(re.findall(r"^#?([A-Z][A-Z_]+)=(.*)$", text, re.MULTILINE))
    assert offered == {variable.name: variable.default for variable in VARIABLES}
    for variable in VARIABLES:
        assert variable.meaning in text


def test_its_readme_names_commands_that_exist() -> None:
    readme = (ROOT / "README.md").read_text()
    assert "python3 manage.py serve" in readme
    assert "python3 manage.py test" in readme
    pages = re.findall(r"\]\((?!https?:|#)([^)#]+)", readme)
    assert [page for page in pages if not (ROOT / page).exists()] == []
    assert _project()["project"]["readme"] == "README.md"


def _is_broad(node: ast.ExceptHandler) -> bool:
    caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    return any(
        each is None or (isinstance(each, ast.Name) and each.id in {"Exception", "BaseException"})
        for each in caught
    )


def _raises_again(node: ast.ExceptHandler) -> bool:
    last = node.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def _root_name(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute | ast.Call):
        node = node.value if isinstance(node, ast.Attribute) else node.func
    return node.id if isinstance(node, ast.Name) else ""


def _project() -> dict[str, dict[str, list[str]]]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)


def _package(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement)[0].lower().replace("_", "-").replace(".", "-")


def _locked(name: str) -> dict[str, tuple[str, str]]:
    text = (ROOT / "deploy" / name).read_text()
    pinned = r"^([\w.-]+)(?:\[[^\]]*\])?==([^\s;\\]+)((?:.*\\\n)*.*)$"
    found = re.findall(pinned, text, re.MULTILINE)
    return {_package(package): (version, hashes) for package, version, hashes in found}
