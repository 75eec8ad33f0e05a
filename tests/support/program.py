"""A program that a test runs beside itself."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path

import anyio
from anyio import to_thread

ROOT = Path(__file__).parents[2]
"""The repository."""
PAUSE = 0.05
"""Seconds between two looks at another process: nothing inside this one could be waited on."""


class Program:
    """A process in a group of its own, that all of its output goes to a file of; it outlives event loops."""

    def __init__(
        self,
        command: Sequence[str],
        log_file: Path,
        environment: Mapping[str, str] | None = None,
        *,
        piped: bool = False,
    ) -> None:
        """With `piped`, standard output is for `first_line` instead of the file."""
        with log_file.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=clean_environment() | dict(environment or {}),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if piped else log,
                stderr=log,
                start_new_session=True,
            )
        self._log_file = log_file

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def log(self) -> str:
        return self._log_file.read_text(errors="replace")

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    async def first_line(self) -> str:
        """Waits for it; raises `EOFError`, with the log, where the program ends without."""
        stream = self._process.stdout
        if stream is None:
            raise ValueError("this program was not started with piped=True")
        line = await to_thread.run_sync(stream.readline, abandon_on_cancel=True)
        if not line:
            raise EOFError(f"it ended without a word: {self.log}")
        return line.decode()

    async def until_listening(self, port: int) -> None:
        """Returns when its port takes connections; raises `EOFError`, with the log, where it ends before."""
        with anyio.fail_after(30):
            while not await _takes_connections(port):
                if self.has_ended:
                    raise EOFError(f"it ended before it listened on {port}: {self.log}")
                await anyio.sleep(PAUSE)

    async def stop(self, grace: float = 15) -> int:
        """Ask it to end, kill its group after `grace` seconds, and return its exit status."""
        if not self.has_ended:
            self._process.terminate()
        with anyio.move_on_after(grace):
            await to_thread.run_sync(self._process.wait, abandon_on_cancel=True)
        return self.kill()

    def kill(self) -> int:
        """End it, with all that it started, at once."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        status = self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
        return status


async def _takes_connections(port: int) -> bool:
    try:
        async with await anyio.connect_tcp("127.0.0.1", port):
            return True
    except OSError:
        return False


def clean_environment() -> dict[str, str]:
    """That of the tests, without what could reach Gatehouse or a client by accident."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("GATEHOUSE_", "MCP_", "OTEL_"))}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "NO_COLOR": "1"}


@contextlib.asynccontextmanager
async def running(program: Program) -> AsyncGenerator[Program]:
    try:
        yield program
    finally:
        with anyio.CancelScope(shield=True):
            await program.stop()
