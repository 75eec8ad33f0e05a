"""What is offered: upstreams, their capabilities, virtual servers and the bindings between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from gatehouse.protocol.call import Era
from gatehouse.store.placement import Placement, Visibility

AGENT = "a2a"
"""The kind of upstreams that are A2A agents."""
LOCAL = "local"
"""The kind of the one upstream that is Gatehouse itself, with the prompts and resources that people make here."""


class Kind(StrEnum):
    TOOL = "tool"
    PROMPT = "prompt"
    RESOURCE = "resource"
    TEMPLATE = "resource_template"


class Transport(StrEnum):
    AUTO = "auto"
    HTTP = "http"
    SSE = "sse"
    STDIO = "stdio"


class Share(StrEnum):
    """Who shares one session with an upstream: everybody, one principal, or one client session."""

    AUTO = "auto"
    SHARED = "shared"
    USER = "user"
    SESSION = "session"


class Status(StrEnum):
    """UNKNOWN: not looked at yet; DEGRADED: it answers, but badly; SIGN_IN: it wants to be signed in to (HTTP 401)."""

    UNKNOWN = "unknown"
    OK = "ok"
    DEGRADED = "degraded"
    DOWN = "down"
    SIGN_IN = "sign_in"
    MAINTENANCE = "maintenance"


ANSWERING = frozenset({Status.OK, Status.DEGRADED})


class Cause(StrEnum):
    """What made an upstream's status what it is: a full look, a probe, the calls of clients, or people."""

    NONE = ""
    LOOK = "look"
    PROBE = "probe"
    CALLS = "calls"
    PEOPLE = "people"


@dataclass(frozen=True, slots=True)
class Offered:
    """One capability as the upstream gave it. `key`: the name, or for resources the uri, for templates the uriTemplate."""

    kind: Kind
    key: str
    definition: bytes
    """The JSON object, its values byte for byte as they came."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Skipped:
    """A capability that the protocol forbids to pass on, and why."""

    kind: Kind
    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class Detected:
    """How an upstream was found to speak. `transport` is never AUTO; `stateful`: it hands out sessions, or is one."""

    transport: Transport
    era: Era
    version: str
    stateful: bool
    capabilities: bytes = b"{}"
    server_info: bytes = b"{}"
    instructions: str | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """All that an upstream said of itself in one discovery."""

    detected: Detected
    items: tuple[Offered, ...]
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True)
class ListsChanged:
    """Counters: how often each list of an upstream changed, or was said to have changed."""

    tools: int = 0
    prompts: int = 0
    resources: int = 0


@dataclass(frozen=True, slots=True)
class Upstream:
    """Something Gatehouse calls. `credential` and `env` are sealed; only the pool opens them."""

    id: str
    name: str
    kind: str = "mcp"
    transport: Transport = Transport.AUTO
    url: str | None = None
    command: str | None = None
    args: tuple[str, ...] = ()
    cwd: str | None = None
    env_names: tuple[str, ...] = ()
    sealed_env: bytes | None = None
    credential_type: str | None = None
    sealed_credential: bytes | None = None
    share: Share = Share.AUTO
    era: str = "auto"
    """`auto`, `legacy` or `modern`: what to speak, where finding out is not wanted."""
    description: str = ""
    tags: tuple[str, ...] = ()
    owner: str | None = None
    team: str | None = None
    visibility: Visibility = Visibility.PUBLIC
    enabled: bool = True
    timeout: float | None = None
    """Seconds without a sign of life; the setting where None."""
    detected: Detected | None = None
    status: Status = Status.UNKNOWN
    error: str | None = None
    status_since: float = 0.0
    status_cause: Cause = Cause.NONE
    checked_at: float | None = None
    maintenance_until: float | None = None
    """Set while people work on it: until then it is not called."""
    maintenance_note: str | None = None
    skipped: tuple[Skipped, ...] = ()
    offer_revision: int = 0
    """Goes up when a stored capability of this upstream changes in any way."""
    config_revision: int = 0
    """Goes up when how to reach it changes (url, command, credential, share...)."""
    lists_changed: ListsChanged = field(default_factory=ListsChanged)
    created_at: float = 0.0
    updated_at: float = 0.0

    @property
    def placement(self) -> Placement:
        return Placement(self.owner, self.team, self.visibility)


@dataclass(frozen=True, slots=True)
class Overrides:
    """What people say instead of the upstream; None leaves its word."""

    title: str | None = None
    description: str | None = None
    annotations: bytes | None = None


@dataclass(frozen=True, slots=True)
class Capability:
    """A stored capability. `gone_at` is set while the upstream no longer offers it; its bindings stay."""

    id: str
    upstream_id: str
    kind: Kind
    key: str
    definition: bytes
    title: str | None = None
    description: str | None = None
    warnings: tuple[str, ...] = ()
    overrides: Overrides = Overrides()
    tags: tuple[str, ...] = ()
    enabled: bool = True
    first_seen: float = 0.0
    gone_at: float | None = None
    placement: Placement | None = None
    """None: that of its upstream."""


@dataclass(frozen=True, slots=True)
class Binding:
    """One capability's place in a server. `name` is advertised (for resources and templates: the uri); aliases stay callable."""

    id: str
    server_id: str
    capability_id: str
    name: str
    position: int
    title: str | None = None
    description: str | None = None
    aliases: tuple[str, ...] = ()
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Server:
    """A virtual server: a chosen set of capabilities behind one MCP endpoint."""

    id: str
    slug: str
    name: str
    description: str = ""
    instructions: str | None = None
    access: str = "token"
    """`token` or `anonymous`."""
    record_content: bool = False
    """Whether records of its calls have arguments and results in them, without what could be a secret."""
    era: str = "auto"
    """`auto`: clients of both eras are served; `legacy` or `modern`: only those."""
    tags: tuple[str, ...] = ()
    owner: str | None = None
    team: str | None = None
    visibility: Visibility = Visibility.PUBLIC
    enabled: bool = True
    created_at: float = 0.0
    updated_at: float = 0.0

    @property
    def placement(self) -> Placement:
        return Placement(self.owner, self.team, self.visibility)
