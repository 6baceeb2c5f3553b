"""What a caller may read of a provider's error."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniroute.gateway.translation.redaction import MAX_BYTES, clean

from .test_vendor_errors import read

SECRETS = [
    "sk-proj-abcdefghij1234567890",
    "sk-ant-api03-abcdefghij1234567890-AA",
    "sk-or-v1-0123456789abcdef0123456789",
    "sk-abcd************************wxyz",
    "gsk_abcdefghij1234567890",
    "xai-abcdefghij1234567890",
    "pplx-abcdefghij1234567890",
    "hf_abcdefghijKLMNOP123456",
    "AIzaSyA-abcdefghijklmnopqrstuvwxyz01234",
    "ya29.a0AfH6SMBabcdefghijk",
    "AKIAIOSFODNN7EXAMPLE",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "ann.lee+dev@corp.example.com",
    "10.1.2.3:8443",
    "sk-abcd1234",
    "https://internal.example:8443/v1?key=abc",
    "http://10.0.0.7/admin",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_it_tells_no_secret(secret):
    for said in (f"No access with {secret}.", f'{{"key": "{secret}"}}', f"({secret})"):
        for body in ({"error": {"message": said, "param": said, "code": secret}}, said.encode()):
            error = read(403, body)
            assert secret not in error.message + str(error.param)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Authorization: Bearer abcdefgh123 refused", "Authorization: Bearer [redacted] refused"),
        ("Authorization: abcdefghijkl refused", "Authorization: [redacted] refused"),
        ("x-api-key: 0123456789abcdef", "x-api-key: [redacted]"),
        ("key=0123456789abcdef", "key=[redacted]"),
        ("token limit: 200000, key features", "token limit: 200000, key features"),
        ("mask-token-count, risk-averse", "mask-token-count, risk-averse"),
        ("api_key=abcdefgh1 is bad", "api_key=[redacted] is bad"),
        ('"password": "hunter22"', '"password": "[redacted]"'),
        ("see https://api.x.com/docs?key=abcdef#top", "see https://api.x.com/docs"),
        ("at http://worker-7.prod.svc/v1", "at [address]"),
        ("at http://worker.internal:8080/v1", "at [address]"),
        ("at http://localhost/v1", "at [address]"),
        ("at https://10.0.0.1/v1", "at [address]"),
        ("at https://api.x.com:8443/v1", "at [address]"),
        ("at redis://cache.x.com/0", "at [address]"),
        ("at http://[broken/v1", "at [address]"),
        ("line\r\nData: x\x00y", "line Data: x y"),
        (
            "Unknown keyboard_interrupt_handler in sk-learn",
            "Unknown keyboard_interrupt_handler in sk-learn",
        ),
    ],
)
def test_it_tells_no_internal_address_and_keeps_the_rest(said, told):
    assert read(400, {"error": {"message": said}}).message == told


@given(st.text())
def test_it_cleans_any_text_into_one_short_line(text):
    cleaned = clean(text)
    assert len(cleaned.encode()) <= MAX_BYTES
    assert cleaned == " ".join(cleaned.split())


def test_it_keeps_a_message_short():
    for text in ("x" * 10_000, "ü" * 10_000, "🙂" * 10_000, "a@" * 50_000):
        message = read(400, {"error": {"message": text}}).message
        assert len(message.encode()) <= 2048
        message.encode().decode()
