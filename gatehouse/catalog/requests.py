"""What people ask of the catalog. In changes, a field that is left UNSET stays as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec import UNSET, UnsetType

from gatehouse.catalog.model import Kind, Share, Status, Transport
from gatehouse.store.placement import EVERYTHING, Placement, Sight, Visibility

CredentialInput = Mapping[str, Any]
"""`{"type": "bearer", "token"}`, `{"type": "basic", "username", "password"}` or `{"type": "headers", "headers": {}}`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUpstream:
    """Exactly one of `url` and `command` is given."""

    name: str
    kind: str = "mcp"
    transport: Transport = Transport.AUTO
    url: str | None = None
    command: str | None = None
    args: Sequence[str] = ()
    cwd: str | None = None
    env: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    credential: CredentialInput | None = field(default=None, repr=False)
    share: Share = Share.AUTO
    era: str = "auto"
    description: str = ""
    tags: Sequence[str] = ()
    owner: str | None = None
    team: str | None = None
    visibility: Visibility = Visibility.PUBLIC
    enabled: bool = True
    timeout: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamChanges:
    """`env` and `credential` replace all that was there."""

    name: str | UnsetType = UNSET
    transport: Transport | UnsetType = UNSET
    url: str | UnsetType | None = UNSET
    command: str | UnsetType | None = UNSET
    args: Sequence[str] | UnsetType = UNSET
    cwd: str | UnsetType | None = UNSET
    env: Mapping[str, str] | UnsetType = field(default=UNSET, repr=False)
    credential: CredentialInput | UnsetType | None = field(default=UNSET, repr=False)
    share: Share | UnsetType = UNSET
    era: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    tags: Sequence[str] | UnsetType = UNSET
    owner: str | UnsetType | None = UNSET
    team: str | UnsetType | None = UNSET
    visibility: Visibility | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    timeout: float | UnsetType | None = UNSET
    maintenance_until: float | UnsetType | None = UNSET
    """None: its maintenance is over."""
    maintenance_note: str | UnsetType | None = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamFilter:
    """`q` is looked for in name, address and description; nothing out of `sight` is found."""

    q: str | None = None
    tag: str | None = None
    status: Status | None = None
    kind: str | None = None
    sight: Sight = EVERYTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class CapabilityFilter:
    """`q` is looked for in key, title and description; `gone`: only those that are, or that are not."""

    kinds: Sequence[Kind] | None = None
    q: str | None = None
    upstream: str | None = None
    tag: str | None = None
    enabled: bool | None = None
    gone: bool | None = None
    sight: Sight = EVERYTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class CapabilityChanges:
    """None gives the upstream's own word back. `annotations`: a JSON object."""

    title: str | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET
    annotations: bytes | UnsetType | None = UNSET
    tags: Sequence[str] | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    placement: Placement | UnsetType | None = UNSET
    """None: that of its upstream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferChanges:
    """What a discovery brought: how many capabilities were added, changed, are gone, came back."""

    added: int = 0
    changed: int = 0
    gone: int = 0
    back: int = 0

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.gone or self.back)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewServer:
    """`tools`, `prompts` and `resources` (templates among them) name capabilities by id or `{upstream}_{name}`."""

    name: str
    slug: str | None = None
    description: str = ""
    instructions: str | None = None
    access: str = "token"
    record_content: bool = False
    era: str = "auto"
    tools: Sequence[str] = ()
    prompts: Sequence[str] = ()
    resources: Sequence[str] = ()
    tags: Sequence[str] = ()
    owner: str | None = None
    team: str | None = None
    visibility: Visibility = Visibility.PUBLIC
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerChanges:
    """A list of capabilities replaces those of its kind that were bound, and leaves the other kinds."""

    name: str | UnsetType = UNSET
    slug: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    instructions: str | UnsetType | None = UNSET
    access: str | UnsetType = UNSET
    record_content: bool | UnsetType = UNSET
    era: str | UnsetType = UNSET
    tools: Sequence[str] | UnsetType = UNSET
    prompts: Sequence[str] | UnsetType = UNSET
    resources: Sequence[str] | UnsetType = UNSET
    tags: Sequence[str] | UnsetType = UNSET
    owner: str | UnsetType | None = UNSET
    team: str | UnsetType | None = UNSET
    visibility: Visibility | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFilter:
    """`q` is looked for in name, slug and description."""

    q: str | None = None
    tag: str | None = None
    enabled: bool | None = None
    sight: Sight = EVERYTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedBinding:
    """`capability` is an id or handle. A name that is left out stays, or is given by the rules; so do aliases."""

    capability: str
    name: str | None = None
    title: str | None = None
    description: str | None = None
    aliases: Sequence[str] | None = None
    enabled: bool = True
