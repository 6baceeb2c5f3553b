"""The product's settings for in-process tests, over a data directory of their own.

The environment is set before the settings are read: nothing of the developer's own installation is
touched. Processes that tests start inherit it.
"""

from __future__ import annotations

import os
import tempfile

os.environ["DATA_DIR"] = os.environ["HOME"] = tempfile.mkdtemp(prefix="omniroute-test-")
os.environ["ALLOW_PRIVATE_UPSTREAMS"] = "127.0.0.0/8"
for name in ("DATABASE_URL", "REDIS_URL", "JWT_SECRET", "API_KEY_SECRET", "INITIAL_PASSWORD"):
    os.environ.pop(name, None)

os.environ["DJANGO_SETTINGS_MODULE"] = "omniroute.settings"  # for those processes

from omniroute.settings import *  # noqa: E402, F403
