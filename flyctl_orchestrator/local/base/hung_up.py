"""Tells a listener from an engine's forwarder: that one takes a connection for a container in which nobody listens."""

from __future__ import annotations

import asyncio

# Seconds. A forwarder that finds nobody hangs up after some milliseconds; a busy computer takes longer.
LISTENS_AFTER = 0.1


async def hung_up(reader: asyncio.StreamReader) -> bool:
    """Whether the other end closes a connection that was just made, before anything was said. Takes 0.1 s if not."""
    try:
        async with asyncio.timeout(LISTENS_AFTER):
            return not await reader.read(1)
    except TimeoutError:
        return False
    except ConnectionError:
        return True


async def nobody_listens(port: int, host: str = "127.0.0.1") -> bool:
    """Whether connections to a published port are refused, or taken and dropped at once."""
    try:
        reader, writer = await asyncio.open_connection(host, port)
    except OSError:
        return True
    try:
        return await hung_up(reader)
    finally:
        writer.close()
