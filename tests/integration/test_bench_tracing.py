"""That the part of the benchmark with tracing runs, with spans that reach a collector."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.integration.test_bench import bench

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the benchmark reads /proc")


def test_a_part_of_the_calls_and_all_of_them_are_traced(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    done = bench("--quick", "--only", "tracing", "--json", str(figures))
    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads(figures.read_text())["rows"]
    assert [(row["unit"], row["value"] > 0) for row in rows] == [("x without", True)] * 2
