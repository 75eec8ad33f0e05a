"""Users, and invitations to the installation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from gatehouse.access.people.checks import clean_email
from gatehouse.access.people.invitations import USUAL, NewInvitation
from gatehouse.access.people.model import GivenRole, Membership, User
from gatehouse.access.people.users import NewUser, UserChanges
from gatehouse.access.sign_in.passwords import check_strength, hash_password
from gatehouse.api.actions import Action
from gatehouse.api.fields import (
    Cursor,
    Limit,
    Name,
    Search,
    Tag,
    Timestamp,
    asked_page,
    maybe_timestamp,
    one_of,
    timestamp,
    told,
)
from gatehouse.api.people import (
    Code,
    Email,
    ExpiresIn,
    InvitationList,
    InvitationMade,
    InvitationSummary,
    TeamName,
    UserRef,
    invitation_made,
    invitation_summary,
    own_user,
    team_name,
)
from gatehouse.api.routing import Asked, endpoint


class UserSummary(Struct, frozen=True, kw_only=True):
    """A user."""

    id: str
    email: str
    name: str
    active: bool
    origin: Annotated[str, Meta(description="`admin`, `setup`, `invitation`, or the id of a provider")]
    has_password: bool
    tags: list[str]
    created_at: Timestamp
    updated_at: Timestamp
    seen_at: Timestamp | None


class TeamOfUser(TeamName, frozen=True, kw_only=True):
    """A team that a user is in."""

    role: Annotated[str, one_of("owner", "member")]


class RoleOfUser(Struct, frozen=True, kw_only=True):
    """A role that a user was given."""

    id: Annotated[str, Meta(description="Id of the grant")]
    role: str
    scope: Annotated[str, Meta(description="`*`, or the id of a team")]
    team: Annotated[str | None, Meta(description="Slug of that team")]
    origin: str


class UserDetails(UserSummary, frozen=True, kw_only=True):
    """A user, with teams and roles."""

    teams: list[TeamOfUser]
    grants: list[RoleOfUser]


class UserList(Struct, frozen=True):
    items: list[UserSummary]
    next: str | None


class UserInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A user to make. Without a password they sign in by the other ways there are."""

    email: Email
    name: Name
    password: str | None = None
    tags: list[Tag] = []

    def __repr__(self) -> str:
        return f"UserInput({self.email})"


class UserChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays."""

    email: Email | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    active: Annotated[bool, Meta(description="false: signed out, and their tokens open nothing")] | UnsetType = UNSET
    tags: list[Tag] | UnsetType = UNSET


class UserQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    q: Search | None = None
    tag: Tag | None = None
    cursor: Cursor | None = None
    limit: Limit | None = None


class HeirQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    heir: Annotated[UserRef, Meta(description="Who gets what is the user's")] | None = None


class InvitationInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An invitation to the installation."""

    email: Annotated[Email, Meta(description="Who alone can take it; left out: whoever has the link")] | None = None
    role: Annotated[str, Meta(description="A role on all; left out: none")] | None = None
    expires_in: ExpiresIn = USUAL


class InvitationQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    cursor: Cursor | None = None
    limit: Limit | None = None


class CodeInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    code: Code

    def __repr__(self) -> str:
        return "CodeInput(***)"


class Accepted(Struct, frozen=True, kw_only=True):
    """What an invitation gave."""

    team: TeamName | None
    role: str | None


async def list_users(asked: Asked[UserQuery, None]) -> UserList:
    query = asked.query
    page = await asked.context.people.users.list(asked_page(query.cursor, query.limit), query.q, query.tag)
    return UserList([_summary(one) for one in page.items], page.next)


async def create_user(asked: Asked[None, UserInput]) -> UserDetails:
    body, users = asked.body, asked.context.people.users
    hashed = None
    if body.password is not None:
        check_strength(body.password, clean_email(body.email))
        hashed = await hash_password(body.password)
    user = await users.add(NewUser(email=body.email, name=body.name, password=hashed, tags=body.tags))
    return _details(user)


async def get_user(asked: Asked[None, None]) -> UserDetails:
    users = asked.context.people.users
    user = await users.get(asked.ref)
    return _details(user, *await users.belongings(user.id))


async def change_user(asked: Asked[None, UserChange]) -> UserDetails:
    body, users = asked.body, asked.context.people.users
    user = await users.change(asked.principal, asked.ref, UserChanges(**told(body)))
    return _details(user, *await users.belongings(user.id))


async def delete_user(asked: Asked[HeirQuery, None]) -> None:
    await asked.context.people.users.remove(asked.principal, asked.ref, asked.query.heir)


async def list_invitations(asked: Asked[InvitationQuery, None]) -> InvitationList:
    request = asked_page(asked.query.cursor, asked.query.limit)
    page = await asked.context.people.invitations.list(request, None)
    return InvitationList([invitation_summary(one, None, asked.at.now) for one in page.items], page.next)


async def create_invitation(asked: Asked[None, InvitationInput]) -> InvitationMade:
    body = asked.body
    new = NewInvitation(email=body.email, role=body.role, expires_in=body.expires_in)
    made, code = await asked.context.people.invitations.create(asked.principal, new)
    return invitation_made(asked, made, None, code)


async def get_invitation(asked: Asked[None, None]) -> InvitationSummary:
    return invitation_summary(await asked.context.people.invitations.get(asked.ref, None), None, asked.at.now)


async def withdraw_invitation(asked: Asked[None, None]) -> None:
    await asked.context.people.invitations.withdraw(asked.ref, None)


async def accept_invitation(asked: Asked[None, CodeInput]) -> Accepted:
    view = await asked.context.people.invitations.accept(asked.body.code, own_user(asked))
    return Accepted(team=None if view.team is None else team_name(view.team), role=view.role)


def _summary(user: User) -> UserSummary:
    return UserSummary(
        id=user.id,
        email=user.email,
        name=user.name,
        active=user.active,
        origin=user.origin,
        has_password=user.has_password,
        tags=list(user.tags),
        created_at=timestamp(user.created_at),
        updated_at=timestamp(user.updated_at),
        seen_at=maybe_timestamp(user.seen_at),
    )


def _details(user: User, teams: Sequence[Membership] = (), grants: Sequence[GivenRole] = ()) -> UserDetails:
    summary = _summary(user)
    return UserDetails(
        **{name: getattr(summary, name) for name in summary.__struct_fields__},
        teams=[
            TeamOfUser(id=one.team.id, slug=one.team.slug, name=one.team.name, role=one.role.value) for one in teams
        ],
        grants=[
            RoleOfUser(id=one.id, role=one.role, scope=one.scope, team=one.team, origin=one.origin) for one in grants
        ],
    )


ENDPOINTS = (
    endpoint("GET /users", Action.USER_READ, list_users, "List users"),
    endpoint("POST /users", Action.USER_WRITE, create_user, "Make a user"),
    endpoint("GET /users/{id}", Action.USER_READ, get_user, "Show a user, with teams and roles"),
    endpoint("PATCH /users/{id}", Action.USER_WRITE, change_user, "Change a user, or switch one off"),
    endpoint("DELETE /users/{id}", Action.USER_WRITE, delete_user, "Delete a user; tokens are revoked"),
    endpoint("GET /invitations", Action.USER_WRITE, list_invitations, "List invitations to the installation"),
    endpoint("POST /invitations", Action.USER_WRITE, create_invitation, "Invite somebody by link"),
    endpoint("POST /invitations/accept", Action.TEAM_JOIN, accept_invitation, "Take an invitation", status=200),
    endpoint("GET /invitations/{id}", Action.USER_WRITE, get_invitation, "Show an invitation"),
    endpoint("DELETE /invitations/{id}", Action.USER_WRITE, withdraw_invitation, "Withdraw an invitation"),
)
