"""Legacy clients' sessions: what this worker holds of them, and the stored record from which any worker can go on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

import msgspec
from msgspec import UNSET, UnsetType

from gatehouse.access.model import Principal
from gatehouse.kit import json
from gatehouse.kit.clock import Clock
from gatehouse.kit.ids import random_handle
from gatehouse.kit.json import Raw
from gatehouse.kit.tasks import Tasks
from gatehouse.protocol import bridge, jsonrpc, legacy
from gatehouse.protocol.call import Answer, Ask, Client, Era, Event, Log
from gatehouse.protocol.errors import METHOD_NOT_FOUND
from gatehouse.protocol.methods import loud_enough
from gatehouse.relay.streams import Stream, Streams
from gatehouse.store.instances import SessionRecord
from gatehouse.upstreams.pool import Pool

MAX_ASKS = 100
"""Questions of one session that wait for an answer; past that the oldest is answered with a refusal."""


class Records(Protocol):
    """Where session records are kept for other workers, and for the time after a restart."""

    async def save(self, record: SessionRecord) -> None: ...
    async def load(self, session_id: str) -> SessionRecord | None: ...
    async def delete(self, session_id: str) -> None: ...
    async def take(self, session_id: str, from_owner: str, to_owner: str) -> bool: ...


class Peers(Protocol):
    """Where other workers are."""

    async def address_of(self, instance_id: str) -> str | None: ...


class Elsewhere(msgspec.Struct, frozen=True):
    """The session lives in another worker, at this address."""

    address: str


class _Stored(msgspec.Struct, frozen=True):
    version: str
    capabilities: Raw
    info: Raw | UnsetType = UNSET
    log_level: str | None = None


class ClientSession:
    """One legacy client's session in the worker that owns it. Bound to a principal and a virtual server."""

    def __init__(self, id: str, server: str, principal: str, client: Client, now: float) -> None:
        self.id = id
        self.server = server
        self.principal = principal
        self.client = client
        self.log_level: str | None = None
        self.used_at = now
        self.streams = Streams()
        self.closed = False
        self.kept_until = 0.0
        """Seconds since the epoch until which its record says that it is alive."""
        self.on_close: Callable[[], None] | None = None
        self._cancelled: set[bytes] = set()
        self._asks: dict[bytes, Ask] = {}
        self._next_ask = 0
        self._calls: dict[bytes, asyncio.Task[object]] = {}
        self._draining = False

    async def deliver(self, event: Event) -> None:
        """What is said outside of any call goes on the standalone stream. Never waits: many others are told next.

        A client that is far behind with its reading is not told, and can't be asked.
        """
        if not self.streams.standalone.crowded:
            await self.say(event, None, self.streams.standalone)
        elif isinstance(event, Ask):
            await _refuse(event, "The client does not read its stream")

    async def say(self, event: Event, token: Raw | None, stream: Stream) -> None:
        """Put an event on a stream, as this client's era says it; a question it can't answer is refused for it."""
        if isinstance(event, Ask):
            await self._ask(event, stream)
        elif not isinstance(event, Log) or loud_enough(bridge.log_level(event), self.log_level):
            message = bridge.message_of(event, token)
            if message is not None:
                await stream.send(message)

    async def _ask(self, ask: Ask, stream: Stream) -> None:
        if not legacy.can_answer(self.client, ask.method):
            await _refuse(ask, f"The client does not answer {ask.method}")
            return
        if len(self._asks) >= MAX_ASKS:
            await _refuse(self._asks.pop(next(iter(self._asks))), "The client has not answered for too long")
        self._next_ask += 1
        id_ = b'"gh-%d"' % self._next_ask
        self._asks[id_] = ask
        await stream.send(jsonrpc.request(id_, ask.method, bytes(ask.params)))

    async def answer(self, response: jsonrpc.Response) -> bool:
        """Bring a client's answer to whoever asked; False for an answer to nothing."""
        ask = self._asks.pop(response.id, None)
        if ask is None:
            return False
        await ask.reply(Answer(response.result, response.error))
        return True

    def begin_call(self, id_: bytes, task: asyncio.Task[object]) -> None:
        self._calls[id_] = task

    def end_call(self, id_: bytes) -> None:
        self._calls.pop(id_, None)
        self._cancelled.discard(id_)
        if self._draining and not self._calls:
            self.streams.standalone.finish()

    def drain(self) -> None:
        """End the stream that has no end of its own, once the calls are answered that are under way."""
        self._draining = True
        if not self._calls:
            self.streams.standalone.finish()

    @property
    def busy(self) -> bool:
        return bool(self._calls) or self.streams.standalone.read_now

    def cancel(self, id_: bytes) -> None:
        """The client gives up one of its requests."""
        task = self._calls.get(id_)
        if task is not None:
            self._cancelled.add(id_)
            task.cancel()

    def was_cancelled(self, id_: bytes) -> bool:
        """Whether it was the client that gave up this request."""
        return id_ in self._cancelled

    def record(self, owner: str, expires_at: float) -> SessionRecord:
        client = self.client
        data = json.dump(
            _Stored(client.version, client.capabilities, UNSET if client.info is None else client.info, self.log_level)
        )
        return SessionRecord(self.id, self.server, self.principal, owner, data, expires_at)

    def close(self) -> None:
        """End its streams and its calls; more than once is no harm."""
        self.closed = True
        if self.on_close is not None:
            self.on_close()
        self.streams.close()
        for task in tuple(self._calls.values()):
            task.cancel()


class Sessions:
    """The legacy sessions of one worker. `instance` is its id among the workers."""

    def __init__(self, pool: Pool, records: Records, peers: Peers, tasks: Tasks, clock: Clock, instance: str) -> None:
        self._pool = pool
        self._records = records
        self._peers = peers
        self._tasks = tasks
        self._clock = clock
        self._instance = instance
        self._local: dict[str, ClientSession] = {}
        self.idle = 3600.0
        self.most = 10_000

    def __len__(self) -> int:
        return len(self._local)

    async def open(self, server: str, principal: Principal, client: Client) -> ClientSession:
        if len(self._local) >= self.most:
            await self._let_one_go()
        session = ClientSession(random_handle(), server, principal.id, client, self._clock.monotonic())
        self._keep(session)
        try:
            await self.save(session)
        except BaseException:
            self._forget(session)
            raise
        return session

    def _keep(self, session: ClientSession) -> None:
        self._local[session.id] = session
        self._pool.attach(session.id, session)

    def _forget(self, session: ClientSession) -> None:
        self._local.pop(session.id, None)
        session.close()
        self._tasks.spawn(self._pool.end_session(session.id), "end upstream sessions")

    async def save(self, session: ClientSession) -> None:
        until = self._clock.now() + self.idle
        await self._records.save(session.record(self._instance, until))
        session.kept_until = until

    def local(self, id: str, server: str, principal: Principal) -> ClientSession | None:
        """The session where this worker has it, and it is this principal's; another's is as good as none."""
        session = self._local.get(id)
        if session is None or session.server != server or session.principal != principal.id or session.closed:
            return None
        session.used_at = self._clock.monotonic()
        return session

    async def find(self, id: str, server: str, principal: Principal) -> ClientSession | Elsewhere | None:
        """Here, in another worker, or taken over from a worker that is no more."""
        session = self.local(id, server, principal)
        if session is not None or id in self._local:
            return session
        record = await self._records.load(id)
        if record is None or record.server != server or record.principal != principal.id:
            return None
        if record.expires_at <= self._clock.now():
            return None
        if record.owner != self._instance:
            address = await self._peers.address_of(record.owner)
            if address is not None:
                return Elsewhere(address)
            if not await self._records.take(id, record.owner, self._instance):
                return await self.find(id, server, principal)
        return self._local.get(id) or self._revive(record)

    def _revive(self, record: SessionRecord) -> ClientSession:
        stored = msgspec.json.decode(record.data, type=_Stored)
        info = None if isinstance(stored.info, UnsetType) else stored.info
        client = Client(Era.LEGACY, stored.version, stored.capabilities, info)
        session = ClientSession(record.id, record.server, record.principal, client, self._clock.monotonic())
        session.log_level = stored.log_level
        session.kept_until = record.expires_at
        self._keep(session)
        return session

    async def end(self, session: ClientSession) -> None:
        """The client says goodbye, or has been away for too long."""
        # The record first: as long as it is there, a request that comes now would bring the session back to life.
        await self._records.delete(session.id)
        self._forget(session)

    def end_soon(self, session: ClientSession) -> None:
        """The same, for who can't wait for the database."""
        if not session.closed:
            session.close()
            self._tasks.spawn(self.end(session), "end session")

    async def _let_one_go(self) -> None:
        await self.end(min(self._local.values(), key=lambda session: (session.busy, session.used_at)))

    async def sweep(self) -> None:
        """End those whose client has not been heard of for `idle` seconds; say of the others that they live on."""
        now = self._clock.monotonic()
        for session in tuple(self._local.values()):
            if session.busy:
                session.used_at = now
            if now - session.used_at > self.idle:
                await self.end(session)
            elif session.kept_until - self._clock.now() < self.idle / 2:
                await self.save(session)

    def stop(self) -> None:
        """Let the server shut down: streams end, calls that are under way do so by themselves.

        The records stay for the next worker.
        """
        for session in self._local.values():
            session.drain()


async def _refuse(ask: Ask, words: str) -> None:
    await ask.reply(Answer(error=json.raw({"code": METHOD_NOT_FOUND, "message": words})))
