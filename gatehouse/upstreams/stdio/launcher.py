"""The program that starts the processes of stdio upstreams for a worker, and outlives it just long enough to end them.

Run by path, with nothing but the standard library. For each request it forks a warden, which shares its memory, starts
one command, and is the parent to which the kernel hands every orphan of that command's family (on Linux). A closed
control socket means that the worker is gone, however it went: the warden then ends the whole family, and itself.

The worker sends one byte with four descriptors: the command's stdin, stdout and stderr, and the control socket. On the
control socket it writes eight hex digits of length and `grace NUL cwd NUL argument count NUL arguments NUL
environment`, and later `end` once it has closed stdin. The warden writes lines: `started PID`, `refused WHERE ERRNO`,
`exited CODE`, `killed SIGNAL`; and closes the socket when nothing of the family is left.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from types import FrameType

if sys.platform != "linux":
    import subprocess

try:
    import ctypes
except ImportError:  # a Python built without it: orphans are then found by their process group alone
    ctypes = None

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_KILL_SECONDS = 3.0
"""How long SIGKILL is repeated for what does not go: processes of another user, or stuck in the kernel."""
_LOOK_EVERY = (0.01, 0.1)
"""Shortest and longest seconds between two looks at what is left of a family."""

_ENDED = (b"Z", b"X")

_Row = tuple[int, int, int, int]
"""A process: pid, and those of its parent, its group's and its session's leader."""


def serve(requests: socket.socket) -> None:
    """Fork a warden for each request, until the worker is gone."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # A service manager may signal the whole group; what ends us is the worker's end.
        signal.signal(ignored, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        data, descriptors, _, _ = socket.recv_fds(requests, 1, 4)
        if not data:
            return
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)
        _fork_warden(descriptors)


def _fork_warden(descriptors: list[int]) -> None:
    try:
        forked = os.fork()
    except OSError as error:
        os.write(descriptors[3], b"refused fork %d\n" % (error.errno or 0))
        forked = -1
    if forked == 0:
        status = 1
        try:
            os.dup2(1, 0)  # lets go of the launcher's requests
            _be_warden(descriptors)
            status = 0
        finally:
            os._exit(status)
    for descriptor in descriptors:
        os.close(descriptor)


def _be_warden(descriptors: list[int]) -> None:
    control = socket.socket(fileno=descriptors.pop())
    try:
        order = _read_order(control)
    except ValueError:
        return
    wakeup = _wake_on_child()
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    try:
        child = _start(order, descriptors)
    except _Refused as refused:
        control.sendall(b"refused %b %d\n" % (refused.where.encode(), refused.errno))
        return
    for descriptor in descriptors:
        os.close(descriptor)
    _Warden(control, wakeup, child, order.grace).run()


class _Order:
    def __init__(self, fields: list[bytes]) -> None:
        self.grace = float(fields[0])
        self.cwd = fields[1]
        count = int(fields[2])
        self.arguments = fields[3 : 3 + count]
        pairs = (field.partition(b"=") for field in fields[3 + count :])
        self.environment = {name: value for name, _, value in pairs}


def _read_order(control: socket.socket) -> _Order:
    """Raises `ValueError` where the worker went away before it had said everything."""
    length = int(_read_exactly(control, 8), 16)
    return _Order(_read_exactly(control, length).split(b"\0"))


def _read_exactly(control: socket.socket, length: int) -> bytes:
    parts: list[bytes] = []
    while length > 0:
        part = control.recv(length)
        if not part:
            raise ValueError("cut off")
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


class _Refused(Exception):
    def __init__(self, where: str, errno: int) -> None:
        super().__init__(where, errno)
        self.where = where
        self.errno = errno


def _start(order: _Order, descriptors: list[int]) -> int:
    """Start the command in a session of its own; the pid, once it runs. Raises `_Refused`."""
    warden = os.getpid()
    told, tell = os.pipe()
    try:
        child = os.fork()
    except OSError as error:
        raise _Refused("fork", error.errno or 0) from None
    if child == 0:
        try:
            _become(order, descriptors, tell, warden)
        finally:
            os._exit(127)
    os.close(tell)
    words = os.read(told, 100).split()  # empty once exec has closed the other end
    os.close(told)
    if words:
        os.waitpid(child, 0)
        raise _Refused(words[0].decode(), int(words[1]))
    return child


def _become(order: _Order, descriptors: list[int], tell: int, warden: int) -> None:
    where: str = "exec"
    try:
        os.setsid()
        for target, source in enumerate(descriptors):
            os.dup2(source, target)
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != warden:
            return
        _default_signals()
        if order.cwd:
            where = "cwd"
            os.chdir(order.cwd)
            where = "exec"
        os.execvpe(order.arguments[0], order.arguments, order.environment)  # noqa: S606 - no shell, on purpose
    except OSError as error:
        os.write(tell, b"%b %d" % (where.encode(), error.errno or 0))


def _default_signals() -> None:
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)


def _wake_on_child() -> int:
    """A descriptor that becomes readable when a child ends."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, _do_nothing)
    return reader


def _do_nothing(number: int, frame: FrameType | None) -> None:
    """A handler must stand there for the wakeup descriptor to be written to."""


class _Warden:
    def __init__(self, control: socket.socket, wakeup: int, child: int, grace: float) -> None:
        self._control = control
        self._wakeup = wakeup
        self._child = child
        self._grace = grace
        self._exited = False
        self._worker_gone = False
        self._asked_to_end = False

    def run(self) -> None:
        """Until the family is gone: it ends by itself, is asked to, or loses its worker."""
        self._tell(b"started %d" % self._child)
        self._wait(lambda: self._exited or self._worker_gone or self._asked_to_end, None)
        if self._asked_to_end:
            self._wait(lambda: self._exited or self._worker_gone, self._grace)
        self._drive_out(signal.SIGTERM, self._grace)
        self._drive_out(signal.SIGKILL, _KILL_SECONDS)

    def _drive_out(self, number: int, seconds: float) -> None:
        """Signal the family until nobody is left, or for so long; whoever it brings forth meanwhile, too."""
        deadline = time.monotonic() + seconds
        pause, longest = _LOOK_EVERY
        known: set[int] = set()
        while (family := self._signal_family(number, known)) and time.monotonic() < deadline:
            known = set() if number == signal.SIGKILL else known | family
            self._wait(lambda: False, pause)
            pause = min(pause * 2, longest)

    def _signal_family(self, number: int, but: set[int]) -> set[int]:
        """Signal all but some of the family; who they are."""
        self._reap()
        family = family_of(os.getpid(), self._child)
        for member in family - but:
            try:
                os.kill(member, number)
            except (ProcessLookupError, PermissionError):
                continue
        return family

    def _wait(self, done: Callable[[], bool], seconds: float | None) -> None:
        deadline = None if seconds is None else time.monotonic() + seconds
        while not done():
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return
            sources = [self._wakeup] if self._worker_gone else [self._wakeup, self._control.fileno()]
            ready, _, _ = select.select(sources, [], [], left)
            if self._wakeup in ready:
                os.read(self._wakeup, 512)
            if self._control.fileno() in ready:
                self._hear()
            self._reap()

    def _hear(self) -> None:
        try:
            said = self._control.recv(64)
        except OSError:
            said = b""
        self._asked_to_end = self._asked_to_end or b"end" in said
        self._worker_gone = not said

    def _reap(self) -> None:
        """Collect the child, and the orphans that were handed to us."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self._child:
                self._exited = True
                code = os.waitstatus_to_exitcode(status)
                self._tell(b"exited %d" % code if code >= 0 else b"killed %d" % -code)

    def _tell(self, words: bytes) -> None:
        try:
            self._control.sendall(words + b"\n")
        except OSError:
            self._worker_gone = True


def family_of(warden: int, child: int) -> set[int]:
    """All descendants of the warden, and whoever is in the child's session or process group, that still run."""
    children: dict[int, list[int]] = {}
    found: set[int] = set()
    for pid, parent, group, session in _processes():
        children.setdefault(parent, []).append(pid)
        if child in (group, session):
            found.add(pid)
    waiting = [warden, *found]
    while waiting:
        offspring = children.get(waiting.pop(), [])
        waiting += offspring
        found.update(offspring)
    return found - {warden}


def _row(pid: int, stat: bytes) -> _Row | None:
    # The command's name stands in parentheses and may hold anything, so the fields are those after the last one.
    state, parent, group, session = stat[stat.rindex(b")") + 2 :].split(b" ", 4)[:4]
    return None if state in _ENDED else (pid, int(parent), int(group), int(session))


if sys.platform == "linux":

    def _processes() -> list[_Row]:
        rows: list[_Row | None] = []
        for name in os.listdir("/proc"):
            if name.isdigit():
                try:
                    with open(f"/proc/{name}/stat", "rb") as file:
                        rows.append(_row(int(name), file.read()))
                except OSError:
                    continue
        return [row for row in rows if row is not None]

else:

    def _processes() -> list[_Row]:
        """Where there is no /proc. The session is not known there, so the group stands for it."""
        columns = "pid=,ppid=,pgid=,stat="
        done = subprocess.run(["/bin/ps", "-A", "-o", columns], stdout=subprocess.PIPE, check=False)
        table = [line.split() for line in done.stdout.splitlines()]
        return [
            (int(pid), int(parent), int(group), int(group))
            for pid, parent, group, state in table
            if state[:1] not in _ENDED
        ]


def _prctl(option: int, value: int) -> None:
    if ctypes is not None and sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    serve(socket.socket(fileno=0))
