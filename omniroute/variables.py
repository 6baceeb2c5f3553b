"""Judges the values of the environment's variables before anything is built on them."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

from omniroute import environment


def complaints() -> list[str]:
    """One line for each variable that cannot be used, saying what it should be."""
    found = []
    for name, judge in _JUDGES.items():
        try:
            judge(name)
        except ValueError as exc:
            found.append(str(exc))
        except OSError as exc:
            found.append(f"{name} names {exc.filename}, which cannot be read: {exc.strerror}")
    return found


def _port(name: str) -> None:
    if not 1 <= environment.number(name) <= 65535:
        raise ValueError(f"{name} must be between 1 and 65535")


def _one_of(*words: str) -> Callable[[str], None]:
    def judge(name: str) -> None:
        if environment.text(name).lower() not in words:
            raise ValueError(f"{name} must be one of {', '.join(words)}")

    return judge


def _address(*schemes: str) -> Callable[[str], None]:
    """An empty value is one: the built-in choice."""

    def judge(name: str) -> None:
        value = environment.text(name)
        url = urlsplit(value)
        if value and (url.scheme not in schemes or not (url.hostname or url.path)):
            raise ValueError(f"{name} must begin with {' or '.join(f'{s}://' for s in schemes)}")

    return judge


def _networks(name: str) -> None:
    for word in environment.words(name):
        try:
            ip_network(word, strict=False)
        except ValueError as exc:
            raise ValueError(
                f"{name} must list addresses or networks such as 10.0.0.0/8, not {word!r}"
            ) from exc


def _file(name: str) -> None:
    if path := environment.text(name):
        Path(path).expanduser().open("rb").close()


_JUDGES: dict[str, Callable[[str], object]] = {
    "PORT": _port,
    "BASE_URL": _address("https", "http"),
    "DATABASE_URL": _address("postgres", "postgresql"),
    "REDIS_URL": _address("redis", "rediss"),
    "REQUIRE_API_KEY": environment.flag,
    "AUTH_COOKIE_SECURE": _one_of("auto", "always", "never", "true", "false"),
    "TRUSTED_PROXIES": _networks,
    "UPSTREAM_CA_FILE": _file,
    "APP_LOG_TO_FILE": environment.flag,
    "LOG_LEVEL": _one_of("debug", "info", "warning", "error"),
    "SHUTDOWN_TIMEOUT_MS": environment.number,
}
