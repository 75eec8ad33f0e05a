"""That the parts of the benchmark with rules, and with very many tokens, run and tell what they measured."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.integration.test_bench import bench

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the benchmark reads /proc")


def test_rules_and_very_many_tokens_are_measured(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    done = bench("--quick", "--only", "gated,many", "--json", str(figures))
    assert done.returncode == 0, done.stdout + done.stderr
    rows = {row["what"]: row for row in json.loads(figures.read_text())["rows"]}
    assert {row["unit"] for row in rows.values()} == {"x plain", "x empty", "s", "MB"}
    assert rows["tools/call among 100000 tokens"]["value"] > 0
