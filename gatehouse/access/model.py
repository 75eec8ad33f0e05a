"""Who is calling, and what was decided about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling. `servers` are the virtual servers it is bound to; None: not bound to any, `permissions` decide.

    A token made for servers has them, and no permissions: it opens those servers and nothing of the API.
    """

    id: str
    kind: str
    """`token` or `anonymous`."""
    name: str
    servers: frozenset[str] | None = frozenset()
    permissions: frozenset[str] = frozenset()
    """`*` is everything; else actions such as `upstream.read` or `upstream.*`."""
    expires_at: float | None = None
    """Seconds since the epoch; from then on the principal is nobody."""


ANONYMOUS = Principal(id="anonymous", kind="anonymous", name="anonymous")


@dataclass(frozen=True, slots=True)
class Token:
    """An API token as it is stored; `digest` is the SHA-256 of what was shown once."""

    id: str
    name: str
    digest: bytes
    hint: str
    """The last four characters, to tell tokens apart."""
    servers: tuple[str, ...] | None
    permissions: tuple[str, ...]
    created_at: float
    expires_at: float | None = None
    revoked_at: float | None = None


@dataclass(frozen=True, slots=True)
class Resource:
    """What an action is done to. `id` is None for a kind as a whole, as in a list or a creation."""

    kind: str
    id: str | None = None
    anonymous: bool = False
    """A server that is open to everybody."""


@dataclass(frozen=True, slots=True)
class Decision:
    allowed: bool
    reason: str
