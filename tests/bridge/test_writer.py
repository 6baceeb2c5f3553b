"""Usage records reach the database once each, whatever state they are in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from billing.models import Entry, RequestLog
from omniroute.bridge.writer import UsageWriter
from omniroute.gateway.exchange import new_id
from omniroute.gateway.spool import Spool
from omniroute.gateway.usage import AttemptRecord, Usage, UsageEvent
from tests.gateway.test_spool import event
from tests.upstream import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def with_attempt(record: UsageEvent, cost_e10: int | None = 1234) -> UsageEvent:
    attempt = AttemptRecord(
        number=1,
        provider="groq",
        model="m\x00",
        connection=new_id(),
        status=200,
        failure=None,
        first_byte_ms=5,
        duration_ms=9,
        usage=Usage(input=10, cache_read=2, output=4),
        price_id="p",
        cost_e10=cost_e10,
    )
    return replace(record, attempts=(attempt,), decision=({"resolved": "m"},))


def run(folder: Path, *events: UsageEvent) -> None:
    spool = Spool(folder)
    for record in events:
        spool.append(record)
    writer = UsageWriter(spool)
    writer.start()
    wait_until(lambda: spool.waiting()[0] == 0, 10)
    writer.stop()


def test_it_writes_the_row_and_its_ledger_line(tmp_path: Path) -> None:
    sent = with_attempt(event())
    run(tmp_path, sent)
    row = RequestLog.objects.get()
    assert str(row.id) == sent.request_id
    assert (row.provider, row.model, row.cost_e10) == ("groq", "m", 1234)
    assert (row.input_tokens, row.cache_read_tokens, row.output_tokens) == (10, 2, 4)
    assert row.decision == [{"resolved": "m"}]
    assert row.started_at.timestamp() == 1.0
    entry = Entry.objects.get()
    assert (entry.amount_e10, entry.request_id) == (1234, row.id)


def test_replaying_changes_nothing(tmp_path: Path) -> None:
    sent = [with_attempt(event()) for _ in range(3)]
    run(tmp_path / "first", *sent)
    run(tmp_path / "second", *sent, sent[0])
    assert RequestLog.objects.count() == Entry.objects.count() == 3


def test_an_unpriced_attempt_leaves_the_sum_open(tmp_path: Path) -> None:
    run(tmp_path, with_attempt(event(), cost_e10=None))
    assert RequestLog.objects.get().cost_e10 is None


def test_one_record_that_does_not_fit_holds_up_nobody(tmp_path: Path) -> None:
    good = [with_attempt(event()) for _ in range(2)]
    bad = replace(event(), status=-1)
    run(tmp_path, good[0], bad, good[1])
    assert {str(row.id) for row in RequestLog.objects.all()} == {e.request_id for e in good}
    assert bad.request_id in (tmp_path / "refused.log").read_text()
