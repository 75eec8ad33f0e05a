"""What the kernel knows of other processes (Linux): whether they live, whom they brought forth, which files they hold."""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio

from tests.support.program import PAUSE


def descendants(pid: int) -> set[int]:
    """Children, grandchildren and so on that run."""
    children: dict[int, set[int]] = {}
    for other, parent in _parents().items():
        children.setdefault(parent, set()).add(other)
    found: set[int] = set()
    waiting = [pid]
    while waiting:
        offspring = children.get(waiting.pop(), set()) - found
        found |= offspring
        waiting += offspring
    return found


def named(text: str) -> set[int]:
    """Those that have `text` in their command line."""
    return {pid for pid in _parents() if text in command_line(pid)}


def command_line(pid: int) -> str:
    """Empty for one that has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def open_files(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def living(pids: set[int]) -> set[int]:
    return pids & _parents().keys()


async def until(happened: Callable[[], object], seconds: float = 15) -> None:
    """Returns when it is true; raises `TimeoutError`. It is for what other processes do."""
    with anyio.fail_after(seconds):
        while not happened():  # noqa: ASYNC110 - nothing in this process could tell
            await anyio.sleep(PAUSE)


async def until_true(look: Callable[[], Awaitable[bool]], seconds: float = 15) -> None:
    """Returns when the answer of `look` is true; raises `TimeoutError`."""
    with anyio.fail_after(seconds):
        while not await look():  # noqa: ASYNC110 - nothing in this process could tell
            await anyio.sleep(PAUSE)


async def until_every_worker(look: Callable[[], Awaitable[bool]], seconds: float = 30) -> None:
    """Returns when the answer of `look` was true for a whole second; raises `TimeoutError`.

    A worker learns within a second of what another one did. The kernel may give all connections to one worker, so that
    a single answer says nothing of the others; but whoever is asked after that second must know.
    """

    async def holds() -> bool:
        end = time.monotonic() + 1.0
        while time.monotonic() < end:
            if not await look():
                return False
        return True

    await until_true(holds, seconds)


def _parents() -> dict[int, int]:
    """Parent by pid, of all that are not dead yet."""
    found: dict[int, int] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                fields = Path(f"/proc/{name}/stat").read_bytes().rpartition(b") ")[2].split()
            except OSError:
                continue
            if fields[0] not in (b"Z", b"X"):
                found[int(name)] = int(fields[1])
    return found
