"""A peer over one duplex stream of messages (stdio, HTTP+SSE): answers find their requests by id.

The stream does not say which request a question or a log belongs to. It is taken to be the only one in flight; where
several are, it is a stray and the owner of the session decides.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

from gatehouse.kit import json
from gatehouse.kit.errors import GatewayError, TimedOut, UpstreamDown, UpstreamFailed
from gatehouse.kit.tasks import Tasks
from gatehouse.protocol import jsonrpc
from gatehouse.protocol.call import Answer, Ask, Emit, Event, Log, Notice, Outcome, Progress
from gatehouse.protocol.modern import SUBSCRIPTION_KEY
from gatehouse.upstreams.channel import Channel
from gatehouse.upstreams.peer import (
    CANCELLED,
    NEVER_CANCELLED,
    PING_ANSWER,
    Incoming,
    ListsChanged,
    Outgoing,
    ResourceUpdated,
    Stray,
    TakeStray,
    event_of,
    id_of_answer,
    ignore,
    outcome_of,
    read_incoming,
    split_batch,
    with_token,
)

_SUBSCRIPTION = SUBSCRIPTION_KEY.encode()
MAX_WAITING = 10_000
"""Events of one request that wait for a slow client; past that the request fails."""


class DuplexPeer:
    """`take_stray` gets what belongs to no request; `on_end` is told once when the stream ends by itself."""

    def __init__(self, channel: Channel, tasks: Tasks, take_stray: TakeStray) -> None:
        self._channel = channel
        self._tasks = tasks
        self._take_stray = take_stray
        self._pending: dict[bytes, _Pending] = {}
        self._next_id = 0
        self._end: str | None = None
        self._ended = asyncio.Event()

    async def open(self) -> None:
        """Raises `UpstreamDown`."""
        await self._channel.open(self._on_message, self._on_close)

    @property
    def alive(self) -> bool:
        return self._end is None and self._channel.alive

    @property
    def busy(self) -> bool:
        return bool(self._pending)

    async def request(self, outgoing: Outgoing, emit: Emit) -> Outcome:
        self._next_id += 1
        id_ = b"%d" % self._next_id
        params = with_token(outgoing.params, id_) if outgoing.wants_progress else outgoing.params
        pending = self._pending[id_] = _Pending(emit is not ignore and outgoing.method != "subscriptions/listen")
        try:
            await self._channel.send(jsonrpc.request(id_, outgoing.method, json.dump(params)))
            return await self._drain(pending, emit, outgoing.timeout)
        finally:
            del self._pending[id_]
            if not pending.answered and self.alive and outgoing.method not in NEVER_CANCELLED:
                self._tasks.spawn(self._cancel(id_), "cancel upstream request")

    async def notify(self, method: str, params: bytes = b"{}") -> None:
        await self._channel.send(jsonrpc.notification(method, params))

    async def wait_ended(self) -> None:
        """Until the stream is over, by whichever side."""
        await self._ended.wait()

    async def close(self) -> None:
        if self._end is None:
            self._on_close("The gateway closed the connection to the upstream")
        await self._channel.close()

    async def _drain(self, pending: _Pending, emit: Emit, timeout: float | None) -> Outcome:
        while True:
            await pending.wait(timeout)
            while pending.events:
                await emit(pending.events.popleft())
            if pending.end is not None:
                if isinstance(pending.end, Exception):
                    raise pending.end
                return pending.end

    async def _cancel(self, id_: bytes) -> None:
        if self.alive:
            with suppress(GatewayError):
                await self.notify(CANCELLED, b'{"requestId":%b}' % id_)

    def _on_close(self, reason: str) -> None:
        self._end = reason
        self._ended.set()
        for pending in self._pending.values():
            pending.finish(UpstreamDown(reason))

    def _on_message(self, data: bytes) -> None:
        for each in split_batch(data):
            try:
                self._take(read_incoming(each))
            except (UpstreamFailed, json.BadJson) as error:
                # Who waits for this message hears of the peer's mistake; nobody else suffers.
                self._finish(id_of_answer(each), UpstreamFailed(str(error)))

    def _take(self, message: Incoming) -> None:
        if message.method is None:
            self._finish(message.id, outcome_of(message))
        elif message.method == CANCELLED:
            # On stdio this is how a server ends a subscription (2026-07-28 basic/transports "stdio").
            ended = json.fields(message.params).get("requestId", b"")
            self._finish(bytes(ended), UpstreamDown("The upstream ended the request"))
        else:
            self._on_said(message)

    def _finish(self, id_: bytes | None, end: Outcome | Exception) -> None:
        pending = self._pending.get(id_ or b"")
        if pending is not None:
            pending.answered = True
            pending.finish(end)

    def _on_said(self, message: Incoming) -> None:
        reply = self._replier(message.id or b"null")
        if message.method == "ping" and message.id is not None:
            self._tasks.spawn(reply(PING_ANSWER), "answer ping")
            return
        listener = self._listener(message)
        if listener is not None:
            listener.put(Notice(message.method or "", message.params))
            return
        event = event_of(message, reply)
        pending = self._addressee(event, message)
        if pending is not None and not isinstance(event, ListsChanged | ResourceUpdated):
            pending.put(Ask(event.method, event.params, pending.asked(reply)) if isinstance(event, Ask) else event)
        elif not isinstance(event, Progress):
            self._tasks.spawn(self._stray(event), "stray upstream message")

    def _listener(self, message: Incoming) -> _Pending | None:
        """The open subscriptions/listen that a notification of the modern era belongs to."""
        if _SUBSCRIPTION not in bytes(message.params):
            return None
        meta = json.fields(json.fields(message.params).get("_meta", json.EMPTY))
        return self._pending.get(bytes(meta.get(SUBSCRIPTION_KEY, b"")))

    async def _stray(self, event: Stray) -> None:
        await self._take_stray(event)

    def _addressee(self, event: Event | ListsChanged | ResourceUpdated, message: Incoming) -> _Pending | None:
        if isinstance(event, Progress):
            token = json.fields(message.params).get("progressToken")
            return self._pending.get(bytes(token) if token is not None else b"")
        if not isinstance(event, Ask | Log | Notice):
            return None
        calls = [pending for pending in self._pending.values() if pending.is_call]
        return calls[0] if len(calls) == 1 else None

    def _replier(self, id_: bytes) -> Callable[[Answer], Coroutine[Any, Any, None]]:
        async def reply(answer: Answer) -> None:
            if not self.alive:
                return
            # Where it goes away meanwhile, whoever waits for the call hears of it.
            with suppress(GatewayError):
                await self._channel.send(_answer(id_, answer))

        return reply


def _answer(id_: bytes, answer: Answer) -> bytes:
    if answer.error is not None:
        return jsonrpc.error_object(id_, answer.error)
    return jsonrpc.result(id_, bytes(answer.result or json.EMPTY))


class _Pending:
    """A request that waits: its events in order, then its end."""

    __slots__ = ("_asking", "_timer", "_waiter", "answered", "end", "events", "is_call")

    def __init__(self, is_call: bool) -> None:
        """`is_call`: somebody waits for its events, who can be asked a question."""
        self.is_call = is_call
        self.answered = False
        self._asking = 0
        self._timer: asyncio.TimerHandle | None = None
        self.events: deque[Event] = deque()
        self.end: Outcome | Exception | None = None
        self._waiter: asyncio.Future[None] | None = None

    def put(self, event: Event) -> None:
        if len(self.events) >= MAX_WAITING:
            self.finish(UpstreamFailed("The upstream sent more than the client could take in time"))
            return
        self.events.append(event)
        self._wake()

    def finish(self, end: Outcome | Exception) -> None:
        if self.end is None:
            self.end = end
            self._wake()

    def asked(self, reply: Callable[[Answer], Awaitable[None]]) -> Callable[[Answer], Awaitable[None]]:
        """While a question is open the upstream waits for us, so that its silence means nothing."""
        self._asking += 1

        async def answer(answer: Answer) -> None:
            self._asking -= 1
            await reply(answer)

        return answer

    async def wait(self, timeout: float | None) -> None:
        """Until there is something; raises `TimedOut` after `timeout` seconds of silence."""
        if self.events or self.end is not None:
            return
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        if timeout is not None:
            self._timer = loop.call_later(timeout, self._expire, timeout)
        try:
            await self._waiter
        finally:
            self._waiter = None
            if self._timer is not None:
                self._timer.cancel()

    def _expire(self, timeout: float) -> None:
        if self._asking:
            self._timer = asyncio.get_running_loop().call_later(timeout, self._expire, timeout)
            return
        self.finish(TimedOut(f"The upstream gave no sign of life for {timeout:g} seconds"))

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
