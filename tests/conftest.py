"""What every test stands on. The environment is set in `tests.settings`, which is read first."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent
RECORDINGS = ROOT.parent / "shared" / "recordings"

# A busy machine is no reason to fail.
settings.register_profile(
    "default", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("default")


@pytest.fixture
def recordings() -> Path:
    """The folder of recorded provider exchanges."""
    if not RECORDINGS.is_dir():
        pytest.skip("the recordings do not lie beside this checkout")
    return RECORDINGS
