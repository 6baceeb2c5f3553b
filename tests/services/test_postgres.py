"""The team's deployment: PostgreSQL and Redis, several processes, and the database going away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.wire import ask, stream
from tests.product import Product, running
from tests.services.conftest import Postgres
from tests.upstream import FakeUpstream, wait_until

pytestmark = [pytest.mark.services, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def upstream() -> Iterator[FakeUpstream]:
    with FakeUpstream() as started:
        yield started


@pytest.fixture(scope="module")
def team(postgres: Postgres, redis_url: str, upstream: FakeUpstream) -> Iterator[Product]:
    env = {"DATABASE_URL": postgres.url, "REDIS_URL": redis_url}
    with running(env=env) as product:
        product.node("oai", "openai-compatible", f"{upstream.url}/v1")
        yield product


@pytest.fixture(scope="module")
def key(team: Product) -> str:
    return team.key()


def test_it_answers_and_records(team: Product, key: str) -> None:
    with stream(team, key, "oai/m") as answer:
        assert "[DONE]" in answer.read().decode()
    row = team.log_of(answer.headers["x-omniroute-request-id"])
    assert (row["outcome"], row["outputTokens"]) == ("ok", 5)


def test_the_worker_runs_over_redis(team: Product) -> None:
    def beats() -> set[str]:
        done = team.command("shell", "-v", "0", "-c", _BEATS)
        return set(done.stdout.split())

    wait_until(lambda: {"worker", "beat"} <= beats(), 90)


_BEATS = "from health.models import Heartbeat; print(*[h.name for h in Heartbeat.objects.all()])"


def test_a_second_process_sees_a_change_within_two_seconds(
    team: Product, key: str, tmp_path: Path
) -> None:
    """Same database and secrets, another process: `serve --only gateway` on granian."""
    for name in ("secret.key",):
        (tmp_path / name).write_bytes((team.data / name).read_bytes())
        (tmp_path / name).chmod(0o600)
    other = Product("--only", "gateway", "--server", "granian", env=_services(team), data=tmp_path)
    with other:
        assert ask(other, key, "oai/m").status_code == 200
        fresh = team.key("made elsewhere")
        wait_until(lambda: ask(other, fresh, "oai/m").status_code == 200, 2.0)


def _services(product: Product) -> dict[str, str]:
    return {name: product.env[name] for name in ("DATABASE_URL", "REDIS_URL")}


def test_it_serves_on_while_the_database_is_away(
    team: Product, key: str, postgres: Postgres, upstream: FakeUpstream
) -> None:
    postgres.stop()
    try:
        answers = [ask(team, key, "oai/m") for _ in range(20)]
        assert {answer.status_code for answer in answers} == {200}
        unknown = wait_until(
            lambda: (a := ask(team, "sk-omni-" + "0" * 46, "oai/m")).status_code == 503 and a, 5
        )
        assert unknown.json()["error"]["type"] != "authentication_error"
    finally:
        postgres.start()
    sent = {answer.headers["x-omniroute-request-id"] for answer in answers}

    def rows() -> list[str]:
        return [row["requestId"] for row in team.logs(200)]

    wait_until(lambda: sent <= set(rows()), 20)
    found = rows()
    assert len(found) == len(set(found))
    wait_until(lambda: ask(team, "sk-omni-" + "0" * 46, "oai/m").status_code == 401, 5)
