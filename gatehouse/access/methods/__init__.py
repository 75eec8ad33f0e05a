"""The ways in: each looks at what a request shows, and says who sends it. They are asked in order; the first that knows, decides.

To add one: a file beside this one, and a line in the list that the composition root hands to `Methods`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from gatehouse.access.model import Principal

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Shown:
    """What a request shows of who sends it."""

    headers: Mapping[str, str] = field(repr=False)
    """By their names in lower case; what was sent more than once is joined by commas."""
    cookies: Mapping[str, str] = field(repr=False)
    peer: str | None
    """Who holds the connection: the caller, or a proxy."""
    address: str | None
    """The caller's, behind proxies that are trusted too."""
    secure: bool
    """Whether the caller came by https."""
    method: str

    @property
    def changes(self) -> bool:
        return self.method not in SAFE_METHODS


@dataclass(frozen=True, slots=True)
class Identified:
    """Who it is; `session_id` where that was told by a console session."""

    principal: Principal
    session_id: str | None = None


class Method(Protocol):
    async def identify(self, shown: Shown) -> Identified | None:
        """None where the request shows nothing of this kind; raises `Unauthenticated` or `Forbidden` for what is no good."""
        ...


class Methods:
    def __init__(self, ways: Iterable[Method]) -> None:
        self._ways = tuple(ways)

    async def identify(self, shown: Shown) -> Identified | None:
        """None: nobody says who sends this. Raises `Unauthenticated` or `Forbidden`."""
        for way in self._ways:
            found = await way.identify(shown)
            if found is not None:
                return found
        return None
