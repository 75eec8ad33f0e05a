"""Reaching an MCP server that is not stored, a stage at a time, so that it can be told where it fails."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from anyio import to_thread

from gatehouse.catalog.model import Offer, Transport, Upstream
from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import GatewayError, TimedOut, UpstreamDown, UpstreamFailed
from gatehouse.upstreams import discovery
from gatehouse.upstreams.address import translate
from gatehouse.upstreams.base import Reach
from gatehouse.upstreams.detect import Opened, detect
from gatehouse.upstreams.duplex import DuplexPeer
from gatehouse.upstreams.http import HttpError, Origin
from gatehouse.upstreams.peer import SessionGone, SignInNeeded, TakeStray, WrongEra
from gatehouse.upstreams.stdio.process import inherited
from gatehouse.upstreams.wires import Wires

StageName = Literal["address", "connection", "handshake", "offer"]
State = Literal["ok", "failed", "skipped"]
STAGES: tuple[StageName, ...] = ("address", "connection", "handshake", "offer")
LAST_LINES = 12
"""Of what a command wrote to stderr, with what failed."""
_OF_URL: dict[StageName, str] = {
    "address": "Check the host in the URL, and that the gateway's machine can resolve it.",
    "connection": "Check the port, that the server runs, and that the gateway's machine may reach it.",
    "handshake": "Check the path of the URL: MCP servers often stand at /mcp, older ones at /sse.",
    "offer": "See the log of the server.",
}
_OF_COMMAND: dict[StageName, str] = {
    "address": "Install it on the gateway's machine, or give its full path.",
    "connection": "Run the command by hand on the gateway's machine.",
    "handshake": "Run the command by hand: it has to speak MCP on its output, and nothing else.",
    "offer": "See what it wrote to stderr.",
}
_SLOW_COMMAND = "Where a package had to be fetched first, try again: it is there then."


@dataclass(frozen=True, slots=True)
class Stage:
    """How far it came. `milliseconds`: how long it took; None where it was not come to."""

    name: StageName
    state: State
    milliseconds: float | None = None
    detail: str = ""
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """`offer` where all stages passed. `sign_in`: it wants to be signed in to."""

    stages: tuple[Stage, ...]
    offer: Offer | None
    sign_in: bool


class Rehearsal:
    """One try; what it opened is ended with it."""

    def __init__(self, upstream: Upstream, reach: Reach) -> None:
        self._upstream = upstream
        self._reach = reach
        self._wires = _HeardWires(upstream, reach, self._process_started)
        self._course = _Course(reach.clock)
        self._offer: Offer | None = None
        self._hints = _OF_COMMAND if upstream.command else _OF_URL

    async def run(self, seconds: float) -> Trial:
        """Never raises for what an upstream does. `seconds`: for all stages together."""
        failed: GatewayError | None = None
        try:
            async with asyncio.timeout(seconds):
                await self._all(seconds)
        except TimeoutError:
            slow = _SLOW_COMMAND if self._upstream.command else ""
            failed = TimedOut(f"There was no answer within {seconds:g} s.", slow)
        except HttpError as error:
            failed = translate(error)
        except GatewayError as error:
            failed = error
        if failed is not None and not self._course.over:
            hint = failed.hint or self._hints[self._course.current]
            self._course.fail(f"{failed.message}{self._last_words()}", hint)
        return Trial(self._course.stages(), self._offer, isinstance(failed, SignInNeeded))

    async def _all(self, seconds: float) -> None:
        found = await (self._find_program() if self._upstream.command else self._find_host(seconds))
        self._course.go_on(found)
        if not self._upstream.command:
            origin, _ = Origin.from_url(self._upstream.url or "")
            await self._reach.http.connect(origin, seconds)
            self._course.go_on(f"Connected to {origin}{' over TLS' if origin.scheme == 'https' else ''}.")
        opened = await detect(self._upstream, self._wires)
        try:
            self._course.go_on(_greeting(opened))
            self._offer = await _ask(opened, seconds)
            self._course.go_on(_counted(self._offer))
        finally:
            await opened.peer.close()

    async def _find_host(self, seconds: float) -> str:
        origin, _ = Origin.from_url(self._upstream.url or "")
        addresses = await self._reach.http.look_up(origin, seconds)
        shown = ", ".join(addresses[:3]) + (", ..." if len(addresses) > 3 else "")
        return f"{origin.host} is {shown}." if addresses != [origin.host] else f"{origin.host} is an address."

    async def _find_program(self) -> str:
        """As the system will look for it; raises `UpstreamDown`."""
        upstream = self._upstream
        path = {**inherited(os.environ), **self._reach.env(upstream)}.get("PATH")
        found = await to_thread.run_sync(_program, upstream.command or "", upstream.cwd, path)
        if found is None:
            raise UpstreamDown(f"The command '{upstream.command}' was not found, or may not be executed.")
        return f"The command is {found}."

    def _process_started(self) -> None:
        if self._upstream.command and self._course.current == "connection":
            self._course.go_on("The process has started.")

    def _last_words(self) -> str:
        lines = [line for line in self._wires.stderr.lines() if line.strip()][-LAST_LINES:]
        return "\n".join(["", *lines]) if lines else ""


class _Course:
    """Which stage it is in, and how those before went."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since = clock.monotonic()
        self._done: list[Stage] = []

    @property
    def current(self) -> StageName:
        return STAGES[len(self._done)]

    @property
    def over(self) -> bool:
        return len(self._done) == len(STAGES)

    def go_on(self, detail: str) -> None:
        self._note("ok", detail, None)

    def fail(self, detail: str, hint: str) -> None:
        self._note("failed", detail, hint)

    def stages(self) -> tuple[Stage, ...]:
        return (*self._done, *(Stage(name, "skipped") for name in STAGES[len(self._done) :]))

    def _note(self, state: State, detail: str, hint: str | None) -> None:
        now = self._clock.monotonic()
        self._done.append(Stage(self.current, state, round((now - self._since) * 1000, 3), detail, hint))
        self._since = now


class _HeardWires(Wires):
    """Tells when a process has started, before anything is said to it."""

    def __init__(self, upstream: Upstream, reach: Reach, started: Callable[[], None]) -> None:
        super().__init__(upstream, reach)
        self._started = started

    async def open_duplex(self, transport: Transport, take_stray: TakeStray) -> DuplexPeer:
        peer = await super().open_duplex(transport, take_stray)
        self._started()
        return peer


async def _ask(opened: Opened, seconds: float) -> Offer:
    try:
        return await discovery.discover(opened, seconds)
    except WrongEra as error:
        raise UpstreamFailed(f"The upstream does not speak MCP as expected: {error.args[0].message}") from None
    except SessionGone:
        raise UpstreamFailed("The upstream dropped the session in which it was asked what it offers.") from None


def _program(command: str, cwd: str | None, path: str | None) -> str | None:
    """A name with a slash is a path from where it is started."""
    if os.path.dirname(command):
        command = os.path.join(cwd or os.getcwd(), command)
    return shutil.which(command, path=path)


def _greeting(opened: Opened) -> str:
    over = {Transport.HTTP: "Streamable HTTP", Transport.SSE: "HTTP+SSE", Transport.STDIO: "stdio"}
    detected = opened.detected
    return f"It speaks MCP {detected.version} over {over.get(detected.transport, detected.transport.value)}."


def _counted(offer: Offer) -> str:
    number = len(offer.items)
    return f"It offers {number} {'capability' if number == 1 else 'capabilities'}."
