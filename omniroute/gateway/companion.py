"""A task that runs beside the one that entered it, and no longer than that one's block."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from contextlib import suppress
from types import TracebackType
from typing import Self


class Companion(ABC):
    """Subclasses write `_run`. `_owner` is the task that entered the block."""

    async def __aenter__(self) -> Self:
        self._owner = asyncio.current_task()
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    @abstractmethod
    async def _run(self) -> None: ...

    def _cancel_owner(self) -> None:
        if self._owner is not None:
            self._owner.cancel()
