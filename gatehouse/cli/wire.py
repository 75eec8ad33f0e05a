"""The API's answers, as far as commands read them. What is not named here is passed over."""

from __future__ import annotations

from typing import Any

import msgspec


class Ref(msgspec.Struct, frozen=True):
    id: str
    name: str = ""


class Skipped(msgspec.Struct, frozen=True):
    kind: str
    name: str
    reason: str


class Capability(msgspec.Struct, frozen=True):
    """A tool, prompt, resource or resource template. `uri` is that of a resource, or a template's uriTemplate."""

    id: str
    name: str
    handle: str = ""
    uri: str = ""
    title: str | None = None
    description: str | None = None
    upstream: Ref | None = None
    kind: str = "tool"
    enabled: bool = True
    state: str = "present"


class Detected(msgspec.Struct, frozen=True):
    transport: str


class Example(msgspec.Struct, frozen=True):
    """A tool, and tools of other upstreams that are like it."""

    name: str
    like: list[LikeTool]


class LikeTool(msgspec.Struct, frozen=True):
    name: str
    upstream: str


class Duplicates(msgspec.Struct, frozen=True):
    count: int = 0
    examples: list[Example] = []


class Upstream(msgspec.Struct, frozen=True):
    id: str
    name: str
    transport: str = "auto"
    url: str | None = None
    command: str | None = None
    args: list[str] = []
    env: list[str] = []
    credential: dict[str, Any] | None = None
    share: str = "auto"
    tags: list[str] = []
    visibility: str = ""
    enabled: bool = True
    era: str | None = None
    protocol_version: str | None = None
    detected: Detected | None = None
    status: str = "unknown"
    error: str | None = None
    status_since: str | float | None = None
    checked_at: str | float | None = None
    maintenance: dict[str, Any] | None = None
    server_info: dict[str, Any] | None = None
    counts: dict[str, int] = {}
    skipped: list[Skipped] = []
    warnings: list[Any] = []
    tools: list[Capability] = []
    prompts: list[Capability] = []
    resources: list[Capability] = []
    resource_templates: list[Capability] = []
    duplicates: Duplicates | None = None

    @property
    def address(self) -> str:
        return self.url or " ".join([self.command or "", *self.args]).strip()

    @property
    def speaks(self) -> str:
        """`http modern 2026-07-28`, as far as it was found out."""
        transport = self.detected.transport if self.detected else self.transport
        return " ".join(word for word in (transport, self.era, self.protocol_version) if word)


class Binding(msgspec.Struct, frozen=True):
    """A capability's place in a server, under the name that agents see."""

    id: str
    capability: str
    name: str
    original_name: str
    upstream: Ref
    title: str | None = None
    description: str | None = None
    enabled: bool = True
    state: str = "present"


class Bindings(msgspec.Struct, frozen=True):
    items: list[Binding]


class Server(msgspec.Struct, frozen=True):
    id: str
    slug: str
    name: str
    description: str = ""
    instructions: str | None = None
    access: str = "token"
    url: str = ""
    sse_url: str = ""
    tools: list[Any] = []
    prompts: list[Any] = []
    resources: list[Any] = []
    bindings: list[Binding] = []
    enabled: bool = True


class Window(msgspec.Struct, frozen=True):
    """A time of the week."""

    days: list[str]
    start: str
    end: str
    timezone: str


class Token(msgspec.Struct, frozen=True):
    id: str
    name: str
    hint: str = ""
    owner: str | None = None
    owner_name: str | None = None
    team: str | None = None
    team_name: str | None = None
    servers: list[str] | None = None
    agents: list[str] | None = None
    permissions: list[str] = []
    allowed_ips: list[str] = []
    windows: list[Window] = []
    rate_limit: str | None = None
    daily_quota: int | None = None
    created_at: str | float | None = None
    expires_at: str | float | None = None
    revoked_at: str | float | None = None
    previous_until: str | None = None
    last_used_at: str | None = None
    tags: list[str] = []
    token: str = ""


class ServerAccess(msgspec.Struct, frozen=True):
    slug: str
    tools: list[str] = []
    prompts: list[str] = []
    resources: list[str] = []


class AgentAccess(msgspec.Struct, frozen=True):
    name: str


class PermissionAccess(msgspec.Struct, frozen=True):
    permission: str
    on: list[str] = []


class Access(msgspec.Struct, frozen=True):
    """What a token opens."""

    usable: bool
    reason: str | None = None
    servers: list[ServerAccess] = []
    agents: list[AgentAccess] = []
    api: list[PermissionAccess] = []


class DayUsage(msgspec.Struct, frozen=True):
    day: str
    requests: int
    calls: int
    refused: int


class Totals(msgspec.Struct, frozen=True):
    requests: int
    calls: int
    refused: int


class Usage(msgspec.Struct, frozen=True):
    days: list[DayUsage]
    totals: Totals
    last_used_at: str | None = None


class TeamOfUser(msgspec.Struct, frozen=True):
    slug: str
    role: str


class RoleOfUser(msgspec.Struct, frozen=True):
    role: str
    scope: str
    team: str | None = None


class User(msgspec.Struct, frozen=True):
    id: str
    email: str
    name: str
    active: bool = True
    origin: str = ""
    has_password: bool = False
    tags: list[str] = []
    created_at: str = ""
    seen_at: str | None = None
    teams: list[TeamOfUser] = []
    grants: list[RoleOfUser] = []


class Team(msgspec.Struct, frozen=True):
    id: str
    slug: str
    name: str
    description: str = ""
    visibility: str = ""
    members: int = 0
    role: str | None = None


class Member(msgspec.Struct, frozen=True):
    id: str
    email: str
    name: str
    active: bool = True
    role: str = ""
    origin: str = ""


class Invitation(msgspec.Struct, frozen=True):
    id: str
    link: str
    expires_at: str
    email: str | None = None
    role: str | None = None


class Role(msgspec.Struct, frozen=True):
    id: str
    name: str
    description: str = ""
    permissions: list[str] = []
    built_in: bool = False


class Grant(msgspec.Struct, frozen=True):
    id: str
    email: str
    role: str
    scope: str
    team: str | None = None
    origin: str = ""


class Config(msgspec.Struct, frozen=True):
    """What to paste into a client."""

    text: str
    client: str = ""
    transport: str = ""
    file_hint: str = ""
    notes: list[str] = []
    also: list[Config] = []
