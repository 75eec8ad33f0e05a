"""The SQL of whose account is whose, and of what a provider gave to a user."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import and_, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.access import roles
from gatehouse.access.single_sign_on.claims import Account
from gatehouse.access.tables import GRANTS, IDENTITIES, MEMBERS, ROLES, TEAMS
from gatehouse.kit.ids import new_id

Role = tuple[str, str]
"""A role and a scope."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a user has. `by_others` is what a provider neither gave nor takes back."""

    teams: dict[str, str]
    """How the user belongs to each, by the team's id: of this provider."""
    roles: frozenset[Role]
    teams_by_others: frozenset[str]
    roles_by_others: frozenset[Role]


NOTHING = Held({}, frozenset(), frozenset(), frozenset())


async def user_of(connection: AsyncConnection, issuer: str, subject: str) -> str | None:
    """The id of the user whose account this is."""
    same = and_(IDENTITIES.c.issuer == issuer, IDENTITIES.c.subject == subject)
    return (await connection.execute(select(IDENTITIES.c.user_id).where(same))).scalar()


async def has_account(connection: AsyncConnection, user_id: str) -> bool:
    """Whether any provider has vouched for the user before."""
    known = select(IDENTITIES.c.id).where(IDENTITIES.c.user_id == user_id).limit(1)
    return (await connection.execute(known)).first() is not None


async def link(connection: AsyncConnection, account: Account, user_id: str, now: float) -> None:
    row = {"id": new_id("idn"), "user_id": user_id, "issuer": account.issuer, "subject": account.subject}
    await connection.execute(insert(IDENTITIES).values(**row, created_at=now))


async def held(connection: AsyncConnection, user_id: str, origin: str) -> Held:
    members = select(MEMBERS.c.team_id, MEMBERS.c.role, MEMBERS.c.origin).where(MEMBERS.c.user_id == user_id)
    grants = select(GRANTS.c.role, GRANTS.c.scope, GRANTS.c.origin).where(GRANTS.c.user_id == user_id)
    in_teams = [(str(row[0]), str(row[1]), row[2] == origin) for row in await connection.execute(members)]
    in_roles = [((str(row[0]), str(row[1])), row[2] == origin) for row in await connection.execute(grants)]
    return Held(
        {team: role for team, role, ours in in_teams if ours},
        frozenset(role for role, ours in in_roles if ours),
        frozenset(team for team, _, ours in in_teams if not ours),
        frozenset(role for role, ours in in_roles if not ours),
    )


async def put_member(connection: AsyncConnection, place: tuple[str, str], role: str, origin: str, now: float) -> None:
    """`place` is a team and a user."""
    values = {"team_id": place[0], "user_id": place[1], "role": role, "origin": origin}
    await connection.execute(insert(MEMBERS).values(**values, created_at=now))


async def change_member(connection: AsyncConnection, place: tuple[str, str], role: str) -> None:
    there = and_(MEMBERS.c.team_id == place[0], MEMBERS.c.user_id == place[1])
    await connection.execute(update(MEMBERS).where(there).values(role=role))


async def delete_member(connection: AsyncConnection, place: tuple[str, str], origin: str) -> None:
    there = and_(MEMBERS.c.team_id == place[0], MEMBERS.c.user_id == place[1])
    await connection.execute(delete(MEMBERS).where(there, MEMBERS.c.origin == origin))


async def put_role(connection: AsyncConnection, user_id: str, role: Role, origin: str, now: float) -> None:
    values = {"id": new_id("grt"), "user_id": user_id, "role": role[0], "scope": role[1], "origin": origin}
    await connection.execute(insert(GRANTS).values(**values, created_at=now))


async def delete_role(connection: AsyncConnection, user_id: str, role: Role, origin: str) -> None:
    same = and_(GRANTS.c.user_id == user_id, GRANTS.c.role == role[0], GRANTS.c.scope == role[1])
    await connection.execute(delete(GRANTS).where(same, GRANTS.c.origin == origin))


async def teams_named(connection: AsyncConnection, refs: Iterable[str]) -> dict[str, str]:
    """Their ids, by what each was named; a team that is no more is left out."""
    named = list(dict.fromkeys(refs))
    if not named:
        return {}
    wanted = select(TEAMS.c.id, TEAMS.c.slug).where(or_(TEAMS.c.id.in_(named), TEAMS.c.slug.in_(named)))
    found = [(str(row[0]), str(row[1])) for row in await connection.execute(wanted)]
    return {id_: id_ for id_, _ in found} | {slug: id_ for id_, slug in found}


async def role_names(connection: AsyncConnection) -> frozenset[str]:
    """Built-in ones, and those that were made."""
    return frozenset({*roles.BUILT_IN, *(await connection.execute(select(ROLES.c.name))).scalars()})
