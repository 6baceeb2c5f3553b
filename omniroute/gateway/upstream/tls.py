"""How a server proves who it is: the system's authorities, and a private one if there is any."""

from __future__ import annotations

import ssl
from functools import lru_cache


@lru_cache(maxsize=8)
def context(ca_file: str | None = None) -> ssl.SSLContext:
    """TLS 1.2 or later with full verification. There is no way to switch it off."""
    verifying = ssl.create_default_context()
    verifying.minimum_version = ssl.TLSVersion.TLSv1_2
    verifying.set_alpn_protocols(["http/1.1"])
    if ca_file is not None:
        verifying.load_verify_locations(ca_file)
    return verifying


def reason(exc: ssl.SSLError) -> str:
    """Why a handshake failed, in OpenSSL's words, such as `certificate has expired`."""
    said = getattr(exc, "verify_message", "") or getattr(exc, "reason", "")
    return str(said or "")
