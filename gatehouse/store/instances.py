"""What several workers and machines must agree on: who is alive, who does a job, who owns a client's session.

None of it is part of a snapshot, so these writes leave the revision as it is.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sqlalchemy import delete, insert, or_, select, update

from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import Conflict
from gatehouse.kit.ids import new_id
from gatehouse.store.database import Database
from gatehouse.store.tables import INSTANCES, LEASES, SESSIONS

ALIVE_SECONDS = 5.0
"""An instance whose heartbeat is older than this is taken for dead. Clocks of machines must agree better than that."""
_FORGOTTEN_SECONDS = 86_400.0


class Instances:
    """This worker among the others. `heartbeat` once a second or so, `leave` on the way out."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.id = new_id("ins")
        self._database = database
        self._clock = clock
        self._address = ""

    async def join(self, address: str) -> str:
        """Say where the other workers reach this one; the answer is this instance's id."""
        self._address = address
        async with self._database.write(bump=False) as connection:
            oldest = self._clock.now() - _FORGOTTEN_SECONDS
            await connection.execute(delete(INSTANCES).where(INSTANCES.c.heartbeat_at < oldest))
        await self.heartbeat()
        return self.id

    async def heartbeat(self) -> None:
        values = {"address": self._address, "heartbeat_at": self._clock.now()}
        async with self._database.write(bump=False) as connection:
            done = await connection.execute(update(INSTANCES).where(INSTANCES.c.id == self.id).values(values))
            if done.rowcount == 0:
                await connection.execute(insert(INSTANCES).values(id=self.id, **values))

    async def leave(self) -> None:
        async with self._database.write(bump=False) as connection:
            await connection.execute(delete(INSTANCES).where(INSTANCES.c.id == self.id))

    async def address_of(self, instance_id: str) -> str | None:
        """None where it is dead or unknown."""
        alive_since = self._clock.now() - ALIVE_SECONDS
        found = select(INSTANCES.c.address).where(
            INSTANCES.c.id == instance_id, INSTANCES.c.heartbeat_at >= alive_since
        )
        async with self._database.read() as connection:
            return (await connection.execute(found)).scalar()


class Leases:
    """A job that one worker does at a time: a lease that is not renewed is free again when it expires."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def acquire(self, name: str, holder: str, seconds: float) -> bool:
        """Take or renew; False while somebody else has it."""
        now = self._clock.now()
        values = {"holder": holder, "expires_at": now + seconds}
        free = or_(LEASES.c.holder == holder, LEASES.c.expires_at <= now)
        try:
            async with self._database.write(bump=False) as connection:
                done = await connection.execute(update(LEASES).where(LEASES.c.name == name, free).values(values))
                if done.rowcount == 0:
                    await connection.execute(insert(LEASES).values(name=name, **values))
        except Conflict:
            return False
        return True

    async def release(self, name: str, holder: str) -> None:
        async with self._database.write(bump=False) as connection:
            await connection.execute(delete(LEASES).where(LEASES.c.name == name, LEASES.c.holder == holder))


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A legacy session, from which any worker can carry on. `data` is its owner's to read."""

    id: str
    server: str
    principal: str
    owner: str
    """Id of the instance that has it."""
    data: bytes
    expires_at: float
    """Seconds since the epoch."""


class SessionRecords:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def save(self, record: SessionRecord) -> None:
        """Store anew, or over what was there."""
        values = asdict(record)
        async with self._database.write(bump=False) as connection:
            done = await connection.execute(update(SESSIONS).where(SESSIONS.c.id == record.id).values(values))
            if done.rowcount == 0:
                await connection.execute(insert(SESSIONS).values(values))

    async def load(self, session_id: str) -> SessionRecord | None:
        async with self._database.read() as connection:
            row = (await connection.execute(select(SESSIONS).where(SESSIONS.c.id == session_id))).mappings().first()
        return None if row is None else SessionRecord(**row)

    async def delete(self, session_id: str) -> None:
        async with self._database.write(bump=False) as connection:
            await connection.execute(delete(SESSIONS).where(SESSIONS.c.id == session_id))

    async def take(self, session_id: str, from_owner: str, to_owner: str) -> bool:
        """Only one of several workers that try gets it."""
        taken = update(SESSIONS).where(SESSIONS.c.id == session_id, SESSIONS.c.owner == from_owner)
        async with self._database.write(bump=False) as connection:
            return (await connection.execute(taken.values(owner=to_owner))).rowcount == 1

    async def purge(self, now: float) -> int:
        """How many had expired by `now`, and are gone."""
        async with self._database.write(bump=False) as connection:
            return (await connection.execute(delete(SESSIONS).where(SESSIONS.c.expires_at <= now))).rowcount
