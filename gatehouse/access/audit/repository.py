"""The SQL of the audit: records, and the two sealed ends of their chain.

`head` is the last record, `anchor` the last one that was pruned. Both lie among the facts, sealed, so that who can write
the table of records can't move them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import msgspec
from sqlalchemy import Select, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.access.audit.records import Link, Stored
from gatehouse.access.tables import AUDIT
from gatehouse.kit import json
from gatehouse.store.database import FACTS
from gatehouse.store.facts import fact, settle_fact
from gatehouse.store.secrets import SealBroken, Secrets

End = Literal["head", "anchor"]
_PURPOSE = "audit-head"
_link = msgspec.json.Decoder(tuple[int, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which records. `actors` are ids of principals or users; `resource` is a kind or an id; times are seconds."""

    actors: tuple[str, ...] = ()
    action: str | None = None
    """`token.rotate`, or `token.*` for all that begin so."""
    resource: str | None = None
    outcome: str | None = None
    since: float | None = None
    until: float | None = None
    """Up to, and without, this moment."""


class Ends:
    """Reads and writes the ends of the chain."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets

    async def read(self, connection: AsyncConnection, end: End) -> Link | None:
        """None where there is none yet; raises `SealBroken` where it is not as we wrote it."""
        return self._opened(end, await fact(connection, f"audit_{end}"))

    async def locked_head(self, connection: AsyncConnection) -> Link | None:
        """The same for the head; nobody else appends until this transaction has ended."""
        wanted = select(FACTS.c.value).where(FACTS.c.name == "audit_head").with_for_update()
        return self._opened("head", (await connection.execute(wanted)).scalar())

    async def write(self, connection: AsyncConnection, end: End, link: Link) -> None:
        """Ends the write in `Conflict` where somebody else wrote the very first one meanwhile."""
        sealed = self._secrets.seal(_PURPOSE, json.dump((link.number, link.digest)), end.encode())
        name = f"audit_{end}"
        changed = await connection.execute(update(FACTS).where(FACTS.c.name == name).values(value=sealed))
        if changed.rowcount == 0:
            await settle_fact(connection, name, sealed)

    def _opened(self, end: End, sealed: bytes | None) -> Link | None:
        if sealed is None:
            return None
        try:
            return Link(*_link.decode(self._secrets.open(_PURPOSE, sealed, end.encode())))
        except msgspec.MsgspecError:
            raise SealBroken(f"The {end} of the audit can't be read.") from None


async def add(connection: AsyncConnection, rows: Sequence[Stored]) -> None:
    await connection.execute(insert(AUDIT), [asdict(row) for row in rows])


async def last_link(connection: AsyncConnection) -> Link | None:
    wanted = select(AUDIT.c.number, AUDIT.c.digest).order_by(AUDIT.c.number.desc()).limit(1)
    row = (await connection.execute(wanted)).first()
    return None if row is None else Link(row.number, row.digest)


async def after(connection: AsyncConnection, number: int, limit: int) -> list[Stored]:
    """Records that follow, oldest first."""
    return await _rows(connection, _all().where(AUDIT.c.number > number).order_by(AUDIT.c.number).limit(limit))


async def newest(connection: AsyncConnection, wanted: Wanted, before: int | None, limit: int) -> list[Stored]:
    """Records with smaller numbers than `before`, newest first."""
    found = _filtered(wanted).order_by(AUDIT.c.number.desc()).limit(limit)
    return await _rows(connection, found if before is None else found.where(AUDIT.c.number < before))


async def oldest(connection: AsyncConnection, wanted: Wanted, after: int, limit: int) -> list[Stored]:
    """Records with greater numbers than `after`, oldest first."""
    return await _rows(
        connection, _filtered(wanted).where(AUDIT.c.number > after).order_by(AUDIT.c.number).limit(limit)
    )


async def one(connection: AsyncConnection, ref: str) -> Stored | None:
    """By id, or by number."""
    is_number = ref.isascii() and ref.isdecimal() and len(ref) < 19
    rows = await _rows(connection, _all().where(AUDIT.c.number == int(ref) if is_number else AUDIT.c.id == ref))
    return rows[0] if rows else None


async def first_since(connection: AsyncConnection, moment: float) -> int | None:
    """The number of the first record that is not older."""
    wanted = select(AUDIT.c.number).where(AUDIT.c.at >= moment).order_by(AUDIT.c.number).limit(1)
    return (await connection.execute(wanted)).scalar()


async def remove(connection: AsyncConnection, up_to: int) -> None:
    await connection.execute(delete(AUDIT).where(AUDIT.c.number <= up_to))


def _all() -> Select[Any]:
    return select(*(AUDIT.c[name] for name in Stored.__slots__))


def _filtered(wanted: Wanted) -> Select[Any]:
    found = _all()
    if wanted.actors:
        found = found.where(or_(AUDIT.c.actor_id.in_(wanted.actors), AUDIT.c.user_id.in_(wanted.actors)))
    if wanted.action is not None:
        family = wanted.action.removesuffix("*")
        exact = family == wanted.action
        found = found.where(AUDIT.c.action == family if exact else AUDIT.c.action.startswith(family, autoescape=True))
    if wanted.resource is not None:
        found = found.where(or_(AUDIT.c.resource_kind == wanted.resource, AUDIT.c.resource_id == wanted.resource))
    if wanted.outcome is not None:
        found = found.where(AUDIT.c.outcome == wanted.outcome)
    if wanted.since is not None:
        found = found.where(AUDIT.c.at >= wanted.since)
    return found if wanted.until is None else found.where(AUDIT.c.at < wanted.until)


async def _rows(connection: AsyncConnection, wanted: Select[Any]) -> list[Stored]:
    return [Stored(**row) for row in (await connection.execute(wanted)).mappings()]
