"""Console sessions: one's own, and for who looks after users those of others. A token may do it that was given the permission."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from gatehouse.access.sign_in.sessions import UserSession
from gatehouse.api.actions import Action
from gatehouse.api.fields import Cursor, Limit, Timestamp, asked_page, timestamp
from gatehouse.api.routing import Asked, endpoint
from gatehouse.kit.errors import Forbidden


class SessionView(Struct, frozen=True, kw_only=True):
    """A console session."""

    id: str
    method: Annotated[str, Meta(description="The way in: `password`, `setup`, `invitation`, or one of a provider")]
    address: str | None
    agent: Annotated[str | None, Meta(description="What the browser calls itself")]
    created_at: Timestamp
    seen_at: Annotated[Timestamp, Meta(description="Within a minute")]
    expires_at: Annotated[Timestamp, Meta(description="When it ends, however much it is used")]
    current: Annotated[bool, Meta(description="Whether it is the one that asks")]


class SessionList(Struct, frozen=True):
    items: list[SessionView]
    next: str | None


class SessionQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    cursor: Cursor | None = None
    limit: Limit | None = None


async def list_own(asked: Asked[SessionQuery, None]) -> SessionList:
    return await _listed(asked, _own_user(asked))


async def end_own(asked: Asked[None, None]) -> None:
    await asked.context.sign_in.sessions.end(asked.ref, _own_user(asked))


async def end_own_others(asked: Asked[None, None]) -> None:
    """All but the one that asks."""
    await asked.context.sign_in.sessions.end_others(_own_user(asked), asked.session)


async def list_of_user(asked: Asked[SessionQuery, None]) -> SessionList:
    return await _listed(asked, (await asked.context.people.users.get(asked.ref)).id)


async def end_of_user(asked: Asked[None, None]) -> None:
    user = await asked.context.people.users.changeable(asked.principal, asked.ref)
    await asked.context.sign_in.sessions.end(asked.params["session"], user.id)


async def end_all_of_user(asked: Asked[None, None]) -> None:
    """All but the one that asks, where that is the user's, too."""
    user = await asked.context.people.users.changeable(asked.principal, asked.ref)
    await asked.context.sign_in.sessions.end_others(user.id, asked.session)


async def _listed(asked: Asked[SessionQuery, Any], user_id: str) -> SessionList:
    page = asked_page(asked.query.cursor, asked.query.limit)
    found = await asked.context.sign_in.sessions.list(user_id, page)
    return SessionList([_view(one, asked.session) for one in found.items], found.next)


def _own_user(asked: Asked[Any, Any]) -> str:
    principal = asked.principal
    if principal.user is None:
        raise Forbidden(
            f"'{principal.name}' is no person, and has no console sessions.",
            "Name the user whose sessions they are, or use a token of that user.",
        )
    return principal.user


def _view(one: UserSession, current: str | None) -> SessionView:
    return SessionView(
        id=one.id,
        method=one.method,
        address=one.address,
        agent=one.agent,
        created_at=timestamp(one.created_at),
        seen_at=timestamp(one.seen_at),
        expires_at=timestamp(one.expires_at),
        current=one.id == current,
    )


_OF_USER = "/users/{id}/sessions"
ENDPOINTS = (
    endpoint("GET /auth/sessions", Action.SESSION_READ, list_own, "List one's console sessions"),
    endpoint("DELETE /auth/sessions", Action.SESSION_WRITE, end_own_others, "End one's other console sessions"),
    endpoint("DELETE /auth/sessions/{id}", Action.SESSION_WRITE, end_own, "End a console session"),
    endpoint(f"GET {_OF_USER}", Action.USER_WRITE, list_of_user, "List the console sessions of a user"),
    endpoint(f"DELETE {_OF_USER}", Action.USER_WRITE, end_all_of_user, "End all console sessions of a user"),
    endpoint(f"DELETE {_OF_USER}/{{session}}", Action.USER_WRITE, end_of_user, "End a console session of a user"),
)
