"""Who is at the door of a virtual server, and may they come in? Asked for each request; true for one snapshot."""

from __future__ import annotations

import math

import msgspec

from gatehouse.access.model import ANONYMOUS, Principal, Resource
from gatehouse.access.policy import USE, allows
from gatehouse.catalog.snapshot import CatalogSnapshot, ServerView
from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import Forbidden, GatewayError, NotFound, Unauthenticated
from gatehouse.relay.current import Current
from gatehouse.relay.offering import Offering

REMEMBERED = 10_000
"""Entries kept, of those who were let in."""
EVERYTHING = "*"
"""Stands for `/mcp`, which is every server that the caller may use."""


class Entry(msgspec.Struct, frozen=True):
    """Who came in where. `authorization` is kept in memory only, to ask again while a stream is open."""

    principal: Principal
    offering: Offering
    ref: str
    authorization: bytes | None = None


class _Known(msgspec.Struct, frozen=True):
    entry: Entry
    snapshot: CatalogSnapshot
    until: float


class Door:
    """`anonymous`: whether servers that are open to everybody may be used without a token here."""

    def __init__(self, current: Current, clock: Clock, anonymous: bool) -> None:
        self._current = current
        self._clock = clock
        self._anonymous = anonymous
        self._whole: str | None = None
        self._known: dict[tuple[str, bytes | None], _Known] = {}

    def everything_is(self, server: str) -> None:
        """Let `/mcp` be this one server."""
        self._whole = server

    def identify(self, authorization: bytes | None) -> Principal:
        """Who sends this `Authorization` header; raises `Unauthenticated`."""
        if authorization is None:
            return ANONYMOUS
        scheme, _, token = authorization.partition(b" ")
        if scheme.lower() != b"bearer" or not token:
            raise Unauthenticated("The Authorization header is not of the form 'Bearer TOKEN'.")
        principal = self._current.keyring.identify(token.strip())
        if principal is None:
            raise Unauthenticated("The token is unknown or revoked.", "Make one with `gatehouse token create`.")
        if principal.expires_at is not None and self._clock.now() >= principal.expires_at:
            raise Unauthenticated("The token has expired.", "Make a new one with `gatehouse token create`.")
        return principal

    def enter(self, ref: str, authorization: bytes | None) -> Entry:
        """Into the server `ref` (id, slug, or `EVERYTHING`); raises `Unauthenticated`, `Forbidden` or `NotFound`.

        Who came in once comes in again without being asked, as long as the snapshot is the same and the token lives.
        """
        known = self._known.get((ref, authorization))
        if known is not None and known.snapshot is self._current.snapshot and known.until > self._clock.now():
            return known.entry
        entry = self._enter(ref, authorization)
        self._remember(entry, ref)
        return entry

    def _remember(self, entry: Entry, ref: str) -> None:
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        expires_at = entry.principal.expires_at
        until = expires_at if expires_at is not None else math.inf
        self._known[ref, entry.authorization] = _Known(entry, self._current.snapshot, until)

    def _enter(self, ref: str, authorization: bytes | None) -> Entry:
        principal = self.identify(authorization)
        if ref == EVERYTHING and self._whole is not None:
            ref = self._whole
        if ref == EVERYTHING:
            return Entry(principal, self._everything(principal), ref, authorization)
        offering = self._current.server(ref)
        if offering is None:
            raise self._missing(principal, ref)
        server = offering.view.server
        open_to_all = server.access == "anonymous" and self._anonymous
        decision = allows(principal, USE, Resource("server", server.id, open_to_all), self._clock.now())
        if not decision.allowed:
            raise self._refusal(principal, decision.reason)
        return Entry(principal, offering, ref, authorization)

    def look(self, entry: Entry) -> ServerView | None:
        """What an open stream may see now; None once its server or its token is gone."""
        try:
            return self.enter(entry.ref, entry.authorization).offering.view
        except GatewayError:
            return None

    def seconds_left(self, principal: Principal) -> float | None:
        """Until its token expires; None: it does not."""
        return None if principal.expires_at is None else max(0.0, principal.expires_at - self._clock.now())

    def _everything(self, principal: Principal) -> Offering:
        if principal is ANONYMOUS:
            raise self._refusal(principal, "this address needs a token")
        if principal.servers:
            return self._current.everything(principal.servers)
        decision = allows(principal, USE, Resource("server"), self._clock.now())
        if not decision.allowed:
            raise self._refusal(principal, decision.reason)
        return self._current.everything(None)

    def _missing(self, principal: Principal, ref: str) -> Exception:
        """Only who may use any server hears that one does not exist; others hear what they would hear anyway."""
        if allows(principal, USE, Resource("server"), self._clock.now()).allowed:
            return NotFound(f"There is no server '{ref[:100]}'.", "See `gatehouse server list`.")
        if principal is ANONYMOUS:
            return self._refusal(principal, "this server needs a token")
        return self._refusal(principal, f"token '{principal.name}' was not made for this server")

    def _refusal(self, principal: Principal, reason: str) -> Exception:
        if principal is ANONYMOUS:
            return Unauthenticated(f"Not signed in: {reason}.", "Send 'Authorization: Bearer TOKEN'.")
        return Forbidden(f"Not allowed: {reason}.", "Ask for a token that has this server.")
