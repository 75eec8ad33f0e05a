"""What was installed from which entry, with what was filled in; and requests of those who need somebody's leave."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from gatehouse.catalog.changing import missing
from gatehouse.catalog.registry import repository
from gatehouse.catalog.registry.form import Way
from gatehouse.catalog.registry.model import Entry, Install, InstallRequest, InstallRequestState
from gatehouse.kit import json
from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import Conflict, NotFound
from gatehouse.kit.ids import new_id
from gatehouse.kit.pages import Page, PageRequest, page
from gatehouse.store.database import Database
from gatehouse.store.placement import Placement
from gatehouse.store.secrets import SealBroken, Secrets

_VALUES = "registry.values"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants to install: an entry, in which way, under which name, and where it is to stand."""

    entry: Entry
    way: Way
    name: str
    filled: Mapping[str, Any]
    """`values`, and a `credential` where one was given in place of theirs."""
    placement: Placement
    requester: str
    requester_name: str
    message: str = ""


class Installing:
    def __init__(self, database: Database, secrets: Secrets, clock: Clock) -> None:
        self._database = database
        self._secrets = secrets
        self._clock = clock

    async def installs(self) -> list[Install]:
        async with self._database.read() as connection:
            return await repository.installs(connection)

    async def installs_of(self, entry_ids: Collection[str]) -> list[Install]:
        async with self._database.read() as connection:
            return await repository.installs_of(connection, entry_ids)

    async def install(self, upstream_id: str) -> Install:
        """Raises `NotFound` for an upstream that does not come from the registry."""
        async with self._database.read() as connection:
            found = await repository.install(connection, upstream_id)
        if found is None:
            raise NotFound("The upstream does not come from the registry.", "Change it by hand.")
        return found

    async def record_install(
        self, upstream_id: str, entry: Entry, source: str, filled: Mapping[str, Any], way: str, by: str
    ) -> None:
        sealed = self._sealed(upstream_id, filled)
        made = Install(
            upstream_id, entry.id, source, entry.name, entry.version, entry.digest, way, sealed, by, self._clock.now()
        )
        async with self._database.write(bump=False) as connection:
            await repository.store_install(connection, made)

    def filled(self, of: Install | InstallRequest) -> dict[str, Any]:
        """As it was given to `record_install` or `ask`; raises `Conflict` where the master key is another one."""
        owner = of.upstream_id if isinstance(of, Install) else of.id
        try:
            return json.load(self._secrets.open(_VALUES, of.sealed_values, owner.encode()))
        except SealBroken as error:
            raise Conflict(f"What was filled in for '{of.name}' can't be opened: {error}", "Install it anew.") from None

    async def ask(self, wish: Wish) -> InstallRequest:
        """Store a request that waits for somebody who may approve."""
        id_, entry = new_id("req"), wish.entry
        asked = InstallRequest(
            id=id_,
            entry_id=entry.id,
            name=entry.name,
            version=entry.version,
            digest=entry.digest,
            way=wish.way.name,
            upstream_name=wish.name,
            sealed_values=self._sealed(id_, wish.filled),
            placement=wish.placement,
            requester=wish.requester,
            requester_name=wish.requester_name,
            created_at=self._clock.now(),
            message=wish.message,
        )
        async with self._database.write(bump=False) as connection:
            await repository.add_request(connection, asked)
        return asked

    async def requests(
        self, asked: PageRequest, state: InstallRequestState | None = None, requester: str | None = None
    ) -> Page[InstallRequest]:
        """`requester`: only those of that principal."""
        async with self._database.read() as connection:
            found = await repository.requests(connection, asked, state, requester)
        return page(found, asked, lambda one: one.id)

    async def request(self, request_id: str) -> InstallRequest:
        """Raises `NotFound`."""
        async with self._database.read() as connection:
            found = await repository.request(connection, request_id)
        if found is None:
            raise missing("request", request_id)
        return found

    async def decide(
        self, request_id: str, state: InstallRequestState, by: str, reason: str = "", upstream_id: str | None = None
    ) -> InstallRequest:
        """Raises `Conflict` for one that does not wait any more. What was filled in is forgotten."""
        async with self._database.write(bump=False) as connection:
            before = await repository.request(connection, request_id, lock=True)
            if before is None:
                raise missing("request", request_id)
            check_waits(before)
            now, nothing = self._clock.now(), self._sealed(before.id, {})
            after = replace(before, state=state, decided_by=by, decided_at=now, reason=reason, upstream_id=upstream_id)
            await repository.store_request(connection, replace(after, sealed_values=nothing))
        return after

    def _sealed(self, owner: str, filled: Mapping[str, Any]) -> bytes:
        return self._secrets.seal(_VALUES, json.dump(dict(filled)), owner.encode())


def check_waits(request: InstallRequest) -> None:
    """Raises `Conflict`."""
    if request.state is not InstallRequestState.WAITING:
        raise Conflict(f"The request for '{request.name}' was {request.state} already.", "It can be made again.")
