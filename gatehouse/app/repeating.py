"""Work that is done over and over beside all else, and that no failure may end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from gatehouse.kit.errors import GatewayError

log = logging.getLogger("gatehouse")


async def every(seconds: float, work: Callable[[], Awaitable[object]]) -> None:
    """Until cancelled. What can't be helped, such as a database that is down, is told once for each time that it begins."""
    well = True
    while True:
        await asyncio.sleep(seconds)
        try:
            await work()
            well = True
        except GatewayError as error:
            if well:
                log.warning("%s", error)
            well = False
        except Exception:
            log.exception("What is done every %g seconds failed; it is tried again", seconds)
