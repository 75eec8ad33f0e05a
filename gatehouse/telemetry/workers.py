"""The figures of all workers of one `gatehouse up`, whichever of them is asked: each leaves its own in a directory.

A worker holds the lock of its file for as long as it lives, which is how the others know, however it ends. What the dead
have counted stays. See docs/decisions/0010.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import anyio
import msgspec

from gatehouse import __version__
from gatehouse.telemetry.locks import POSSIBLE, hold, is_held, lock, open_lock
from gatehouse.telemetry.report import Report, Totals

log = logging.getLogger("gatehouse")
_DIRECTORY = "workers"
_SUPERVISOR = "supervisor.lock"
_TURN = "turn.lock"
_GONE = "gone"
_FIGURES, _LOCK, _UNFINISHED = ".figures", ".lock", ".unfinished"


class Gone(msgspec.Struct, frozen=True):
    """The sums of workers that have died, and which these were."""

    instances: tuple[str, ...] = ()
    sums: Report = Report("", 0, 0.0)


_encoder = msgspec.msgpack.Encoder()
_report = msgspec.msgpack.Decoder(Report)
_gone = msgspec.msgpack.Decoder(Gone)


@contextmanager
def shared_directory(data: Path) -> Generator[Path | None]:
    """For the workers of one supervisor, and gone with it; what supervisors left that were killed is cleared away.

    None where there can be none, or no locks: each worker then tells of itself alone.
    """
    try:
        made = _make_directory(data / _DIRECTORY) if POSSIBLE else None
    except OSError as error:
        log.warning("The workers can't share their figures, each shows its own: %s", error.strerror)
        made = None
    if made is None:
        yield None
        return
    directory, lock = made
    try:
        yield directory
    finally:
        os.close(lock)
        shutil.rmtree(directory, ignore_errors=True)


def _make_directory(base: Path) -> tuple[Path, int]:
    """And the lock that is held for as long as it is of use."""
    base.mkdir(mode=0o700, exist_ok=True)
    with _Locked(base / _TURN, exclusive=True):
        for old in base.iterdir():
            if old.is_dir() and not is_held(old / _SUPERVISOR):
                shutil.rmtree(old, ignore_errors=True)
        directory = Path(tempfile.mkdtemp(dir=base))
        return directory, hold(directory / _SUPERVISOR)


class SharedFigures:
    """One worker's place among the others. Nothing of it stands in the way of calls: files are written and read in a thread."""

    def __init__(self, directory: Path, instance: str) -> None:
        """Takes over what the dead have counted. Raises `OSError`."""
        # A worker that begins after an upgrade may count in other ways than those that still run.
        self._directory = directory / __version__
        self._directory.mkdir(mode=0o700, exist_ok=True)
        self._instance = instance
        self._writing = threading.Lock()
        self._made = self._written = 0
        self._lock = hold(self._directory / f"{instance}{_LOCK}")
        with self._turn(exclusive=True):
            self._take_over()

    async def write(self, report: Report) -> None:
        """Let the others know. Raises `OSError`."""
        # Encoded at once, since it shares what the next call changes.
        self._made += 1
        await anyio.to_thread.run_sync(self._write, self._made, _encoder.encode(report))

    async def read(self) -> tuple[list[Report], list[Report]]:
        """What the workers wrote that live, the oldest first, and what is left of the others. Raises `OSError`."""
        return await anyio.to_thread.run_sync(self._read)

    def close(self) -> None:
        """What was written last counts on, as that of all who are gone."""
        os.close(self._lock)

    def _write(self, number: int, data: bytes) -> None:
        with self._writing:
            if number > self._written:
                self._written = number
                _replace(self._directory / f"{self._instance}{_FIGURES}", data)

    def _read(self) -> tuple[list[Report], list[Report]]:
        with self._turn(exclusive=False):
            gone = self._gone()
            living, dead = list[Report](), [gone.sums]
            for one in self._reports(gone):
                (living if self._lives(one.instance) else dead).append(one)
        return sorted(living, key=lambda one: one.started_at), dead

    def _take_over(self) -> None:
        """Keep one file of all who died, however often workers end and begin."""
        gone = self._gone()
        dead = [one for one in self._reports(gone) if not self._lives(one.instance)]
        if dead:
            # What these wrote is not looked at from here on, so it is no harm where we die before it is away.
            names = tuple(one.instance for one in dead)
            sums = Totals.of([], [gone.sums, *dead]).as_report()
            self._forget(gone)
            gone = Gone(names, sums)
            _replace(self._directory / f"{_GONE}{_FIGURES}", _encoder.encode(gone))
        self._forget(gone)

    def _forget(self, gone: Gone) -> None:
        for name in gone.instances:
            for ending in (_FIGURES, _LOCK, _UNFINISHED):
                (self._directory / f"{name}{ending}").unlink(missing_ok=True)

    def _reports(self, gone: Gone) -> list[Report]:
        left_out = {_GONE, *gone.instances}
        found = [file for file in self._directory.glob(f"*{_FIGURES}") if file.stem not in left_out]
        return [_report.decode(file.read_bytes()) for file in found]

    def _gone(self) -> Gone:
        try:
            return _gone.decode((self._directory / f"{_GONE}{_FIGURES}").read_bytes())
        except FileNotFoundError:
            return Gone()

    def _lives(self, instance: str) -> bool:
        return is_held(self._directory / f"{instance}{_LOCK}")

    def _turn(self, *, exclusive: bool) -> _Locked:
        """Who reads must not meet who takes over: a worker would be in neither place, or in both."""
        return _Locked(self._directory / _TURN, exclusive=exclusive)


def _replace(file: Path, data: bytes) -> None:
    """All or nothing. It need not outlive the machine, so the disk is not waited for."""
    unfinished = file.with_suffix(_UNFINISHED)
    with os.fdopen(os.open(unfinished, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as stream:
        stream.write(data)
    unfinished.replace(file)


class _Locked:
    def __init__(self, file: Path, *, exclusive: bool) -> None:
        self._file = file
        self._exclusive = exclusive

    def __enter__(self) -> None:
        self._lock = open_lock(self._file)
        lock(self._lock, exclusive=self._exclusive, wait=True)

    def __exit__(self, *error: object) -> None:
        os.close(self._lock)
