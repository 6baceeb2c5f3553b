"""A provider's JSON, whatever it is."""

from __future__ import annotations

import pytest

from omniroute.gateway.errors import UpstreamFailure
from omniroute.gateway.translation import answers


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"3", b"[DONE]"])
def test_it_takes_an_event_that_is_no_object_for_a_protocol_fault(data: bytes) -> None:
    with pytest.raises(UpstreamFailure, match="protocol"):
        answers.event(data)


@pytest.mark.parametrize(("data", "whole"), [(b"[DONE]", True), (b"{}", True), (b'{"a"', False)])
def test_it_knows_whether_a_last_event_is_there_to_its_end(data: bytes, whole: bool) -> None:
    assert answers.whole(data) is whole


def test_it_reads_null_as_empty() -> None:
    assert answers.mapping(None, "x") == {}
    assert answers.sequence(None, "x") == []
    assert answers.text(None, "x") == ""
    assert answers.arguments(None) == ""


@pytest.mark.parametrize("read", [answers.mapping, answers.sequence, answers.text])
def test_it_names_what_has_the_wrong_type(read) -> None:
    with pytest.raises(UpstreamFailure, match="the thing is not"):
        read(3, "the thing")


def test_it_takes_arguments_that_are_an_object_already() -> None:
    assert answers.arguments({"a": 1}) == '{"a":1}'
    assert answers.name(3) == ""
