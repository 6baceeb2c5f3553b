"""The only code that imports both Django and the gateway. It maps and moves; it decides nothing."""

from __future__ import annotations
