"""A header in which a proxy, which signs people in itself, names who is there. From anybody else it is as if it were not sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from gatehouse.access.methods import Identified, Shown
from gatehouse.access.methods.known_people import KnownPeople
from gatehouse.access.people.checks import clean_email
from gatehouse.access.sign_in.csrf import Csrf
from gatehouse.kit.errors import Forbidden, Invalid
from gatehouse.kit.net import Proxies

NewUser = Callable[[str], Awaitable[None]]
"""Makes the user of this address."""


class ProxyHeaderMethod:
    """`make`: None where people whom nobody knows are not let in."""

    def __init__(self, header: str, proxies: Proxies, csrf: Csrf, people: KnownPeople, make: NewUser | None) -> None:
        self._header = header.lower()
        self._proxies = proxies
        self._csrf = csrf
        self._people = people
        self._make = make

    async def identify(self, shown: Shown) -> Identified | None:
        named = shown.headers.get(self._header)
        if not named or not self._proxies.trusts(shown.peer):
            return None
        email = _email(named)
        principal = await self._people.get(email)
        if principal is None and self._make is not None:
            await self._make(email)
            principal = await self._people.get(email)
        if principal is None:
            raise Forbidden(f"There is no user '{email}'.", "Ask an administrator to add you.")
        # The proxy knows people by a cookie of its own, which pages of others can make a browser send.
        self._csrf.check(shown, principal.id)
        return Identified(principal)


def _email(named: str) -> str:
    try:
        return clean_email(named)
    except Invalid:
        raise Forbidden(
            "What the proxy names is not one email address.", "See the setting sign_in.proxy_header."
        ) from None
