"""Combos: one model name for an ordered list of models."""

from __future__ import annotations
