"""Is everything alive, and what is wrong if not."""

from __future__ import annotations
