"""Ids that every endpoint takes, and that lead back without any state."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniroute.gateway.translation import callids


@given(st.text(max_size=70), st.text(max_size=70))
def test_it_makes_any_id_valid_and_finds_it_again(one: str, other: str) -> None:
    assert re.fullmatch(r"[a-zA-Z0-9_-]+", callids.encode(one))
    assert callids.decode(callids.encode(one)) == one
    assert (callids.encode(one) == callids.encode(other)) == (one == other)


@pytest.mark.parametrize("given_id", ["omni_!", "omni_A", "omni_gICA", "toolu_1"])
def test_it_leaves_ids_alone_that_it_did_not_make(given_id: str) -> None:
    assert callids.decode(given_id) == given_id
