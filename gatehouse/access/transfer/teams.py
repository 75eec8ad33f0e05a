"""Teams in documents, with their members by address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from msgspec import Struct, structs
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.access.people import repository
from gatehouse.access.people.checks import check_slug, clean_name, free_slug
from gatehouse.access.people.model import BY_HAND, Belonging, Member, Team, TeamVisibility
from gatehouse.access.tables import MEMBERS
from gatehouse.access.tables import TEAMS as TEAMS_TABLE
from gatehouse.access.tables import USERS as USERS_TABLE
from gatehouse.access.transfer.words import TEAMS, USERS, origin_of, origin_word
from gatehouse.store.database import PEOPLE, Database
from gatehouse.store.transfer.model import Arriving, Change, Contents, Item, Names, Stored, Work


class MemberItem(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`origin`: `manual`, or the slug of the provider at whose sign-in it is kept in step."""

    user: str
    role: Belonging = Belonging.MEMBER
    origin: str = BY_HAND


class TeamItem(Item, frozen=True, kw_only=True):
    slug: str
    name: str = ""
    description: str = ""
    visibility: TeamVisibility = TeamVisibility.PRIVATE
    members: tuple[MemberItem, ...] = ()


class TeamSection:
    name = TEAMS
    prefix = "tea"
    item = TeamItem
    secret: frozenset[str] = frozenset()
    personal = False

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, connection: AsyncConnection, names: Names) -> Contents:
        members = await _members(connection, names)
        found: list[Stored] = []
        for row in await repository.all_rows(connection, select(TEAMS_TABLE).order_by(TEAMS_TABLE.c.slug)):
            names.add(self.name, row["id"], row["slug"])
            item = TeamItem(
                slug=row["slug"],
                name=row["name"],
                description=row["description"],
                visibility=TeamVisibility(row["visibility"]),
                members=tuple(members.get(row["id"], ())),
            )
            found.append(Stored(row["id"], item))
        return Contents(found)

    def key(self, item: TeamItem) -> str:
        return item.slug

    def settle(self, item: TeamItem, arriving: Arriving) -> TeamItem:
        known = [one for one in item.members if arriving.names.id(USERS, one.user) is not None]
        arriving.notes += [
            f"there is no user '{one.user}' here: not a member" for one in item.members if one not in known
        ]
        members = tuple(sorted(known, key=lambda one: one.user))
        return structs.replace(item, members=members, name=clean_name("team", item.name or item.slug))

    def renamed(self, item: TeamItem, taken: Mapping[str, Stored]) -> TeamItem:
        return structs.replace(item, slug=free_slug(item.slug, taken, "team"))

    async def apply(self, connection: AsyncConnection, changes: Sequence[Change], work: Work) -> None:
        await self._database.count_up(connection, PEOPLE)
        for change in changes:
            item: TeamItem = change.item
            slug = check_slug("slug of a team", item.slug)
            before = None if change.before is None else await repository.team(connection, change.id)
            known = before or Team(change.id, slug, "", "", item.visibility, work.now, work.now)
            after = replace(
                known, name=item.name, description=item.description, visibility=item.visibility, updated_at=work.now
            )
            await (repository.add_team if before is None else repository.store_team)(connection, after)
            await _set_members(connection, after.id, change, work)


async def _members(connection: AsyncConnection, names: Names) -> dict[str, list[MemberItem]]:
    joined = MEMBERS.join(USERS_TABLE, USERS_TABLE.c.id == MEMBERS.c.user_id)
    wanted = select(MEMBERS.c.team_id, USERS_TABLE.c.email, MEMBERS.c.role, MEMBERS.c.origin).select_from(joined)
    found: dict[str, list[MemberItem]] = {}
    for team_id, email, role, origin in await connection.execute(wanted.order_by(USERS_TABLE.c.email)):
        member = MemberItem(user=email, role=Belonging(role), origin=origin_word(origin, names))
        found.setdefault(team_id, []).append(member)
    return found


async def _set_members(connection: AsyncConnection, team_id: str, change: Change, work: Work) -> None:
    before: tuple[MemberItem, ...] = () if change.before is None else change.before.members
    after: tuple[MemberItem, ...] = change.item.members
    for one in before:
        if one.user not in {other.user for other in after}:
            await repository.delete_member(connection, team_id, work.names.id(USERS, one.user) or "")
    for one in after:
        if one not in before:
            await repository.put_member(connection, _member(team_id, one, work))


def _member(team_id: str, one: MemberItem, work: Work) -> Member:
    user, origin = work.names.id(USERS, one.user) or "", origin_of(one.origin, work.names)
    return Member(team_id, user, one.user, "", True, one.role, origin, work.now)
