"""Users as this worker knows them, for the ways in that name one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from gatehouse.access.directory import Directory
from gatehouse.access.model import Principal
from gatehouse.kit.errors import Forbidden


class KnownPeople:
    """`settle` returns once the directory has what was written up to now."""

    def __init__(self, directory: Callable[[], Directory], settle: Callable[[], Awaitable[None]]) -> None:
        self._directory = directory
        self._settle = settle

    async def get(self, ref: str) -> Principal | None:
        """By id, or by address; one whom another worker has just made, too. Raises `Forbidden` for who is switched off."""
        principal = self._find(ref)
        if principal is None:
            await self._settle()
            principal = self._find(ref)
        if principal is not None and principal.disabled is not None:
            raise Forbidden(f"Not allowed: {principal.disabled}.", "Ask an administrator.")
        return principal

    def _find(self, ref: str) -> Principal | None:
        directory = self._directory()
        user = directory.user(ref)
        return None if user is None else directory.principal(user.id)
