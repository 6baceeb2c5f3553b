"""Changes the key that secrets are sealed with, while the installation runs.

The new key is in the key file before any value needs it, every value is replaced on its own, and
the old key goes only after a look, with all writers locked out, at which no value needed it. So it
may be killed at any moment and goes on where it was when it is called again.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import transaction

from omniroute import config_lock, environment
from omniroute.keyring import Keyring, KeyringError
from omniroute.sealed import Sealed, all_sealed


class RotationError(Exception):
    """Why the rotation could not end. Both keys are kept. The message tells what to do."""


def rotate(say: Callable[[str], None]) -> None:
    """Raises RotationError or KeyringError. `say` is told of every step."""
    with _alone():
        ring = Keyring(settings.DATA_DIR / "secret.key")
        if len(ring.key_ids()) > 1:
            say(f"Sealing with key {ring.newest}, which is in front already.")
        else:
            say(f"Sealing with the new key {ring.add_key()}.")
        from_environment = bool(environment.text("OMNIROUTE_SECRET_KEYS"))
        old = ", ".join(key_id for key_id in ring.key_ids() if key_id != ring.newest)
        while True:
            say(f"{_reseal(ring)} secrets are sealed anew.")
            if _finish(ring, drop=not from_environment):
                break
        if from_environment:
            say(f"Done. You can remove {old} from OMNIROUTE_SECRET_KEYS.")
        else:
            say(f"Done. The old key is gone: {old}.")


def _reseal(ring: Keyring) -> int:
    done = 0
    shut: list[str] = []
    for secret in _outdated(ring):
        try:
            plain = ring.open(secret.value, secret.place)
        except KeyringError as exc:
            shut.append(f"{secret}: {exc}")
            continue
        done += secret.replace(ring.seal(plain, secret.place))
    if shut:
        raise RotationError(
            f"{len(shut)} stored secrets cannot be opened, so the old key is kept. "
            f"Enter them again and repeat this command. The first: {shut[0]}."
        )
    return done


def _finish(ring: Keyring, *, drop: bool) -> bool:
    """Whether nothing needs an old key. Such a moment, which no writer shares, ends the rotation.

    Nothing is written to the database here: what was sealed anew must not be rolled back after
    the old key is gone.
    """
    with transaction.atomic():
        config_lock.take()
        if any(_outdated(ring)):
            return False
        if drop:
            ring.drop_keys_but(ring.newest)
        return True


def _outdated(ring: Keyring) -> Iterator[Sealed]:
    return (secret for secret in all_sealed() if secret.key_id != ring.newest)


@contextmanager
def _alone() -> Iterator[None]:
    with (settings.DATA_DIR / "rotation.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # ends with the process, however
        except BlockingIOError as exc:
            raise RotationError("Another rotation is under way. Wait until it has ended.") from exc
        yield
