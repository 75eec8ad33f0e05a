"""The cookie of a console session. A browser sends it by itself, so what changes something has to show that we made the page."""

from __future__ import annotations

from gatehouse.access.methods import Identified, Shown
from gatehouse.access.methods.known_people import KnownPeople
from gatehouse.access.sign_in.cookies import session_handle
from gatehouse.access.sign_in.csrf import Csrf
from gatehouse.access.sign_in.sessions import UserSessions
from gatehouse.kit.errors import Unauthenticated


class SessionMethod:
    def __init__(self, sessions: UserSessions, csrf: Csrf, people: KnownPeople) -> None:
        self._sessions = sessions
        self._csrf = csrf
        self._people = people

    async def identify(self, shown: Shown) -> Identified | None:
        handle = session_handle(shown.cookies, shown.secure)
        if handle is None:
            return None
        session = await self._sessions.find(handle)
        principal = None if session is None else await self._people.get(session.user_id)
        if session is None or principal is None:
            raise Unauthenticated("Your session is over, or was ended.", "Sign in again.")
        self._csrf.check(shown, session.id)
        return Identified(principal, session.id)
