"""The audit: who did what to what, when, from where, and what was refused, in one chain over all workers and machines."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass

import anyio
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.access.audit import repository
from gatehouse.access.audit.records import (
    START,
    SYSTEM,
    Entry,
    Fault,
    Kept,
    Link,
    Stored,
    first_fault,
    kept,
    missing,
    next_link,
    stored,
)
from gatehouse.access.audit.refusals import Refusals, refusal
from gatehouse.access.audit.repository import Ends, Wanted
from gatehouse.access.model import Principal, Resource
from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import Conflict, GatewayError, NotFound
from gatehouse.kit.pages import Page, PageRequest, page
from gatehouse.store.database import Database
from gatehouse.store.secrets import SealBroken, Secrets

PAGE = 1000
"""Records that are read, or written, at a time."""
MOST_WAITING = 10_000
"""Entries that are kept while the database is down."""
_TRIES = 5
_DAY = 86_400
_Noted = tuple[Entry, float]
"""An entry, and when it was."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the chain holds. `head` is its end, as far as it was looked at; to go on from there where `more`."""

    ok: bool
    checked: int
    head: Link
    first_bad_number: int | None = None
    why: str | None = None
    more: bool = False


class Audit:
    def __init__(self, database: Database, secrets: Secrets, clock: Clock, keep_days: int = 0) -> None:
        """`keep_days`: days after which records are pruned; 0: never."""
        self._database = database
        self._ends = Ends(secrets)
        self._clock = clock
        self._keep_days = keep_days
        self._refusals = Refusals()
        self._waiting: list[_Noted] = []
        self._lost = 0
        self._writing = anyio.Lock()
        self._known = START
        """The end of the chain as this process saw it last."""

    async def record(self, entry: Entry) -> None:
        """Returns once it is stored. Where the database can't be written, it is kept, and stored by a later `flush`."""
        self._note(entry, self._clock.now())
        try:
            await self._write_waiting()
        except GatewayError:
            # What was done is done: whoever did it must not hear that it failed. `flush` tries again, and logs.
            return

    def refused(self, entry: Entry) -> None:
        """Counts it; a later `flush` stores it, together with those that say the same."""
        self._refusals.count(entry, self._clock.now())

    def refused_at(self, principal: Principal, action: str, path: str, reason: str, address: str | None) -> None:
        """The same of a face of MCP or A2A; `path` is that of a server or an agent."""
        kind = "agent" if path.startswith("/agents/") else "server"
        within = f"/{kind}s/"
        ref = path.removeprefix(within).partition("/")[0] if path.startswith(within) else None
        self.refused(refusal(principal, action, Resource(kind, ref), reason, address))

    async def flush(self, everything: bool = False) -> None:
        """Store what waits. To be called every second, and with `everything` at the end; raises `GatewayError`."""
        async with self._writing:
            taken = self._refusals.due(self._clock.now(), everything)
            for start in range(0, len(taken), PAGE):
                batch = taken[start : start + PAGE]
                with anyio.CancelScope(shield=True):
                    await self._append([(one.entry, one.since) for one in batch])
                    self._refusals.written(batch, self._clock.now())
        await self._write_waiting()

    async def list(self, wanted: Wanted, request: PageRequest) -> Page[Kept]:
        """Newest first; `request.after` is the number of the last record seen."""
        before = None if request.after is None else int(request.after)
        async with self._database.read() as connection:
            rows = await repository.newest(connection, wanted, before, request.limit + 1)
        return page([kept(row) for row in rows], request, lambda one: str(one.record.number))

    async def get(self, ref: str) -> Kept:
        """By id, or by number; raises `NotFound`."""
        async with self._database.read() as connection:
            row = await repository.one(connection, ref)
        if row is None:
            raise NotFound(f"There is no record '{ref[:100]}'.", "Name it by its id or number, as the list has it.")
        return kept(row)

    async def export(self, wanted: Wanted) -> AsyncGenerator[bytes]:
        """Lines of JSON, oldest first, many at a time."""
        number = 0
        while True:
            async with self._database.read() as connection:
                rows = await repository.oldest(connection, wanted, number, PAGE)
            if rows:
                yield b"".join(row.line for row in rows)
                number = rows[-1].number
            if len(rows) < PAGE:
                return

    async def verify(
        self,
        progress: Callable[[int], object] = lambda checked: None,
        after: Link | None = None,
        most: int | None = None,
    ) -> Verdict:
        """Walk the chain from its anchor, or from `after`; `progress` is told how many records were checked so far.

        `most`: how many records to look at before it is told how far it went.
        """
        checked, place = 0, after
        while True:
            step = await self._step(place)
            checked += step.checked
            if not step.more or (most is not None and checked >= most):
                return Verdict(step.ok, checked, step.head, step.first_bad_number, step.why, step.more)
            place = step.head
            progress(checked)

    async def prune(self, now: float) -> int:
        """Remove records that are older than is kept, whole days of UTC at a time; how many there were.

        That it was done is a record itself, which says too whether what was removed was unbroken.
        """
        if not self._keep_days:
            return 0
        moment = (now // _DAY - self._keep_days) * _DAY
        removed = 0
        while count := await self._prune(moment, now):
            removed += count
        return removed

    def _note(self, entry: Entry, at: float) -> None:
        if len(self._waiting) < MOST_WAITING:
            self._waiting.append((entry, at))
        else:
            self._lost += 1

    async def _write_waiting(self) -> None:
        """Who waits for another's write finds their own entry written with it."""
        async with self._writing:
            while self._waiting:
                batch = self._waiting[:PAGE]
                # Cut off between the commit and the next line, the same entries would be written twice.
                with anyio.CancelScope(shield=True):
                    await self._append(batch)
                    del self._waiting[: len(batch)]
                if self._lost:
                    self._note(_lost(self._lost), self._clock.now())
                    self._lost = 0

    async def _append(self, noted: Sequence[_Noted]) -> None:
        for left in reversed(range(_TRIES)):
            try:
                async with self._database.write(bump=False) as connection:
                    head = await self._add(connection, await self._place(connection), noted)
            except Conflict:
                # Two made the very first record at once, or the database chose us as the victim of a deadlock.
                if not left:
                    raise
            else:
                self._known = head
                return

    async def _place(self, connection: AsyncConnection) -> Link:
        """What the next record follows; the chain is ours until the transaction ends."""
        try:
            head = await self._ends.locked_head(connection)
        except SealBroken:
            head = None
        return next_link(head, await repository.last_link(connection), self._known)

    async def _add(self, connection: AsyncConnection, place: Link, noted: Sequence[_Noted]) -> Link:
        rows: list[Stored] = []
        for entry, at in noted:
            rows.append(stored(entry, at, place))
            place = rows[-1].link
        await repository.add(connection, rows)
        await self._ends.write(connection, "head", place)
        return place

    async def _step(self, after: Link | None) -> Verdict:
        """One page, with the ends of the chain as they are at the same moment."""
        async with self._database.read() as connection:
            try:
                head = await self._ends.read(connection, "head")
                anchor = await self._ends.read(connection, "anchor") or START
            except SealBroken as error:
                return Verdict(
                    False, 0, after or START, why=f"An end of the chain is not as Gatehouse wrote it. {error}"
                )
            # What was pruned meanwhile can't be looked at any more; the anchor vouches for it.
            place = anchor if after is None or after.number < anchor.number else after
            rows = await repository.after(connection, place.number, PAGE)
        return self._judged(head or START, place, rows)

    def _judged(self, head: Link, place: Link, rows: Sequence[Stored]) -> Verdict:
        fault = first_fault(place, rows)
        reached = rows[-1].link if rows else place
        if fault is None and len(rows) == PAGE:
            return Verdict(True, len(rows), reached, more=True)
        fault = fault or _end_fault(reached, head, self._known)
        return Verdict(True, len(rows), reached) if fault is None else _broken(reached, fault, len(rows))

    async def _prune(self, moment: float, now: float) -> int:
        async with self._database.write(bump=False) as connection:
            place = await self._place(connection)
            anchor = await self._anchor(connection)
            first = await repository.first_since(connection, moment)
            rows = await repository.after(connection, anchor.number, PAGE)
            rows = [row for row in rows if first is None or row.number < first]
            if not rows:
                return 0
            head = await self._add(connection, place, [(_pruned(rows, first_fault(anchor, rows)), now)])
            await repository.remove(connection, rows[-1].number)
            await self._ends.write(connection, "anchor", rows[-1].link)
        self._known = head
        return len(rows)

    async def _anchor(self, connection: AsyncConnection) -> Link:
        try:
            return await self._ends.read(connection, "anchor") or START
        except SealBroken:
            message = "The audit's anchor is not as Gatehouse wrote it, so nothing of the audit is pruned."
            raise Conflict(message, "See `gatehouse audit verify`.") from None


def _end_fault(reached: Link, head: Link, known: Link) -> Fault | None:
    """Whether the last record is the one that was written last."""
    if reached.number < head.number:
        return Fault(reached.number + 1, missing(reached.number + 1, head.number))
    if reached.number > head.number:
        first = head.number + 1
        return Fault(first, f"Record {first} was not written by Gatehouse: the chain ends before it.")
    if reached != head:
        return Fault(head.number, f"Record {head.number}, the last, is not the one that was written.")
    if reached.number < known.number:
        return Fault(reached.number + 1, missing(reached.number + 1, known.number))
    return None


def _broken(reached: Link, fault: Fault, checked: int = 0) -> Verdict:
    return Verdict(False, checked, reached, fault.number, fault.why)


def _pruned(rows: Sequence[Stored], fault: Fault | None) -> Entry:
    return Entry(
        actor=SYSTEM,
        action="audit.prune",
        resource_kind="audit",
        before={"first": rows[0].number, "last": rows[-1].number, "records": len(rows), "unbroken": fault is None},
        reason=None if fault is None else fault.why,
    )


def _lost(count: int) -> Entry:
    reason = "The database could not be written for too long."
    return Entry(actor=SYSTEM, action="audit.lose", resource_kind="audit", outcome="failed", reason=reason, count=count)
