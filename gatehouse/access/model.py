"""Who is calling, what it is done to, and what was decided about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network

from gatehouse.store.placement import Placement

ALL = "*"
"""As a scope: every team, and what has none. As a permission: every action."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A role on a scope, resolved to what it permits. `scope` is a team's id, or `ALL`."""

    role: str
    permissions: frozenset[str]
    scope: str
    scope_name: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    """A time of the week. `days`: 0 is Monday; minutes since midnight there; an `end` up to `start` is on the next day."""

    days: frozenset[int]
    start: int
    end: int
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests in so many seconds."""

    requests: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Conditions:
    """What is asked again at each request. Empty: any address, any time, any number."""

    allowed_ips: tuple[IPv4Network | IPv6Network, ...] = ()
    windows: tuple[Window, ...] = ()
    rate: Rate | None = None
    daily_quota: int | None = None
    """Calls between two midnights, UTC."""

    def __bool__(self) -> bool:
        return bool(self.allowed_ips or self.windows or self.rate or self.daily_quota is not None)


UNCONDITIONAL = Conditions()


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling: a user, or what somebody made to call by itself.

    `grants` are what it may do where; `servers` and `permissions` take away from that. `servers` are the virtual
    servers that it is bound to (None: not bound to any). A principal that has them may use them, whatever its
    permissions, and what else it may do its permissions say.
    """

    id: str
    kind: str
    """`user`, `token`, `client` (an OAuth access token) or `anonymous`."""
    name: str
    servers: frozenset[str] | None = None
    permissions: frozenset[str] = frozenset()
    """`*` is everything; else actions such as `upstream.read` or `upstream.*`."""
    expires_at: float | None = None
    """Seconds since the epoch; from then on the principal is nobody."""
    user: str | None = None
    """The id of the user that it is, or that made it and whose rights it has."""
    grants: tuple[Grant, ...] = ()
    conditions: Conditions = UNCONDITIONAL
    disabled: str | None = None
    """Why it may do nothing any more, in words."""
    agents: frozenset[str] | None = None
    """The agents that it is bound to, as `servers` are for servers."""
    limited: bool = field(init=False, default=False)
    """Whether anything has to be asked at each request."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "limited", bool(self.conditions))


ANONYMOUS = Principal(id="anonymous", kind="anonymous", name="anonymous")


@dataclass(frozen=True, slots=True)
class Token:
    """An API token as it is stored; `digest` is the SHA-256 of what was shown once.

    It has the rights of its `owner` (a user), or of its `team`, or, where it has neither, of the installation.
    """

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
    owner: str | None = None
    team: str | None = None
    conditions: Conditions = UNCONDITIONAL
    previous_digest: bytes | None = None
    """That of the text before the last rotation."""
    previous_until: float | None = None
    """Until when the text before the last rotation is good."""
    created_by: str | None = None
    """The id of the principal that made it."""
    agents: tuple[str, ...] | None = None
    """Ids of the agents that it is for; None: not bound to any."""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Resource:
    """What an action is done to. Without a placement: a kind as a whole, as in a list."""

    kind: str
    id: str | None = None
    placement: Placement | None = None
    name: str = ""
    """For words."""
    anonymous: bool = False
    """A server that is open to everybody."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """`now`: seconds since the epoch; `address`: the caller's, None where it is not known."""

    now: float
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One question of a decision: `about` is a word for it, `words` the answer."""

    about: str
    passed: bool
    words: str


@dataclass(frozen=True, slots=True)
class Decision:
    """`steps` in the order in which they were asked; the last one is the one that did not pass, or decided."""

    allowed: bool
    steps: tuple[Step, ...]

    @property
    def reason(self) -> str:
        return self.steps[-1].words
