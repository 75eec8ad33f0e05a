"""The SQL of users, teams and who belongs to them. Emails come in lower case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, delete, false, func, insert, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.access.model import ALL
from gatehouse.access.people.model import ADMIN, Belonging, Member, Membership, Team, TeamVisibility, User
from gatehouse.access.tables import GRANTS, MEMBERS, TEAMS, TOKENS, USER_SESSIONS, USERS
from gatehouse.kit.pages import PageRequest
from gatehouse.store.placement import Sight
from gatehouse.store.tagging import read_tags, tagged, tags_text

Row = Mapping[str, Any]
_USER = [
    USERS.c[name] for name in ("id", "email", "name", "active", "origin", "created_at", "updated_at", "seen_at", "tags")
]
_HAS_PASSWORD = USERS.c.password.is_not(None).label("has_password")
_USER_WHERE_MEMBER = [USERS.c[name] for name in ("email", "name", "active")]


async def user(connection: AsyncConnection, ref: str, lock: bool = False) -> User | None:
    """By id, or by address; an id is never an address."""
    same = USERS.c.email == ref.strip().lower() if "@" in ref else USERS.c.id == ref
    wanted = select(*_USER, _HAS_PASSWORD).where(same)
    row = await one_row(connection, wanted.with_for_update() if lock else wanted)
    return None if row is None else _user(row)


async def user_page(
    connection: AsyncConnection, page: PageRequest, words: str | None, tag: str | None = None
) -> list[User]:
    wanted = after(select(*_USER, _HAS_PASSWORD), USERS.c.id, page)
    if words:
        wanted = wanted.where(_mentions(words, USERS.c.email, USERS.c.name))
    if tag is not None:
        wanted = wanted.where(tagged(USERS, tag))
    return [_user(row) for row in await all_rows(connection, wanted)]


async def add_user(connection: AsyncConnection, added: User, password: str | None) -> None:
    """`password` is a hash."""
    await connection.execute(insert(USERS).values(**_user_values(added), password=password))


async def store_user(connection: AsyncConnection, changed: User) -> None:
    """All but the password."""
    await connection.execute(update(USERS).where(USERS.c.id == changed.id).values(_user_values(changed)))


async def delete_user(connection: AsyncConnection, user_id: str) -> None:
    """With what hangs on the user: identities, sessions, memberships, grants, requests."""
    await connection.execute(delete(USERS).where(USERS.c.id == user_id))


async def end_sessions(connection: AsyncConnection, user_id: str) -> None:
    await connection.execute(delete(USER_SESSIONS).where(USER_SESSIONS.c.user_id == user_id))


async def forget_password(connection: AsyncConnection, user_id: str) -> None:
    await connection.execute(update(USERS).where(USERS.c.id == user_id).values(password=None))


async def another_administrator(connection: AsyncConnection, user_id: str) -> bool:
    """Whether an active user besides this one has the role admin on all."""
    joined = GRANTS.join(USERS, USERS.c.id == GRANTS.c.user_id)
    wanted = select(GRANTS.c.id).select_from(joined).where(_on_all(), USERS.c.active, USERS.c.id != user_id).limit(1)
    return await one_row(connection, wanted) is not None


async def is_administrator(connection: AsyncConnection, user_id: str) -> bool:
    wanted = select(GRANTS.c.id).where(_on_all(), GRANTS.c.user_id == user_id).limit(1)
    return await one_row(connection, wanted) is not None


async def team(connection: AsyncConnection, ref: str, lock: bool = False) -> Team | None:
    """By id, or by slug."""
    wanted = select(TEAMS).where(or_(TEAMS.c.id == ref, TEAMS.c.slug == ref))
    row = await one_row(connection, wanted.with_for_update() if lock else wanted)
    return None if row is None else _team(row)


async def team_page(connection: AsyncConnection, page: PageRequest, sight: Sight, words: str | None) -> list[Team]:
    wanted = after(select(TEAMS), TEAMS.c.id, page).where(_in_sight(sight))
    if words:
        wanted = wanted.where(_mentions(words, TEAMS.c.slug, TEAMS.c.name, TEAMS.c.description))
    return [_team(row) for row in await all_rows(connection, wanted)]


async def teams_by_id(connection: AsyncConnection, ids: Sequence[str]) -> dict[str, Team]:
    wanted = select(TEAMS).where(TEAMS.c.id.in_(ids))
    return {row["id"]: _team(row) for row in await all_rows(connection, wanted)}


async def team_slugs(connection: AsyncConnection) -> set[str]:
    return set((await connection.execute(select(TEAMS.c.slug))).scalars())


async def add_team(connection: AsyncConnection, added: Team) -> None:
    await connection.execute(insert(TEAMS).values(asdict(added)))


async def store_team(connection: AsyncConnection, changed: Team) -> None:
    await connection.execute(update(TEAMS).where(TEAMS.c.id == changed.id).values(asdict(changed)))


async def delete_team(connection: AsyncConnection, team_id: str) -> None:
    """With what hangs on the team: memberships, grants, invitations, requests."""
    await connection.execute(delete(GRANTS).where(GRANTS.c.scope == team_id))
    await connection.execute(delete(TEAMS).where(TEAMS.c.id == team_id))


async def member(connection: AsyncConnection, team_id: str, user_id: str) -> Member | None:
    wanted = _members().where(MEMBERS.c.team_id == team_id, MEMBERS.c.user_id == user_id)
    row = await one_row(connection, wanted)
    return None if row is None else _member(row)


async def member_page(connection: AsyncConnection, team_id: str, page: PageRequest) -> list[Member]:
    wanted = after(_members(), MEMBERS.c.user_id, page).where(MEMBERS.c.team_id == team_id)
    return [_member(row) for row in await all_rows(connection, wanted)]


async def member_counts(connection: AsyncConnection, team_ids: Sequence[str]) -> dict[str, int]:
    counted = select(MEMBERS.c.team_id, func.count()).where(MEMBERS.c.team_id.in_(team_ids))
    return {team_id: number for team_id, number in await connection.execute(counted.group_by(MEMBERS.c.team_id))}


async def memberships(connection: AsyncConnection, user_id: str) -> list[Membership]:
    """In the order of the teams' slugs."""
    joined = MEMBERS.join(TEAMS, TEAMS.c.id == MEMBERS.c.team_id)
    wanted = select(TEAMS, MEMBERS.c.role).select_from(joined).where(MEMBERS.c.user_id == user_id)
    rows = [dict(row) for row in await all_rows(connection, wanted.order_by(TEAMS.c.slug))]
    return [Membership(role=Belonging(row.pop("role")), team=_team(row)) for row in rows]


async def another_owner(connection: AsyncConnection, team_id: str, user_id: str) -> bool:
    """Whether an active user besides this one owns the team."""
    wanted = _members().where(
        MEMBERS.c.team_id == team_id,
        MEMBERS.c.role == Belonging.OWNER.value,
        MEMBERS.c.user_id != user_id,
        USERS.c.active,
    )
    return await one_row(connection, wanted.limit(1)) is not None


async def put_member(connection: AsyncConnection, added: Member) -> None:
    """Who is in the team already is so in another role, and by another hand, from now on."""
    values = {"role": added.role.value, "origin": added.origin}
    place = (MEMBERS.c.team_id == added.team_id, MEMBERS.c.user_id == added.user_id)
    if await member(connection, added.team_id, added.user_id) is not None:
        await connection.execute(update(MEMBERS).where(*place).values(values))
        return
    new = {"team_id": added.team_id, "user_id": added.user_id, "created_at": added.created_at}
    await connection.execute(insert(MEMBERS).values(**values, **new))


async def delete_member(connection: AsyncConnection, team_id: str, user_id: str) -> None:
    await connection.execute(delete(MEMBERS).where(MEMBERS.c.team_id == team_id, MEMBERS.c.user_id == user_id))


async def revoke_tokens_of_user(connection: AsyncConnection, user_id: str, now: float, change: int) -> None:
    await _revoke(connection, (TOKENS.c.owner == user_id) & TOKENS.c.team.is_(None), now, change)


async def revoke_tokens_of_team(connection: AsyncConnection, team_id: str, now: float, change: int) -> None:
    await _revoke(connection, TOKENS.c.team == team_id, now, change)


def after(wanted: Select[Any], column: ColumnElement[Any], page: PageRequest) -> Select[Any]:
    """In the order of `column`; one more than the page holds, so that it is known whether there is another."""
    ordered = wanted.order_by(column).limit(page.limit + 1)
    return ordered if page.after is None else ordered.where(column > page.after)


async def one_row(connection: AsyncConnection, wanted: Select[Any]) -> Row | None:
    row = (await connection.execute(wanted)).mappings().first()
    return None if row is None else dict(row)


async def all_rows(connection: AsyncConnection, wanted: Select[Any]) -> Sequence[Row]:
    return [dict(row) for row in (await connection.execute(wanted)).mappings()]


async def count_rows(connection: AsyncConnection, table: Table, *conditions: ColumnElement[bool]) -> int:
    counted = select(func.count()).select_from(table).where(*conditions)
    return int((await connection.execute(counted)).scalar_one())


async def _revoke(connection: AsyncConnection, whose: ColumnElement[bool], now: float, change: int) -> None:
    live = TOKENS.c.revoked_at.is_(None)
    await connection.execute(update(TOKENS).where(whose, live).values(revoked_at=now, changed=change))


def _on_all() -> ColumnElement[bool]:
    return (GRANTS.c.role == ADMIN) & (GRANTS.c.scope == ALL)


def _in_sight(sight: Sight) -> ColumnElement[bool]:
    """`Sight.sees` of each team's own placement."""
    if sight.everything or sight.shared:
        return true()
    of_teams = TEAMS.c.id.in_(sorted(sight.teams)) if sight.teams else false()
    public = TEAMS.c.visibility == TeamVisibility.PUBLIC.value
    return or_(of_teams, public) if sight.public else of_teams


def _mentions(words: str, *columns: ColumnElement[str]) -> ColumnElement[bool]:
    """Every word, in any of the columns."""
    found = [or_(*(column.icontains(word, autoescape=True) for column in columns)) for word in words.split()]
    return and_(true(), *found)


def _members() -> Select[Any]:
    return select(MEMBERS, *_USER_WHERE_MEMBER).select_from(MEMBERS.join(USERS, USERS.c.id == MEMBERS.c.user_id))


def _member(row: Row) -> Member:
    values: dict[str, Any] = {**row, "role": Belonging(row["role"])}
    return Member(**values)


def _team(row: Row) -> Team:
    values: dict[str, Any] = {**row, "visibility": TeamVisibility(row["visibility"])}
    return Team(**values)


def _user(row: Row) -> User:
    values: dict[str, Any] = {**row, "tags": read_tags(row["tags"])}
    return User(**values)


def _user_values(one: User) -> dict[str, Any]:
    values = asdict(one) | {"tags": tags_text(one.tags)}
    values.pop("has_password")
    return values
