"""What every wire format shares: the one home of what formats would else each have a copy of."""

from __future__ import annotations
