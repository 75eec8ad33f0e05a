"""Export reads one state of everything; import plans and stores in one transaction, and a dry run takes it back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from msgspec import Raw
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.kit import json
from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import Conflict, Invalid
from gatehouse.store.database import Database
from gatehouse.store.transfer import sealing
from gatehouse.store.transfer.document import MARK, Document, SecretsPart, compact, parse
from gatehouse.store.transfer.model import (
    VERSION,
    Arriving,
    Change,
    Contents,
    Names,
    OnConflict,
    Section,
    Vault,
    Verdict,
    Work,
)
from gatehouse.store.transfer.planning import Plan, Planner, references

_TOLD = 5
"""Conflicts that an error names."""
LEFT_OUT = ("tokens", "passwords", "sessions", "calls", "events", "audit")
"""What no document has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to export. `only`: names of sections, all where empty; `personal`: those that tell of people, too."""

    only: Collection[str] = ()
    personal: bool = False
    passphrase: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A document to import. `secrets` stand beside it, and count for more than those that are sealed in it."""

    content: Mapping[str, Raw]
    passphrase: str | None = field(default=None, repr=False)
    secrets: Vault = field(default_factory=dict[str, str], repr=False)
    on_conflict: OnConflict = OnConflict.FAIL
    dry_run: bool = False


class _TakenBack(Exception):
    """Ends a transaction that was only a try."""


class Transfer:
    def __init__(self, database: Database, clock: Clock, sections: Sequence[Section]) -> None:
        """`sections` in an order in which each refers to those before it alone."""
        self._database = database
        self._clock = clock
        self._sections = tuple(sections)

    @property
    def sections(self) -> tuple[str, ...]:
        return tuple(section.name for section in self._sections)

    async def export(self, wanted: Wanted, made_by: str) -> bytes:
        """A document; raises `Invalid` for a section that there is not."""
        unknown = sorted(set(wanted.only) - set(self.sections))
        if unknown:
            raise Invalid(f"There is no section '{unknown[0][:100]}'.", f"Accepted: {', '.join(self.sections)}.")
        async with self._database.read() as connection:
            contents = await _read(connection, self._sections, Names())
        chosen = [section for section in self._sections if _is_wanted(section, wanted)]
        head = {
            MARK: "export",
            "version": VERSION,
            "made_at": datetime.fromtimestamp(self._clock.now(), UTC).isoformat(timespec="seconds"),
            "made_by": made_by,
            "left_out": LEFT_OUT,
            "secrets": await _secrets_part(chosen, contents, wanted.passphrase),
        }
        body = {section.name: [one.item for one in contents[section.name].items] for section in chosen}
        return json.dump(head | body)

    async def import_(self, incoming: Incoming, permit: Callable[[Plan], None] = lambda plan: None) -> Plan:
        """All of it, or nothing. `permit` sees the plan before anything is stored, and raises where it may not be.

        Raises `Conflict` where something is here already and is not to be skipped, changed or renamed.
        """
        document = parse(incoming.content, self._sections)
        secrets = await _opened(document, incoming)
        work = Work(Names(), {}, self._clock.now())
        plan = Plan()
        try:
            async with self._database.write() as connection:
                plan = await self._planned(connection, document, secrets, incoming.on_conflict, work.names)
                permit(plan)
                _check_conflicts(plan, incoming)
                work.secrets = plan.secrets
                await self._store(connection, plan, work)
                if incoming.dry_run:
                    raise _TakenBack
        except _TakenBack:
            return plan
        for tell in work.told:
            tell()
        return plan

    async def _planned(
        self, connection: AsyncConnection, document: Document, secrets: Vault, on_conflict: OnConflict, names: Names
    ) -> Plan:
        here = await _read(connection, self._sections, names)
        planner = Planner(secrets, on_conflict, Arriving(names))
        for section in self._sections:
            planner.add(section, here[section.name], document.items.get(section.name, ()))
        return planner.plan

    async def _store(self, connection: AsyncConnection, plan: Plan, work: Work) -> None:
        stored = 0
        for section in self._sections:
            changes = plan.of(section.name)
            stored += len(changes)
            if changes:
                await section.apply(connection, changes, work)
        if not stored:
            self._database.keep_revision(connection)


async def _read(connection: AsyncConnection, sections: Sequence[Section], names: Names) -> dict[str, Contents]:
    return {section.name: await section.read(connection, names) for section in sections}


def _is_wanted(section: Section, wanted: Wanted) -> bool:
    return section.name in wanted.only or (not wanted.only and (wanted.personal or not section.personal))


async def _secrets_part(
    sections: Sequence[Section], contents: Mapping[str, Contents], passphrase: str | None
) -> SecretsPart:
    if passphrase is None:
        needed = [path for one in sections for item in contents[one.name].items for path in references(one, item.item)]
        return SecretsPart(needed=needed)
    known = {path: value for section in sections for path, value in contents[section.name].secrets.items()}
    return SecretsPart(sealed=await sealing.seal(known, passphrase))


async def _opened(document: Document, incoming: Incoming) -> dict[str, str]:
    sealed = document.secrets.sealed
    if sealed is None or incoming.passphrase is None:
        return dict(incoming.secrets)
    return await sealing.unseal(sealed, incoming.passphrase) | dict(incoming.secrets)


def _check_conflicts(plan: Plan, incoming: Incoming) -> None:
    found = [change for change in plan.changes if change.verdict is Verdict.CONFLICT]
    if found and not incoming.dry_run:
        named = ", ".join(_named(change) for change in found[:_TOLD])
        more = f" and {len(found) - _TOLD} more" if len(found) > _TOLD else ""
        raise Conflict(
            f"Here already, and not the same: {named}{more}.",
            "Choose what becomes of them: skip, update or rename; a dry run shows what differs.",
        )


def _named(change: Change) -> str:
    fields = ", ".join(field.name for field in change.fields[:_TOLD])
    return f"{change.section} '{change.name[:100]}' ({fields})"


__all__ = ["Incoming", "Transfer", "Wanted", "compact"]
