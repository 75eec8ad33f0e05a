"""Sources, the entries that they bring, what was installed of them, and who waits for leave to install."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from gatehouse.catalog.registry.form import Way, ways
from gatehouse.catalog.registry.server_json import Document, Official, Ours, ServerJson, clean, read_document
from gatehouse.store.placement import Placement

_NOT_SLUG = re.compile(r"[^a-z0-9]+")
_CATEGORY = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_AUTH = frozenset({"none", "optional", "key", "oauth"})


class SourceKind(StrEnum):
    """BUNDLED: in the wheel; REGISTRY: anything with the API of an MCP registry; FILE: handed in."""

    BUNDLED = "bundled"
    REGISTRY = "registry"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Source:
    id: str
    name: str
    kind: SourceKind
    created_at: float
    url: str | None = None
    sealed_token: bytes | None = None
    enabled: bool = True
    since: str | None = None
    """From when on the next run asks for changes: RFC 3339, as the API wants it."""
    cursor: str | None = None
    """Where the run that is under way, or was broken off, goes on."""
    round: str | None = None
    """Which whole run that is; None for one that asks for changes alone."""
    digest: str | None = None
    """Of the files of a bundled list."""
    synced_at: float | None = None
    whole_at: float | None = None
    """When everything was last read."""
    error: str | None = None
    pages: int = 0
    """Read by the last run, or by the one that is under way."""
    skipped: int = 0
    """Entries of the last run that can't be used."""


class EntryStatus(StrEnum):
    ACTIVE = "active"
    DEPRECATED = "deprecated"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that can be installed. `document` is its server.json as it came."""

    id: str
    source_id: str
    name: str
    version: str
    document: bytes
    status: EntryStatus = EntryStatus.ACTIVE
    status_message: str = ""
    title: str = ""
    category: str = ""
    auth: str = ""
    transports: tuple[str, ...] = ()
    words: str = ""
    """What is searched, in lower case."""
    round: str | None = None
    changed_at: float = 0.0

    def read(self) -> tuple[ServerJson, Ours]:
        found = read_document(self.document)
        return found.server, found.ours

    def ways(self) -> tuple[Way, ...]:
        return ways(self.read()[0])

    @property
    def digest(self) -> str:
        return sha256(self.document).hexdigest()


@dataclass(frozen=True, slots=True)
class Install:
    """Where an upstream comes from. `sealed_values`: what was filled in, for the update to the next version."""

    upstream_id: str
    entry_id: str
    source: str
    name: str
    version: str
    digest: str
    way: str
    sealed_values: bytes
    installed_by: str
    installed_at: float


class InstallRequestState(StrEnum):
    WAITING = "waiting"
    ACCEPTED = "accepted"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class InstallRequest:
    """Somebody wants to install something, and may not by themselves. It is placed where they may place things."""

    id: str
    entry_id: str
    name: str
    version: str
    digest: str
    way: str
    upstream_name: str
    sealed_values: bytes
    placement: Placement
    requester: str
    requester_name: str
    created_at: float
    message: str = ""
    state: InstallRequestState = InstallRequestState.WAITING
    reason: str = ""
    decided_by: str | None = None
    decided_at: float | None = None
    upstream_id: str | None = None


def entry_of(document: Document, source: Source, now: float) -> Entry:
    """As it is stored. Its id is the same wherever the same source is known by the same name."""
    server, ours = document.server, document.ours
    title = clean(server.title or server.name.partition("/")[2], 200)
    transports = tuple(dict.fromkeys(way.transport for way in ways(server)))
    description, category = clean(server.description), ours.category if _CATEGORY.fullmatch(ours.category) else ""
    return Entry(
        id=entry_id(source, server.name, ours.slug),
        source_id=source.id,
        name=server.name,
        version=server.version,
        document=document.content,
        status=_status(document.official),
        status_message=clean(document.official.status_message, 500),
        title=title,
        category=category,
        auth=_auth(server, ours),
        transports=transports,
        words=" ".join((title, server.name.removeprefix("io.github."), description, category)).lower()[:4000],
        changed_at=now,
    )


def entry_id(source: Source, name: str, slug: str = "") -> str:
    """A slug; only the bundled list names its own, so that nobody else can take the place of one of its entries."""
    if source.kind is SourceKind.BUNDLED and _CATEGORY.fullmatch(slug):
        return slug
    plain = _NOT_SLUG.sub("-", name.partition("/")[2].lower()).strip("-")[:48].strip("-")
    return f"{plain or 'server'}-{sha256(f'{source.name}/{name}'.encode()).hexdigest()[:10]}"


def _status(official: Official) -> EntryStatus:
    return EntryStatus(official.status) if official.status in tuple(EntryStatus) else EntryStatus.ACTIVE


def _auth(server: ServerJson, ours: Ours) -> str:
    """Where nobody says it: whether there is a form with a secret. That a remote wants OAuth shows when it is asked."""
    if ours.auth in _AUTH:
        return ours.auth
    fields = [field for way in ways(server) for field in way.fields if field.secret]
    if any(field.required for field in fields):
        return "key"
    return "optional" if fields else ""
