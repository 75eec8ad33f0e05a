"""`gatehouse connect`: stdio on this side, Streamable HTTP on the other, for clients that start their servers.

Messages pass as the bytes they are. Which era a message belongs to is written in it, so a client may probe one era and
then speak the other.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated

import anyio
import typer
from anyio.abc import TaskGroup

from gatehouse.cli import pairs
from gatehouse.cli.address import find_endpoint
from gatehouse.cli.connect_legacy import INITIALIZED, LegacyConnection
from gatehouse.cli.connect_modern import ModernConnection, is_modern
from gatehouse.cli.connect_words import unreachable
from gatehouse.cli.endpoint import Emit, Endpoint, id_value
from gatehouse.cli.errors import Unreachable, note, tell
from gatehouse.cli.stdio import WAITING, read_lines, write_lines
from gatehouse.protocol import jsonrpc
from gatehouse.protocol.errors import INVALID_REQUEST
from gatehouse.protocol.jsonrpc import Batch, Malformed, Notification, Request, Response
from gatehouse.upstreams.http import HttpClient

app = typer.Typer(add_completion=False)
GRACE = 10.0
"""Seconds that requests under way get once stdin has ended."""
LASTING = "subscriptions/listen"
"""The request whose stream lasts until somebody ends it: nothing waits for its answer."""
_STDIN, _STDOUT = 0, 1

Work = Callable[[], Awaitable[None]]
Scopes = dict[str | int | None, anyio.CancelScope]
"""Requests under way, by id."""


@app.command()
def connect(
    server: Annotated[
        str, typer.Argument(metavar="SERVER | URL", help="A server here, or any Streamable HTTP endpoint.")
    ],
    header: Annotated[list[str] | None, typer.Option("--header", "-H", help="Sent along: 'Name: value'.")] = None,
) -> None:
    """Be an MCP server over stdio, that is one of the gateway's over HTTP."""
    anyio.run(run, server, pairs.headers(header or []))


async def run(server: str, extra: dict[str, str]) -> None:
    """Until stdin ends, its reader goes away, or we are told to stop."""
    http = HttpClient()
    endpoint = Endpoint(http, find_endpoint(server), extra)
    send, receive = anyio.create_memory_object_stream[bytes](WAITING)
    try:
        async with anyio.create_task_group() as writing:
            writing.start_soon(write_lines, _STDOUT, receive)
            async with send, anyio.create_task_group() as background:
                await _serve(endpoint, send.send, background)
                background.cancel_scope.cancel()
    except* OSError:
        note("Nobody reads our answers any more.")
    finally:
        with anyio.CancelScope(shield=True), anyio.move_on_after(3):
            await http.close()


async def _serve(endpoint: Endpoint, emit: Emit, background: TaskGroup) -> None:
    legacy = LegacyConnection(endpoint, emit, background)
    try:
        async with anyio.create_task_group() as requests:
            bridge = Bridge(ModernConnection(endpoint, emit), legacy, emit, requests, background)
            if sys.platform != "win32":
                background.start_soon(_stop_on_signal, requests)
            async with read_lines(_STDIN) as lines:
                async for line in lines:
                    await bridge.take(line)
            requests.cancel_scope.deadline = anyio.current_time() + GRACE
    finally:
        with anyio.CancelScope(shield=True):
            await legacy.close()


async def _stop_on_signal(requests: TaskGroup) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for _ in signals:
            requests.cancel_scope.cancel()
            return


class Bridge:
    """Tells messages apart and starts their way; never waits for an answer.

    `requests` end before the program does; `background` has what lasts as long as the program.
    """

    def __init__(
        self,
        modern: ModernConnection,
        legacy: LegacyConnection,
        emit: Emit,
        requests: TaskGroup,
        background: TaskGroup,
    ) -> None:
        self._modern = modern
        self._legacy = legacy
        self._emit = emit
        self._requests = requests
        self._background = background
        self._modern_calls: Scopes = {}
        self._legacy_calls: Scopes = {}
        self._handshake: anyio.Event | None = None

    async def take(self, line: bytes) -> None:
        match jsonrpc.read(line):
            case Request() as request if is_modern(request):
                work = partial(self._carry, self._modern_calls, request, partial(self._modern.request, line, request))
                (self._background if request.method == LASTING else self._requests).start_soon(work)
            case Notification(method="notifications/cancelled") as cancelled if self._cancel_modern(cancelled):
                return
            case Notification() as notification if is_modern(notification):
                self._requests.start_soon(self._tell, partial(self._modern.notify, line, notification))
            case Request() as request:
                work = partial(self._carry, self._legacy_calls, request, partial(self._legacy.request, line, request))
                self._in_turn(work, request.method == "initialize")
            case Notification() as notification:
                work = partial(self._tell_legacy, line, notification)
                self._in_turn(work, notification.method == INITIALIZED)
            case Response():
                self._in_turn(partial(self._tell, partial(self._legacy.tell, line)), False)
            case Malformed() as malformed:
                await self._emit(jsonrpc.error(malformed.id, malformed.code, malformed.message))
            case Batch():
                await self._emit(
                    jsonrpc.error(b"null", INVALID_REQUEST, "Batches are not taken: send one message a line.")
                )

    def _cancel_modern(self, cancelled: Notification) -> bool:
        """Close the stream of a request, which is what cancels in this era; whether there was one."""
        scope = self._modern_calls.get(id_value(cancelled.params.get("requestId", b"")))
        if scope is not None:
            scope.cancel()
        return scope is not None

    def _in_turn(self, work: Work, shakes_hands: bool) -> None:
        """Legacy messages go at once, but none before the handshake that came before it is through."""
        before, mine = self._handshake, anyio.Event()
        if shakes_hands:
            self._handshake = mine
        self._requests.start_soon(_after, before, work, mine)

    async def _carry(self, calls: Scopes, request: Request, send: Work) -> None:
        """See a request to its answer, or to an error in its stead."""
        with anyio.CancelScope() as scope:
            calls[id_value(request.id)] = scope
            try:
                await send()
            except Unreachable as error:
                tell(error)
                await self._emit(unreachable(request.id, error))
            finally:
                calls.pop(id_value(request.id), None)

    async def _tell_legacy(self, line: bytes, notification: Notification) -> None:
        await self._tell(partial(self._legacy.tell, line, notification.method))
        if notification.method == "notifications/cancelled":
            # Nobody waits for the answer any more, and its stream is not to be come back to.
            scope = self._legacy_calls.get(id_value(notification.params.get("requestId", b"")))
            if scope is not None:
                scope.cancel()

    async def _tell(self, send: Work) -> None:
        """What has no answer has no one but stderr to tell its failure to."""
        try:
            await send()
        except Unreachable as error:
            tell(error)


async def _after(before: anyio.Event | None, work: Work, mine: anyio.Event) -> None:
    try:
        if before is not None:
            await before.wait()
        await work()
    finally:
        mine.set()
