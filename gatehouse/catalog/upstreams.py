"""Upstreams: what is stored of how to reach them, and of what their discoveries brought."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.catalog import checks, credentials, health_repository, offers, repository
from gatehouse.catalog.changing import differing, found, told
from gatehouse.catalog.happenings import Report, UpstreamAnswered, UpstreamFailed, UpstreamTurned, nobody_asks
from gatehouse.catalog.model import LOCAL, Cause, Kind, Offer, Status, Upstream
from gatehouse.catalog.requests import NewUpstream, OfferChanges, UpstreamChanges, UpstreamFilter
from gatehouse.catalog.statuses import maintained, turned
from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import Conflict
from gatehouse.kit.ids import new_id
from gatehouse.kit.pages import Page, PageRequest, page
from gatehouse.store.database import Database
from gatehouse.store.secrets import Secrets
from gatehouse.store.tagging import clean_tags

ERROR_LENGTH = 500
_REACHED_BY = frozenset(
    "transport url command args cwd env_names sealed_env credential_type sealed_credential share era timeout".split()
)
"""Changes of these end the sessions that there are."""
_SPOKEN_BY = frozenset({"transport", "url", "command", "args", "cwd", "era"})
"""Changes of these make what was detected a thing of the past."""


class Upstreams:
    def __init__(self, database: Database, secrets: Secrets, clock: Clock, report: Report = nobody_asks) -> None:
        self._database = database
        self._secrets = secrets
        self._clock = clock
        self._report = report

    async def create_upstream(self, new: NewUpstream) -> Upstream:
        """Raises `Invalid`, or `Conflict` where the name is taken."""
        upstream = self.draft_upstream(new)
        async with self._database.write(conflict=_taken(new.name)) as connection:
            await repository.add_upstream(connection, upstream)
        self._report(UpstreamTurned(upstream, "added"))
        return upstream

    def draft_upstream(self, new: NewUpstream) -> Upstream:
        """As it would be stored, to try it first; raises `Invalid`."""
        now = self._clock.now()
        upstream = Upstream(new_id("ups"), new.name, created_at=now, updated_at=now, status_since=now)
        return self._changed(upstream, told(new))

    async def change_upstream(self, ref: str, changes: UpstreamChanges) -> Upstream:
        """`config_revision` goes up where it changes how to reach it; then its status is unknown again."""
        async with self._database.write(conflict=_taken(str(changes.name))) as connection:
            before = await _locked(connection, ref)
            after = self._changed(before, told(changes))
            if after == before:
                self._database.keep_revision(connection)
                return before
            after = self.noted(before, after)
            await repository.store_upstream(connection, after)
            await health_repository.note_change(connection, before, after)
        self._report(UpstreamTurned(after, "changed", differing(before, after)))
        return after

    async def delete_upstream(self, ref: str) -> None:
        """With it go its capabilities, and their bindings in every server."""
        async with self._database.write() as connection:
            upstream = await _locked(connection, ref)
            if upstream.kind == LOCAL:
                raise Conflict(
                    f"'{upstream.name}' is Gatehouse itself, and can't be removed.",
                    "Remove its prompts and resources one by one.",
                )
            await repository.delete_upstream(connection, upstream.id)
        self._report(UpstreamTurned(upstream, "removed"))

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
        self._report(UpstreamAnswered(before, after, comparison))
        return comparison.changes

    async def record_failure(self, upstream_id: str, error: str, status: Status = Status.DOWN) -> Upstream:
        """It can't be reached, answers nothing that can be used, or wants a sign-in. What it offered stays as it was."""
        now = self._clock.now()
        text = error.replace("\0", "")[:ERROR_LENGTH]
        async with self._database.write() as connection:
            before = await _locked(connection, upstream_id)
            after = replace(turned(before, status, Cause.LOOK, text, now), checked_at=now)
            await self._store_checked(connection, before, after)
        self._report(UpstreamFailed(before, after))
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
        await health_repository.note_change(connection, before, after)

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
            values["tags"] = clean_tags(values["tags"])
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

    def noted(self, before: Upstream, after: Upstream) -> Upstream:
        now = self._clock.now()
        differing = {name for name in _REACHED_BY if getattr(before, name) != getattr(after, name)}
        after = replace(after, updated_at=now)
        if not differing:
            return maintained(before, after, now)
        detected = None if differing & _SPOKEN_BY else before.detected
        after = replace(
            after,
            config_revision=before.config_revision + 1,
            detected=detected,
            status=Status.UNKNOWN,
            status_cause=Cause.PEOPLE,
            error=None,
            status_since=now,
        )
        return maintained(before, after, now)


def _taken(name: str) -> str:
    return f"There is an upstream '{name[:100]}' already."


async def _locked(connection: AsyncConnection, ref: str) -> Upstream:
    """Whoever changes an upstream or its capabilities waits in line for its row."""
    return found("upstream", ref, await repository.upstream(connection, ref, lock=True))
