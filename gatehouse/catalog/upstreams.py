"""Upstreams: what is stored of how to reach them, and of what their discoveries brought."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.catalog import checks, credentials, offers, repository
from gatehouse.catalog.changing import found, told
from gatehouse.catalog.model import Kind, Offer, Status, Upstream
from gatehouse.catalog.requests import NewUpstream, OfferChanges, UpstreamChanges, UpstreamFilter
from gatehouse.kit.clock import Clock
from gatehouse.kit.ids import new_id
from gatehouse.kit.pages import Page, PageRequest, page
from gatehouse.store.database import Database
from gatehouse.store.secrets import Secrets

ERROR_LENGTH = 500
_REACHED_BY = frozenset(
    "transport url command args cwd env_names sealed_env credential_type sealed_credential share era timeout".split()
)
"""Changes of these end the sessions that there are."""
_SPOKEN_BY = frozenset({"transport", "url", "command", "args", "cwd", "era"})
"""Changes of these make what was detected a thing of the past."""


class Upstreams:
    def __init__(self, database: Database, secrets: Secrets, clock: Clock) -> None:
        self._database = database
        self._secrets = secrets
        self._clock = clock

    async def create_upstream(self, new: NewUpstream) -> Upstream:
        """Raises `Invalid`, or `Conflict` where the name is taken."""
        now = self._clock.now()
        upstream = Upstream(new_id("ups"), new.name, created_at=now, updated_at=now, status_since=now)
        upstream = self._changed(upstream, told(new))
        async with self._database.write(conflict=_taken(new.name)) as connection:
            await repository.add_upstream(connection, upstream)
        return upstream

    async def change_upstream(self, ref: str, changes: UpstreamChanges) -> Upstream:
        """`config_revision` goes up where it changes how to reach it; then its status is unknown again."""
        async with self._database.write(conflict=_taken(str(changes.name))) as connection:
            before = await _locked(connection, ref)
            after = self._changed(before, told(changes))
            if after == before:
                self._database.keep_revision(connection)
                return before
            after = self._noted(before, after)
            await repository.store_upstream(connection, after)
        return after

    async def delete_upstream(self, ref: str) -> None:
        """With it go its capabilities, and their bindings in every server."""
        async with self._database.write() as connection:
            upstream = await _locked(connection, ref)
            await repository.delete_upstream(connection, upstream.id)

    async def upstream(self, ref: str) -> Upstream:
        async with self._database.read() as connection:
            return found("upstream", ref, await repository.upstream(connection, ref))

    async def upstreams(
        self, request: PageRequest | None = None, wanted: UpstreamFilter | None = None
    ) -> Page[Upstream]:
        request = request or PageRequest()
        async with self._database.read() as connection:
            rows = await repository.upstream_page(connection, request, wanted or UpstreamFilter())
        return page(rows, request, lambda one: one.id)

    async def upstreams_by_id(self, ids: Collection[str]) -> dict[str, Upstream]:
        """Those of them that exist."""
        async with self._database.read() as connection:
            return {one.id: one for one in await repository.upstreams_by_id(connection, ids)}

    async def counts(self, upstream_ids: Collection[str]) -> dict[str, dict[Kind, int]]:
        """How many capabilities of each kind they offer now; what is not there is none."""
        async with self._database.read() as connection:
            return await repository.capability_counts(connection, upstream_ids)

    async def record_offer(self, upstream_id: str, offer: Offer, changed: frozenset[str] = frozenset()) -> OfferChanges:
        """Store what a discovery brought. `changed`: the lists that the upstream said had changed.

        What it no longer offers is marked as gone, and comes back as the same capability. Where nothing is new, the
        revision stays.
        """
        now = self._clock.now()
        async with self._database.write() as connection:
            before = await _locked(connection, upstream_id)
            known = await repository.capabilities_of(connection, (before.id,))
            comparison = offers.compare(before.id, known, offer.items, now)
            await repository.add_capabilities(connection, comparison.added)
            await repository.store_capabilities(connection, comparison.stored)
            lists = comparison.lists | changed
            after = offers.after_offer(before, offer, lists, bool(comparison.changes), now)
            await self._store_checked(connection, before, after)
        return comparison.changes

    async def record_failure(self, upstream_id: str, error: str) -> Upstream:
        """It can't be reached, or answers nothing that can be used. What it offered stays as it was."""
        now = self._clock.now()
        text = error.replace("\0", "")[:ERROR_LENGTH]
        async with self._database.write() as connection:
            before = await _locked(connection, upstream_id)
            since = before.status_since if before.status is Status.DOWN else now
            after = replace(before, status=Status.DOWN, error=text, status_since=since, checked_at=now)
            await self._store_checked(connection, before, after)
        return after

    def open_credential(self, upstream: Upstream) -> dict[str, Any] | None:
        """What it is to be shown, as it was given; raises `Conflict` where the master key is another one."""
        return credentials.open_credential(self._secrets, upstream)

    def open_env(self, upstream: Upstream) -> dict[str, str]:
        """The environment of its process, beside what every process gets; raises as `open_credential` does."""
        return credentials.open_env(self._secrets, upstream)

    async def _store_checked(self, connection: AsyncConnection, before: Upstream, after: Upstream) -> None:
        """That it was looked at is no change that anybody need be told of."""
        if replace(after, checked_at=before.checked_at) == before:
            self._database.keep_revision(connection)
        await repository.store_upstream(connection, after)

    def _changed(self, before: Upstream, values: Mapping[str, Any]) -> Upstream:
        values = dict(values)
        if "env" in values:
            env: Mapping[str, str] = values.pop("env")
            if env != self.open_env(before):
                values |= {
                    "sealed_env": credentials.seal_env(self._secrets, before.id, env),
                    "env_names": tuple(sorted(env)),
                }
        if "credential" in values:
            values |= self._sealed(before, values.pop("credential"))
        if "tags" in values:
            values["tags"] = checks.clean_tags(values["tags"])
        after = replace(before, **values)
        checks.check_upstream(after)
        return after

    def _sealed(self, before: Upstream, credential: Any) -> dict[str, Any]:
        """Nothing where it is the one that there is: sealed anew it would look like a change."""
        checked = credentials.checked(credential)
        if checked == self.open_credential(before):
            return {}
        kind, sealed = credentials.seal_credential(self._secrets, before.id, checked)
        return {"credential_type": kind, "sealed_credential": sealed}

    def _noted(self, before: Upstream, after: Upstream) -> Upstream:
        now = self._clock.now()
        differing = {name for name in _REACHED_BY if getattr(before, name) != getattr(after, name)}
        after = replace(after, updated_at=now)
        if not differing:
            return after
        detected = None if differing & _SPOKEN_BY else before.detected
        return replace(
            after,
            config_revision=before.config_revision + 1,
            detected=detected,
            status=Status.UNKNOWN,
            error=None,
            status_since=now,
        )


def _taken(name: str) -> str:
    return f"There is an upstream '{name[:100]}' already."


async def _locked(connection: AsyncConnection, ref: str) -> Upstream:
    """Whoever changes an upstream or its capabilities waits in line for its row."""
    return found("upstream", ref, await repository.upstream(connection, ref, lock=True))
