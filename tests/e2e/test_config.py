"""Configuration reaches the running gateway whole, soon, and never in a broken state."""

from __future__ import annotations

import sqlite3

import httpx

from tests.e2e.wire import ask
from tests.product import Product
from tests.upstream import FakeUpstream, reply, wait_until


def test_a_combo_goes_on_with_its_next_step(
    product: Product, key: str, chat_upstream: FakeUpstream, messages_upstream: FakeUpstream
) -> None:
    product.node("first", "openai-compatible", f"{chat_upstream.url}/v1")
    with product.change():
        done = product.command("shell", "-v", "0", "-c", COMBO)
        assert done.returncode == 0, done.stderr
    chat_upstream.reset()
    chat_upstream.play(reply({"error": {"message": "overloaded"}}, 503))
    answer = ask(product, key, "always-on")
    assert answer.status_code == 200
    assert answer.headers["x-omniroute-model"] == "ant/second"
    assert answer.json()["model"] == "always-on"
    assert messages_upstream.received[0].json["model"] == "second"
    names = [m["id"] for m in product.api_models(key)]
    assert names[0] == "always-on"


COMBO = """
from combos.models import Combo
combo = Combo.objects.create(name="always-on")
combo.steps.create(position=1, model="first/one")
combo.steps.create(position=2, model="ant/second")
"""


def test_a_broken_configuration_never_replaces_a_good_one(product: Product, key: str) -> None:
    """A secret that was tampered with in the database stops the new version, not the traffic."""
    database = sqlite3.connect(product.data / "storage.sqlite", isolation_level=None)
    [(row, sealed)] = database.execute(
        "SELECT id, secret FROM providers_connection WHERE provider = 'oai'"
    ).fetchall()
    broken = sealed[:-4] + ("AAAA" if not sealed.endswith("AAAA") else "BBBB")
    _set(database, row, broken)
    try:
        wait_until(lambda: not _ready(product)["configFresh"], 3)
        assert ask(product, key, "oai/m").status_code == 200
        other = ask(product, "sk-omni-" + "0" * 46, "oai/m")
        assert other.status_code == 503
    finally:
        _set(database, row, sealed)
        database.close()
    wait_until(lambda: _ready(product)["configFresh"], 3)
    assert ask(product, key, "oai/m").status_code == 200


def _set(database: sqlite3.Connection, row: str, secret: str) -> None:
    database.execute("UPDATE providers_connection SET secret = ? WHERE id = ?", (secret, row))
    database.execute("UPDATE omniroute_configversion SET version = version + 1")


def _ready(product: Product) -> dict[str, object]:
    found: dict[str, object] = httpx.get(f"{product.url}/readyz").json()
    return found


def test_health_probes_need_no_credentials_and_tell_no_secrets(product: Product) -> None:
    for path in ("/healthz", "/readyz"):
        answer = httpx.get(product.url + path)
        assert answer.status_code == 200
        assert not {"version", "path", "pid", "dataDir"} & set(answer.json())


def test_the_log_says_what_a_translation_could_not_carry(product: Product, key: str) -> None:
    answer = ask(product, key, "ant/m", seed=7, logit_bias={"1": 1})
    assert answer.status_code == 200
    row = product.log_of(answer.headers["x-omniroute-request-id"])
    [lost] = [note["not_carried"] for note in row["decision"] if "not_carried" in note]
    assert {"seed", "logit_bias"} <= set(lost)
