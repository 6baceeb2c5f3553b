"""Which providers there are, and the accounts that we hold with them."""

from __future__ import annotations
