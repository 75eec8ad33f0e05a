"""Refused tokens, told as events: counted where they are refused, looked up and told off the path of requests."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from hashlib import sha256

from starlette.requests import Request

from gatehouse.access.model import ANONYMOUS, Principal, Token
from gatehouse.access.tokens.keyring import Keyring
from gatehouse.access.tokens.service import Tokens, placement
from gatehouse.api.context import Caller, Identify
from gatehouse.catalog.model import Server
from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import Forbidden, GatewayError, RateLimited, Unauthenticated
from gatehouse.store.placement import Placement, Visibility
from gatehouse.telemetry.event import Event, placed
from gatehouse.telemetry.events import Events

MOST = 1000
"""Different refusals that are kept apart between two flushes."""
_ADMINISTRATORS = Placement(None, None, Visibility.PRIVATE)


@dataclass(frozen=True, slots=True)
class _Refused:
    """One way of being refused. `digest`: of a token that nobody knows just now, in hex."""

    principal: Principal | None
    digest: str
    cause: str
    """`expired`, `disabled`, `unknown`, `not_allowed` or `limit_used_up`; `revoked` or `not_known_yet` once it was looked up."""
    words: str
    server: str
    server_name: str
    address: str

    @property
    def where(self) -> str:
        at = f" at server '{self.server_name}'" if self.server_name else ""
        return at + (f" from {self.address}" if self.address else "")


@dataclass(slots=True)
class _Times:
    first: float
    count: int = 0


_MANY = _Refused(None, "", "unknown", "", "", "", "")


class TokenRefusals:
    """`flush` it right before the events."""

    def __init__(self, events: Events, tokens: Tokens, clock: Clock) -> None:
        self._events = events
        self._tokens = tokens
        self._clock = clock
        self._counted: dict[_Refused, _Times] = {}
        self.keyring: Callable[[], Keyring] = lambda: Keyring({})
        self.server: Callable[[str], Server | None] = lambda ref: None
        """By id or slug."""

    def refused(
        self, principal: Principal, path: str, error: GatewayError, address: str | None, authorization: bytes
    ) -> None:
        """`principal` is `ANONYMOUS` for a token that is no good. Cheap: it only counts."""
        now = self._clock.now()
        one = self._seen(principal, path, error, address, authorization.partition(b" ")[2].strip())
        if one not in self._counted and len(self._counted) >= MOST:
            one = _MANY
        times = self._counted.setdefault(one, _Times(now))
        times.count += 1

    def watching(self, identify: Identify, address: Callable[[Request], str | None]) -> Identify:
        """The way into the API, which tells of tokens that are no good, too."""

        async def watched(request: Request) -> Caller:
            try:
                return await identify(request)
            except (Unauthenticated, Forbidden) as error:
                authorization = request.headers.get("authorization", "").encode("latin-1", "replace")
                if authorization:
                    self.refused(ANONYMOUS, "", error, address(request), authorization)
                raise

        return watched

    def spending(self, spend: Callable[[Principal, bool], None]) -> Callable[[Principal, bool], None]:
        """The same for limits that are used up at the API."""

        def spent(principal: Principal, call: bool) -> None:
            try:
                spend(principal, call)
            except RateLimited as error:
                self.refused(principal, "", error, None, b"")
                raise

        return spent

    async def flush(self) -> None:
        """Raises where the database is down; then it is counted still."""
        if not self._counted:
            return
        taken, self._counted = self._counted, {}
        digests = {one.digest for one in taken if one.digest}
        try:
            known = await self._tokens.by_digest(digests) if digests else {}
        except GatewayError:
            self._put_back(taken)
            raise
        for one, times in taken.items():
            self._tell(one, times, known.get(one.digest))

    def _put_back(self, taken: dict[_Refused, _Times]) -> None:
        for one, times in taken.items():
            place = one if one in self._counted or len(self._counted) < MOST else _MANY
            counted = self._counted.setdefault(place, _Times(times.first))
            counted.first = min(counted.first, times.first)
            counted.count += times.count

    def _seen(
        self, principal: Principal, path: str, error: GatewayError, address: str | None, plain: bytes
    ) -> _Refused:
        holder = self.keyring().identify(plain) if principal is ANONYMOUS else principal
        ref = path.removeprefix("/servers/").partition("/")[0] if path.startswith("/servers/") else ""
        server = self.server(ref) if ref else None
        return _Refused(
            principal=holder,
            digest=sha256(plain).hexdigest() if holder is None else "",
            cause=self._cause(holder, error),
            words=_words(error),
            server=server.id if server else "",
            server_name=server.slug if server else "",
            address=address or "",
        )

    def _cause(self, holder: Principal | None, error: GatewayError) -> str:
        if isinstance(error, RateLimited):
            return "limit_used_up"
        if isinstance(error, Forbidden):
            return "not_allowed"
        if holder is None:
            return "unknown"
        if holder.expires_at is not None and self._clock.now() >= holder.expires_at:
            return "expired"
        return "not_allowed" if holder.disabled is None else "disabled"

    def _tell(self, one: _Refused, times: _Times, stored: Token | None) -> None:
        event = _event(one, times, stored)
        key: Hashable = (event.token, event.subject_name, event.data["cause"], one.words, one.server, one.address)
        if not self._events.count(key, event):
            self._events.count("others", _others(times))


def _event(one: _Refused, times: _Times, stored: Token | None) -> Event:
    """`stored`: the token, where it is none that opens anything here."""
    if one is _MANY:
        return _others(times)
    if stored is not None:
        # Another worker made it, and this one had not heard of it.
        new = "not_known_yet", "it was so new that it was not known yet"
        cause = new if stored.revoked_at is None else ("revoked", "it was revoked")
        return _of_known(one, times, ("token", stored.id, stored.name), placement(stored), cause)
    if one.principal is not None:
        who = one.principal
        words = "it has expired" if one.cause == "expired" else one.words
        return _of_known(one, times, (who.kind, who.id, who.name), _placement(who), (one.cause, words))
    message = f"A token that is not known here was refused{one.where}."
    return _made(one, times, message, "unknown")


def _of_known(
    one: _Refused, times: _Times, who: tuple[str, str, str], place: Placement, cause: tuple[str, str]
) -> Event:
    kind, id_, name = who
    what = "Access token" if kind == "client" else kind.capitalize()
    message = f"{what} '{name}' was refused{one.where}: {cause[1]}."
    return _made(one, times, message, cause[0], (kind, id_, name), place)


def _made(
    one: _Refused,
    times: _Times,
    message: str,
    cause: str,
    who: tuple[str, str, str] = ("token", "", ""),
    place: Placement = _ADMINISTRATORS,
) -> Event:
    return Event(
        kind="token.refused",
        at=times.first,
        subject_kind=who[0],
        subject=who[1],
        subject_name=who[2],
        message=message,
        data={"cause": cause, "address": one.address or None, "server": one.server_name or None},
        count=times.count,
        server=one.server,
        token=who[1],
        **placed(place),
    )


def _others(times: _Times) -> Event:
    """What stands for refusals that are too many to be kept apart."""
    return _made(_MANY, times, "More tokens were refused in more ways than are kept apart.", "others")


def _placement(principal: Principal) -> Placement:
    """Where a token stands: a user's own, a team's, or the installation's."""
    if principal.user is not None:
        return Placement(principal.user, None, Visibility.PRIVATE)
    team = next((grant.scope for grant in principal.grants if grant.scope != "*"), None)
    return Placement(None, team, _visibility(team))


def _visibility(team: str | None) -> Visibility:
    return Visibility.PRIVATE if team is None else Visibility.TEAM


def _words(error: GatewayError) -> str:
    """Why, to stand at the end of a sentence."""
    return error.message.removeprefix("Not allowed: ").removeprefix("Not signed in: ").rstrip(".")
