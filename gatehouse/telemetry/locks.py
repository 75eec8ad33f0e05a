"""Locks of files that end with their holder, however it ends: so others know whether it still lives."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

if sys.platform != "win32":
    import fcntl

POSSIBLE = sys.platform != "win32"


def hold(file: Path) -> int:
    """Its lock, until this descriptor is closed or we end. Raises `OSError`."""
    held = open_lock(file)
    lock(held, exclusive=True, wait=True)
    return held


def is_held(file: Path) -> bool:
    held = open_lock(file)
    try:
        return not lock(held, exclusive=False, wait=False)
    finally:
        os.close(held)


def open_lock(file: Path) -> int:
    """Made where it is not there, and nobody else's to read."""
    return os.open(file, os.O_CREAT | os.O_RDWR, 0o600)


if sys.platform != "win32":

    def release(held: int) -> None:
        """And close it. What is mapped of the file holds on to the same lock, so that closing is not enough."""
        fcntl.flock(held, fcntl.LOCK_UN)
        os.close(held)

    def lock(held: int, *, exclusive: bool, wait: bool) -> bool:
        """Whether we have it now."""
        with suppress(BlockingIOError):
            fcntl.flock(held, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | (0 if wait else fcntl.LOCK_NB))
            return True
        return False

else:

    def release(held: int) -> None:
        os.close(held)

    def lock(held: int, *, exclusive: bool, wait: bool) -> bool:
        raise NotImplementedError
