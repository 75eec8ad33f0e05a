"""Workers of one supervisor leave their figures to each other."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from gatehouse import __version__
from gatehouse.telemetry.metrics import Meter
from gatehouse.telemetry.report import Totals, report
from gatehouse.telemetry.workers import SharedFigures, shared_directory
from tests.support.program import ROOT
from tests.unit.telemetry.calls import call, tell

pytestmark = pytest.mark.anyio


class Worker:
    """What a worker does with its figures."""

    def __init__(self, directory: Path, name: str) -> None:
        self.name = name
        self.meter = Meter()
        self.meter.gauge("gatehouse_sessions", "Sessions", lambda: 1)
        self.shared = SharedFigures(directory, name)

    async def count(self, calls: int) -> None:
        tell(self.meter.hear, *(call() for _ in range(calls)))
        await self.shared.write(report(self.meter, self.name, 0.0))

    async def totals(self) -> tuple[float, int]:
        """Calls of all, and how many workers live."""
        living, dead = await self.shared.read()
        totals = Totals.of(living, dead)
        (series,) = totals.histograms["gatehouse_call_duration_seconds"].values()
        sessions = sum(totals.gauges["gatehouse_sessions"][()])
        assert sessions == totals.workers, "the dead hold no sessions"
        return sum(series.buckets), totals.workers


async def test_whichever_worker_is_asked_knows_the_figures_of_all(tmp_path: Path) -> None:
    one, two = Worker(tmp_path, "one"), Worker(tmp_path, "two")
    await one.count(3)
    await two.count(4)
    assert await one.totals() == await two.totals() == (7, 2)
    one.shared.close()
    two.shared.close()


async def test_who_ended_counts_on_however_many_come_after(tmp_path: Path) -> None:
    last = Worker(tmp_path, "first")
    for number in range(1, 30):
        await last.count(2)
        if number == 15:
            # It had counted more than it could tell of, and was killed while it wrote.
            (tmp_path / __version__ / f"{last.name}.unfinished").write_bytes(b"half a rep")
        last.shared.close()
        last = Worker(tmp_path, f"worker-{number}")
    await last.count(2)
    assert await last.totals() == (60, 1)
    assert len(os.listdir(tmp_path / __version__)) <= 8, "the files of the dead are put together"
    last.shared.close()


async def test_taking_over_twice_counts_nobody_twice(tmp_path: Path) -> None:
    """A worker that dies just after it took over leaves the files of those whom it counted already."""
    one = Worker(tmp_path, "one")
    await one.count(5)
    one.shared.close()
    left = (tmp_path / __version__ / "one.figures").read_bytes()
    two = Worker(tmp_path, "two")
    (tmp_path / __version__ / "one.figures").write_bytes(left)
    await two.count(1)
    assert await two.totals() == (6, 1)
    three = Worker(tmp_path, "three")
    await three.count(1)
    assert await three.totals() == (7, 2)
    assert not (tmp_path / __version__ / "one.figures").exists()
    two.shared.close()
    three.shared.close()


async def test_an_older_report_never_replaces_a_newer_one(tmp_path: Path) -> None:
    worker = Worker(tmp_path, "one")
    await worker.count(5)
    newest = (tmp_path / __version__ / "one.figures").read_bytes()
    worker.shared._write(0, b"late")  # pyright: ignore[reportPrivateUsage]
    assert (tmp_path / __version__ / "one.figures").read_bytes() == newest
    worker.shared.close()


async def test_nobody_is_lost_while_others_end_and_begin(tmp_path: Path) -> None:
    """Whoever reads meanwhile sees every call, whether its worker is there still or was taken over just now."""
    reader = Worker(tmp_path, "reader")
    await reader.count(1)
    ready, seen = threading.Event(), list[float]()

    def read() -> None:
        while not ready.is_set():
            living, dead = reader.shared._read()  # pyright: ignore[reportPrivateUsage]
            (series,) = Totals.of(living, dead).histograms["gatehouse_call_duration_seconds"].values()
            seen.append(sum(series.buckets))

    thread = threading.Thread(target=read)
    thread.start()
    try:
        for number in range(60):
            worker = Worker(tmp_path, f"worker-{number}")
            await worker.count(1)
            worker.shared.close()
    finally:
        ready.set()
        thread.join()
    assert seen == sorted(seen) and len(seen) > 10
    reader.shared.close()


async def test_the_directory_is_private_and_goes_with_its_supervisor(tmp_path: Path) -> None:
    with shared_directory(tmp_path) as directory:
        assert directory is not None
        assert {stat.S_IMODE(one.stat().st_mode) for one in (directory, directory.parent)} == {0o700}
        worker = Worker(directory, "one")
        await worker.count(1)
        assert {stat.S_IMODE(file.stat().st_mode) for file in directory.rglob("*.*") if file.is_file()} == {0o600}
        worker.shared.close()
    assert not directory.exists()


KILLED = """
import os, signal, sys
from pathlib import Path
from gatehouse.telemetry.workers import shared_directory
with shared_directory(Path(sys.argv[1])):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_supervisor_left_is_cleared_and_a_living_one_is_left_alone(tmp_path: Path) -> None:
    base = tmp_path / "workers"
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], cwd=ROOT, check=False, timeout=60)
    (left,) = (one for one in base.iterdir() if one.is_dir())
    with shared_directory(tmp_path) as first, shared_directory(tmp_path) as second:
        assert first is not None and second is not None and first != second
        assert {one for one in base.iterdir() if one.is_dir()} == {first, second}
    assert not left.exists()


@pytest.mark.skipif(os.name != "posix", reason="files have owners there")
def test_without_a_directory_it_goes_on_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "workers").write_text("a file is in the way")
    with shared_directory(tmp_path) as directory:
        assert directory is None
    assert "each shows its own" in caplog.text
