"""Console sessions of people: a random handle in a cookie, of which only a digest is stored.

They are looked up in the database at each request, so that one that was ended is refused at once, by every worker.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.access.methods import Shown
from gatehouse.access.sign_in.cookies import ended_cookie, session_cookie, session_handle
from gatehouse.access.tables import USER_SESSIONS, USERS
from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import NotFound
from gatehouse.kit.ids import new_id, random_handle
from gatehouse.kit.pages import Page, PageRequest, page
from gatehouse.store.database import Database

_TOUCH = 60.0
"""Seconds between notes that a session is in use."""
_NAME_LENGTH = 255


@dataclass(frozen=True, slots=True)
class UserSession:
    """`method`: the way in, as in `password`. `expires_at`: when it ends, however much it is used."""

    id: str
    user_id: str
    method: str
    address: str | None
    agent: str | None
    created_at: float
    seen_at: float
    expires_at: float


_COLUMNS = [USER_SESSIONS.c[field.name] for field in fields(UserSession)]


@dataclass(frozen=True, slots=True)
class Begun:
    """A new session, and the Set-Cookie that hands it to the browser."""

    session: UserSession
    cookie: str = field(repr=False)


class UserSessions:
    def __init__(self, database: Database, clock: Clock, idle: float, lifetime: float) -> None:
        """Seconds: `idle` after its last use, and `lifetime` after its beginning, a session ends."""
        self._database = database
        self._clock = clock
        self._idle = idle
        self._lifetime = lifetime

    async def begin(self, user_id: str, method: str, shown: Shown) -> Begun:
        """A session with a new handle, whatever cookie came in; the session of that cookie ends."""
        async with self._database.write(bump=False) as connection:
            return await self.begin_in(connection, user_id, method, shown)

    async def begin_in(self, connection: AsyncConnection, user_id: str, method: str, shown: Shown) -> Begun:
        """The same, inside a write."""
        await self._end_shown(connection, shown)
        now, handle = self._clock.now(), random_handle(32)
        session = UserSession(
            id=new_id("ses"),
            user_id=user_id,
            method=method,
            address=shown.address,
            agent=_printable(shown.headers.get("user-agent")),
            created_at=now,
            seen_at=now,
            expires_at=now + self._lifetime,
        )
        await connection.execute(insert(USER_SESSIONS).values(digest=_digest(handle), **asdict(session)))
        await connection.execute(update(USERS).where(USERS.c.id == user_id).values(seen_at=now))
        return Begun(session, session_cookie(handle, shown.secure, self._lifetime))

    async def find(self, handle: str) -> UserSession | None:
        """The session of this handle, if it is not over; notes that it is in use."""
        wanted = select(*_COLUMNS).where(USER_SESSIONS.c.digest == _digest(handle), self._living())
        async with self._database.read() as connection:
            row = (await connection.execute(wanted)).first()
        if row is None:
            return None
        session = _session(row)
        if self._clock.now() - session.seen_at >= min(_TOUCH, self._idle / 4):
            await self._touch(session)
        return session

    async def lives(self, session_id: str, user_id: str) -> bool:
        """Whether the user has this session, and it is not over. Not a use of it."""
        wanted = select(USER_SESSIONS.c.id).where(
            USER_SESSIONS.c.id == session_id, USER_SESSIONS.c.user_id == user_id, self._living()
        )
        async with self._database.read() as connection:
            return (await connection.execute(wanted)).first() is not None

    async def list(self, user_id: str, request: PageRequest) -> Page[UserSession]:
        """Those of one user that are not over."""
        wanted = select(*_COLUMNS).where(USER_SESSIONS.c.user_id == user_id, self._living())
        if request.after is not None:
            wanted = wanted.where(USER_SESSIONS.c.id > request.after)
        async with self._database.read() as connection:
            rows = await connection.execute(wanted.order_by(USER_SESSIONS.c.id).limit(request.limit + 1))
            found = [_session(row) for row in rows]
        return page(found, request, lambda one: one.id)

    async def end(self, session_id: str, user_id: str) -> None:
        """Raises `NotFound` where the user has no such session."""
        async with self._database.write(bump=False) as connection:
            mine = and_(USER_SESSIONS.c.id == session_id, USER_SESSIONS.c.user_id == user_id)
            ended = await connection.execute(delete(USER_SESSIONS).where(mine))
        if ended.rowcount == 0:
            words = f"There is no session '{session_id[:100]}' of this user."
            raise NotFound(words, "The list of sessions has those that exist.")

    async def end_others(self, user_id: str, but: str | None) -> None:
        """All of one user but the one of this id."""
        async with self._database.write(bump=False) as connection:
            await self.end_all_in(connection, user_id, but)

    async def end_all_in(self, connection: AsyncConnection, user_id: str, but: str | None = None) -> None:
        """Inside a write: all of one user, but the one of this id."""
        wanted = delete(USER_SESSIONS).where(USER_SESSIONS.c.user_id == user_id)
        await connection.execute(wanted if but is None else wanted.where(USER_SESSIONS.c.id != but))

    async def leave(self, shown: Shown) -> str:
        """End the session of the cookie that came in, if there is one; the answer is the Set-Cookie that takes it away."""
        async with self._database.write(bump=False) as connection:
            await self._end_shown(connection, shown)
        return ended_cookie(shown.secure)

    async def purge(self, now: float) -> None:
        async with self._database.write(bump=False) as connection:
            over = or_(USER_SESSIONS.c.expires_at <= now, USER_SESSIONS.c.seen_at <= now - self._idle)
            await connection.execute(delete(USER_SESSIONS).where(over))

    async def _end_shown(self, connection: AsyncConnection, shown: Shown) -> None:
        handle = session_handle(shown.cookies, shown.secure)
        if handle is not None:
            await connection.execute(delete(USER_SESSIONS).where(USER_SESSIONS.c.digest == _digest(handle)))

    async def _touch(self, session: UserSession) -> None:
        now = self._clock.now()
        async with self._database.write(bump=False) as connection:
            await connection.execute(update(USER_SESSIONS).where(USER_SESSIONS.c.id == session.id).values(seen_at=now))
            await connection.execute(update(USERS).where(USERS.c.id == session.user_id).values(seen_at=now))

    def _living(self) -> ColumnElement[bool]:
        now = self._clock.now()
        return and_(USER_SESSIONS.c.expires_at > now, USER_SESSIONS.c.seen_at > now - self._idle)


def _session(row: Row[Any]) -> UserSession:
    """The columns are in the order of the fields."""
    return UserSession(*row)


def _digest(handle: str) -> str:
    """Handles are random and long, so a plain SHA-256 can't be turned back."""
    return sha256(handle.encode()).hexdigest()


def _printable(agent: str | None) -> str | None:
    """What a browser calls itself, as it can be stored and shown."""
    return None if agent is None else "".join(one for one in agent if one.isprintable())[:_NAME_LENGTH]
