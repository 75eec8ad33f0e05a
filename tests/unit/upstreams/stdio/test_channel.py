"""Against real programs: scripts that the tests write and Python runs."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
import uvloop

from gatehouse.kit.errors import UpstreamDown
from gatehouse.upstreams.stdio import Launcher, Program, StderrTail, StdioChannel, StdioLimits

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(sys.platform == "win32", reason="POSIX alone")]
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="the kernel hands orphans over on Linux alone")

ECHO = "for line in sys.stdin:\n    print(line, end='', flush=True)"
QUICK = StdioLimits(grace=0.3)


@pytest.fixture(params=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, object]]:
    return ("asyncio", {"loop_factory": uvloop.new_event_loop} if request.param == "uvloop" else {})


@pytest.fixture
async def launcher() -> AsyncIterator[Launcher]:
    launcher = Launcher()
    yield launcher
    await launcher.close()


@pytest.fixture(autouse=True)
def no_test_hangs() -> Iterator[None]:
    def too_long(*_: object) -> None:
        raise TimeoutError("the test took longer than 60 s")

    old = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, old)


async def until(true: Callable[[], bool]) -> None:
    """For what other processes do: nothing inside this one could be waited on."""
    with anyio.fail_after(20):
        while not true():  # noqa: ASYNC110
            await anyio.sleep(0.01)


class Upstream:
    """A channel, with what was heard from it."""

    def __init__(self, channel: StdioChannel, stderr: StderrTail) -> None:
        self.channel = channel
        self.stderr = stderr
        self.closings: list[str] = []
        self.closed = anyio.Event()
        self._messages: asyncio.Queue[bytes] = asyncio.Queue()

    async def open(self) -> None:
        await self.channel.open(self._messages.put_nowait, self._on_close)

    async def receive(self) -> bytes:
        with anyio.fail_after(20):
            return await self._messages.get()

    async def end(self) -> str:
        """The reason of its end."""
        with anyio.fail_after(20):
            await self.closed.wait()
        return self.closings[0]

    async def log(self, text: str) -> None:
        """Until the log holds this."""
        await until(lambda: any(text in line for line in self.stderr.lines()))

    def _on_close(self, reason: str) -> None:
        self.closings.append(reason)
        self.closed.set()


def upstream(launcher: Launcher, program: Program, limits: StdioLimits = QUICK) -> Upstream:
    stderr = StderrTail()
    return Upstream(StdioChannel(program, launcher, stderr, limits), stderr)


def python(script: str, **env: str) -> Program:
    return Program(sys.executable, ("-c", f"import os, signal, subprocess, sys, time\n{script}"), env)


@asynccontextmanager
async def running(launcher: Launcher, script: str, limits: StdioLimits = QUICK) -> AsyncIterator[Upstream]:
    peer = upstream(launcher, python(script), limits)
    await peer.open()
    try:
        yield peer
    finally:
        await peer.channel.close()


def exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rsplit(b")", 1)[1].split()[0] not in (b"Z", b"X")
    except (ProcessLookupError, FileNotFoundError):
        return False


async def until_gone(*pids: int) -> None:
    await until(lambda: not any(exists(pid) for pid in pids))


# How it fails to start.


async def test_a_command_that_is_not_there_is_named(launcher: Launcher) -> None:
    peer = upstream(launcher, Program("/opt/surely/not-there", ("--key", "secret")))
    with pytest.raises(UpstreamDown, match=r"'not-there' was not found\. Install") as caught:
        await peer.open()
    assert "secret" not in str(caught.value)
    assert not peer.channel.alive
    with pytest.raises(UpstreamDown):
        await peer.channel.send(b"{}")
    await peer.channel.close()
    assert peer.closings == []


async def test_a_file_that_may_not_be_executed_is_said_to_be_that(launcher: Launcher, tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("hello")
    with pytest.raises(UpstreamDown, match="'plain' may not be executed"):
        await upstream(launcher, Program(str(tmp_path / "plain"))).open()
    (tmp_path / "plain").chmod(0o755)
    with pytest.raises(UpstreamDown, match="'plain' is not a program"):
        await upstream(launcher, Program(str(tmp_path / "plain"))).open()


async def test_a_working_directory_that_is_not_there_is_said_to_be_that(launcher: Launcher) -> None:
    with pytest.raises(UpstreamDown, match="working directory can't be entered: No such file"):
        await upstream(launcher, Program(sys.executable, cwd="/surely/not/there")).open()


async def test_a_nul_in_an_argument_is_refused(launcher: Launcher) -> None:
    with pytest.raises(UpstreamDown, match="NUL"):
        await upstream(launcher, Program(sys.executable, ("a\0b",))).open()


async def test_a_program_that_exits_at_once_is_told_with_its_code_and_last_words(launcher: Launcher) -> None:
    async with running(launcher, "sys.exit('no \\x1b[31mAPI\\x1b[0m key')") as peer:
        reason = await peer.end()
        assert reason.endswith("exited with code 1. Its last words: no API key")
        assert peer.stderr.lines() == ["no API key"]
        with pytest.raises(UpstreamDown, match="exited with code 1"):
            await peer.channel.send(b"{}")
        assert not peer.channel.alive


async def test_last_words_are_capped_and_secrets_left_out(launcher: Launcher) -> None:
    peer = upstream(launcher, python("sys.exit(os.environ['THE_TOKEN'] + 'x' * 5000)", THE_TOKEN="hush-hush"))
    await peer.open()
    reason = await peer.end()
    assert "hush" not in reason
    assert len(reason) < 500
    await peer.channel.close()


# How it ends.


async def test_what_was_written_before_the_end_is_read_before_it_is_told(launcher: Launcher) -> None:
    script = "sys.stdin.readline(); print('{\"last\":1}', flush=True); os.kill(os.getpid(), 9)"
    async with running(launcher, script) as peer:
        await peer.channel.send(b'{"id":1}')
        assert "was killed by SIGKILL" in await peer.end()
        assert await peer.receive() == b'{"last":1}'
    assert len(peer.closings) == 1


async def test_a_program_that_closes_its_output_is_ended(launcher: Launcher) -> None:
    async with running(
        launcher, "print(os.getpid(), file=sys.stderr, flush=True); os.close(1); time.sleep(60)"
    ) as peer:
        assert "closed its output while it went on running" in await peer.end()
        await until_gone(int(peer.stderr.lines()[0]))


async def test_a_program_that_closed_its_input_can_not_be_sent_to(launcher: Launcher) -> None:
    async with running(launcher, "os.close(0); print('{}', flush=True); time.sleep(60)") as peer:
        await peer.receive()
        with anyio.fail_after(10), pytest.raises(UpstreamDown, match="closed its input"):
            while True:
                await peer.channel.send(b"{}")
                await anyio.sleep(0.01)


async def test_an_end_that_we_asked_for_is_not_told(launcher: Launcher) -> None:
    async with running(launcher, ECHO) as peer:
        await peer.channel.close()
        await peer.channel.close()
    assert peer.closings == []
    with pytest.raises(UpstreamDown, match="was closed"):
        await peer.channel.send(b"{}")


async def test_a_message_that_is_too_long_ends_it(launcher: Launcher) -> None:
    limits = StdioLimits(largest=1000, grace=0.3)
    async with running(launcher, "print('{' + ' ' * 2000, flush=True); time.sleep(60)", limits) as peer:
        assert "sent a message of more than 1000 bytes" in await peer.end()


async def test_a_program_that_ends_with_its_stdin_is_not_signalled(launcher: Launcher) -> None:
    script = "signal.signal(15, lambda *_: print('TERM', file=sys.stderr)); print('{}', flush=True)\n"
    script += "sys.stdin.read(); time.sleep(0.05); print('bye', file=sys.stderr)"
    async with running(launcher, script, StdioLimits(grace=10)) as peer:
        await peer.receive()
        await peer.channel.close()
    assert peer.stderr.lines() == ["bye"]


async def test_a_deaf_program_is_terminated_and_a_stubborn_one_killed(launcher: Launcher) -> None:
    deaf = "signal.signal(15, lambda *_: sys.exit('terminated'))\nprint('{}', flush=True)\ntime.sleep(60)"
    async with running(launcher, deaf) as peer:
        await peer.receive()
        await peer.channel.close()
        assert peer.stderr.lines() == ["terminated"]
    stubborn = "signal.signal(15, signal.SIG_IGN)\nprint(f'[{os.getpid()}]', flush=True)\ntime.sleep(60)"
    async with running(launcher, stubborn) as peer:
        pid = int((await peer.receive()).strip(b"[]"))
        await peer.channel.close()
        assert not exists(pid)


FAMILY = """
sleeper = 'import os, signal, time; signal.signal(15, signal.SIG_IGN); print(os.getpid(), flush=True); time.sleep(60)'
def start(script, **how):
    return int(subprocess.Popen([sys.executable, '-c', script], stdout=subprocess.PIPE, **how).stdout.readline())
son = start(sleeper)
hermit = start(sleeper, start_new_session=True)
orphan = start(f'import subprocess, sys; subprocess.Popen([sys.executable, "-c", {sleeper!r}], start_new_session=True)')
print([os.getpid(), son, hermit, orphan], flush=True)
"""


async def family_of(peer: Upstream) -> list[int]:
    return [int(pid) for pid in (await peer.receive()).strip(b"[]").split(b",")]


@on_linux
@pytest.mark.parametrize("then", ["time.sleep(60)", "sys.stdin.read()", "sys.exit(0)"])
async def test_all_that_a_program_started_ends_with_it(launcher: Launcher, then: str) -> None:
    async with running(launcher, FAMILY + then) as peer:
        pids = await family_of(peer)
        await peer.channel.close()
        assert [pid for pid in pids if exists(pid)] == []


@on_linux
async def test_a_program_that_crashes_leaves_nothing_behind_even_if_nobody_closes(launcher: Launcher) -> None:
    peer = upstream(launcher, python(FAMILY + "os.kill(os.getpid(), 11)"))
    await peer.open()
    pids = await family_of(peer)
    assert "SIGSEGV" in await peer.end()
    await until_gone(*pids)


@on_linux
async def test_a_closing_that_is_cancelled_goes_on_without_us(launcher: Launcher) -> None:
    async with running(launcher, FAMILY + "time.sleep(60)") as peer:
        pids = await family_of(peer)
        with anyio.move_on_after(0.05):
            await peer.channel.close()
        await until_gone(*pids)


WORKER = """
import asyncio, sys
from gatehouse.upstreams.stdio import *
async def main():
    channel = StdioChannel(Program(sys.executable, ("-c", sys.argv[1])), Launcher(), StderrTail(), StdioLimits(grace=0.3))
    await channel.open(lambda message: print(message.decode(), flush=True), print)
    await asyncio.sleep(60)
asyncio.run(main())
"""


@on_linux
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
async def test_a_killed_worker_leaves_neither_child_nor_grandchild(number: signal.Signals) -> None:
    script = f"import os, signal, subprocess, sys, time\n{FAMILY}signal.signal(15, signal.SIG_IGN); time.sleep(60)"
    async with await anyio.open_process([sys.executable, "-c", WORKER, script], stderr=None) as worker:
        assert worker.stdout is not None
        with anyio.fail_after(20):
            line = await worker.stdout.receive()
        pids = [int(pid) for pid in line.strip().strip(b"[]").split(b",")]
        started = descendants(worker.pid)
        assert set(started) > set(pids[:3])
        worker.send_signal(number)
        await until_gone(*pids, *started)


def descendants(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return []  # It ended while we looked.
    return [int(child) for child in children] + [far for child in children for far in descendants(int(child))]


@on_linux
async def test_a_killed_launcher_is_replaced_and_its_programs_go_on(launcher: Launcher) -> None:
    async with running(launcher, ECHO) as first:
        [pid] = [child for child in descendants(os.getpid()) if is_launcher_of_ours(child)]
        os.kill(pid, signal.SIGKILL)
        await until_gone(pid)
        async with running(launcher, ECHO) as second:
            for peer in (first, second):
                await peer.channel.send(b'{"a":1}')
                assert await peer.receive() == b'{"a":1}'


@on_linux
async def test_a_killed_warden_takes_its_program_along(launcher: Launcher) -> None:
    async with running(launcher, "print(f'[{os.getppid()}, {os.getpid()}]', flush=True); time.sleep(60)") as peer:
        warden, child = await family_of(peer)
        os.kill(warden, signal.SIGKILL)
        assert "was lost" in await peer.end()
        await until_gone(child)


def is_launcher_of_ours(pid: int) -> bool:
    command = Path(f"/proc/{pid}/cmdline").read_bytes()
    parent = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1]
    return b"launcher.py" in command and int(parent) == os.getpid()


async def test_signals_of_the_terminal_do_not_reach_it_and_it_has_its_own_handlers(launcher: Launcher) -> None:
    script = "import json\nprint(json.dumps({'own': os.getsid(0) == os.getpid(), 'handlers': [signal.getsignal(n) == signal.SIG_DFL"
    script += " for n in (1, 15, 17)]}), flush=True)"
    async with running(launcher, script) as peer:
        assert await peer.receive() == b'{"own": true, "handlers": [true, true, true]}'


# What is said.


async def test_five_megabytes_go_both_ways(launcher: Launcher) -> None:
    message = b'{"text":"' + b"x" * 5_000_000 + b'"}'
    async with running(launcher, ECHO) as peer:
        for _ in range(2):
            await peer.channel.send(message)
            assert await peer.receive() == message


async def test_what_is_no_message_is_kept_in_the_log_and_does_no_harm(launcher: Launcher) -> None:
    script = r"""
for line in (b'Server starting...', b'', b'  ', b'{INFO} up', b'"text"', b'7', b'{"a":"\xff"}', b'[' * 100_000):
    sys.stdout.buffer.write(line + b'\n')
sys.stdout.buffer.write(b'  {"id":1}\r\n[{"id":2}]\n{"half":')
sys.stdout.flush()
time.sleep(0.05)
print('"way"}', flush=True)
sys.stdin.read()
"""
    async with running(launcher, script) as peer:
        assert [await peer.receive() for _ in range(3)] == [b'{"id":1}', b'[{"id":2}]', b'{"half":"way"}']
        assert peer.stderr.noise == 6
        log = peer.stderr.lines()
        assert log[:2] == ["[stdout] Server starting...", "[stdout] {INFO} up"]
        assert log[4] == '[stdout] {"a":"\ufffd"}'


async def test_a_message_that_was_written_over_several_lines_is_sent_on_one(launcher: Launcher) -> None:
    async with running(launcher, ECHO) as peer:
        await peer.channel.send(b'{\r\n  "a": 1\n}')
        assert await peer.receive() == b'{    "a": 1 }'


async def test_a_program_that_never_reads_holds_up_its_senders_but_not_for_ever(launcher: Launcher) -> None:
    limits = StdioLimits(unread=100_000, send=0.1, grace=0.3)
    sent = 0
    async with running(launcher, "time.sleep(60)", limits) as peer:
        with anyio.fail_after(20), pytest.raises(UpstreamDown, match=r"not read its input for 0\.1 s"):
            while True:
                await peer.channel.send(b'"' + b"x" * 50_000 + b'"')
                sent += 1
        assert sent < 10
        assert peer.channel.alive


async def test_a_sender_that_waits_goes_on_when_it_is_read(launcher: Launcher) -> None:
    script = "sys.stdin.readline(); sys.stdin.readline(); print('{}', flush=True); sys.stdin.read()"
    async with running(launcher, script, StdioLimits(unread=1000)) as peer:
        with anyio.fail_after(20):
            await peer.channel.send(b'"' + b"x" * 1_000_000 + b'"')
            await peer.channel.send(b"{}")
        assert await peer.receive() == b"{}"


async def test_a_sender_that_waits_learns_of_the_end(launcher: Launcher) -> None:
    script = "print('{}', flush=True); time.sleep(0.2); os._exit(3)"
    async with running(launcher, script, StdioLimits(unread=1000)) as peer:
        await peer.receive()
        with anyio.fail_after(20), pytest.raises(UpstreamDown):
            while True:
                await peer.channel.send(b'"' + b"x" * 1_000_000 + b'"')
        assert "exited with code 3" in await peer.end()


async def test_a_flood_on_stderr_holds_up_no_message(launcher: Launcher) -> None:
    script = "for _ in range(300): sys.stderr.write('noise ' * 10_000 + '\\n')\n" + ECHO
    async with running(launcher, script) as peer:
        await peer.channel.send(b'{"a":1}')
        assert await peer.receive() == b'{"a":1}'
        await peer.log("noise")
        assert max(len(line) for line in peer.stderr.lines()) == 2000


async def test_stderr_can_be_read_while_it_runs(launcher: Launcher) -> None:
    async with running(launcher, "print('ready', file=sys.stderr, flush=True)\n" + ECHO) as peer:
        await peer.log("ready")
        assert peer.channel.alive


# What it is given.


async def test_it_sees_no_more_of_our_environment_than_it_needs(
    launcher: Launcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEHOUSE_SECRET", "ours")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "ours")
    monkeypatch.setenv("HTTPS_PROXY", "http://user:ours@proxy:3128")
    monkeypatch.setenv("NO_PROXY", "localhost")
    monkeypatch.setenv("LC_TIME", "C.UTF-8")
    script = "import json; print(json.dumps(dict(os.environ)), flush=True); sys.stdin.read()"
    peer = upstream(launcher, python(script, OWN="a=b", HOME="/elsewhere"))
    await peer.open()
    seen = await peer.receive()
    await peer.channel.close()
    assert b"ours" not in seen
    assert b"GATEHOUSE" not in seen
    for expected in (b'"OWN": "a=b"', b'"HOME": "/elsewhere"', b'"PATH": ', b'"NO_PROXY": ', b'"LC_TIME": '):
        assert expected in seen


async def test_it_is_found_on_the_path_that_it_is_given_and_starts_where_it_should(
    launcher: Launcher, tmp_path: Path
) -> None:
    (tmp_path / "hello").write_text('#!/bin/sh\nprintf \'["%s","%s"]\\n\' "$PWD" "$1"\nread line\n')
    (tmp_path / "hello").chmod(0o755)
    program = Program("hello", ("$(a) b",), {"PATH": f"{tmp_path}:/usr/bin:/bin"}, str(tmp_path))
    peer = upstream(launcher, program)
    await peer.open()
    assert await peer.receive() == f'["{tmp_path}","$(a) b"]'.encode()
    await peer.channel.close()


async def test_it_holds_none_of_our_files(launcher: Launcher) -> None:
    async with running(launcher, ECHO), running(launcher, ECHO):
        script = "print(sorted(int(name) for name in os.listdir('/dev/fd')), flush=True)"
        async with running(launcher, script) as peer:
            # 3 is that of the listing itself.
            assert await peer.receive() == b"[0, 1, 2, 3]"


# Again and again.


def open_files() -> int:
    return len(os.listdir("/dev/fd"))


async def test_two_hundred_starts_leave_files_and_processes_as_they_were(launcher: Launcher) -> None:
    program = Program("/bin/cat")

    async def once(use: Callable[[Upstream], Awaitable[object]]) -> None:
        peer = upstream(launcher, program)
        await peer.open()
        await use(peer)
        await peer.channel.close()

    async def talk(peer: Upstream) -> None:
        await peer.channel.send(b"{}")
        await peer.receive()

    await once(talk)
    before = open_files(), len(descendants(os.getpid()))
    for number in range(200):
        await once(talk if number % 2 else lambda _: anyio.lowlevel.checkpoint())
    failing = upstream(launcher, Program("/surely/not/there"))
    with pytest.raises(UpstreamDown):
        await failing.open()
    await until(lambda: open_files() <= before[0] and len(descendants(os.getpid())) <= before[1])


async def test_many_may_start_at_once_and_each_gets_its_own_pipes(launcher: Launcher) -> None:
    async def talk(number: int) -> None:
        peer = upstream(launcher, Program("/bin/sh", ("-c", f"echo [{number}]; exec cat")))
        await peer.open()
        assert await peer.receive() == b"[%d]" % number
        await peer.channel.send(b"{}")
        assert await peer.receive() == b"{}"
        await peer.channel.close()

    async with anyio.create_task_group() as group:
        for number in range(40):
            group.start_soon(talk, number)


async def test_starts_that_are_cancelled_leave_nothing(launcher: Launcher) -> None:
    async with running(launcher, ECHO):
        before = open_files(), len(descendants(os.getpid()))
        for steps in range(20):
            async with anyio.create_task_group() as group:
                peer = upstream(launcher, Program("/bin/cat"))
                group.start_soon(peer.open)
                for _ in range(steps):
                    await anyio.lowlevel.checkpoint()
                group.cancel_scope.cancel()
            await peer.channel.close()
        await until(lambda: open_files() <= before[0] and len(descendants(os.getpid())) <= before[1])
