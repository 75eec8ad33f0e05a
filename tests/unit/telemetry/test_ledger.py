"""What a worker took along that was killed is known to the call, and told once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gatehouse.telemetry.ledger import SETTLED, TAKEN, Ledger, lost
from gatehouse.telemetry.locks import POSSIBLE
from tests.support.program import ROOT

pytestmark = pytest.mark.skipif(not POSSIBLE, reason="there are no such locks here")
_COUNTS_AND_WAITS = """
import sys
from pathlib import Path
from gatehouse.telemetry.ledger import SETTLED, TAKEN, Ledger
ledger = Ledger(Path(sys.argv[1]), "ins_1")
ledger.counts[TAKEN] += 12
ledger.counts[SETTLED] += 5
print("ready", flush=True)
sys.stdin.read()
"""


def test_who_still_lives_has_lost_nothing(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "calls", "ins_1")
    ledger.counts[TAKEN] += 3
    assert lost(tmp_path / "calls") == 0
    ledger.close()


def test_what_is_not_settled_at_the_end_is_lost_and_told_once(tmp_path: Path) -> None:
    for name, settled in (("ins_1", 3), ("ins_2", 1)):
        ledger = Ledger(tmp_path, name)
        ledger.counts[TAKEN] += 3
        ledger.counts[SETTLED] += settled
        ledger.close()
    assert lost(tmp_path) == 2
    assert lost(tmp_path) == 0
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_not_whole_is_cleared_away(tmp_path: Path) -> None:
    (tmp_path / "ins_1.calls").write_bytes(b"abc")
    assert lost(tmp_path) == 0
    assert list(tmp_path.iterdir()) == []


def test_where_there_is_no_directory_nothing_is_lost(tmp_path: Path) -> None:
    assert lost(tmp_path / "never made") == 0


def test_a_killed_process_leaves_its_counts(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _COUNTS_AND_WAITS, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout and process.stdout.readline() == b"ready\n"
        assert lost(tmp_path) == 0
        os.kill(process.pid, signal.SIGKILL)
    assert lost(tmp_path) == 7
