"""Where workers tell each other what they hear of upstreams: a row for each worker."""

from __future__ import annotations

import msgspec
from sqlalchemy import Column, Table, delete, insert, select, update

from gatehouse.store.database import METADATA, Database
from gatehouse.store.types import BYTES, ID, TABLE, TIME
from gatehouse.telemetry.signals import Signals

HEALTH_SIGNALS = Table(
    "health_signals",
    METADATA,
    Column("instance", ID, primary_key=True),
    Column("at", TIME, nullable=False),
    Column("signals", BYTES, nullable=False),
    **TABLE,
)
STALE = 90.0
"""Seconds after which a worker that says nothing is not believed any more."""
_decoder = msgspec.json.Decoder(Signals)
_encoder = msgspec.json.Encoder()


class SignalStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def tell(self, instance: str, signals: Signals, now: float) -> None:
        """Over what this worker told before."""
        values = {"at": now, "signals": _encoder.encode(signals)}
        async with self._database.write(bump=False) as connection:
            done = await connection.execute(
                update(HEALTH_SIGNALS).where(HEALTH_SIGNALS.c.instance == instance).values(values)
            )
            if done.rowcount == 0:
                await connection.execute(insert(HEALTH_SIGNALS).values(instance=instance, **values))

    async def told(self, now: float) -> dict[str, Signals]:
        """By worker, of those that live."""
        found = select(HEALTH_SIGNALS.c.instance, HEALTH_SIGNALS.c.signals).where(HEALTH_SIGNALS.c.at > now - STALE)
        async with self._database.read() as connection:
            return {row.instance: _decoder.decode(row.signals) for row in await connection.execute(found)}

    async def prune(self, now: float) -> None:
        async with self._database.write(bump=False) as connection:
            await connection.execute(delete(HEALTH_SIGNALS).where(HEALTH_SIGNALS.c.at <= now - STALE))
