"""The SQL of tokens, and of how they are used."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import msgspec
from sqlalchemy import bindparam, case, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.access.model import Token
from gatehouse.access.tables import TOKEN_USAGE, TOKENS
from gatehouse.access.tokens import conditions
from gatehouse.kit import json
from gatehouse.kit.pages import PageRequest
from gatehouse.store.placement import Sight, Visibility, seen
from gatehouse.store.tagging import read_tags, tagged, tags_text

Row = tuple[Any, ...]
_strings = msgspec.json.Decoder(tuple[str, ...])
_NAMES = tuple(column.name for column in TOKENS.columns)
_ID, _DIGEST, _PREVIOUS, _REVOKED = (_NAMES.index(name) for name in ("id", "digest", "previous_digest", "revoked_at"))


async def token(connection: AsyncConnection, token_id: str, lock: bool = False) -> Token | None:
    wanted = select(TOKENS).where(TOKENS.c.id == token_id)
    row = (await connection.execute(wanted.with_for_update() if lock else wanted)).first()
    return None if row is None else token_of(tuple(row))


async def token_page(
    connection: AsyncConnection, page: PageRequest, sight: Sight, tag: str | None = None
) -> list[Token]:
    """One more than the page holds, so that it is known whether there is another."""
    wanted = select(TOKENS).where(seen(TOKENS, sight)).order_by(TOKENS.c.id).limit(page.limit + 1)
    if page.after is not None:
        wanted = wanted.where(TOKENS.c.id > page.after)
    if tag is not None:
        wanted = wanted.where(tagged(TOKENS, tag))
    return [token_of(tuple(row)) for row in await connection.execute(wanted)]


async def tokens_since(connection: AsyncConnection, change: int) -> Sequence[Row]:
    """Rows that were changed after that `change`, revoked ones among them; as they come, since there may be very many."""
    wanted = select(TOKENS).where(TOKENS.c.changed > change)
    if change < 0:
        wanted = select(TOKENS).where(TOKENS.c.revoked_at.is_(None))
    return [tuple(row) for row in await connection.execute(wanted)]


async def tokens_by_digest(connection: AsyncConnection, digests: Collection[str]) -> list[Token]:
    wanted = select(TOKENS).where(TOKENS.c.digest.in_(digests))
    return [token_of(tuple(row)) for row in await connection.execute(wanted)]


async def add_token(connection: AsyncConnection, added: Token, change: int) -> None:
    await connection.execute(insert(TOKENS).values(token_values(added, change)))


async def store_token(connection: AsyncConnection, changed: Token, change: int) -> None:
    values = token_values(changed, change)
    await connection.execute(update(TOKENS).where(TOKENS.c.id == changed.id).values(values))


def digests_of(row: Row) -> tuple[str, tuple[str, ...]]:
    """The id, and the digests under which the token is good: none where it was revoked."""
    if row[_REVOKED] is not None:
        return row[_ID], ()
    return row[_ID], (row[_DIGEST],) if row[_PREVIOUS] is None else (row[_DIGEST], row[_PREVIOUS])


def token_of(row: Row) -> Token:
    values: Mapping[str, Any] = dict(zip(_NAMES, row, strict=True))
    return Token(
        id=values["id"],
        name=values["name"],
        digest=bytes.fromhex(values["digest"]),
        hint=values["hint"],
        servers=None if values["servers"] is None else _strings.decode(values["servers"]),
        permissions=_strings.decode(values["permissions"]),
        created_at=values["created_at"],
        expires_at=values["expires_at"],
        revoked_at=values["revoked_at"],
        owner=values["owner"],
        team=values["team"],
        conditions=conditions.load(values["conditions"]),
        previous_digest=None if values["previous_digest"] is None else bytes.fromhex(values["previous_digest"]),
        previous_until=values["previous_until"],
        created_by=values["created_by"],
        agents=None if values["agents"] is None else _strings.decode(values["agents"]),
        tags=read_tags(values["tags"]),
    )


def token_values(one: Token, change: int) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "digest": one.digest.hex(),
        "hint": one.hint,
        "servers": None if one.servers is None else json.dump(one.servers).decode(),
        "permissions": json.dump(one.permissions).decode(),
        "created_at": one.created_at,
        "expires_at": one.expires_at,
        "revoked_at": one.revoked_at,
        "owner": one.owner if one.team is None else None,
        "team": one.team,
        "visibility": (Visibility.PRIVATE if one.team is None else Visibility.TEAM).value,
        "conditions": conditions.dump(one.conditions),
        "previous_digest": None if one.previous_digest is None else one.previous_digest.hex(),
        "previous_until": one.previous_until,
        "created_by": one.created_by,
        "changed": change,
        "agents": None if one.agents is None else json.dump(one.agents).decode(),
        "tags": tags_text(one.tags),
    }


@dataclass(frozen=True, slots=True)
class Use:
    """How a token was used on one day (UTC, as in 2027-01-15), in all or as one worker has counted."""

    token_id: str
    day: str
    requests: int
    calls: int
    refused: int
    last_used_at: float


async def add_use(connection: AsyncConnection, counted: Sequence[Use]) -> None:
    """On top of what is stored; raises `IntegrityError` where another worker inserts the same row meanwhile."""
    table = TOKEN_USAGE.c
    days, ids = {one.day for one in counted}, [one.token_id for one in counted]
    wanted = select(table.token_id, table.day).where(table.token_id.in_(ids), table.day.in_(days))
    known = {(row[0], row[1]) for row in await connection.execute(wanted)}
    more = [_more(one) for one in counted if (one.token_id, one.day) in known]
    new = [asdict(one) for one in counted if (one.token_id, one.day) not in known]
    if more:
        await connection.execute(_ADD_USE, more)
    if new:
        await connection.execute(insert(TOKEN_USAGE), new)


async def use_of_limited(connection: AsyncConnection, day: str, since: float) -> list[tuple[Use, bytes]]:
    """That of tokens with conditions which were used since that moment, and the conditions."""
    use = TOKEN_USAGE.c
    wanted = select(TOKEN_USAGE, TOKENS.c.conditions).join(TOKENS, TOKENS.c.id == use.token_id)
    wanted = wanted.where(TOKENS.c.conditions.is_not(None), use.day == day, use.last_used_at >= since)
    return [(Use(*row[:-1]), row[-1]) for row in await connection.execute(wanted)]


async def use_since(connection: AsyncConnection, token_id: str, day: str) -> list[Use]:
    table = TOKEN_USAGE.c
    wanted = select(TOKEN_USAGE).where(table.token_id == token_id, table.day >= day).order_by(table.day)
    return [Use(*row) for row in await connection.execute(wanted)]


async def last_use(connection: AsyncConnection, token_ids: Collection[str]) -> dict[str, float]:
    """When each was used last, by its id; those that never were are left out."""
    table = TOKEN_USAGE.c
    wanted = select(table.token_id, func.max(table.last_used_at)).where(table.token_id.in_(token_ids))
    return {row[0]: row[1] for row in await connection.execute(wanted.group_by(table.token_id))}


async def forget_use(connection: AsyncConnection, before: str) -> None:
    await connection.execute(delete(TOKEN_USAGE).where(TOKEN_USAGE.c.day < before))


def _more(one: Use) -> dict[str, Any]:
    return {f"more_{name}": value for name, value in asdict(one).items()}


_columns = TOKEN_USAGE.c
_later = bindparam("more_last_used_at", type_=_columns.last_used_at.type)
_ADD_USE = (
    update(TOKEN_USAGE)
    .where(_columns.token_id == bindparam("more_token_id"), _columns.day == bindparam("more_day"))
    .values(
        requests=_columns.requests + bindparam("more_requests"),
        calls=_columns.calls + bindparam("more_calls"),
        refused=_columns.refused + bindparam("more_refused"),
        last_used_at=case((_columns.last_used_at < _later, _later), else_=_columns.last_used_at),
    )
)
