"""Verdicts: what people said of tools that may be the same. A set of tools has one at most; of a pair the latest counts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.catalog.similar.judged import Judged
from gatehouse.catalog.verdicts_tables import JUDGED_TOOLS, VERDICTS
from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import NotFound
from gatehouse.kit.ids import new_id
from gatehouse.store.database import Database


class Said(StrEnum):
    """KEEP: they are the same, and one of them is the one to use."""

    SAME = "same"
    DIFFERENT = "different"
    KEEP = "keep"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVerdict:
    """`by` is the id of the principal that says it."""

    tools: tuple[str, ...]
    said: Said
    by: str
    by_name: str
    keep: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict(NewVerdict):
    """`tools` in the order of their ids; `at` in seconds since the epoch."""

    id: str
    at: float


class Verdicts:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def all(self) -> list[Verdict]:
        """Oldest first. What lost all but one of its tools says nothing any more, and is left out."""
        async with self._database.read() as connection:
            return await _read(connection)

    async def get(self, verdict_id: str) -> Verdict:
        found = next((one for one in await self.all() if one.id == verdict_id), None)
        if found is None:
            raise missing_verdict(verdict_id)
        return found

    async def put(self, new: NewVerdict) -> Verdict:
        """In place of what was said of the same tools before."""
        tools = tuple(sorted(set(new.tools)))
        digest = _digest(tools)
        at = self._clock.now()
        verdict = Verdict(
            id=new_id("ver"), at=at, tools=tools, said=new.said, by=new.by, by_name=new.by_name, keep=new.keep,
            note=new.note,
        )  # fmt: skip
        async with self._database.write(bump=False) as connection:
            await connection.execute(delete(VERDICTS).where(VERDICTS.c.digest == digest))
            await connection.execute(insert(VERDICTS).values(_row(verdict, digest)))
            rows = [{"verdict_id": verdict.id, "tool_id": tool} for tool in tools]
            await connection.execute(insert(JUDGED_TOOLS), rows)
        return verdict

    async def delete(self, verdict_id: str) -> None:
        async with self._database.write(bump=False) as connection:
            deleted = await connection.execute(delete(VERDICTS).where(VERDICTS.c.id == verdict_id))
            if not deleted.rowcount:
                raise missing_verdict(verdict_id)


def judged(verdicts: Iterable[Verdict]) -> Judged:
    """`verdicts`: oldest first."""
    found = Judged()
    for one in verdicts:
        found.note(one.tools, one.said is Said.DIFFERENT)
    return found


def about(verdicts: Iterable[Verdict], tools: Collection[str]) -> Verdict | None:
    """The latest that says of two or more of these that they are the same."""
    found: Verdict | None = None
    for one in verdicts:
        if one.said is not Said.DIFFERENT and len({*tools} & {*one.tools}) > 1:
            found = one
    return found


def preferred(verdicts: Sequence[Verdict]) -> dict[str, str]:
    """By tool, the one to use instead, or itself where it is the one; of the latest that says so."""
    return {tool: one.keep for one in verdicts if one.keep is not None for tool in one.tools}


def missing_verdict(verdict_id: str) -> NotFound:
    return NotFound(f"There is no verdict '{verdict_id[:100]}'.", "List them with `gatehouse duplicates verdicts`.")


async def _read(connection: AsyncConnection) -> list[Verdict]:
    tools: dict[str, list[str]] = {}
    pairs = await connection.execute(select(JUDGED_TOOLS.c.verdict_id, JUDGED_TOOLS.c.tool_id))
    for verdict_id, tool_id in pairs:
        tools.setdefault(verdict_id, []).append(tool_id)
    rows = await connection.execute(select(VERDICTS).order_by(VERDICTS.c.at, VERDICTS.c.id))
    return [_verdict(row, tools[row["id"]]) for row in rows.mappings() if len(tools.get(row["id"], ())) > 1]


def _row(one: Verdict, digest: str) -> dict[str, Any]:
    return {
        "id": one.id, "digest": digest, "verdict": one.said.value, "keep": one.keep, "note": one.note, "by": one.by,
        "by_name": one.by_name, "at": one.at,
    }  # fmt: skip


def _verdict(row: Any, tools: Iterable[str]) -> Verdict:
    return Verdict(
        id=row["id"],
        tools=tuple(sorted(tools)),
        said=Said(row["verdict"]),
        by=row["by"],
        by_name=row["by_name"],
        keep=row["keep"],
        note=row["note"],
        at=row["at"],
    )


def _digest(tools: Sequence[str]) -> str:
    return sha256(" ".join(tools).encode()).hexdigest()
