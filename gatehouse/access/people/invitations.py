"""Invitations by link: single use, good for a while, and worth no more than what their maker may still give."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.access.model import ALL, Principal
from gatehouse.access.people import repository, role_repository
from gatehouse.access.people.changing import changing
from gatehouse.access.people.checks import clean_email, found
from gatehouse.access.people.custom_roles import find_role
from gatehouse.access.people.giving import ADMITTING, INVITING, check_giving, lacking
from gatehouse.access.people.model import BY_HAND, Belonging, GivenRole, Invitation, Member, Team, User
from gatehouse.kit.clock import Clock
from gatehouse.kit.durations import parse_duration
from gatehouse.kit.errors import Conflict, Forbidden, Invalid, NotFound
from gatehouse.kit.ids import new_id, random_handle
from gatehouse.kit.pages import Page, PageRequest, page
from gatehouse.store.database import Database

USUAL = "7d"
LONGEST = 90 * 86400
"""Seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewInvitation:
    """`role`: `owner` or `member` of the team; without a team the name of a role on all, or None."""

    email: str | None = None
    team_id: str | None = None
    role: str | None = None
    expires_in: str = USUAL


@dataclass(frozen=True, slots=True)
class InvitationView:
    """What whoever holds the code may know."""

    id: str
    email: str | None
    """Who alone can take it."""
    team: Team | None
    role: str | None
    """How one will belong to the team; without a team the role on all."""
    invited_by: str | None
    """The name of a user."""
    expires_at: float


class Invitations:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def create(self, by: Principal, new: NewInvitation) -> tuple[Invitation, str]:
        """The invitation, and its code, which nobody can tell again; raises `Forbidden` as giving the role would."""
        code, now = random_handle(32), self._clock.now()
        made = Invitation(
            id=new_id("inv"),
            digest=_digest(code),
            email=None if new.email is None else clean_email(new.email),
            team_id=new.team_id,
            role=_belonging(new.role).value if new.team_id is not None else new.role or "",
            created_by=by.user or by.id,
            created_at=now,
            expires_at=now + _seconds(new.expires_in),
        )
        async with self._database.write(bump=False) as connection:
            await _check(connection, by, made)
            await role_repository.add_invitation(connection, made)
        return made, code

    async def list(self, request: PageRequest, team_id: str | None) -> Page[Invitation]:
        """Those to a team; None: those to the installation. Used and expired ones too."""
        async with self._database.read() as connection:
            rows = await role_repository.invitation_page(connection, request, team_id)
        return page(rows, request, lambda one: one.id)

    async def get(self, ref: str, team_id: str | None) -> Invitation:
        """One to this team, or to the installation; raises `NotFound`."""
        async with self._database.read() as connection:
            return await _of(connection, ref, team_id)

    async def withdraw(self, ref: str, team_id: str | None) -> None:
        async with self._database.write(bump=False) as connection:
            invitation = await _of(connection, ref, team_id)
            await role_repository.delete_invitation(connection, invitation.id)

    async def open(self, code: str) -> InvitationView:
        """What it is to; raises `NotFound` for one that is not, or no longer, good."""
        async with self._database.read() as connection:
            return await self._view(connection, await self._good(connection, code))

    async def accept(self, code: str, user_id: str, connection: AsyncConnection | None = None) -> InvitationView:
        """Take it as this user. `connection` is that of a `Database.write`, in which the user was made, say.

        Raises `NotFound` for one that is not, or no longer, good, `Forbidden` for one to somebody else, and `Conflict`
        where it gives nothing that this user has not got.
        """
        async with changing(self._database, connection) as inner:
            invitation = await self._good(inner, code)
            user = found("user", user_id, await repository.user(inner, user_id))
            if invitation.email not in (None, user.email):
                raise Forbidden("This invitation is to somebody else.", f"It is to {invitation.email}.")
            view = await self._view(inner, invitation)
            await self._give(inner, invitation, view, user)
            await role_repository.use_invitation(inner, invitation.id, user.id, self._clock.now())
        return view

    async def _good(self, connection: AsyncConnection, code: str) -> Invitation:
        invitation = await role_repository.invitation_by_digest(connection, _digest(code))
        if (
            invitation is None
            or invitation.used_at is not None
            or invitation.expires_at <= self._clock.now()
            or not await _still_given(connection, invitation)
        ):
            raise NotFound("This invitation is not good, or no longer.", "Ask who invited you for another one.")
        return invitation

    async def _view(self, connection: AsyncConnection, invitation: Invitation) -> InvitationView:
        team = None if invitation.team_id is None else await repository.team(connection, invitation.team_id)
        inviter = await repository.user(connection, invitation.created_by)
        name = None if inviter is None else inviter.name
        role = invitation.role or None
        return InvitationView(invitation.id, invitation.email, team, role, name, invitation.expires_at)

    async def _give(
        self, connection: AsyncConnection, invitation: Invitation, view: InvitationView, user: User
    ) -> None:
        now = self._clock.now()
        if view.team is not None:
            role = Belonging(invitation.role)
            before = await repository.member(connection, view.team.id, user.id)
            if before is not None and role in (before.role, Belonging.MEMBER):
                raise Conflict(f"You are in team '{view.team.slug}' already.", "There is nothing to accept.")
            joined = Member(view.team.id, user.id, user.email, user.name, user.active, role, BY_HAND, now)
            await repository.put_member(connection, joined)
        elif invitation.role and not await role_repository.has_grant(connection, user.id, invitation.role, ALL):
            given = GivenRole(new_id("grt"), user.id, user.email, invitation.role, ALL, None, BY_HAND, now)
            await role_repository.add_grant(connection, given)


async def _check(connection: AsyncConnection, by: Principal, made: Invitation) -> None:
    if made.team_id is not None:
        found("team", made.team_id, await repository.team(connection, made.team_id))
    if made.given is not None:
        role = found("role", made.given, await find_role(connection, made.given))
        check_giving(by, role.name, role.permissions, made.scope, _needed(made))


async def _still_given(connection: AsyncConnection, invitation: Invitation) -> bool:
    """Whether who made it could make it today. A token's word stands, as what else it did does."""
    permissions = frozenset[str]()
    if invitation.given is not None:
        known = await role_repository.permissions_of(connection, invitation.given)
        if known is None:
            return False
        permissions = known
    if not invitation.created_by.startswith("usr_"):
        return True
    maker = await repository.user(connection, invitation.created_by)
    if maker is None or not maker.active:
        return False
    grants = await role_repository.rights_of(connection, maker.id)
    as_now = Principal(maker.id, "user", maker.email, permissions=frozenset({ALL}), user=maker.id, grants=grants)
    return lacking(as_now, permissions | {_needed(invitation)}, invitation.scope) is None


def _needed(invitation: Invitation) -> str:
    return INVITING if invitation.team_id is None else ADMITTING


async def _of(connection: AsyncConnection, ref: str, team_id: str | None) -> Invitation:
    invitation = await role_repository.invitation(connection, ref)
    same = invitation is not None and invitation.team_id == team_id
    return found("invitation", ref, invitation if same else None)


def _belonging(role: str | None) -> Belonging:
    try:
        return Belonging(role or Belonging.MEMBER.value)
    except ValueError:
        raise Invalid(f"'{str(role)[:100]}' is not how one belongs to a team.", "Say owner or member.") from None


def _seconds(text: str) -> int:
    seconds = parse_duration(text)
    if seconds > LONGEST:
        raise Invalid(f"An invitation can't be good for {text}.", "At most 90d.")
    return seconds


def _digest(code: str) -> str:
    """Codes are random and long, so a plain SHA-256 can't be turned back."""
    return sha256(code.strip().encode()).hexdigest()
