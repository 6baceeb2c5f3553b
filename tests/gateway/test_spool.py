"""Usage records on disk: nothing acknowledged is lost, nothing damaged is believed."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omniroute.gateway.errors import Unavailable
from omniroute.gateway.exchange import new_id
from omniroute.gateway.spool import Segment, Spool, read
from omniroute.gateway.usage import UsageEvent
from tests.conftest import ROOT


def event(request_id: str | None = None) -> UsageEvent:
    return UsageEvent(
        request_id=request_id or new_id(),
        started_at=1.0,
        key_id=None,
        endpoint="chat.completions",
        dialect="openai_chat",
        requested_model="m",
        stream=False,
        outcome="ok",
        status=200,
        error_code=None,
        duration_ms=1,
        ttft_ms=None,
        client="",
        session=None,
        config_version=1,
    )


def ids(segment: Segment) -> list[str]:
    return [record["request_id"] for record in read(segment)[0]]


def test_it_gives_back_what_was_appended(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    sent = [new_id() for _ in range(5)]
    for request_id in sent:
        spool.append(event(request_id))
    spool.sync()
    segment = spool.rotate()
    assert segment is not None
    assert ids(segment) == sent
    assert spool.rotate() is None
    spool.moved(segment)
    assert spool.waiting() == (0, 0)


def test_it_does_not_take_a_segment_of_a_living_process(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.append(event())
    assert list(Spool(tmp_path).orphans()) == []


WRITER = """
import sys
from pathlib import Path
from omniroute.gateway.spool import Spool
from tests.gateway.test_spool import event
spool = Spool(Path(sys.argv[1]))
while True:
    record = event()
    spool.append(record)
    print(record.request_id, flush=True)
"""


def test_it_loses_nothing_acknowledged_under_kill_9(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, cwd=ROOT, text=True
    )
    assert process.stdout is not None
    told = [process.stdout.readline().strip() for _ in range(200)]
    process.send_signal(signal.SIGKILL)
    told += [line.strip() for line in process.stdout if line.endswith("\n")]
    process.wait()
    process.stdout.close()
    found = [request_id for segment in Spool(tmp_path).orphans() for request_id in ids(segment)]
    assert set(told) <= set(found)
    assert len(found) == len(set(found))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2000), st.integers(0, 7))
def test_it_believes_no_damaged_line(tmp_path: Path, where: int, bit: int) -> None:
    spool = Spool(tmp_path / new_id())
    sent = [new_id() for _ in range(3)]
    for request_id in sent:
        spool.append(event(request_id))
    segment = spool.rotate()
    assert segment is not None
    data = bytearray(segment.path.read_bytes())
    where %= len(data)
    data[where] ^= 1 << bit
    segment.path.write_bytes(data)
    records, damaged = read(segment)
    assert [r["request_id"] for r in records] == [i for i in sent if i in ids(segment)]
    assert len(records) >= 1
    assert damaged >= 1
    segment.discard()


def test_it_skips_a_torn_tail(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.append(event())
    segment = spool.rotate()
    assert segment is not None
    whole = segment.path.read_bytes()
    segment.path.write_bytes(whole + whole[:-20])
    records, damaged = read(segment)
    assert (len(records), damaged) == (1, 1)
    segment.release()


def test_it_refuses_new_work_before_it_would_lose_a_record(tmp_path: Path) -> None:
    spool = Spool(tmp_path, max_bytes=500)
    spool.check_room()
    for _ in range(3):
        spool.append(event())
    with pytest.raises(Unavailable):
        spool.check_room()
    segment = spool.rotate()
    assert segment is not None
    spool.moved(segment)
    spool.check_room()


def test_its_files_are_private(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    spool.append(event())
    [file] = (tmp_path / "spool").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o077 == 0
