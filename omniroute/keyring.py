"""The installation's secrets: encryption keys, the pepper of API keys, the session key.

They live in `secret.key` (0600) in DATA_DIR, or in the environment; never in the database, an
export or a backup. Sealed values read `enc:v1:<key id>:<nonce>:<ciphertext>` (AES-256-GCM) and are
bound to their place: the associated data is `table|row|column`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
import zlib
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from omniroute import environment

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_KNOWN_DEFAULTS = {
    "omniroute-default-secret-change-me",
    "endpoint-proxy-api-key-secret",
    "your-secure-secret-change-this",
    "your-secret",
    "changeme",
}
MIN_SECRET = 32


class KeyringError(Exception):
    """A missing, unsafe or wrong secret. The message tells the operator what to do."""


class Keyring:
    """Reads the key file once and again when a value names a key that it does not know yet."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._keys: dict[str, bytes] = {}
        self._file: dict[str, str] = {}
        self._load()

    @property
    def newest(self) -> str:
        """The id of the key that new values are sealed with."""
        return next(iter(self._keys))

    def key_ids(self) -> list[str]:
        return list(self._keys)

    def seal(self, text: str, place: str) -> str:
        """`place` is `table|row|column`; the value opens nowhere else."""
        nonce = secrets.token_bytes(12)
        box = AESGCM(self._keys[self.newest]).encrypt(nonce, text.encode(), place.encode())
        return f"enc:v1:{self.newest}:{_b64(nonce)}:{_b64(box)}"

    def open(self, sealed: str, place: str) -> str:
        """Raises KeyringError for a value of another place, an unknown key or a changed byte."""
        try:
            scheme, version, key_id, nonce, box = sealed.split(":")
            if (scheme, version) != ("enc", "v1"):
                raise ValueError(version)
            raw_nonce, raw_box = _unb64(nonce), _unb64(box)
        except ValueError as exc:
            raise KeyringError("a stored secret is not in the form enc:v1:…") from exc
        if key_id not in self._keys:
            self._load()
        if key_id not in self._keys:
            raise KeyringError(f"a stored secret needs key {key_id}, which is not in the key file")
        try:
            return AESGCM(self._keys[key_id]).decrypt(raw_nonce, raw_box, place.encode()).decode()
        except InvalidTag as exc:
            raise KeyringError("a stored secret does not open: it was changed or moved") from exc

    def derive(self, purpose: str) -> bytes:
        """A 32-byte secret for one purpose, stable across rotation of the encryption keys."""
        override = {"pepper": "API_KEY_SECRET", "sessions": "JWT_SECRET"}.get(purpose)
        value = environment.text(override) if override else ""
        if value:
            return hashlib.sha256(_strong(str(override), value).encode()).digest()
        root = self._file.get("root")
        if root is None:
            raise KeyringError(f"{self._path} has no root secret; restore the file from its backup")
        return hmac.digest(_unb64(root), purpose.encode(), "sha256")

    def digest(self, token: str) -> bytes:
        """What is stored and looked up instead of an API key or token."""
        return hmac.digest(self.derive("pepper"), token.encode(), "sha256")

    def add_key(self) -> str:
        """Begins a rotation: a new key in front. Running processes find it when they meet it."""
        if environment.text("OMNIROUTE_SECRET_KEYS"):
            raise KeyringError("put the new key in front in OMNIROUTE_SECRET_KEYS")
        key_id = f"k{secrets.token_hex(4)}"
        self._write({key_id: secrets.token_bytes(32), **self._keys})
        return key_id

    def drop_keys_but(self, key_id: str) -> None:
        """Ends a rotation."""
        self._write({key_id: self._keys[key_id]})

    def _load(self) -> None:
        if self._path.exists():
            _refuse_loose_mode(self._path)
            self._file = json.loads(self._path.read_text())
        elif not self._file:
            self._file = {"root": _b64(secrets.token_bytes(32)), "keys": ""}
        given = environment.text("OMNIROUTE_SECRET_KEYS")
        self._keys = _parse_keys(given or self._file["keys"])
        if not self._path.exists():
            self._create()
        elif not self._keys:
            raise KeyringError(f"{self._path} holds no key; restore the file from its backup")

    def _create(self) -> None:
        """The first start. Of two processes that start at once, the second takes the first's."""
        if not self._keys:
            self._keys = {f"k{secrets.token_hex(4)}": secrets.token_bytes(32)}
            self._file["keys"] = _keys_text(self._keys)
        temporary = self._temporary()
        try:
            os.link(temporary, self._path)
        except FileExistsError:
            self._load()
        finally:
            temporary.unlink()

    def _write(self, keys: dict[str, bytes]) -> None:
        self._file = {**self._file, "keys": _keys_text(keys)}
        self._keys = keys
        self._temporary().rename(self._path)

    def _temporary(self) -> Path:
        """A private file beside the key file with what shall become its content."""
        temporary = self._path.with_suffix(f".{secrets.token_hex(4)}")
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            json.dump(self._file, file)
            file.flush()
            os.fsync(file.fileno())
        return temporary


def new_token(prefix: str) -> str:
    """`prefix` + 40 random base62 characters + 6 of CRC32, so that typos show offline."""
    body = prefix + "".join(secrets.choice(_ALPHABET) for _ in range(40))
    return body + _checksum(body)


def is_token(text: str, prefix: str) -> bool:
    """Whether `text` has the form and the checksum of a token; says nothing of its existence."""
    return (
        text.startswith(prefix)
        and len(text) == len(prefix) + 46
        and hmac.compare_digest(_checksum(text[:-6]).encode(), text[-6:].encode())
    )


def hint(token: str, prefix: str) -> str:
    """What may be shown of a token: the first four of its random characters."""
    return f"{prefix}{token[len(prefix) : len(prefix) + 4]}…"


def _checksum(body: str) -> str:
    number, text = zlib.crc32(body.encode()), ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        text = _ALPHABET[digit] + text
    return text


def _strong(name: str, value: str) -> str:
    if value.lower() in _KNOWN_DEFAULTS:
        raise KeyringError(f"{name} is a published default; unset it and a safe one is generated")
    if len(value) < MIN_SECRET:
        raise KeyringError(f"{name} needs at least {MIN_SECRET} characters")
    return value


def _keys_text(keys: dict[str, bytes]) -> str:
    return ",".join(f"{key_id}:{_b64(key)}" for key_id, key in keys.items())


def _parse_keys(text: str) -> dict[str, bytes]:
    keys = {}
    for item in filter(None, text.split(",")):
        key_id, _, value = item.strip().partition(":")
        try:
            key = _unb64(value)
        except ValueError as exc:
            raise KeyringError(f"encryption key {key_id} is not base64url") from exc
        if len(key) != MIN_SECRET:
            raise KeyringError(f"encryption key {key_id} must be 32 bytes, it has {len(key)}")
        keys[key_id] = key
    return keys


def _refuse_loose_mode(path: Path) -> None:
    if path.stat().st_mode & 0o077:
        raise KeyringError(f"{path} can be read by others; run: chmod 600 {path}")


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
