"""Teams, and who is in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.access import roles
from gatehouse.access.model import Principal
from gatehouse.access.people import repository
from gatehouse.access.people.changing import changing
from gatehouse.access.people.checks import check_slug, clean_name, counted, found, free_slug
from gatehouse.access.people.giving import ADMITTING, check_giving
from gatehouse.access.people.model import BY_HAND, Belonging, Estate, Member, Team, TeamVisibility, User
from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import Conflict, Invalid
from gatehouse.kit.ids import new_id
from gatehouse.kit.pages import Page, PageRequest, page
from gatehouse.store.database import TOKENS, Database
from gatehouse.store.placement import Sight


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTeam:
    name: str
    slug: str | None = None
    """Made from the name where left out."""
    description: str = ""
    visibility: TeamVisibility = TeamVisibility.PRIVATE


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamChanges:
    """None: stays."""

    name: str | None = None
    slug: str | None = None
    description: str | None = None
    visibility: TeamVisibility | None = None


class Teams:
    def __init__(self, database: Database, clock: Clock, estate: Estate) -> None:
        self._database = database
        self._clock = clock
        self._estate = estate

    async def create(self, new: NewTeam, owner: str | None, connection: AsyncConnection | None = None) -> Team:
        """`owner` is the id of a user; None: nobody is in it yet. Raises `Conflict` where the slug is taken."""
        name, now = clean_name("team", new.name), self._clock.now()
        async with changing(self._database, connection) as inner:
            taken = await repository.team_slugs(inner)
            slug = free_slug(name, taken, "team") if new.slug is None else _free(new.slug, taken)
            team = Team(new_id("tea"), slug, name, new.description, new.visibility, now, now)
            await repository.add_team(inner, team)
            if owner is not None:
                user = found("user", owner, await repository.user(inner, owner))
                await repository.put_member(inner, _member(team, user, Belonging.OWNER, now))
        return team

    async def get(self, ref: str) -> Team:
        """By id or slug; raises `NotFound`."""
        async with self._database.read() as connection:
            return found("team", ref, await repository.team(connection, ref))

    async def list(self, request: PageRequest, sight: Sight, words: str | None = None) -> Page[Team]:
        async with self._database.read() as connection:
            rows = await repository.team_page(connection, request, sight, words)
        return page(rows, request, lambda one: one.id)

    async def sizes(self, team_ids: Sequence[str]) -> Mapping[str, int]:
        """How many are in each of these teams; one that nobody is in is left out."""
        async with self._database.read() as connection:
            return await repository.member_counts(connection, team_ids)

    async def change(self, ref: str, changes: TeamChanges) -> Team:
        async with changing(self._database) as connection:
            before = await _locked(connection, ref)
            after = replace(
                before,
                name=before.name if changes.name is None else clean_name("team", changes.name),
                description=before.description if changes.description is None else changes.description,
                visibility=changes.visibility or before.visibility,
                updated_at=self._clock.now(),
            )
            if changes.slug is not None and changes.slug != before.slug:
                after = replace(after, slug=_free(changes.slug, await repository.team_slugs(connection)))
            await repository.store_team(connection, after)
        return after

    async def remove(self, ref: str, heir: str | None = None) -> Team:
        """The team's tokens are revoked; what it has goes to the team `heir`.

        Raises `Conflict` with what there is to inherit where there is no heir.
        """
        async with changing(self._database) as connection:
            team = await _locked(connection, ref)
            if heir is not None:
                await self._estate.inherit_team(connection, team.id, (await _heir(connection, team, heir)).id)
            elif owned := await self._estate.owned_by_team(connection, team.id):
                hint = "Delete them, or say which team gets them: ?heir=TEAM."
                raise Conflict(f"Team '{team.slug}' still has {counted(owned)}.", hint)
            change = await self._database.count_up(connection, TOKENS)
            await repository.revoke_tokens_of_team(connection, team.id, self._clock.now(), change)
            await repository.delete_team(connection, team.id)
        return team

    async def members(self, team_id: str, request: PageRequest) -> Page[Member]:
        async with self._database.read() as connection:
            rows = await repository.member_page(connection, team_id, request)
        return page(rows, request, lambda one: one.user_id)

    async def member(self, team_id: str, user: str) -> Member:
        """`user` is an id or an address; raises `NotFound`."""
        async with self._database.read() as connection:
            return await _member_of(connection, team_id, user)

    async def add_member(self, by: Principal, team_id: str, user: str, role: Belonging) -> Member:
        """Raises `Conflict` for somebody who is in it already."""
        async with changing(self._database) as connection:
            team = await _locked(connection, team_id)
            _check_giving(by, team, role)
            joining = found("user", user, await repository.user(connection, user))
            if await repository.member(connection, team.id, joining.id) is not None:
                hint = "Change the role that this member has there."
                raise Conflict(f"'{joining.email}' is in team '{team.slug}' already.", hint)
            added = _member(team, joining, role, self._clock.now())
            await repository.put_member(connection, added)
        return added

    async def change_member(self, by: Principal, team_id: str, user: str, role: Belonging) -> Member:
        """Raises `Conflict` for the last owner."""
        async with changing(self._database) as connection:
            team = await _locked(connection, team_id)
            before = await _member_of(connection, team.id, user)
            _check_giving(by, team, before.role)
            _check_giving(by, team, role)
            if role is not Belonging.OWNER:
                await _check_owner_remains(connection, team, before)
            after = replace(before, role=role, origin=BY_HAND)
            await repository.put_member(connection, after)
        return after

    async def remove_member(self, by: Principal, team_id: str, user: str) -> Member:
        """Anybody may go; others are sent away by who may give the role that they have. The last owner stays."""
        async with changing(self._database) as connection:
            team = await _locked(connection, team_id)
            leaving = await _member_of(connection, team.id, user)
            if leaving.user_id != by.user:
                _check_giving(by, team, leaving.role)
            await _check_owner_remains(connection, team, leaving)
            await repository.delete_member(connection, team.id, leaving.user_id)
        return leaving


def _member(team: Team, user: User, role: Belonging, now: float) -> Member:
    return Member(team.id, user.id, user.email, user.name, user.active, role, BY_HAND, now)


def _check_giving(by: Principal, team: Team, role: Belonging) -> None:
    name = roles.OF_TEAM[role.value]
    check_giving(by, name, roles.BUILT_IN[name], team.id, ADMITTING)


def _free(slug: str, taken: set[str]) -> str:
    if check_slug("slug of a team", slug) in taken:
        raise Conflict(f"The slug '{slug}' is taken by another team.", "Choose another one.")
    return slug


async def _locked(connection: AsyncConnection, ref: str) -> Team:
    return found("team", ref, await repository.team(connection, ref, lock=True))


async def _heir(connection: AsyncConnection, team: Team, ref: str) -> Team:
    heir = await _locked(connection, ref)
    if heir.id == team.id:
        raise Invalid(f"Team '{team.slug}' can't be its own heir.", "Name another team.")
    return heir


async def _member_of(connection: AsyncConnection, team_id: str, ref: str) -> Member:
    user = await repository.user(connection, ref)
    return found("member", ref, None if user is None else await repository.member(connection, team_id, user.id))


async def _check_owner_remains(connection: AsyncConnection, team: Team, member: Member) -> None:
    if member.role is Belonging.OWNER and not await repository.another_owner(connection, team.id, member.user_id):
        raise Conflict(
            f"'{member.email}' is the last owner of team '{team.slug}'.", "Make another member its owner first."
        )
