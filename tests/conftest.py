"""What every test stands on: a data directory of its own, and the recordings if there are any."""

from __future__ import annotations

import os
import tempfile
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

# Before Django is imported: nothing of the developer's own installation is read or written.
os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="omniroute-test-")
os.environ["HOME"] = os.environ["DATA_DIR"]
os.environ["ALLOW_PRIVATE_UPSTREAMS"] = "127.0.0.0/8"
for name in ("DATABASE_URL", "REDIS_URL", "JWT_SECRET", "API_KEY_SECRET", "INITIAL_PASSWORD"):
    os.environ.pop(name, None)


@pytest.fixture
def recordings() -> Path:
    """The folder of recorded provider exchanges."""
    if not RECORDINGS.is_dir():
        pytest.skip("the recordings do not lie beside this checkout")
    return RECORDINGS
