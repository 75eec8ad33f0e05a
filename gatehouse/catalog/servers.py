"""Virtual servers and their bindings."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.catalog import binding, capabilities, checks, naming, repository
from gatehouse.catalog.binding import Wish
from gatehouse.catalog.changing import differing, found, told
from gatehouse.catalog.happenings import Report, ServerTurned, nobody_asks
from gatehouse.catalog.model import Binding, Capability, Kind, Server
from gatehouse.catalog.requests import NewServer, ServerChanges, ServerFilter, WantedBinding
from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import Conflict, Invalid
from gatehouse.kit.ids import new_id
from gatehouse.kit.pages import Page, PageRequest, page
from gatehouse.store.database import Database
from gatehouse.store.placement import EVERYTHING, Sight
from gatehouse.store.tagging import clean_tags

_LISTS = {"tools": (Kind.TOOL,), "prompts": (Kind.PROMPT,), "resources": (Kind.RESOURCE, Kind.TEMPLATE)}
_TRIES = 5


class Servers:
    def __init__(self, database: Database, clock: Clock, report: Report = nobody_asks) -> None:
        self._database = database
        self._clock = clock
        self._report = report

    async def create_server(self, new: NewServer, sight: Sight = EVERYTHING) -> Server:
        """Raises `Invalid` naming the capabilities that are not in `sight`, or `Conflict` where the slug is taken."""
        if new.slug is not None:
            return await self._create(new, new.slug, sight)
        for _ in range(_TRIES):
            try:
                return await self._create(new, await self._free_slug(new.name), sight)
            except Conflict:
                continue  # Somebody took the slug meanwhile.
        raise Conflict(f"No free slug was found for '{new.name[:100]}'.", "Give one.")

    async def server(self, ref: str) -> Server:
        async with self._database.read() as connection:
            return found("server", ref, await repository.server(connection, ref))

    async def servers(self, request: PageRequest | None = None, wanted: ServerFilter | None = None) -> Page[Server]:
        request = request or PageRequest()
        async with self._database.read() as connection:
            rows = await repository.server_page(connection, request, wanted or ServerFilter())
        return page(rows, request, lambda one: one.id)

    async def change_server(self, ref: str, changes: ServerChanges, sight: Sight = EVERYTHING) -> Server:
        """What is bound already stays bound, in sight or not."""
        values = told(changes)
        lists = {name: values.pop(name) for name in _LISTS if name in values}
        if "tags" in values:
            values["tags"] = clean_tags(values["tags"])
        async with self._database.write(conflict=_taken(str(changes.slug))) as connection:
            before = await _locked(connection, ref)
            after = replace(before, **values, updated_at=self._clock.now())
            checks.check_server(after)
            await repository.store_server(connection, after)
            if lists:
                await self._bind(connection, after.id, await _with_lists(connection, after.id, lists, sight), sight)
        self._report(ServerTurned(after, "changed", (*differing(before, after), *lists)))
        return after

    async def delete_server(self, ref: str) -> None:
        """With it go its bindings."""
        async with self._database.write() as connection:
            server = await _locked(connection, ref)
            await repository.delete_server(connection, server.id)
        self._report(ServerTurned(server, "removed"))

    async def bindings(self, ref: str) -> tuple[Binding, ...]:
        """In their order."""
        async with self._database.read() as connection:
            server = found("server", ref, await repository.server(connection, ref))
            return tuple(await repository.bindings_of(connection, server.id))

    async def set_bindings(
        self, ref: str, wanted: Sequence[WantedBinding], sight: Sight = EVERYTHING
    ) -> tuple[Binding, ...]:
        """Replace the whole set. What stays keeps its id, and its name and aliases where no others are wanted."""
        async with self._database.write() as connection:
            server = await _locked(connection, ref)
            await repository.store_server(connection, replace(server, updated_at=self._clock.now()))
            bindings = tuple(await self._bind(connection, server.id, wanted, sight))
        self._report(ServerTurned(server, "changed", ("bindings",)))
        return bindings

    async def bound_in(self, capability_ids: Collection[str]) -> dict[str, tuple[Server, ...]]:
        """The servers that bind each of these capabilities; what is not there is bound nowhere."""
        async with self._database.read() as connection:
            bindings = await repository.bindings_to(connection, capability_ids)
            servers = await repository.servers_by_id(connection, {one.server_id for one in bindings})
        by_id = {server.id: server for server in servers}
        bound: dict[str, tuple[Server, ...]] = {}
        for one in bindings:
            bound[one.capability_id] = (*bound.get(one.capability_id, ()), by_id[one.server_id])
        return bound

    async def _create(self, new: NewServer, slug: str, sight: Sight) -> Server:
        now = self._clock.now()
        values: dict[str, Any] = {**told(new), "slug": slug, "tags": clean_tags(new.tags)}
        for name in _LISTS:
            values.pop(name)
        server = Server(id=new_id("srv"), created_at=now, updated_at=now, **values)
        checks.check_server(server)
        async with self._database.write(conflict=_taken(slug)) as connection:
            await repository.add_server(connection, server)
            lists = {name: getattr(new, name) for name in _LISTS}
            await self._bind(connection, server.id, await _with_lists(connection, server.id, lists, sight), sight)
        self._report(ServerTurned(server, "added"))
        return server

    async def _free_slug(self, name: str) -> str:
        async with self._database.read() as connection:
            return naming.free_slug(name, await repository.slugs(connection))

    async def _bind(
        self, connection: AsyncConnection, server_id: str, wanted: Sequence[WantedBinding], sight: Sight
    ) -> list[Binding]:
        existing = await repository.bindings_of(connection, server_id)
        view = _View(sight, frozenset(one.capability_id for one in existing))
        known = await _resolve(connection, [one.capability for one in wanted], tuple(Kind), "capability", view)
        upstreams = await repository.upstreams_by_id(connection, {one.upstream_id for one in known.values()})
        names = {one.id: one.name for one in upstreams}
        wishes = [Wish(known[one.capability], names[known[one.capability].upstream_id], one) for one in wanted]
        planned = binding.plan(server_id, wishes, existing)
        await repository.replace_bindings(connection, existing, planned)
        return planned


async def _locked(connection: AsyncConnection, ref: str) -> Server:
    return found("server", ref, await repository.server(connection, ref, lock=True))


@dataclass(frozen=True, slots=True)
class _View:
    """What somebody who binds can name: what is in sight, and what is bound already."""

    sight: Sight
    bound: frozenset[str]

    async def narrowed(self, connection: AsyncConnection, known: dict[str, Capability]) -> dict[str, Capability]:
        if self.sight.everything:
            return known
        upstreams = await repository.upstreams_by_id(connection, {one.upstream_id for one in known.values()})
        placed = {one.id: one.placement for one in upstreams}
        return {
            ref: one
            for ref, one in known.items()
            if one.id in self.bound or self.sight.sees(one.placement or placed[one.upstream_id])
        }


async def _with_lists(
    connection: AsyncConnection, server_id: str, lists: Mapping[str, Sequence[str]], sight: Sight
) -> list[WantedBinding]:
    """The bindings of a server, those of the kinds in `lists` replaced."""
    existing = {one.capability_id: one for one in await repository.bindings_of(connection, server_id)}
    kinds = {one.id: one.kind for one in await repository.capabilities_by_id(connection, list(existing))}
    replaced = {kind for name in lists for kind in _LISTS[name]}
    wanted = [binding.kept(id_, existing) for id_ in existing if kinds[id_] not in replaced]
    for name, refs in lists.items():
        view = _View(sight, frozenset(existing))
        found_ones = await _resolve(connection, refs, _LISTS[name], name.removesuffix("s"), view)
        ids = dict.fromkeys(found_ones[ref].id for ref in refs)
        wanted += [binding.kept(id_, existing) for id_ in ids]
    return wanted


async def _resolve(
    connection: AsyncConnection, refs: Sequence[str], kinds: Collection[Kind], what: str, view: _View
) -> dict[str, Capability]:
    """Each capability by the ref that it was named with; raises `Invalid` naming all that don't exist."""
    by_id = {one.id: one for one in await repository.capabilities_by_id(connection, set(refs)) if one.kind in kinds}
    named: dict[str, Capability] = {}
    for ref in refs:
        capability = by_id.get(ref) or await capabilities.find(connection, ref, kinds)
        if capability is not None:
            named[ref] = capability
    known = await view.narrowed(connection, named)
    unknown = [ref for ref in refs if ref not in known]
    if unknown:
        names = ", ".join(f"'{ref[:100]}'" for ref in unknown[:20])
        raise Invalid(f"There is no {what} {names}.", "Name each by its id, or as UPSTREAM_NAME.")
    return known


def _taken(slug: str) -> str:
    return f"There is a server with the slug '{slug[:100]}' already."
