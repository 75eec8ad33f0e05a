"""Users in documents, without passwords: an import makes accounts that sign in by other ways, or by a link."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from msgspec import structs
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.access.people import repository
from gatehouse.access.people.checks import clean_email, clean_name
from gatehouse.access.people.model import User
from gatehouse.access.tables import USERS as USERS_TABLE
from gatehouse.access.transfer.words import USERS, learn_providers, origin_of, origin_word
from gatehouse.kit.errors import Conflict
from gatehouse.store.database import PEOPLE, Database
from gatehouse.store.tagging import clean_tags, read_tags
from gatehouse.store.transfer.model import Arriving, Change, Contents, Item, Names, Stored, Work


class UserItem(Item, frozen=True, kw_only=True):
    """`origin`: how the account came about; the slug of a provider, or a word."""

    email: str
    name: str = ""
    active: bool = True
    origin: str = "admin"
    tags: tuple[str, ...] = ()


class UserSection:
    name = USERS
    prefix = "usr"
    item = UserItem
    secret: frozenset[str] = frozenset()
    personal = True

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, connection: AsyncConnection, names: Names) -> Contents:
        await learn_providers(connection, names)
        columns = USERS_TABLE.c
        wanted = select(columns.id, columns.email, columns.name, columns.active, columns.origin, columns.tags)
        found: list[Stored] = []
        for id_, email, name, active, origin, tags in await connection.execute(wanted.order_by(columns.email)):
            names.add(self.name, id_, email)
            item = UserItem(
                email=email,
                name=name,
                active=bool(active),
                origin=origin_word(origin, names),
                tags=read_tags(tags),
            )
            found.append(Stored(id_, item))
        return Contents(found)

    def key(self, item: UserItem) -> str:
        return item.email

    def settle(self, item: UserItem, arriving: Arriving) -> UserItem:
        email = clean_email(item.email)
        name = clean_name("user", item.name or email)
        return structs.replace(item, email=email, name=name, tags=clean_tags(item.tags))

    def renamed(self, item: UserItem, taken: Mapping[str, Stored]) -> None:
        return None

    async def apply(self, connection: AsyncConnection, changes: Sequence[Change], work: Work) -> None:
        await self._database.count_up(connection, PEOPLE)
        manned = await repository.another_administrator(connection, "")
        for change in changes:
            await _store(connection, change, work)
        if manned and not await repository.another_administrator(connection, ""):
            raise Conflict("No administrator would be left who can sign in.", "Keep one of them active.")


async def _store(connection: AsyncConnection, change: Change, work: Work) -> None:
    item: UserItem = change.item
    origin = origin_of(item.origin, work.names, "admin")
    before = None if change.before is None else await repository.user(connection, change.id)
    if before is None:
        added = User(change.id, item.email, item.name, item.active, origin, False, work.now, work.now, tags=item.tags)
        return await repository.add_user(connection, added, None)
    after = replace(before, name=item.name, active=item.active, origin=origin, updated_at=work.now, tags=item.tags)
    await repository.store_user(connection, after)
    if before.active and not after.active:
        await repository.end_sessions(connection, after.id)
