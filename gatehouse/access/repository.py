"""The SQL of access."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import msgspec
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.access.model import Token
from gatehouse.access.tables import TOKENS
from gatehouse.kit import json
from gatehouse.kit.pages import PageRequest

_strings = msgspec.json.Decoder(tuple[str, ...])


async def token(connection: AsyncConnection, token_id: str) -> Token | None:
    row = (await connection.execute(select(TOKENS).where(TOKENS.c.id == token_id))).mappings().first()
    return None if row is None else _token({str(name): value for name, value in row.items()})


async def token_page(connection: AsyncConnection, page: PageRequest) -> list[Token]:
    """One more than the page holds, so that it is known whether there is another."""
    wanted = select(TOKENS).order_by(TOKENS.c.id).limit(page.limit + 1)
    if page.after is not None:
        wanted = wanted.where(TOKENS.c.id > page.after)
    rows = (await connection.execute(wanted)).mappings()
    return [_token({str(name): value for name, value in row.items()}) for row in rows]


async def tokens_in_force(connection: AsyncConnection) -> list[Token]:
    """Those that were not revoked; they may have expired."""
    rows = (await connection.execute(select(TOKENS).where(TOKENS.c.revoked_at.is_(None)))).mappings()
    return [_token({str(name): value for name, value in row.items()}) for row in rows]


async def add_token(connection: AsyncConnection, added: Token) -> None:
    values = asdict(added) | {
        "digest": added.digest.hex(),
        "servers": None if added.servers is None else json.dump(added.servers).decode(),
        "permissions": json.dump(added.permissions).decode(),
    }
    await connection.execute(insert(TOKENS).values(values))


async def revoke_token(connection: AsyncConnection, token_id: str, now: float) -> None:
    unrevoked = update(TOKENS).where(TOKENS.c.id == token_id, TOKENS.c.revoked_at.is_(None))
    await connection.execute(unrevoked.values(revoked_at=now))


async def delete_token(connection: AsyncConnection, token_id: str) -> None:
    await connection.execute(delete(TOKENS).where(TOKENS.c.id == token_id))


def _token(row: Mapping[str, Any]) -> Token:
    changed: dict[str, Any] = {
        "digest": bytes.fromhex(row["digest"]),
        "servers": None if row["servers"] is None else _strings.decode(row["servers"]),
        "permissions": _strings.decode(row["permissions"]),
    }
    return Token(**{**row, **changed})
