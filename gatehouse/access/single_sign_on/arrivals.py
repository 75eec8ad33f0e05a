"""Somebody comes from a provider: which user that is, and what its mappings give them, kept in step.

What a provider gave has its id as origin. It is taken back when the provider no longer says so; what people gave by
hand stays as it is.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.access.model import ALL
from gatehouse.access.people import repository as people
from gatehouse.access.people.model import User
from gatehouse.access.single_sign_on import arrival_repository as repository
from gatehouse.access.single_sign_on.arrival_repository import NOTHING, Held, Role
from gatehouse.access.single_sign_on.claims import Account, domain_allowed, email_of, given_by, groups_left_out, name_of
from gatehouse.access.single_sign_on.flow import SignOnFailed
from gatehouse.access.single_sign_on.model import Provider
from gatehouse.kit.clock import Clock
from gatehouse.kit.ids import new_id
from gatehouse.store.database import PEOPLE, TOKENS, Database

INVITED = "invitation"
"""The origin of who came by an invitation, and chose the address."""
_log = logging.getLogger("gatehouse")


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is, and what is to be. `user` is None where there is none yet."""

    user: User | None
    linked: bool
    held: Held
    teams: dict[str, str]
    """How the user is to belong to each, by the team's id."""
    roles: frozenset[Role]

    @property
    def nothing_to_do(self) -> bool:
        return self.linked and self.held.teams == self.teams and self.held.roles == self.roles


class Arrivals:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def arrive(self, provider: Provider, account: Account) -> str:
        """The id of the user; raises `SignOnFailed` for who may not come in."""
        if groups_left_out(provider, account.claims):
            raise SignOnFailed("groups", "the provider leaves the groups out, because they are too many")
        async with self._database.read() as connection:
            plan = await self._plan(connection, provider, account)
        if plan.user is not None and plan.nothing_to_do:
            return plan.user.id
        async with self._database.write() as connection:
            # From here on nobody else changes people, so what is planned is what will be.
            await self._database.count_up(connection, PEOPLE)
            plan = await self._plan(connection, provider, account)
            return await self._carry_out(connection, plan, provider, account)

    async def user_of(self, issuer: str, subject: str) -> str | None:
        """The id of the user whose account this is."""
        async with self._database.read() as connection:
            return await repository.user_of(connection, issuer, subject)

    async def _plan(self, connection: AsyncConnection, provider: Provider, account: Account) -> _Plan:
        user_id = await repository.user_of(connection, account.issuer, account.subject)
        email = _checked_email(provider, account)
        user = await people.user(connection, user_id or email or "")
        if user is None and not provider.options.create_users:
            raise SignOnFailed("unknown", "there is no such user, and the provider makes none")
        if user is not None and not user.active:
            raise SignOnFailed("disabled", "the user is switched off")
        held = await repository.held(connection, user.id, provider.id) if user is not None else NOTHING
        teams, roles = await _given(connection, provider, account)
        teams = {team: role for team, role in teams.items() if team not in held.teams_by_others}
        return _Plan(user, user_id is not None, held, teams, roles - held.roles_by_others)

    async def _carry_out(self, connection: AsyncConnection, plan: _Plan, provider: Provider, account: Account) -> str:
        user_id = plan.user.id if plan.user is not None else await self._add_user(connection, provider, account)
        if not plan.linked:
            invited = plan.user is not None and plan.user.origin == INVITED
            if invited and not await repository.has_account(connection, user_id):
                await self._make_theirs(connection, user_id)
            await repository.link(connection, account, user_id, self._clock.now())
        await self._keep_teams(connection, plan, user_id, provider.id)
        await self._keep_roles(connection, plan, user_id, provider.id)
        return user_id

    async def _add_user(self, connection: AsyncConnection, provider: Provider, account: Account) -> str:
        now, email = self._clock.now(), _checked_email(provider, account)
        if email is None:
            raise SignOnFailed("email", "the provider vouches for no address")
        name = name_of(account.claims, email)
        user = User(new_id("usr"), email, name, True, provider.id, False, now, now)
        await people.add_user(connection, user, None)
        _log.info("Provider '%s' brought a new user, %s", provider.slug, user.id)
        return user.id

    async def _make_theirs(self, connection: AsyncConnection, user_id: str) -> None:
        """Nobody vouched for the address that an invited person gave: whoever made the account loses the ways into it."""
        await people.forget_password(connection, user_id)
        await people.end_sessions(connection, user_id)
        change = await self._database.count_up(connection, TOKENS)
        await people.revoke_tokens_of_user(connection, user_id, self._clock.now(), change)

    async def _keep_teams(self, connection: AsyncConnection, plan: _Plan, user_id: str, origin: str) -> None:
        for team in plan.held.teams.keys() - plan.teams.keys():
            await repository.delete_member(connection, (team, user_id), origin)
        for team, role in plan.teams.items():
            before = plan.held.teams.get(team)
            if before is None:
                await repository.put_member(connection, (team, user_id), role, origin, self._clock.now())
            elif before != role:
                await repository.change_member(connection, (team, user_id), role)

    async def _keep_roles(self, connection: AsyncConnection, plan: _Plan, user_id: str, origin: str) -> None:
        for role in plan.held.roles - plan.roles:
            await repository.delete_role(connection, user_id, role, origin)
        for role in plan.roles - plan.held.roles:
            await repository.put_role(connection, user_id, role, origin, self._clock.now())


async def _given(
    connection: AsyncConnection, provider: Provider, account: Account
) -> tuple[dict[str, str], frozenset[Role]]:
    """What the mappings give, of teams and roles that there are."""
    given = given_by(provider, account.claims)
    ids = await repository.teams_named(connection, [*given.teams, *(scope for _, scope in given.roles)])
    known = await repository.role_names(connection)
    scopes = {ALL: ALL} | ids
    roles = frozenset((role, scopes[scope]) for role, scope in given.roles if role in known and scope in scopes)
    return {ids[ref]: role for ref, role in given.teams.items() if ref in ids}, roles


def _checked_email(provider: Provider, account: Account) -> str | None:
    """Raises `SignOnFailed` for an address of a domain that is not allowed, and for none where one is needed for that."""
    email = email_of(provider, account.claims)
    if email is None and provider.options.allowed_domains:
        raise SignOnFailed("email", "the provider vouches for no address, and only certain domains are allowed")
    if email is not None and not domain_allowed(provider, email, account.claims):
        raise SignOnFailed("domain", "the address is of a domain that is not allowed")
    return email
