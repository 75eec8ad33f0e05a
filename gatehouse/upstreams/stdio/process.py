"""Starts the programs of stdio upstreams, through the launcher, and tells how each one ended."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from typing import cast

import anyio

from gatehouse.kit.errors import UpstreamDown

START_SECONDS = 10.0
_RESOURCES = "The gateway's machine may be short of processes, memory or open files."
_LAUNCHER = Path(__file__).with_name("launcher.py")
_INHERITED = frozenset(
    """PATH HOME USER LOGNAME SHELL TERM TZ LANG LANGUAGE TMPDIR TEMP TMP LD_LIBRARY_PATH DYLD_LIBRARY_PATH
    SSL_CERT_FILE SSL_CERT_DIR REQUESTS_CA_BUNDLE NODE_EXTRA_CA_CERTS DOCKER_HOST DISPLAY WAYLAND_DISPLAY XAUTHORITY
    HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY http_proxy https_proxy all_proxy no_proxy""".split()
)
_INHERITED_PREFIXES = ("LC_", "XDG_")
_INSTALL = "Install it, or the interpreter that its first line names, on the gateway's machine, or give its full path."
_EXEC_ERRORS = {
    errno.ENOENT: ("was not found", _INSTALL),
    errno.ENOTDIR: ("was not found", _INSTALL),
    errno.EACCES: ("may not be executed", "Check its permissions."),
    errno.ENOEXEC: ("is not a program", "A script needs a first line like #!/bin/sh."),
    errno.E2BIG: ("was given too long a command line or environment", "Pass less of it, or pass it in a file."),
}


@dataclass(frozen=True, slots=True)
class Program:
    """`env` is added to the few variables that every upstream inherits; without `cwd` it starts where the gateway did."""

    command: str
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    cwd: str | None = None

    @property
    def name(self) -> str:
        """The command without its directories, for people."""
        return os.path.basename(self.command) or self.command


def inherited(environment: Mapping[str, str]) -> dict[str, str]:
    """What a program may see of our own environment: where things are, never what opens them."""
    return {
        name: value
        for name, value in environment.items()
        if (name in _INHERITED or name.startswith(_INHERITED_PREFIXES)) and not _holds_password(name, value)
    }


def _holds_password(name: str, value: str) -> bool:
    return name.lower().endswith("_proxy") and "@" in value


class Launcher:
    """Starts programs for one worker, in one small process that is begun with the first of them.

    The kernel ends nobody's grandchildren when a worker is killed, so each program gets a warden that does; `launcher.py`
    says how. Close the programs first.
    """

    def __init__(self, most: int = 64) -> None:
        """`most`: programs that may run at the same time."""
        self._most = most
        self._children = 0
        self._requests: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> int:
        """Programs that run, or are being ended."""
        return self._children

    async def start(self, program: Program, grace: float, on_end: Callable[[str], None]) -> Child:
        """Start it; raises `UpstreamDown`. `on_end` is told, in words, once it has ended.

        `grace`: seconds from the end of its stdin to SIGTERM, and from that to SIGKILL.
        """
        if self._children >= self._most:
            raise UpstreamDown(
                f"No process can be started: {self._most} run already.",
                "Let upstreams without state be shared, or raise the setting limits.stdio_processes.",
            )
        with ExitStack() as until_started:
            try:
                order = _order(program, grace)
                child, control = self._send(on_end, until_started)
                transport, _ = await asyncio.get_running_loop().create_unix_connection(lambda: child, sock=control)
            except OSError as error:
                raise UpstreamDown(f"No process can be started: {error.strerror}.", _RESOURCES) from None
            until_started.callback(transport.abort)
            transport.write(b"%08x%b" % (len(order), order))
            await _wait_for_start(child, program)
            until_started.pop_all()
        self._children += 1
        child.gone.add_done_callback(self._one_less)
        return child

    def _one_less(self, gone: asyncio.Future[None]) -> None:
        self._children -= 1

    async def close(self) -> None:
        """Let the launcher go; the wardens stay for as long as their programs do."""
        requests, process, self._requests, self._process = self._requests, self._process, None, None
        if requests is not None and process is not None:
            requests.close()
            # It ends on the end of its requests: there is nothing in it that could wait.
            await anyio.to_thread.run_sync(process.wait)

    def _send(self, on_end: Callable[[str], None], until_started: ExitStack) -> tuple[Child, socket.socket]:
        """Hand one end of four connections to the launcher. Raises `OSError`."""
        with ExitStack() as theirs:
            (r0, stdin), (stdout, w1), (stderr, w2) = (_pipe(until_started, theirs, which) for which in range(3))
            control, far = socket.socketpair()
            until_started.callback(control.close)
            theirs.callback(far.close)
            control.setblocking(False)
            descriptors = [r0.fileno(), w1.fileno(), w2.fileno(), far.fileno()]
            try:
                socket.send_fds(self._running(), [b"+"], descriptors)
            except (BrokenPipeError, ConnectionResetError):  # it was killed: the next one will do
                socket.send_fds(self._running(anew=True), [b"+"], descriptors)
        return Child(stdin, stdout, stderr, on_end), control

    def _running(self, anew: bool = False) -> socket.socket:
        if anew and self._requests is not None and self._process is not None:
            self._requests.close()
            self._process.wait()
            self._requests = None
        if self._requests is None:
            ours, theirs = socket.socketpair()
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, "-I", "-S", str(_LAUNCHER)],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env=inherited(os.environ),
                    start_new_session=True,
                )
            # Requests are a byte each: one that does not fit stands behind some hundred others, and is refused.
            ours.setblocking(False)
            self._requests = ours
        return self._requests


def _pipe(until_started: ExitStack, theirs: ExitStack, which: int) -> tuple[FileIO, FileIO]:
    """(reader, writer): the program's end is closed when it was handed over, ours if the start fails."""
    reader_fd, writer_fd = os.pipe()
    reader, writer = FileIO(reader_fd, "rb"), FileIO(writer_fd, "wb")
    ours, far = (writer, reader) if which == 0 else (reader, writer)
    until_started.callback(ours.close)
    theirs.callback(far.close)
    return reader, writer


def _order(program: Program, grace: float) -> bytes:
    """Raises `UpstreamDown` for what no program can be given."""
    environment = {**inherited(os.environ), **program.env}
    fields = [f"{grace:g}", program.cwd or os.getcwd(), str(len(program.args) + 1), program.command, *program.args]
    fields += [f"{name}={value}" for name, value in environment.items()]
    if any("\0" in field_ for field_ in fields) or any("=" in name or not name for name in program.env):
        raise UpstreamDown("The command can't be started: it holds a NUL, or an impossible variable name.")
    return b"\0".join(os.fsencode(field_) for field_ in fields)


async def _wait_for_start(child: Child, program: Program) -> None:
    with anyio.move_on_after(START_SECONDS):
        refusal = await child.started
        if refusal is None:
            return
        raise _refused(refusal, program)
    raise UpstreamDown(f"'{program.name}' did not start within {START_SECONDS:g} s.", _RESOURCES)


def _refused(words: str, program: Program) -> UpstreamDown:
    where, _, number = words.partition(" ")
    code = int(number or 0)
    if where == "exec":
        said, hint = _EXEC_ERRORS.get(code, (f"can't be executed: {os.strerror(code)}", ""))
        return UpstreamDown(f"The command '{program.name}' {said}.", hint)
    if where == "cwd":
        return UpstreamDown(
            f"Its working directory can't be entered: {os.strerror(code)}.", "Check the upstream's cwd."
        )
    return UpstreamDown(
        f"'{program.name}' can't be started: {os.strerror(code) if code else 'no launcher'}.", _RESOURCES
    )


class Child(asyncio.Protocol):
    """A running program: our ends of its pipes, and the control socket of its warden, whose words arrive here."""

    def __init__(self, stdin: FileIO, stdout: FileIO, stderr: FileIO, on_end: Callable[[str], None]) -> None:
        self.stdin, self.stdout, self.stderr = stdin, stdout, stderr
        self.pid = 0
        loop = asyncio.get_running_loop()
        self.started: asyncio.Future[str | None] = loop.create_future()
        """None, or why it was refused, in the words of the launcher."""
        self.gone: asyncio.Future[None] = loop.create_future()
        """Done when nothing of its family is left."""
        self._on_end: Callable[[str], None] | None = on_end
        self._control: asyncio.Transport | None = None
        self._heard = b""

    def end(self) -> None:
        """Ask for an orderly end; its stdin was closed."""
        if self._control is not None and not self._control.is_closing():
            self._control.write(b"end\n")

    def abandon(self) -> None:
        """End it without waiting: SIGTERM at once."""
        if self._control is not None:
            self._control.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._control = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        *lines, self._heard = (self._heard + data).split(b"\n")
        for line in lines:
            self._hear(*line.decode().split(" ", 1))

    def _hear(self, what: str, rest: str) -> None:
        match what:
            case "started":
                self.pid = int(rest)
                self._settle(None)
            case "refused":
                self._settle(rest)
            case "exited":
                self._tell(f"exited with code {rest}")
            case _:
                self._tell(f"was killed by {_signal_name(int(rest))}")

    def _settle(self, refusal: str | None) -> None:
        if not self.started.done():
            self.started.set_result(refusal)

    def _tell(self, words: str) -> None:
        on_end, self._on_end = self._on_end, None
        if on_end is not None:
            on_end(words)

    def connection_lost(self, exc: Exception | None) -> None:
        self._settle("fork 0")
        self.gone.set_result(None)
        self._tell("was lost: its warden was killed")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
