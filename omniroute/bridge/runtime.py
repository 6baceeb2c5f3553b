"""One gateway with everything it needs, started and stopped as a whole."""

from __future__ import annotations

import asyncio
import gc

from django.conf import settings

from omniroute import environment
from omniroute.bridge import snapshot
from omniroute.bridge.watcher import Watcher
from omniroute.bridge.writer import UsageWriter
from omniroute.fields import keyring
from omniroute.gateway.access import Access, parse_networks
from omniroute.gateway.app import Gateway
from omniroute.gateway.spool import Spool
from omniroute.gateway.state import State
from omniroute.gateway.store import Store
from omniroute.gateway.upstream import AddressPolicy, UpstreamClient


class Runtime:
    """`draining` is set when the process is about to end: it serves on, but is not ready."""

    def __init__(self) -> None:
        self.draining = False
        self.gateway: Gateway | None = None

    async def start(self) -> None:
        """Raises a database error, KeyringError or ValueError: then nothing must be served."""
        access = Access(
            keyring().digest,
            require_key=environment.flag("REQUIRE_API_KEY"),
            proxies=parse_networks(environment.words("TRUSTED_PROXIES")),
        )
        self._client = UpstreamClient(
            AddressPolicy.parse(environment.text("ALLOW_PRIVATE_UPSTREAMS")),
            ca_file=environment.text("UPSTREAM_CA_FILE") or None,
        )
        self.store = Store(await asyncio.to_thread(snapshot.build))
        self.spool = Spool(settings.DATA_DIR / "spool")
        self._watcher = Watcher(self.store)
        self._writer = UsageWriter(self.spool)
        gateway = Gateway(self.store, self._client, self.spool, State(), access)
        loop = asyncio.get_running_loop()

        def swapped() -> None:
            loop.call_soon_threadsafe(gateway.end_revoked)

        self.store.on_swap = swapped
        self._watcher.start()
        self._writer.start()
        _spare_the_collector()
        self.gateway = gateway

    async def stop(self) -> None:
        """Every usage record is in the database, or on disk, when this returns."""
        if self.gateway is None:
            return
        self.gateway = None
        self.store.on_swap = lambda: None
        await self._client.close()
        await asyncio.to_thread(self._watcher.stop)
        await asyncio.to_thread(self._writer.stop)


def _spare_the_collector() -> None:
    """What is loaded by now stays for good: the garbage collector need not walk it again, and need
    not look after every few requests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


RUNTIME = Runtime()
