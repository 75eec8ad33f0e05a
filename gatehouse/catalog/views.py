"""What one virtual server shows to clients: every name resolved by one look into a dictionary, every list made once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from typing import Any

from gatehouse.catalog.model import Binding, Capability, Kind, Overrides, Server, Status, Upstream
from gatehouse.catalog.offers import LIST_OF
from gatehouse.kit import json
from gatehouse.kit.json import Raw
from gatehouse.protocol.uri import UriTemplate

_BY_NAME = (Kind.TOOL, Kind.PROMPT)
_NOTHING = Overrides()
UI = "ui://"
_TOOL = Kind.TOOL
BYTES_PER_TOKEN = 4
"""Near enough for every model, in any language that agents are told things in."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a name stands for. `key` is the upstream's own name or uri; for a template its uriTemplate."""

    upstream: Upstream
    kind: Kind
    key: str
    name: str
    """As advertised."""
    capability_id: str
    binding_id: str | None
    definition: Raw
    """As advertised."""
    json_key: Raw
    """`key` as JSON."""
    json_name: Raw
    """`name` as JSON."""


@dataclass(frozen=True, slots=True)
class Listed:
    name: str
    raw: Raw


@dataclass(frozen=True, slots=True)
class Place:
    """One capability in a view. Those that can't be used now are not in it."""

    capability: Capability
    upstream: Upstream
    name: str
    binding: Binding | None = None


@dataclass(slots=True)
class _Shelf:
    """What there is of one kind."""

    targets: dict[str, Target] = field(default_factory=dict[str, Target])
    aliases: dict[str, Target] = field(default_factory=dict[str, Target])
    shadowed: list[str] = field(default_factory=list[str])


class ServerView:
    """Immutable; what is costly is made when it is first asked for.

    `unbound` are the `ui://` resources of its upstreams: a tool that is bound may show one, bound or not.
    """

    def __init__(
        self,
        server: Server,
        places: Iterable[Place],
        upstreams: Sequence[Upstream],
        unbound: Iterable[Place] = (),
    ) -> None:
        self.server = server
        self.upstreams = tuple(upstreams)
        self._places = places
        self._unbound = unbound
        self._listings: dict[Kind, tuple[Listed, ...]] = {}
        self._digests: dict[Kind, bytes] = {}

    def resolve_tool(self, name: str) -> Target | None:
        return self._resolve(_TOOL, name)

    def resolve_prompt(self, name: str) -> Target | None:
        return self._resolve(Kind.PROMPT, name)

    def resolve_resource(self, uri: str) -> Target | None:
        """A resource of exactly this uri; else a template that it belongs to, whose Target it then is."""
        exact = self._resolve(Kind.RESOURCE, uri) or self._ui.get(uri)
        if exact is not None:
            return exact
        return next((target for template, target in self._templates if template.matches(uri)), None)

    def resolve_template(self, template: str) -> Target | None:
        """By its uriTemplate."""
        return self._resolve(Kind.TEMPLATE, template)

    def listing(self, kind: Kind) -> tuple[Listed, ...]:
        """In the order of the bindings."""
        listed = self._listings.get(kind)
        if listed is None:
            targets = self._shelves[kind].targets.values()
            listed = self._listings[kind] = tuple(Listed(target.name, target.definition) for target in targets)
        return listed

    def listing_digest(self, kind: Kind) -> bytes:
        """Equal as long as clients see the same, and no upstream behind said that its list changed."""
        digest = self._digests.get(kind)
        if digest is None:
            digest = self._digests[kind] = self._digest(kind)
        return digest

    @property
    def has_tools(self) -> bool:
        return bool(self._shelves[Kind.TOOL].targets)

    @property
    def has_prompts(self) -> bool:
        return bool(self._shelves[Kind.PROMPT].targets)

    @property
    def has_resources(self) -> bool:
        """Resources or templates, listed or not."""
        shelves = self._shelves
        return bool(shelves[Kind.RESOURCE].targets or shelves[Kind.TEMPLATE].targets or self._ui)

    @cached_property
    def shadowed(self) -> tuple[str, ...]:
        """Ids of the bindings whose name another one, which comes first, has."""
        return tuple(binding for shelf in self._shelves.values() for binding in shelf.shadowed)

    def accounts(self) -> dict[str, dict[str, Any]]:
        """How each upstream behind is, for `_meta["gatehouse/upstreams"]`."""
        return {upstream.name: account(upstream) for upstream in self.upstreams}

    def _resolve(self, kind: Kind, name: str) -> Target | None:
        shelf = self._shelves[kind]
        return shelf.targets.get(name) or shelf.aliases.get(name)

    def _digest(self, kind: Kind) -> bytes:
        counted = LIST_OF[kind]
        digest = sha256()
        for upstream in self.upstreams:
            digest.update(f"{upstream.id} {getattr(upstream.lists_changed, counted)}\n".encode())
        for listed in self.listing(kind):
            digest.update(listed.raw)
            digest.update(b"\n")
        return digest.digest()

    @cached_property
    def _shelves(self) -> dict[Kind, _Shelf]:
        shelves = {kind: _Shelf() for kind in Kind}
        aliases: list[tuple[_Shelf, str, Target]] = []
        for place in self._places:
            shelf = shelves[place.capability.kind]
            binding = place.binding
            if place.name in shelf.targets:
                shelf.shadowed += [binding.id] if binding is not None else []
                continue
            target = shelf.targets[place.name] = _target(place)
            aliases += [(shelf, alias, target) for alias in (binding.aliases if binding is not None else ())]
        for shelf, alias, target in aliases:
            shelf.aliases.setdefault(alias, target)
        return shelves

    @cached_property
    def _ui(self) -> dict[str, Target]:
        targets: dict[str, Target] = {}
        for place in self._unbound:
            targets.setdefault(place.name, _target(place))
        return targets

    @cached_property
    def _templates(self) -> list[tuple[UriTemplate, Target]]:
        """Those that say most come first."""
        compiled = [(UriTemplate(text), target) for text, target in self._shelves[Kind.TEMPLATE].targets.items()]
        return sorted(compiled, key=lambda pair: -pair[0].literal_length)


def account(upstream: Upstream) -> dict[str, Any]:
    """`stale`: it is down, and what it offered last stays listed; `failed`: it has never been reached.

    Nothing is left out of a list for any of these.
    """
    match upstream.status:
        case Status.OK:
            return {"status": "ok"}
        case Status.UNKNOWN:
            return {"status": "unknown"}
        case Status.SIGN_IN:
            return {"status": "sign_in", "error": upstream.error or ""}
        case Status.MAINTENANCE:
            until = _moment(upstream.maintenance_until or 0.0)
            return {"status": "maintenance", "until": until, "note": upstream.maintenance_note or ""}
        case Status.DEGRADED:
            return {"status": "degraded", "since": _moment(upstream.status_since), "error": upstream.error or ""}
        case Status.DOWN:
            status = "failed" if upstream.detected is None else "stale"
            return {"status": status, "since": _moment(upstream.status_since), "error": upstream.error or ""}


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _target(place: Place) -> Target:
    capability = place.capability
    return Target(
        upstream=place.upstream,
        kind=capability.kind,
        key=capability.key,
        name=place.name,
        capability_id=capability.id,
        binding_id=None if place.binding is None else place.binding.id,
        definition=_advertised(place),
        json_key=json.raw(capability.key),
        json_name=json.raw(place.name),
    )


def estimated_tokens(place: Place) -> int:
    """What it costs an agent to be told of it, in whole tokens."""
    capability, said = place.capability, _said(place)
    if not said:
        renamed = capability.kind in _BY_NAME and place.name != capability.key
        size = len(capability.definition) + (
            len(json.raw(place.name)) - len(json.raw(capability.key)) if renamed else 0
        )
    else:
        size = len(_advertised(place))
    return -(-size // BYTES_PER_TOKEN)


def _advertised(place: Place) -> Raw:
    """The upstream's object with what is said instead of its word put in; every other value stays the bytes it came in."""
    capability, said = place.capability, _said(place)
    if capability.kind in _BY_NAME and place.name != capability.key:
        said = {"name": place.name, **said}
    return json.raw({**json.fields(capability.definition), **said}) if said else Raw(capability.definition)


def _said(place: Place) -> dict[str, Any]:
    """Instead of the upstream's word, the name apart."""
    said: dict[str, Any] = {}
    binding, overrides = place.binding, place.capability.overrides
    title = (binding.title if binding is not None else None) or overrides.title
    description = (binding.description if binding is not None else None) or overrides.description
    if title is not None:
        said["title"] = title
    if description is not None:
        said["description"] = description
    if overrides.annotations is not None:
        said["annotations"] = Raw(overrides.annotations)
    return said
