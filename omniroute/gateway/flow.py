"""A streamed answer on its way: until its first content, up to its end, and what is left then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from omniroute.gateway.errors import UpstreamError, UpstreamFailure
from omniroute.gateway.formats import Tap
from omniroute.gateway.pulse import Pulse

GATE = 120.0  # seconds from the head of a streamed answer to its first content
DRAIN = 1.0  # seconds that a provider has to end a stream whose terminal event has come


async def until_ready(chunks: AsyncIterator[bytes], pipe: Tap) -> bytes:
    """Reads until there is content. Raises what the stream says or does before that."""
    held = b""
    try:
        async with asyncio.timeout(GATE):
            while not pipe.ready and not pipe.done:
                chunk = await anext(chunks, None)
                held += pipe.close() if chunk is None else pipe.feed(chunk)
                if pipe.error is not None:
                    raise pipe.error
                if chunk is None and not pipe.done:
                    raise UpstreamFailure("incomplete", "the stream ended before any content")
    except TimeoutError as exc:
        raise UpstreamFailure("first_byte_timeout", "no content in time") from exc
    return held


async def forward(pipe: Tap, pulse: Pulse, chunks: AsyncIterator[bytes], held: bytes) -> bytes:
    """Writes everything up to the terminal piece, and returns that one."""
    while not pipe.done:
        if held:
            await pulse.write(held)
        chunk = await anext(chunks, None)
        held = pipe.close() if chunk is None else pipe.feed(chunk)
        broken: UpstreamError | UpstreamFailure | None = pipe.error
        if broken is None and chunk is None and not pipe.done:
            broken = UpstreamFailure("incomplete", "no terminal event")
        if broken is not None:
            if held:  # content that came in the same read as the fault
                await pulse.write(held)
            raise broken
    return held


async def drain(chunks: AsyncIterator[bytes]) -> None:
    """Lets the connection become reusable. The client already has everything."""
    try:
        async with asyncio.timeout(DRAIN):
            async for _ in chunks:
                pass
    except (TimeoutError, UpstreamFailure):
        return
