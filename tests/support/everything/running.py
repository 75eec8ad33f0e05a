"""The server as a process, for tests that need an upstream."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Literal

import anyio

from tests.support.program import Program, running

COMMAND: tuple[str, ...] = (sys.executable, "-m", "tests.support.everything")
STDIO_COMMAND: tuple[str, ...] = (*COMMAND, "--stdio")


@contextlib.asynccontextmanager
async def everything(directory: Path, transport: Literal["http", "sse"] = "http") -> AsyncGenerator[str]:
    """The URL of a new one; `directory` takes its log."""
    program = Program([*COMMAND, f"--{transport}"], directory / f"everything-{transport}.log", piped=True)
    async with running(program):
        with anyio.fail_after(30):
            url: str = json.loads(await program.first_line())["url"]
        yield url
