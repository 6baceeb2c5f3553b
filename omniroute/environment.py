"""Every environment variable of the product, its default and its meaning, in one table.

`.env` files are read from `$DATA_DIR`, `~/.omniroute` and the working directory; a variable that an
earlier one or the real environment has set is left alone.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import environ


@dataclass(frozen=True, slots=True)
class Variable:
    name: str
    default: str
    meaning: str


VARIABLES = (
    Variable("DATA_DIR", "~/.omniroute", "Where the database, secrets, spool and logs live"),
    Variable("PORT", "20128", "Port of the dashboard and of /v1"),
    Variable("HOSTNAME", "127.0.0.1", "Address to listen on (BIND is an alias)"),
    Variable("BASE_URL", "", "Public address of this installation, e.g. https://ai.example.com"),
    Variable("DATABASE_URL", "", "postgres://… for a team; empty means SQLite in DATA_DIR"),
    Variable("REDIS_URL", "", "redis://… for several processes; empty means in-process"),
    Variable("REQUIRE_API_KEY", "true", "false serves keyless calls from this machine only"),
    Variable("INITIAL_PASSWORD", "", "First admin's password (15 characters or more)"),
    Variable("JWT_SECRET", "", "Signs dashboard sessions; generated when empty"),
    Variable("API_KEY_SECRET", "", "Pepper of API key digests; generated when empty"),
    Variable(
        "OMNIROUTE_SECRET_KEYS", "", "Encryption keys, newest first; else DATA_DIR/secret.key"
    ),
    Variable("AUTH_COOKIE_SECURE", "auto", "auto, always or never"),
    Variable("TRUSTED_PROXIES", "", "Networks whose X-Forwarded-* headers are believed"),
    Variable("ALLOW_PRIVATE_UPSTREAMS", "", "Private networks or host:port that may be called"),
    Variable("UPSTREAM_CA_FILE", "", "Additional CA bundle for upstream TLS"),
    Variable("APP_LOG_TO_FILE", "true", "Also write the log to DATA_DIR/logs"),
    Variable("LOG_LEVEL", "info", "debug, info, warning or error"),
    Variable("SHUTDOWN_TIMEOUT_MS", "30000", "How long running requests may finish on shutdown"),
)
_DEFAULTS = {variable.name: variable.default for variable in VARIABLES}


def read_files() -> None:
    """Loads the `.env` files. Earlier files and the real environment win."""
    folders = [Path.home() / ".omniroute", Path.cwd()]
    if os.environ.get("DATA_DIR"):
        folders.insert(0, Path(os.environ["DATA_DIR"]).expanduser())
    for folder in folders:
        file = folder / ".env"
        if file.is_file():
            environ.Env.read_env(file, overwrite=False)


def text(name: str) -> str:
    """The variable's value, or its default. `NAME_FILE` names a file to read instead."""
    file = os.environ.get(f"{name}_FILE")
    if file and not os.environ.get(name):
        return Path(file).read_text().strip()
    return os.environ.get(name) or _DEFAULTS[name]


def flag(name: str) -> bool:
    """Raises ValueError for anything but a plain yes or no."""
    value = text(name).lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise ValueError(f"{name} must be true or false, not {value!r}")


def number(name: str) -> int:
    value = text(name)
    if not value.isdigit():
        raise ValueError(f"{name} must be a whole number, not {value!r}")
    return int(value)


def words(name: str) -> list[str]:
    return [word for word in text(name).replace(",", " ").split() if word]
