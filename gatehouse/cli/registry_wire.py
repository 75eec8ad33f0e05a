"""The registry's answers, as far as commands read them."""

from __future__ import annotations

import msgspec

from gatehouse.cli.wire import Ref, Upstream


class Field(msgspec.Struct, frozen=True):
    key: str
    label: str = ""
    description: str = ""
    required: bool = False
    secret: bool = False
    default: str | None = None


class Way(msgspec.Struct, frozen=True):
    """`reason`: why it is not possible."""

    name: str
    transport: str = ""
    summary: str = ""
    reason: str | None = None
    fields: list[Field] = []


class Entry(msgspec.Struct, frozen=True):
    id: str
    name: str
    title: str = ""
    description: str = ""
    version: str = ""
    status: str = ""
    status_message: str = ""
    source: str = ""
    category: str = ""
    auth: str = ""
    transports: list[str] = []
    docs: str | None = None
    repository: str | None = None
    installed: list[Ref] = []
    ways: list[Way] = []

    @property
    def mark(self) -> str:
        """The upstreams that come from it."""
        return ", ".join(one.name for one in self.installed)


class Preview(msgspec.Struct, frozen=True):
    command_line: str | None = None
    env: list[str] = []


class Installed(msgspec.Struct, frozen=True):
    state: str
    message: str = ""
    upstream: Upstream | None = None


class Change(msgspec.Struct, frozen=True):
    field: str
    before: str | None = None
    after: str | None = None


class Update(msgspec.Struct, frozen=True):
    upstream: str
    upstream_name: str
    name: str
    installed: str
    version: str | None = None
    status_message: str = ""
    changes: list[Change] = []
    fields: list[Field] = []
    command_line: str | None = None
    problem: str | None = None


class Asked(msgspec.Struct, frozen=True):
    """A request for leave to install."""

    id: str
    entry: str
    state: str = ""
    requester: str = ""
    message: str = ""
    reason: str = ""
    url: str | None = None
    command_line: str | None = None


class Source(msgspec.Struct, frozen=True):
    id: str
    name: str
    kind: str
    url: str | None = None
    enabled: bool = True
    syncing: bool = False
    pages: int = 0
    entries: int = 0
    deleted: int = 0
    skipped: int = 0
    synced_at: str | None = None
    error: str | None = None


class SourceList(msgspec.Struct, frozen=True):
    items: list[Source]
