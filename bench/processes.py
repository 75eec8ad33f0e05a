"""Programs that run beside the benchmark, and what the kernel says of them: CPU time and memory. Linux only."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Generator, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

TICKS = os.sysconf("SC_CLK_TCK")
_LOOK = 0.001
"""Seconds between two looks at a program that starts."""


class Program:
    """A process in a group of its own. `with` ends it; a pipe to its standard input ends those that watch it, too."""

    def __init__(self, command: Sequence[str], log: Path | None = None, environment: Mapping[str, str] | None = None):
        """A contestant's output goes to its `log`. What drives them has none: its input and output are pipes."""
        output = log.open("ab") if log else None
        try:
            with on_cores(contestant_cores() if log else driver_cores()):
                self.process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL if log else subprocess.PIPE,
                    stdout=output or subprocess.PIPE,
                    stderr=output,
                    env=environment,
                    text=True,
                    start_new_session=True,
                )
        finally:
            if output:
                output.close()
        self._log = log

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace") if self._log else ""

    def line(self) -> str:
        """The next line of its output; raises `EOFError`."""
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise EOFError(f"{self.process.args} ended without a word")
        return line.strip()

    def say(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def until_listening(self, port: int, patience: float = 60.0) -> None:
        """Returns when its port takes connections; raises `RuntimeError`, with the log, where it does not."""
        give_up = time.monotonic() + patience
        while not takes_connections(port):
            if self.process.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError(f"{self.process.args} does not listen on {port}:\n{self.log}")
            time.sleep(_LOOK)

    def stop(self, grace: float = 15.0) -> None:
        """Ask it to end; kill it, and what it started, after `grace` seconds."""
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(grace)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


@cache
def all_cores() -> list[int]:
    return sorted(os.sched_getaffinity(0))


def contestant_cores() -> list[int]:
    """A core for whoever is measured, so that the load and the upstream neither interrupt it nor empty its caches."""
    return all_cores()[-1:]


def driver_cores() -> list[int]:
    return all_cores()[:-1] or all_cores()


@contextlib.contextmanager
def on_cores(cores: list[int]) -> Generator[None]:
    """What is started here runs on these cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def takes_connections(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            return True
    except OSError:
        return False


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, of those below it, and of those below it that have ended."""
    return sum(sum(map(int, _stat(each)[11:15])) for each in family(pid)) / TICKS


def family(pid: int) -> list[int]:
    """A process and all below it."""
    parents = {int(entry.name): _parent(int(entry.name)) for entry in Path("/proc").iterdir() if entry.name.isdigit()}
    found = [pid]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found


def pss_bytes(pid: int) -> int:
    """Memory of one process, what it shares with others divided among them."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise LookupError(f"the kernel does not tell the memory of process {pid}")


def _parent(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[1]) if fields else 0


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name, state first; none where the process has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
