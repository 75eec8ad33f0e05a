"""That the benchmark runs, verifies what it measures, and tells it; how fast anything is does not matter here."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.program import ROOT, clean_environment

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the benchmark reads /proc")
CONTESTANTS = {"direct", "gatehouse"} | ({"nginx"} if shutil.which("nginx", path="/usr/sbin:/usr/bin") else set())


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "bench/bench.py", *arguments]
    environment = clean_environment() | {"PATH": os.environ["PATH"]}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_an_unknown_part_is_refused_with_the_known_ones() -> None:
    refused = bench("--only", "calls,everything")
    assert refused.returncode == 2 and "there is no everything; there are calls, list" in refused.stderr


def test_a_quick_run_verifies_its_answers_and_tells_what_it_measured(tmp_path: Path) -> None:
    table, figures = tmp_path / "table.md", tmp_path / "figures.json"
    done = bench("--quick", "--only", "calls,list,stream,start,lock", "--output", str(table), "--json", str(figures))
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(figures.read_text())
    for what in ("tools/call", "tools/list of 10"):
        for era in ("modern", "legacy"):
            rows = [row for row in report["loads"] if (row["what"], row["era"]) == (what, era)]
            assert {row["who"] for row in rows} == CONTESTANTS
            assert all(row["calls"] > 0 for row in rows)
    told = {row["what"] for row in report["rows"]}
    assert {
        "SSE relay, per event",
        "start to listening",
        "idle memory of a worker, PSS",
        "installed distributions",
    } <= told
    assert "answers of the loads were verified" in table.read_text()
    assert "| tools/call | legacy | 16 | gatehouse |" in table.read_text()
    assert "tools/call" in done.stdout


def test_an_interrupted_run_leaves_nothing_behind(tmp_path: Path) -> None:
    environment = clean_environment() | {"TMPDIR": str(tmp_path)}
    command = [sys.executable, "bench/bench.py", "--only", "calls"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as run:
        assert run.stderr is not None
        assert run.stderr.readline().startswith("tools/call")
        run.send_signal(signal.SIGTERM)
        assert run.wait(30) == 130
    assert list(tmp_path.iterdir()) == []
    assert not [command for command in commands() if str(tmp_path).encode() in command]


def commands() -> Iterator[bytes]:
    """The command lines of all processes."""
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            yield file.read_bytes()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"upstream_tool": "t1"}, "does not repeat"),
        ({"size": 1000}, "instead of 1000 or more"),
        ({"work": "list", "count": 11}, "the list has 10 tools instead of 11"),
        ({"path": "/legacy/10/mcp"}, "HTTP 400 instead of 200"),
        ({"work": "stream", "tool": "s5", "upstream_tool": "s5", "count": 6}, "5 events came instead of 6"),
    ],
)
def test_an_answer_that_is_not_as_it_must_be_is_told(wrong: dict[str, object], told: str) -> None:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "bench/upstream.py"], cwd=ROOT, text=True, **pipes) as upstream:
        assert upstream.stdin and upstream.stdout
        right = {"port": int(upstream.stdout.readline()), "path": "/any/10/mcp", "tool": "t0", "upstream_tool": "t0"}
        asked = json.dumps({"warm": 0.05, "seconds": 0.05, **right, **wrong})
        command = [sys.executable, "bench/load.py"]
        load = subprocess.run(
            command, cwd=ROOT, input=f"{asked}\ngo\n", capture_output=True, text=True, timeout=60, check=True
        )
        upstream.stdin.close()
    assert told in json.loads(load.stdout)["wrong"]
