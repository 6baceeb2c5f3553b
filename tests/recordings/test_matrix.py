"""Every recorded answer in every client's dialect, as the compatibility page promises it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.recordings.exceptions import expected
from tests.recordings.matrix import reasons, table, unexpected
from tests.recordings.replay import replay

pytestmark = [pytest.mark.recordings, pytest.mark.timeout(180)]


def test_it_tells_every_client_what_the_provider_said(recordings: Path) -> None:
    results = replay(recordings)
    assert len(results) > 2000
    assert unexpected(results) == []
    assert expected().keys() <= {result.place for result in results}
    page = (ROOT / "templates" / "docs" / "compatibility.md").read_text()
    assert table(results) in page
    assert reasons() in page
