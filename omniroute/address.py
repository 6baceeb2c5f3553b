"""Where the server listens: the choice of host and port, and whether they can be had."""

from __future__ import annotations

import errno
import os
import socket

from omniroute import environment

LOOPBACK = "127.0.0.1"
ANY = {"0.0.0.0": LOOPBACK, "::": "[::1]", "": LOOPBACK}  # noqa: S104  (recognised, never chosen)


def host(option: str | None) -> str:
    """The option, else BIND, else HOSTNAME, else loopback.

    Shells and containers set HOSTNAME to the machine's own name. That is no wish to listen there.
    """
    named = environment.text("HOSTNAME")
    if named == socket.gethostname():
        named = LOOPBACK
    return option or os.environ.get("BIND") or named


def port(option: int | None) -> int:
    """Raises ValueError for a number that is no port."""
    number = environment.number("PORT") if option is None else option
    if not 1 <= number <= 65535:
        raise ValueError(f"The port must be between 1 and 65535, not {number}")
    return number


def url(chosen_host: str, chosen_port: int) -> str:
    """What a browser on this machine opens."""
    name = ANY.get(chosen_host, chosen_host)
    if ":" in name and not name.startswith("["):
        name = f"[{name}]"
    return f"http://{name}:{chosen_port}"


def obstacle(chosen_host: str, chosen_port: int) -> str | None:
    """One line that says why nothing can listen there, or None."""
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            chosen_host, chosen_port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
    except socket.gaierror:
        return f"{chosen_host} is not an address of this machine."
    except OSError as exc:
        return _explain(exc, chosen_host, chosen_port)
    return None


def _explain(exc: OSError, chosen_host: str, chosen_port: int) -> str:
    if exc.errno == errno.EADDRINUSE:
        return (
            f"Port {chosen_port} on {chosen_host} is in use, perhaps by another OmniRoute. "
            f"Stop that program, or choose another port: --port {chosen_port % 65535 + 1}"
        )
    if exc.errno == errno.EACCES:
        return f"Port {chosen_port} needs root. Choose one above 1023: --port 20128"
    if exc.errno == errno.EADDRNOTAVAIL:
        return f"{chosen_host} is not an address of this machine."
    return f"Nothing can listen on {chosen_host}, port {chosen_port}: {exc.strerror}."
