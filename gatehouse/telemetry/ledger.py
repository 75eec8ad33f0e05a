"""How many calls a worker took in, and how many of them are settled: in a file that outlives it, so that what a kill took
along is known to the call.

The file is mapped into memory. A count there costs what one in memory does, and the system keeps it when we are killed.
"""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Iterator, MutableSequence
from pathlib import Path

from gatehouse.telemetry.locks import hold, is_held, release

TAKEN, SETTLED = 0, 1
"""Places in `counts`. Settled is what is in the database, and what was dropped and counted as that."""
_PAIR = struct.Struct("QQ")
_ENDING = ".calls"


class Ledger:
    """One for each worker; `close` it at a normal stop."""

    def __init__(self, directory: Path, instance: str) -> None:
        """Raises `OSError`."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = directory / f"{instance}{_ENDING}"
        # Under this name it is looked at by others, so it gets it when it is held.
        unfinished = self._file.with_suffix(".unfinished")
        self._held = hold(unfinished)
        os.ftruncate(self._held, _PAIR.size)
        unfinished.rename(self._file)
        self._map = mmap.mmap(self._held, _PAIR.size)
        self.counts: MutableSequence[int] = memoryview(self._map).cast("Q")  # type: ignore[assignment]

    def close(self) -> None:
        """What is not settled by now is lost."""
        if self.counts[TAKEN] <= self.counts[SETTLED]:
            self._file.unlink(missing_ok=True)
        release(self._held)


def lost(directory: Path) -> int:
    """Calls that workers took in, of this data directory, who have ended since and settled no more. Each is told once.

    What was stored in the very moment in which its worker was killed is among them.

    Raises `OSError`.
    """
    return sum(_unsettled(file) for file in _left(directory))


def _left(directory: Path) -> Iterator[Path]:
    return (file for file in directory.glob(f"*{_ENDING}") if not is_held(file))


def _unsettled(file: Path) -> int:
    """Whoever takes the file away tells of it."""
    claimed = file.with_suffix(f".{os.getpid()}")
    try:
        file.rename(claimed)
    except FileNotFoundError:
        return 0
    data = claimed.read_bytes()
    claimed.unlink()
    if len(data) < _PAIR.size:
        return 0
    taken, settled = _PAIR.unpack(data)
    return max(0, taken - settled)
