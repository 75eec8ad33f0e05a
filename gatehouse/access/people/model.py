"""People as they are stored: users, teams, who belongs to what, invitations, requests to join, roles and grants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.access import roles
from gatehouse.access.model import ALL
from gatehouse.store.placement import Placement, Visibility

BY_HAND = "manual"
"""The origin of what somebody did. Else it is the id of the provider at whose sign-in it is kept in step."""
ADMIN = "admin"
"""The role; on all, who has it is an administrator."""


class TeamVisibility(StrEnum):
    """PRIVATE: its members and administrators know of it; PUBLIC: everybody may find it, and ask to join."""

    PRIVATE = "private"
    PUBLIC = "public"


class Belonging(StrEnum):
    """How somebody is in a team."""

    OWNER = "owner"
    MEMBER = "member"


class RequestState(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class User:
    id: str
    email: str
    name: str
    active: bool
    origin: str
    """How the account came about: `admin`, `setup`, `invitation`, or the id of a provider."""
    has_password: bool
    created_at: float
    updated_at: float
    seen_at: float | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Team:
    id: str
    slug: str
    name: str
    description: str
    visibility: TeamVisibility
    created_at: float
    updated_at: float

    @property
    def placement(self) -> Placement:
        """Where the team itself stands, for policy."""
        public = self.visibility is TeamVisibility.PUBLIC
        return Placement(None, self.id, Visibility.PUBLIC if public else Visibility.TEAM)

    @property
    def inside(self) -> Placement:
        """Where stands what is for its members alone, such as who they are."""
        return Placement(None, self.id, Visibility.TEAM)


@dataclass(frozen=True, slots=True)
class Member:
    team_id: str
    user_id: str
    email: str
    name: str
    active: bool
    role: Belonging
    origin: str
    created_at: float


@dataclass(frozen=True, slots=True)
class Membership:
    """A user's place in a team, seen from the user."""

    team: Team
    role: Belonging


@dataclass(frozen=True, slots=True)
class Invitation:
    id: str
    digest: str
    email: str | None
    """Who alone can take it."""
    team_id: str | None
    """None: it is to the installation."""
    role: str
    """How one belongs to the team; without a team a role on all, or nothing."""
    created_by: str
    created_at: float
    expires_at: float
    used_at: float | None = None
    used_by: str | None = None

    def __repr__(self) -> str:
        return f"Invitation({self.id})"

    @property
    def scope(self) -> str:
        return self.team_id or ALL

    @property
    def given(self) -> str | None:
        """The role that it gives on its scope."""
        return roles.OF_TEAM[self.role] if self.team_id is not None else self.role or None


@dataclass(frozen=True, slots=True)
class JoinRequest:
    id: str
    team_id: str
    user_id: str
    email: str
    name: str
    message: str
    state: RequestState
    created_at: float
    decided_at: float | None = None
    decided_by: str | None = None


@dataclass(frozen=True, slots=True)
class Role:
    """Built-in ones have their name as their id, and no times."""

    id: str
    name: str
    description: str
    permissions: frozenset[str]
    built_in: bool = False
    created_at: float = 0.0
    updated_at: float = 0.0


@dataclass(frozen=True, slots=True)
class GivenRole:
    """A grant as it is stored, with the user's address and the team's slug for words."""

    id: str
    user_id: str
    email: str
    role: str
    scope: str
    """A team's id, or `*`."""
    team: str | None
    """The slug of that team."""
    origin: str
    created_at: float


class Estate(Protocol):
    """What users and teams have, which this room does not know: the composition root hands it in."""

    async def owned_by(self, connection: AsyncConnection, user_id: str) -> Mapping[str, int]:
        """How many things of each kind are a user's alone; kinds of which there are none are left out."""
        ...

    async def owned_by_team(self, connection: AsyncConnection, team_id: str) -> Mapping[str, int]: ...

    async def inherit(self, connection: AsyncConnection, user_id: str, heir_id: str | None) -> None:
        """What was a user's is the heir's; None: what is a team's stays there, and nobody's besides."""
        ...

    async def inherit_team(self, connection: AsyncConnection, team_id: str, heir_id: str) -> None: ...
