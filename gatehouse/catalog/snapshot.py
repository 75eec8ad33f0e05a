"""The registry as the relay sees it: immutable, whole, and read without a database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from gatehouse.catalog import repository
from gatehouse.catalog.model import Binding, Capability, Kind, Server, Upstream
from gatehouse.catalog.naming import qualified_names
from gatehouse.catalog.views import UI, Listed, Place, ServerView, Target
from gatehouse.store.database import Database
from gatehouse.store.placement import EVERYTHING as EVERYTHING_SEEN
from gatehouse.store.placement import Placement, Sight, Visibility

__all__ = ["EVERYTHING", "CatalogSnapshot", "Listed", "ServerView", "SnapshotLoader", "Target"]

EVERYTHING = Server(id="everything", slug="everything", name="Everything")
_BY_NAME = (Kind.TOOL, Kind.PROMPT)
_NOWHERE = Placement(visibility=Visibility.PRIVATE)


class CatalogSnapshot:
    """Views are made when they are first asked for, and kept."""

    def __init__(
        self,
        revision: int,
        upstreams: dict[str, Upstream],
        capabilities: dict[str, Capability],
        servers: dict[str, Server],
        bindings: dict[str, list[Binding]],
    ) -> None:
        """Each by id; `bindings` by the id of their server, in their order. `build` takes them as they come."""
        self.revision = revision
        self.hosts: Callable[[Placement], Sight] = lambda placed: EVERYTHING_SEEN
        """What a server that stands there may show. To be set before the first view is asked for."""
        self.upstreams = upstreams
        self.servers = servers
        self._capabilities = capabilities
        self._bindings = bindings
        self._by_slug = {server.slug: server for server in servers.values()}
        self._views: dict[str, ServerView] = {}
        self._everything: dict[frozenset[str] | Sight, ServerView] = {}

    @classmethod
    def build(
        cls,
        revision: int,
        upstreams: Iterable[Upstream],
        capabilities: Iterable[Capability],
        servers: Iterable[Server],
        bindings: Iterable[Binding],
    ) -> CatalogSnapshot:
        of_server: dict[str, list[Binding]] = {}
        for binding in sorted(bindings, key=lambda one: (one.position, one.id)):
            of_server.setdefault(binding.server_id, []).append(binding)
        return cls(
            revision,
            {one.id: one for one in upstreams},
            {one.id: one for one in capabilities},
            {one.id: one for one in servers},
            of_server,
        )

    def upstream(self, upstream_id: str) -> Upstream | None:
        return self.upstreams.get(upstream_id)

    def server(self, ref: str) -> ServerView | None:
        """By id or slug; None for one that is switched off too."""
        server = self.find(ref)
        if server is None or not server.enabled:
            return None
        view = self._views.get(server.id)
        if view is None:
            view = self._views[server.id] = self._view(server)
        return view

    def find(self, ref: str) -> Server | None:
        """By id or slug, switched on or not."""
        return self.servers.get(ref) or self._by_slug.get(ref)

    def bindings(self, server_id: str) -> Sequence[Binding]:
        return self._bindings.get(server_id, ())

    def capability(self, capability_id: str) -> Capability | None:
        return self._capabilities.get(capability_id)

    def offered(self, upstream_id: str) -> Sequence[Capability]:
        """All that is stored of an upstream, what is gone or switched off too."""
        return self._by_upstream.get(upstream_id, ())

    def tool(self, ref: str) -> Capability | None:
        """By id, or by the name that it has at `/mcp`."""
        found = self._capabilities.get(ref) or self._capabilities.get(self._by_qualified.get(ref, ""))
        return found if found is not None and found.kind is Kind.TOOL else None

    def placement(self, capability: Capability) -> Placement:
        """Its own, or that of its upstream."""
        upstream = self.upstreams.get(capability.upstream_id)
        return capability.placement or (upstream.placement if upstream is not None else _NOWHERE)

    def seen_by(self, sight: Sight) -> ServerView:
        """All that can be used there, under the names `{upstream}_{name}`."""
        view = self._everything.get(sight)
        if view is None:
            capabilities = [one for one in self._in_order if sight.sees(self.placement(one))]
            ids = {one.upstream_id for one in capabilities}
            # One that has nothing to offer yet is accounted for, too.
            behind = [one for one in self.upstreams.values() if one.id in ids or sight.sees(one.placement)]
            view = self._everything[sight] = self._under_qualified_names(capabilities, behind)
        return view

    def joined(self, server_ids: frozenset[str]) -> ServerView:
        """What these servers show, under the names `{upstream}_{name}`."""
        view = self._everything.get(server_ids)
        if view is None:
            capabilities = self._shown_in(server_ids)
            view = self._under_qualified_names(capabilities, self._behind(capabilities))
            self._everything[server_ids] = view
        return view

    def _shown_in(self, server_ids: frozenset[str]) -> list[Capability]:
        servers = [self.servers[id_] for id_ in server_ids if id_ in self.servers and self.servers[id_].enabled]
        shown = {capability.id for server in servers for capability, _ in self._shown(server)}
        return [one for one in self._in_order if one.id in shown]

    def _shown(self, server: Server) -> list[tuple[Capability, Binding]]:
        """What it binds and may show."""
        sight = self.hosts(server.placement)
        known = [
            (self._capabilities[one.capability_id], one)
            for one in self._bindings.get(server.id, ())
            if one.enabled and one.capability_id in self._capabilities
        ]
        return [(capability, one) for capability, one in known if sight.sees(self.placement(capability))]

    def _view(self, server: Server) -> ServerView:
        pairs = self._shown(server)
        places = [
            Place(capability, self.upstreams[capability.upstream_id], binding.name, binding)
            for capability, binding in pairs
            if self._usable(capability)
        ]
        return ServerView(server, places, self._behind(capability for capability, _ in pairs), self._shown_by(places))

    def _under_qualified_names(self, capabilities: Iterable[Capability], behind: Iterable[Upstream]) -> ServerView:
        places = [
            Place(one, self.upstreams[one.upstream_id], self._qualified.get(one.id, one.key))
            for one in capabilities
            if self._usable(one)
        ]
        upstreams = sorted((one for one in behind if one.enabled), key=lambda one: one.name)
        return ServerView(EVERYTHING, places, upstreams, self._shown_by(places))

    def _usable(self, capability: Capability) -> bool:
        upstream = self.upstreams.get(capability.upstream_id)
        return capability.enabled and capability.gone_at is None and upstream is not None and upstream.enabled

    def _behind(self, capabilities: Iterable[Capability]) -> list[Upstream]:
        ids = {one.upstream_id for one in capabilities}
        behind = [self.upstreams[id_] for id_ in ids if id_ in self.upstreams]
        return sorted((one for one in behind if one.enabled), key=lambda one: one.name)

    def _shown_by(self, places: Sequence[Place]) -> list[Place]:
        """What the tools among `places` may show."""
        ids = {place.upstream.id for place in places if place.capability.kind is Kind.TOOL}
        return [
            Place(one, self.upstreams[one.upstream_id], one.key)
            for one in self._pages
            if one.upstream_id in ids and self._usable(one)
        ]

    @cached_property
    def _pages(self) -> list[Capability]:
        """What was put in a place of its own is shown where it is bound, and nowhere else."""
        ours = (one for one in self._in_order if one.kind is Kind.RESOURCE and one.key.startswith(UI))
        return [one for one in ours if one.placement is None]

    @cached_property
    def _by_upstream(self) -> dict[str, list[Capability]]:
        found: dict[str, list[Capability]] = {}
        for one in self._capabilities.values():
            found.setdefault(one.upstream_id, []).append(one)
        return found

    @cached_property
    def _in_order(self) -> list[Capability]:
        """By the names of their upstreams, then in the order in which those listed them."""
        known = [one for one in self._capabilities.values() if one.upstream_id in self.upstreams]
        return sorted(known, key=lambda one: (self.upstreams[one.upstream_id].name, one.id))

    @cached_property
    def _by_qualified(self) -> dict[str, str]:
        kinds = {id_: self._capabilities[id_].kind for id_ in self._qualified}
        return {name: id_ for id_, name in self._qualified.items() if kinds[id_] is Kind.TOOL}

    @cached_property
    def _qualified(self) -> dict[str, str]:
        """Made over all of them, gone ones too, so that a name is the same for every caller and stays."""
        return {
            identifier: name
            for kind in _BY_NAME
            for identifier, name in qualified_names(
                (one.id, self.upstreams[one.upstream_id].name, one.key) for one in self._in_order if one.kind is kind
            ).items()
        }


@dataclass(frozen=True, slots=True)
class _Kept:
    offer_revision: int
    capabilities: tuple[Capability, ...]


class SnapshotLoader:
    """Reads snapshots; capabilities only of upstreams whose `offer_revision` moved on since the last one."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept: dict[str, _Kept] = {}

    async def load(self) -> CatalogSnapshot:
        async with self._database.read() as connection:
            revision = await self._database.revision_in(connection)
            upstreams = await repository.upstreams(connection)
            moved = [one.id for one in upstreams if self._is_behind(one)]
            read = await repository.capabilities_of(connection, moved)
            servers = await repository.servers(connection)
            bindings = await repository.bindings(connection)
        self._keep(upstreams, moved, read)
        capabilities = [one for kept in self._kept.values() for one in kept.capabilities]
        return CatalogSnapshot.build(revision, upstreams, capabilities, servers, bindings)

    def _is_behind(self, upstream: Upstream) -> bool:
        kept = self._kept.get(upstream.id)
        return kept is None or kept.offer_revision != upstream.offer_revision

    def _keep(self, upstreams: Sequence[Upstream], moved: Sequence[str], read: Sequence[Capability]) -> None:
        of_upstream: dict[str, list[Capability]] = {id_: [] for id_ in moved}
        for capability in read:
            of_upstream[capability.upstream_id].append(capability)
        self._kept = {
            one.id: _Kept(one.offer_revision, tuple(of_upstream[one.id]))
            if one.id in of_upstream
            else self._kept[one.id]
            for one in upstreams
        }
