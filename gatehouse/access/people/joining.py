"""Requests to join a public team, and what its owners say to them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.access import roles
from gatehouse.access.model import Principal
from gatehouse.access.people import repository, role_repository
from gatehouse.access.people.changing import changing
from gatehouse.access.people.checks import found
from gatehouse.access.people.giving import ADMITTING, check_giving
from gatehouse.access.people.model import (
    BY_HAND,
    Belonging,
    JoinRequest,
    Member,
    RequestState,
    TeamVisibility,
)
from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import Conflict
from gatehouse.kit.ids import new_id
from gatehouse.kit.pages import Page, PageRequest, page
from gatehouse.store.database import Database


class Joining:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def ask(self, team_id: str, user_id: str, message: str) -> JoinRequest:
        """Raises `Conflict` for a private team, for who is in it already, and for who has asked already."""
        async with self._database.write(bump=False) as connection:
            # Locked, so that somebody who asks twice at once asks once.
            team = found("team", team_id, await repository.team(connection, team_id, lock=True))
            user = found("user", user_id, await repository.user(connection, user_id))
            if team.visibility is not TeamVisibility.PUBLIC:
                raise Conflict(f"Team '{team.slug}' is joined by invitation.", "Ask one of its owners for one.")
            if await repository.member(connection, team.id, user.id) is not None:
                raise Conflict(f"You are in team '{team.slug}' already.", "There is nothing to ask for.")
            if await role_repository.open_request(connection, team.id, user.id) is not None:
                raise Conflict(f"You have asked to join team '{team.slug}' already.", "Its owners will answer.")
            now, place = self._clock.now(), (team.id, user.id, user.email, user.name)
            asked = JoinRequest(new_id("req"), *place, message, RequestState.OPEN, now)
            await role_repository.add_join_request(connection, asked)
        return asked

    async def list(
        self, team_id: str, request: PageRequest, states: Collection[RequestState] = ()
    ) -> Page[JoinRequest]:
        async with self._database.read() as connection:
            rows = await role_repository.join_request_page(connection, team_id, request, states)
        return page(rows, request, lambda one: one.id)

    async def accept(self, by: Principal, team_id: str, request_id: str) -> JoinRequest:
        """Who asked is a member from now on; raises `Conflict` for a request that was answered."""
        member = roles.OF_TEAM[Belonging.MEMBER.value]
        check_giving(by, member, roles.BUILT_IN[member], team_id, ADMITTING)
        async with changing(self._database) as connection:
            asked = await _open(connection, team_id, request_id)
            if await repository.member(connection, team_id, asked.user_id) is None:
                place = (team_id, asked.user_id, asked.email, asked.name, True)
                joined = Member(*place, Belonging.MEMBER, BY_HAND, self._clock.now())
                await repository.put_member(connection, joined)
            return await self._decide(connection, asked, RequestState.ACCEPTED, by)

    async def decline(self, by: Principal, team_id: str, request_id: str) -> JoinRequest:
        async with changing(self._database) as connection:
            asked = await _open(connection, team_id, request_id)
            return await self._decide(connection, asked, RequestState.DECLINED, by)

    async def _decide(
        self, connection: AsyncConnection, asked: JoinRequest, state: RequestState, by: Principal
    ) -> JoinRequest:
        decided = replace(asked, state=state, decided_at=self._clock.now(), decided_by=by.user or by.id)
        await role_repository.store_join_request(connection, decided)
        return decided


async def _open(connection: AsyncConnection, team_id: str, request_id: str) -> JoinRequest:
    asked = found("request", request_id, await role_repository.join_request(connection, team_id, request_id))
    if asked.state is not RequestState.OPEN:
        raise Conflict(f"This request was {asked.state.value} already.", "Add or remove the member instead.")
    return asked
