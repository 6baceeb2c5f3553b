"""Every format tells a plain answer from what must be read in full."""

from __future__ import annotations

import pytest

from omniroute.gateway.formats import FORMATS


@pytest.mark.parametrize(
    ("format_", "body", "plain"),
    [
        ("openai_chat", {"choices": [{}]}, True),
        ("openai_chat", {"choices": [{}], "error": None}, True),
        ("openai_chat", {"choices": [{}], "error": {"message": "x"}}, False),
        ("openai_chat", {"choices": []}, False),
        ("openai_chat", {"choices": "x"}, False),
        ("openai_chat", {"base_resp": {"status_code": 1004}}, False),
        ("openai_chat", [], False),
        ("anthropic", {"type": "message"}, True),
        ("anthropic", {"type": "message", "error": {"message": "x"}}, False),
        ("anthropic", {"type": "error"}, False),
        ("anthropic", {"success": False}, False),
        ("anthropic", None, False),
    ],
)
def test_it_knows_a_plain_answer(format_: str, body: object, plain: bool) -> None:
    assert FORMATS[format_].is_answer(body) is plain
