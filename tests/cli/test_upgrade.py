"""An update of the program that changes the database: a copy first, and only the newest kept."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.product import Product
from tests.upstream import wait_until

ONE_BACK = ("migrate", "sessions", "zero")


def test_it_copies_the_database_before_it_changes_it() -> None:
    with Product("--no-worker") as product:
        assert "Copied the database" not in product.output()
        assert not (product.data / "db_backups").exists()
    assert product.command(*ONE_BACK).returncode == 0
    old = [product.data / "db_backups" / f"before-upgrade-2020010{day}.sqlite" for day in range(6)]
    old[0].parent.mkdir()
    for file in old:
        file.touch()

    with product:
        wait_until(lambda: "Copied the database to" in product.output())
        assert "django_session" in tables(product.data / "storage.sqlite")
    kept = sorted(old[0].parent.iterdir())
    assert kept[:4] == old[2:]
    (copy,) = kept[4:]
    assert "auth_user" in tables(copy)
    assert "django_session" not in tables(copy)

    with product:
        assert len(list(old[0].parent.iterdir())) == 5
        assert product.output().count("Copied the database") == 1


def tables(file: Path) -> set[str]:
    with closing(sqlite3.connect(file)) as database:
        return {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
