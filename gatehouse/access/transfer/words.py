"""What the sections of access share: names of sections, and where a membership or a grant came from."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.access.model import ALL
from gatehouse.access.people.model import BY_HAND
from gatehouse.access.tables import PROVIDERS as PROVIDERS_TABLE
from gatehouse.store.transfer.model import Arriving, Names

ROLES, USERS, TEAMS, GRANTS, PROVIDERS = "roles", "users", "teams", "grants", "providers"
_ELSEWHERE = frozenset({BY_HAND, "admin", "setup", "invitation"})
"""Origins that are no provider's id."""


async def learn_providers(connection: AsyncConnection, names: Names) -> None:
    """Providers stand after people in a document, and people's origins name them all the same."""
    for id_, slug in await connection.execute(select(PROVIDERS_TABLE.c.id, PROVIDERS_TABLE.c.slug)):
        names.add(PROVIDERS, id_, slug)


def origin_word(origin: str, names: Names) -> str:
    return names.name(PROVIDERS, origin) or (origin if origin in _ELSEWHERE else BY_HAND)


def origin_of(word: str, names: Names, otherwise: str = BY_HAND) -> str:
    """`otherwise` where there is no such provider here: nothing would keep it in step."""
    return word if word in _ELSEWHERE else names.id(PROVIDERS, word) or otherwise


def scope_word(scope: str, names: Names) -> str | None:
    return scope if scope == ALL else names.name(TEAMS, scope)


def scope_of(word: str, names: Names) -> str:
    return word if word == ALL else names.id(TEAMS, word) or ""


def scope_settled(word: str, arriving: Arriving) -> str | None:
    """None where there is no such team here."""
    if word == ALL:
        return word
    team = arriving.now_called(TEAMS, word)
    return team if arriving.names.id(TEAMS, team) else None
