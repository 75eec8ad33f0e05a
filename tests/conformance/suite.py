"""The official MCP conformance suite, as a function: runs it on one wire against one URL, and reads its verdicts.

`python -m tests.conformance.suite URL [--token TOKEN] [--wire WIRE]...` runs it by hand.
"""

from __future__ import annotations

import argparse
import functools
import json
import re
import subprocess
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio

from tests.support.environments import Node, node
from tests.support.header_proxy import header_proxy

WIRES: Mapping[str, int] = {"2025-11-25": 33, "2026-07-28": 40}
"""How many scenarios there are on each."""
SCENARIO_TIMEOUT = 30_000
"""Milliseconds."""
_DIRECTORY = re.compile(r"server-(?P<name>.+)-\d{4}-\d\d-\d\dT.*")


@dataclass(frozen=True, slots=True)
class Scenario:
    name: str
    failures: tuple[str, ...]
    """The checks that failed, and why."""

    def __str__(self) -> str:
        return "\n    ".join([self.name, *self.failures])


@dataclass(frozen=True, slots=True)
class Verdict:
    wire: str
    scenarios: tuple[Scenario, ...]
    output: str
    """What the suite printed."""

    @property
    def failed(self) -> list[Scenario]:
        return [scenario for scenario in self.scenarios if scenario.failures]

    def __str__(self) -> str:
        passed = len(self.scenarios) - len(self.failed)
        summary = f"{self.wire}: {passed}/{len(self.scenarios)} scenarios passed"
        return "\n".join([summary, *(f"  failed {scenario}" for scenario in self.failed)])


async def run_suite(tools: Node, url: str, wire: str, token: str | None = None) -> Verdict:
    """`token` is sent as a bearer token, through a proxy: the suite itself can't send any."""
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(TemporaryDirectory(prefix="conformance-")))
        if token:
            url = await stack.enter_async_context(header_proxy(url, {"Authorization": f"Bearer {token}"}))
        command = tools.command("@modelcontextprotocol/conformance", "dist/index.js")
        command += ["server", "--url", url, "--suite", "all", "--spec-version", wire]
        command += ["--timeout", str(SCENARIO_TIMEOUT), "-o", str(directory)]
        done = await anyio.run_process(command, check=False, stderr=subprocess.STDOUT)
        return Verdict(wire, tuple(_scenarios(directory)), done.stdout.decode(errors="replace"))


def _scenarios(directory: Path) -> list[Scenario]:
    return [_scenario(file) for file in sorted(directory.glob("*/checks.json"))]


def _scenario(file: Path) -> Scenario:
    found = _DIRECTORY.fullmatch(file.parent.name)
    checks: list[dict[str, Any]] = json.loads(file.read_bytes())
    failures = [f"{check['id']}: {check.get('errorMessage', '')}" for check in checks if check["status"] == "FAILURE"]
    return Scenario(found["name"] if found else file.parent.name, tuple(failures))


async def _by_hand(url: str, token: str | None, wires: list[str]) -> bool:
    tools = node()
    verdicts = [await run_suite(tools, url, wire, token) for wire in wires]
    print("\n".join(map(str, verdicts)))
    return any(verdict.failed or not verdict.scenarios for verdict in verdicts)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.suite", description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--token")
    parser.add_argument("--wire", action="append", choices=list(WIRES))
    arguments = parser.parse_args()
    wires = arguments.wire or list(WIRES)
    sys.exit(anyio.run(functools.partial(_by_hand, arguments.url, arguments.token, wires)))


if __name__ == "__main__":
    main()
