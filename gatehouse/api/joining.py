"""Ways into a team: invitations by link, and requests to join."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from gatehouse.access.people.invitations import USUAL, NewInvitation
from gatehouse.access.people.model import Belonging, JoinRequest, RequestState
from gatehouse.api.actions import Action
from gatehouse.api.fields import Cursor, Limit, Timestamp, asked_page, maybe_timestamp, timestamp
from gatehouse.api.people import (
    Email,
    ExpiresIn,
    InvitationList,
    InvitationMade,
    InvitationSummary,
    invitation_made,
    invitation_summary,
    own_user,
    team_of,
)
from gatehouse.api.routing import Asked, endpoint


class TeamInvitationInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An invitation to a team."""

    email: Annotated[Email, Meta(description="Who alone can take it; left out: whoever has the link")] | None = None
    role: Belonging = Belonging.MEMBER
    expires_in: ExpiresIn = USUAL


class JoiningQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    cursor: Cursor | None = None
    limit: Limit | None = None


class RequestQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    state: RequestState | None = None
    cursor: Cursor | None = None
    limit: Limit | None = None


class RequestInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    message: Annotated[str, Meta(max_length=2000, description="For its owners to read")] = ""


class RequestSummary(Struct, frozen=True, kw_only=True):
    """Somebody asks to join a team."""

    id: str
    user: Annotated[str, Meta(description="Id of the user")]
    email: str
    name: str
    message: str
    state: RequestState
    created_at: Timestamp
    decided_at: Timestamp | None
    decided_by: str | None


class RequestList(Struct, frozen=True):
    items: list[RequestSummary]
    next: str | None


async def list_invitations(asked: Asked[JoiningQuery, None]) -> InvitationList:
    team = await team_of(asked, asked.ref, Action.TEAM_WRITE)
    request = asked_page(asked.query.cursor, asked.query.limit)
    page = await asked.context.people.invitations.list(request, team.id)
    return InvitationList([invitation_summary(one, team, asked.at.now) for one in page.items], page.next)


async def create_invitation(asked: Asked[None, TeamInvitationInput]) -> InvitationMade:
    team, body = await team_of(asked, asked.ref, Action.TEAM_WRITE), asked.body
    new = NewInvitation(email=body.email, team_id=team.id, role=body.role.value, expires_in=body.expires_in)
    made, code = await asked.context.people.invitations.create(asked.principal, new)
    return invitation_made(asked, made, team, code)


async def get_invitation(asked: Asked[None, None]) -> InvitationSummary:
    team = await team_of(asked, asked.ref, Action.TEAM_WRITE)
    one = await asked.context.people.invitations.get(asked.params["invitation"], team.id)
    return invitation_summary(one, team, asked.at.now)


async def withdraw_invitation(asked: Asked[None, None]) -> None:
    team = await team_of(asked, asked.ref, Action.TEAM_WRITE)
    await asked.context.people.invitations.withdraw(asked.params["invitation"], team.id)


async def list_requests(asked: Asked[RequestQuery, None]) -> RequestList:
    team, query = await team_of(asked, asked.ref, Action.TEAM_WRITE), asked.query
    states = () if query.state is None else (query.state,)
    page = await asked.context.people.joining.list(team.id, asked_page(query.cursor, query.limit), states)
    return RequestList([_summary(one) for one in page.items], page.next)


async def create_request(asked: Asked[None, RequestInput]) -> RequestSummary:
    team = await team_of(asked, asked.ref, Action.TEAM_JOIN)
    return _summary(await asked.context.people.joining.ask(team.id, own_user(asked), asked.body.message))


async def accept_request(asked: Asked[None, None]) -> RequestSummary:
    team = await team_of(asked, asked.ref, Action.TEAM_WRITE)
    return _summary(await asked.context.people.joining.accept(asked.principal, team.id, asked.params["request"]))


async def decline_request(asked: Asked[None, None]) -> RequestSummary:
    team = await team_of(asked, asked.ref, Action.TEAM_WRITE)
    return _summary(await asked.context.people.joining.decline(asked.principal, team.id, asked.params["request"]))


def _summary(one: JoinRequest) -> RequestSummary:
    return RequestSummary(
        id=one.id,
        user=one.user_id,
        email=one.email,
        name=one.name,
        message=one.message,
        state=one.state,
        created_at=timestamp(one.created_at),
        decided_at=maybe_timestamp(one.decided_at),
        decided_by=one.decided_by,
    )


_INVITATIONS = "/teams/{id}/invitations"
_REQUESTS = "/teams/{id}/requests"
ENDPOINTS = (
    endpoint(f"GET {_INVITATIONS}", Action.TEAM_WRITE, list_invitations, "List the invitations to a team"),
    endpoint(f"POST {_INVITATIONS}", Action.TEAM_WRITE, create_invitation, "Invite into a team by link", status=201),
    endpoint(f"GET {_INVITATIONS}/{{invitation}}", Action.TEAM_WRITE, get_invitation, "Show an invitation to a team"),
    endpoint(f"DELETE {_INVITATIONS}/{{invitation}}", Action.TEAM_WRITE, withdraw_invitation, "Withdraw an invitation"),
    endpoint(f"GET {_REQUESTS}", Action.TEAM_WRITE, list_requests, "List who asks to join a team"),
    endpoint(f"POST {_REQUESTS}", Action.TEAM_JOIN, create_request, "Ask to join a team", status=201),
    endpoint(f"POST {_REQUESTS}/{{request}}/accept", Action.TEAM_WRITE, accept_request, "Let somebody join a team"),
    endpoint(f"POST {_REQUESTS}/{{request}}/decline", Action.TEAM_WRITE, decline_request, "Don't let somebody join"),
)
