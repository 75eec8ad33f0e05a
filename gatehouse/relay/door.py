"""Who is at the door of a virtual server, and may they come in? Asked for each request; true for one snapshot."""

from __future__ import annotations

import math
from typing import Protocol

import msgspec

from gatehouse.access.model import ANONYMOUS, Decision, Principal, Resource, Step
from gatehouse.access.policy import USE, entitled, sight
from gatehouse.access.tokens.admission import Admissions
from gatehouse.access.tokens.strangers import Strangers
from gatehouse.catalog.model import Server
from gatehouse.catalog.snapshot import CatalogSnapshot, ServerView
from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import Forbidden, GatewayError, NotFound, Unauthenticated
from gatehouse.protocol import jsonrpc
from gatehouse.protocol.methods import is_call, is_handshake
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


class Unknown(Unauthenticated):
    """The bearer may be somebody else's token, which takes time to verify: `Door.introduce` does."""

    def __init__(self, token: bytes) -> None:
        super().__init__("The token has not been verified.")
        self.token = token


class Limits(Protocol):
    """What a principal may still do; each raises `RateLimited`."""

    def spend_request(self, principal: Principal, now: float) -> None: ...

    def spend_call(self, principal: Principal, now: float) -> None: ...

    def look(self, principal: Principal, now: float) -> Step | None:
        """Whether one more call would be let through, in words; None where nothing is limited."""
        ...


class Counts(Protocol):
    def count(self, principal: str, calls: int) -> None:
        """A request of this principal, which was so many calls: one or none."""
        ...


class Unlimited:
    """Where nobody has to be limited or counted, as in front of the one server of `expose`."""

    def spend_request(self, principal: Principal, now: float) -> None: ...

    def spend_call(self, principal: Principal, now: float) -> None: ...

    def look(self, principal: Principal, now: float) -> Step | None:
        return None

    def count(self, principal: str, calls: int) -> None: ...


class Guests(msgspec.Struct, frozen=True):
    """What the door asks of others. `anonymous`: whether servers that are open to everybody may be used here without a token."""

    anonymous: bool
    strangers: Strangers
    limits: Limits
    counts: Counts


class Door:
    def __init__(self, current: Current, clock: Clock, guests: Guests) -> None:
        self._current = current
        self._clock = clock
        self._guests = guests
        self._admissions = Admissions()
        self._whole: str | None = None
        self._known: dict[tuple[str, bytes | None], _Known] = {}

    def everything_is(self, server: str) -> None:
        """Let `/mcp` be this one server."""
        self._whole = server

    def identify(self, authorization: bytes | None) -> Principal:
        """Who sends this `Authorization` header; raises `Unauthenticated`, or `Unknown` for who has to be introduced."""
        if authorization is None:
            return ANONYMOUS
        scheme, _, token = authorization.partition(b" ")
        token = token.strip()
        if scheme.lower() != b"bearer" or not token:
            raise Unauthenticated("The Authorization header is not of the form 'Bearer TOKEN'.")
        principal = self._holder(token)
        if principal is None:
            raise Unauthenticated("The token is unknown or revoked.", "Make one with `gatehouse token create`.")
        if principal.disabled is not None:
            raise Unauthenticated(f"Not signed in: {principal.disabled}.", "Ask for another token.")
        if principal.expires_at is not None and self._clock.now() >= principal.expires_at:
            raise Unauthenticated("The token has expired.", "Make a new one with `gatehouse token create`.")
        return principal

    def _holder(self, token: bytes) -> Principal | None:
        keyring, strangers = self._current.keyring, self._guests.strangers
        principal = keyring.identify(token)
        if principal is None and strangers.possible(token):
            principal = strangers.known(token, keyring.directory, self._clock.now())
            if principal is None:
                raise Unknown(token)
        return principal

    async def introduce(self, token: bytes) -> None:
        """Verify somebody else's token, so that `identify` knows it; raises `Unauthenticated`."""
        await self._guests.strangers.introduce(token, self._current.keyring.directory)

    async def greet(self, authorization: bytes) -> Principal:
        """`identify` for who has time; raises `Unauthenticated`."""
        try:
            return self.identify(authorization)
        except Unknown as error:
            await self.introduce(error.token)
        return self.identify(authorization)

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

    def admit(self, principal: Principal, address: str | None) -> None:
        """What another moment or another address can change; to be asked at each request where `principal.limited`."""
        decision = self._admissions.ask(principal, address, self._clock.now())
        if decision is not None and not decision.allowed:
            raise Forbidden(f"Not allowed: {decision.reason}.", "Use a token that is good from here, at this time.")

    def spend(self, principal: Principal, message: jsonrpc.Message) -> None:
        """Count a request; raises `RateLimited` where the principal has used up what it may."""
        if isinstance(message, jsonrpc.Request):
            self._spend(principal, message.method)
        elif isinstance(message, jsonrpc.Batch):
            for item in message.items:
                inner = jsonrpc.read(bytes(item))
                if isinstance(inner, jsonrpc.Request):
                    self._spend(principal, inner.method)

    def _spend(self, principal: Principal, method: str) -> None:
        if not is_handshake(method):
            self.spend_on_api(principal, is_call(method))

    def spend_on_api(self, principal: Principal, call: bool) -> None:
        """The same for a request that is not of MCP; `call`: it reaches an upstream."""
        guests = self._guests
        if principal.limited:
            now = self._clock.now()
            guests.limits.spend_request(principal, now)
            if call:
                guests.limits.spend_call(principal, now)
        guests.counts.count(principal.id, call)

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
            return Entry(principal, self.everything(principal), ref, authorization)
        offering = self._current.server(ref)
        if offering is None:
            raise self._missing(principal, ref)
        decision = self.may_use(principal, offering.view.server)
        if not decision.allowed:
            raise self._refusal(principal, decision, ref)
        return Entry(principal, offering, ref, authorization)

    def may_use(self, principal: Principal, server: Server) -> Decision:
        """Conditions aside: those are asked at each request."""
        open_to_all = server.access == "anonymous" and self._guests.anonymous
        resource = Resource("server", server.id, server.placement, server.slug, open_to_all)
        return entitled(principal, USE, resource, self._clock.now())

    def limit(self, principal: Principal) -> Step | None:
        """What the next request would meet, without making it."""
        return self._guests.limits.look(principal, self._clock.now())

    def look(self, entry: Entry) -> ServerView | None:
        """What an open stream may see now; None once its server or its token is gone."""
        try:
            return self.enter(entry.ref, entry.authorization).offering.view
        except GatewayError:
            return None

    def seconds_left(self, principal: Principal) -> float | None:
        """Until its token expires; None: it does not."""
        return None if principal.expires_at is None else max(0.0, principal.expires_at - self._clock.now())

    def everything(self, principal: Principal) -> Offering:
        """All that the principal may use, as one; raises as `enter` does."""
        if principal is ANONYMOUS:
            raise Unauthenticated("Not signed in: this address needs a token.", "Send 'Authorization: Bearer TOKEN'.")
        if principal.servers is not None:
            known = (self._current.snapshot.servers.get(id_) for id_ in principal.servers)
            usable = (one for one in known if one is not None and self.may_use(principal, one).allowed)
            return self._current.joined(frozenset(one.id for one in usable))
        decision = entitled(principal, USE, Resource("server"), self._clock.now())
        if not decision.allowed:
            raise self._refusal(principal, decision, EVERYTHING)
        return self._current.seen_by(sight(principal, USE))

    def _missing(self, principal: Principal, ref: str) -> Exception:
        """Who may use servers hears that one does not exist; others hear what they would hear anyway."""
        decision = entitled(principal, USE, Resource("server", ref), self._clock.now())
        return self._refusal(principal, decision, ref)

    def _refusal(self, principal: Principal, decision: Decision, ref: str) -> Exception:
        if principal is ANONYMOUS:
            return Unauthenticated(f"Not signed in: {decision.reason}.", "Send 'Authorization: Bearer TOKEN'.")
        if principal.kind == "client" and decision.steps[-1].about == "scope":
            # RFC 8707: what was issued for another resource is no token here.
            return Unauthenticated(f"Not signed in: {decision.reason}.", "Get an access token for this server.")
        if decision.allowed or decision.steps[-1].about == "visibility":
            return NotFound(f"There is no server '{ref[:100]}'.", "See `gatehouse server list`.")
        return Forbidden(f"Not allowed: {decision.reason}.", "Ask for a token that has this server.")
