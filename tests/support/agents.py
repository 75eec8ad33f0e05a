"""Agents and clients of A2A's own SDK, each a process in an environment of its own."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import anyio

from gatehouse.kit.ids import random_handle
from tests.support.environments import python
from tests.support.program import ROOT, Program, clean_environment, running

SECONDS = 60
CLIENTS = Path(__file__).parent / "clients"


@contextlib.asynccontextmanager
async def sdk_agent(directory: Path, *arguments: str) -> AsyncGenerator[str]:
    """The address of a new one; `directory` takes its log. `arguments` are those of `clients/a2a_agent.py`."""
    command = [python("a2a"), str(CLIENTS / "a2a_agent.py"), *arguments]
    program = Program(command, directory / f"agent-{random_handle(4)}.log", piped=True)
    async with running(program):
        with anyio.fail_after(SECONDS):
            url: str = json.loads(await program.first_line())["url"]
        yield url


async def sdk_client(base: str, token: str, step: str, words: str = "") -> Any:
    """What the SDK's client sees at the agent whose card is beneath `base`; see `clients/a2a_client.py`."""
    command = [python("a2a"), str(CLIENTS / "a2a_client.py"), base, token, step, words]
    environment = clean_environment()
    with anyio.fail_after(SECONDS):
        done = await anyio.run_process(command, cwd=ROOT, env=environment, check=False, stderr=subprocess.PIPE)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)
