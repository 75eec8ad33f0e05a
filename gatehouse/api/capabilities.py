"""Tools, prompts, resources: what upstreams offer, and what people say of it instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, structs

from gatehouse.access import policy
from gatehouse.api import calls, verdicts
from gatehouse.api.actions import Action
from gatehouse.api.calls import Arguments, ReadInput
from gatehouse.api.fields import (
    Cursor,
    JsonObject,
    Limit,
    OwnerId,
    Search,
    Tag,
    TeamId,
    TeamRef,
    Text,
    Timestamp,
    VisibilityWanted,
    asked_page,
    maybe_timestamp,
    told,
)
from gatehouse.api.moments import Duration
from gatehouse.api.own_views import source_view
from gatehouse.api.permission import relocated
from gatehouse.api.results import PromptResult, ResourceResult, ToolResult
from gatehouse.api.routing import Asked, Endpoint, endpoint
from gatehouse.api.unused import unused_page
from gatehouse.api.verdicts import ToolRef
from gatehouse.catalog.model import LOCAL, Capability, Kind, Server, Upstream
from gatehouse.catalog.naming import qualified
from gatehouse.catalog.service import CapabilityChanges, CapabilityFilter
from gatehouse.catalog.views import Place, estimated_tokens
from gatehouse.kit.errors import Invalid, NotFound
from gatehouse.kit.json import Fields, Raw, dump, raw
from gatehouse.store.placement import Placement, Visibility

State = Literal["present", "gone"]
Tokens = Annotated[int, Meta(description="What its definition costs an agent, estimated: a token for each four bytes")]


@dataclass(frozen=True, slots=True)
class Shelf:
    """One collection of the API, and the kinds that stand in it."""

    name: str
    kinds: tuple[Kind, ...]
    read: Action
    write: Action


TOOLS = Shelf("tools", (Kind.TOOL,), Action.TOOL_READ, Action.TOOL_WRITE)
PROMPTS = Shelf("prompts", (Kind.PROMPT,), Action.PROMPT_READ, Action.PROMPT_WRITE)
RESOURCES = Shelf("resources", (Kind.RESOURCE, Kind.TEMPLATE), Action.RESOURCE_READ, Action.RESOURCE_WRITE)


class UpstreamRef(Struct, frozen=True):
    """The upstream that offers something."""

    id: str
    name: str


class ServerRef(Struct, frozen=True):
    """A server that something is bound in."""

    id: str
    slug: str
    name: str


class OverridesView(Struct, frozen=True):
    """What is said instead of the upstream's word; null leaves it."""

    title: str | None
    description: str | None
    annotations: JsonObject | None


class CapabilityView(Struct, frozen=True, kw_only=True):
    """A tool, prompt, resource or resource template."""

    id: str
    upstream: UpstreamRef
    kind: Kind
    name: Annotated[str, Meta(description="The upstream's own name for it")]
    uri: Annotated[str, Meta(description="The uri of a resource, the uriTemplate of a template")] | UnsetType = UNSET
    handle: Annotated[str, Meta(description="`{upstream}_{name}`, the name at /mcp")]
    title: str | None
    description: Annotated[str | None, Meta(description="As agents see it: the override, else the upstream's")]
    definition: Annotated[JsonObject, Meta(description="What the upstream said, byte for byte")]
    tokens: Tokens
    overrides: OverridesView
    tags: list[str]
    enabled: bool
    state: Annotated[State, Meta(description="`gone`: the upstream no longer offers it; its bindings stay")]
    gone_at: Timestamp | None
    warnings: list[str]
    servers: list[ServerRef]
    preferred: Annotated[ToolRef | None, Meta(description="The one of its duplicates that somebody said is to be used")]
    owner: OwnerId | None
    team: TeamId | None
    visibility: Annotated[Visibility, Meta(description="That of its upstream, where it has none of its own")]
    own: Annotated[bool, Meta(description="Made here, so that what it says can be changed")] = False
    source: (
        Annotated[JsonObject, Meta(description="Of one's own: what is in it, and which version that is")] | UnsetType
    ) = UNSET


class CapabilityList(Struct, frozen=True):
    items: list[CapabilityView]
    next: str | None


class CapabilityQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    q: Search | None = None
    upstream: Annotated[str, Meta(description="Id or name of an upstream")] | None = None
    tag: Tag | None = None
    kind: Kind | None = None
    enabled: bool | None = None
    state: State | None = None
    unused_for: Annotated[Duration, Meta(description="Only what nobody called for so long, as in `30d`")] | None = None
    cursor: Cursor | None = None
    limit: Limit | None = None


class CapabilityChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays; null goes back to what the upstream says."""

    title: Text | UnsetType | None = UNSET
    description: Text | UnsetType | None = UNSET
    annotations: Fields | UnsetType | None = UNSET
    tags: list[Tag] | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    team: TeamRef | UnsetType | None = UNSET
    visibility: Annotated[VisibilityWanted, Meta(description="null: that of its upstream")] | UnsetType | None = UNSET


async def view(asked: Asked[Any, Any], capabilities: Sequence[Capability]) -> list[CapabilityView]:
    """What lost its upstream since it was read is left out; so are servers that the caller may not know of."""
    catalog, sight = asked.context.catalog, policy.sight(asked.principal, Action.SERVER_READ)
    upstreams = await catalog.upstreams_by_id({one.upstream_id for one in capabilities})
    bound = await catalog.bound_in([one.id for one in capabilities])
    servers = {id_: [one for one in found if sight.sees(one.placement)] for id_, found in bound.items()}
    preferred = await verdicts.preferences(asked, (one.id for one in capabilities if one.kind is Kind.TOOL))
    return [
        _view(one, upstreams[one.upstream_id], servers.get(one.id, ()), preferred.get(one.id))
        for one in capabilities
        if one.upstream_id in upstreams
    ]


def showing(shelf: Shelf) -> tuple[Endpoint, ...]:
    """The routes that all three collections have alike."""
    one = shelf.name.removesuffix("s")

    async def list_shelf(asked: Asked[CapabilityQuery, None]) -> CapabilityList:
        query = asked.query
        if query.kind is not None and query.kind not in shelf.kinds:
            raise Invalid(f"There is no {query.kind.value} among {shelf.name}.", f"Accepted: {', '.join(shelf.kinds)}.")
        wanted = CapabilityFilter(
            kinds=shelf.kinds if query.kind is None else (query.kind,),
            q=query.q,
            upstream=query.upstream,
            tag=query.tag,
            enabled=query.enabled,
            gone=None if query.state is None else query.state == "gone",
            sight=policy.sight(asked.principal, shelf.read),
        )
        request = asked_page(query.cursor, query.limit)
        if query.unused_for:
            page = await unused_page(asked, wanted, request, query.unused_for)
        else:
            page = await asked.context.catalog.capabilities(wanted, request)
        return CapabilityList(await view(asked, page.items), page.next)

    async def get_one(asked: Asked[None, None]) -> CapabilityView:
        return await view_one(asked, await asked.context.catalog.capability(asked.ref, shelf.kinds))

    return (
        endpoint(f"GET /{shelf.name}", shelf.read, list_shelf, f"List {shelf.name}"),
        endpoint(f"GET /{shelf.name}/{{id}}", shelf.read, get_one, f"Show a {one}"),
    )


async def change_tool(asked: Asked[None, CapabilityChange]) -> CapabilityView:
    tool = await asked.context.catalog.capability(asked.ref, TOOLS.kinds)
    return await view_one(asked, await override(asked, tool, told(asked.body)))


async def override(asked: Asked[Any, Any], before: Capability, said: Mapping[str, Any]) -> Capability:
    """Say of it what the fields of a `CapabilityChange` say; raises where the caller may not put it there."""
    changes = _changes(said) | await _relocated(asked, before, dict(said))
    return await asked.context.catalog.change_capability(before.id, (before.kind,), CapabilityChanges(**changes))


async def call_tool(asked: Asked[None, Arguments]) -> Raw:
    return await calls.call(asked, Kind.TOOL)


async def get_prompt(asked: Asked[None, Arguments]) -> Raw:
    return await calls.call(asked, Kind.PROMPT)


async def read_resource(asked: Asked[None, ReadInput]) -> Raw:
    return await calls.read(asked)


async def view_one(asked: Asked[Any, Any], capability: Capability) -> CapabilityView:
    """With its source, where it is own."""
    views = await view(asked, (capability,))
    if not views:
        raise NotFound(f"'{capability.id}' was just removed, with its upstream.")
    if not views[0].own:
        return views[0]
    source = await asked.context.own.source(capability.id, (capability.kind,))
    return structs.replace(views[0], source=raw(source_view(source)))


def _view(one: Capability, upstream: Upstream, servers: Sequence[Server], preferred: ToolRef | None) -> CapabilityView:
    said, place = one.overrides, one.placement or upstream.placement
    handle = qualified(upstream.name, one.key)
    return CapabilityView(
        id=one.id,
        upstream=UpstreamRef(upstream.id, upstream.name),
        kind=one.kind,
        name=one.key,
        uri=one.key if one.kind in RESOURCES.kinds else UNSET,
        handle=handle,
        title=one.title if said.title is None else said.title,
        description=one.description if said.description is None else said.description,
        definition=Raw(one.definition),
        tokens=estimated_tokens(Place(one, upstream, handle if one.kind not in RESOURCES.kinds else one.key)),
        overrides=OverridesView(
            said.title, said.description, None if said.annotations is None else Raw(said.annotations)
        ),
        tags=list(one.tags),
        enabled=one.enabled,
        state="present" if one.gone_at is None else "gone",
        gone_at=maybe_timestamp(one.gone_at),
        warnings=list(one.warnings),
        servers=[ServerRef(server.id, server.slug, server.name) for server in servers],
        preferred=preferred,
        owner=place.owner,
        team=place.team,
        visibility=place.visibility,
        own=upstream.kind == LOCAL,
    )


def _changes(said: Mapping[str, Any]) -> dict[str, Any]:
    changes = {name: value for name, value in said.items() if name not in ("team", "visibility")}
    if changes.get("annotations") is not None:
        changes["annotations"] = dump(changes["annotations"])
    return changes


async def _relocated(asked: Asked[Any, Any], before: Capability, changes: dict[str, Any]) -> dict[str, Any]:
    if "visibility" in changes and changes["visibility"] is None and not changes.get("team"):
        return {"placement": None}
    standing = before.placement or (await asked.context.catalog.upstream(before.upstream_id)).placement
    kind = _ONE[before.kind]
    found = relocated(asked.context, asked.principal, asked.at, kind, standing, changes)
    return {"placement": Placement(**found)} if found else {}


_ONE = {Kind.TOOL: "tool", Kind.PROMPT: "prompt", Kind.RESOURCE: "resource", Kind.TEMPLATE: "resource"}


ENDPOINTS = (
    *showing(TOOLS),
    endpoint("PATCH /tools/{id}", TOOLS.write, change_tool, "Say something else of a tool, or switch it off"),
    endpoint("POST /tools/{id}/call", Action.TOOL_CALL, call_tool, "Call a tool", changes=False, shape=ToolResult),
    *showing(PROMPTS),
    endpoint(
        "POST /prompts/{id}/get", Action.PROMPT_GET, get_prompt, "Get a prompt", changes=False, shape=PromptResult
    ),
    *showing(RESOURCES),
    endpoint(
        "POST /resources/{id}/read",
        Action.RESOURCE_FETCH,
        read_resource,
        "Read a resource",
        changes=False,
        shape=ResourceResult,
    ),
)
