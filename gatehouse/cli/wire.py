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
    server_info: dict[str, Any] | None = None
    counts: dict[str, int] = {}
    skipped: list[Skipped] = []
    warnings: list[Any] = []
    tools: list[Capability] = []
    prompts: list[Capability] = []
    resources: list[Capability] = []
    resource_templates: list[Capability] = []

    @property
    def address(self) -> str:
        return self.url or " ".join([self.command or "", *self.args]).strip()

    @property
    def speaks(self) -> str:
        """`http modern 2026-07-28`, as far as it was found out."""
        transport = self.detected.transport if self.detected else self.transport
        return " ".join(word for word in (transport, self.era, self.protocol_version) if word)


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
    enabled: bool = True


class Token(msgspec.Struct, frozen=True):
    id: str
    name: str
    hint: str = ""
    servers: list[str] | None = None
    permissions: list[str] = []
    created_at: str | float | None = None
    expires_at: str | float | None = None
    revoked_at: str | float | None = None
    token: str = ""


class Config(msgspec.Struct, frozen=True):
    """What to paste into a client."""

    text: str
    client: str = ""
    transport: str = ""
    file_hint: str = ""
    notes: list[str] = []
    also: list[Config] = []
