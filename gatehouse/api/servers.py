"""Virtual servers, their bindings, and what to paste into a client that is to use one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import asdict

from gatehouse.access import policy
from gatehouse.api.actions import Action
from gatehouse.api.bindings import BindingView, get_bindings, set_bindings, view_bindings
from gatehouse.api.fields import (
    Cursor,
    Limit,
    Name,
    OwnerId,
    Search,
    Slug,
    Tag,
    TeamId,
    TeamRef,
    Text,
    Timestamp,
    VisibilityWanted,
    asked_page,
    one_of,
    timestamp,
    told,
)
from gatehouse.api.permission import asdict_of, placed, relocated
from gatehouse.api.routing import Asked, endpoint
from gatehouse.catalog.client_config import CLIENTS, TRANSPORTS, ClientConfig, ClientConfigRequest, client_config
from gatehouse.catalog.model import Kind, Server
from gatehouse.catalog.service import Catalog, NewServer, ServerChanges, ServerFilter
from gatehouse.kit.errors import Forbidden
from gatehouse.store.placement import Sight, Visibility

Access = Annotated[Literal["token", "anonymous"], Meta(description="`anonymous` opens it to everybody")]
EraServed = Annotated[Literal["auto", "legacy", "modern"], Meta(description="Which clients are served; `auto`: all")]

RecordContent = Annotated[
    bool, Meta(description="Whether records of its calls hold arguments and results, without what could be a secret")
]


class ServerSummary(Struct, frozen=True, kw_only=True):
    """A virtual server."""

    id: str
    slug: str
    name: str
    description: str
    instructions: str | None
    access: Annotated[str, one_of("token", "anonymous")]
    record_content: RecordContent
    era: Annotated[str, one_of("auto", "legacy", "modern")]
    tags: list[str]
    owner: OwnerId | None
    team: TeamId | None
    visibility: Visibility
    enabled: bool
    url: Annotated[str, Meta(description="Where MCP clients connect, over Streamable HTTP")]
    sse_url: Annotated[str, Meta(description="The same for clients that know only HTTP+SSE")]
    tools: Annotated[list[str], Meta(description="Ids")]
    prompts: Annotated[list[str], Meta(description="Ids")]
    resources: Annotated[list[str], Meta(description="Ids of resources and templates")]
    created_at: Timestamp
    updated_at: Timestamp


class ServerDetails(ServerSummary, frozen=True, kw_only=True):
    """A virtual server with its bindings."""

    bindings: list[BindingView]


class ServerList(Struct, frozen=True):
    items: list[ServerSummary]
    next: str | None


class ServerInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A server to create. Capabilities are named by id, or as `{upstream}_{name}`."""

    name: Name
    slug: Slug | None = None
    description: Text = ""
    instructions: Text | None = None
    access: Access = "token"
    record_content: RecordContent = False
    era: EraServed = "auto"
    tools: list[str] = []
    prompts: list[str] = []
    resources: list[str] = []
    tags: list[Tag] = []
    team: TeamRef | None = None
    visibility: VisibilityWanted | None = None
    enabled: bool = True


class ServerChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays; null clears. A list of capabilities replaces those of its kind."""

    name: Name | UnsetType = UNSET
    slug: Slug | UnsetType = UNSET
    description: Text | UnsetType | None = UNSET
    instructions: Text | UnsetType | None = UNSET
    access: Access | UnsetType = UNSET
    record_content: RecordContent | UnsetType = UNSET
    era: EraServed | UnsetType = UNSET
    tools: list[str] | UnsetType = UNSET
    prompts: list[str] | UnsetType = UNSET
    resources: list[str] | UnsetType = UNSET
    tags: list[Tag] | UnsetType | None = UNSET
    team: TeamRef | UnsetType | None = UNSET
    visibility: Visibility | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET


class ServerQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    q: Search | None = None
    tag: Tag | None = None
    enabled: bool | None = None
    cursor: Cursor | None = None
    limit: Limit | None = None


class ConfigQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    client: Annotated[str, one_of(*CLIENTS)] = "json"
    transport: Annotated[str, one_of(*TRANSPORTS)] = "http"


async def list_servers(asked: Asked[ServerQuery, None]) -> ServerList:
    query, catalog = asked.query, asked.context.catalog
    sight = policy.sight(asked.principal, Action.SERVER_READ)
    wanted = ServerFilter(q=query.q, tag=query.tag, enabled=query.enabled, sight=sight)
    page = await catalog.servers(asked_page(query.cursor, query.limit), wanted)
    views = [await _bindings(catalog, server) for server in page.items]
    return ServerList(
        [_summary(one, bound, asked.public_url) for one, bound in zip(page.items, views, strict=True)], page.next
    )


async def create_server(asked: Asked[None, ServerInput]) -> ServerDetails:
    _check_access(asked)
    body, context = asked.body, asked.context
    place = placed(context, asked.principal, asked.at, "server", body.team, body.visibility)
    new = NewServer(**(asdict(body) | asdict_of(place)))
    return await _details(asked, await context.catalog.create_server(new, _usable(asked)))


async def get_server(asked: Asked[None, None]) -> ServerDetails:
    return await _details(asked, await asked.context.catalog.server(asked.ref))


async def change_server(asked: Asked[None, ServerChange]) -> ServerDetails:
    _check_access(asked)
    context, changes = asked.context, told(asked.body, {"description": "", "tags": ()})
    before = await context.catalog.server(asked.ref)
    changes |= relocated(context, asked.principal, asked.at, "server", before.placement, changes)
    return await _details(
        asked, await context.catalog.change_server(before.id, ServerChanges(**changes), _usable(asked))
    )


async def delete_server(asked: Asked[None, None]) -> None:
    await asked.context.catalog.delete_server(asked.ref)


async def get_config(asked: Asked[ConfigQuery, None]) -> ClientConfig:
    server = await asked.context.catalog.server(asked.ref)
    return client_config(
        ClientConfigRequest(
            server_slug=server.slug,
            server_name=server.name,
            base_url=asked.public_url,
            client=asked.query.client,
            transport=asked.query.transport,
            anonymous=server.access == "anonymous",
        )
    )


def _usable(asked: Asked[Any, Any]) -> Sight:
    """Nobody opens to others what they may not use."""
    return policy.sight(asked.principal, Action.TOOL_CALL)


def _check_access(asked: Asked[None, ServerInput] | Asked[None, ServerChange]) -> None:
    if asked.body.access == "anonymous" and not asked.context.anonymous_allowed:
        raise Forbidden(
            "Servers can't be opened to everybody here: Gatehouse listens on more than this machine.",
            'Keep "access": "token", or start Gatehouse with GATEHOUSE_ALLOW_ANONYMOUS=true.',
        )


async def _details(asked: Asked[Any, Any], server: Server) -> ServerDetails:
    bound = await _bindings(asked.context.catalog, server)
    return ServerDetails(**asdict(_summary(server, bound, asked.public_url)), bindings=bound)


async def _bindings(catalog: Catalog, server: Server) -> list[BindingView]:
    return await view_bindings(catalog, await catalog.bindings(server.id))


def _summary(server: Server, bound: Sequence[BindingView], public_url: str) -> ServerSummary:
    address = f"{public_url}/servers/{server.slug}"
    return ServerSummary(
        id=server.id,
        slug=server.slug,
        name=server.name,
        description=server.description,
        instructions=server.instructions,
        access=server.access,
        record_content=server.record_content,
        era=server.era,
        tags=list(server.tags),
        owner=server.owner,
        team=server.team,
        visibility=server.visibility,
        enabled=server.enabled,
        url=f"{address}/mcp",
        sse_url=f"{address}/sse",
        tools=_ids(bound, Kind.TOOL),
        prompts=_ids(bound, Kind.PROMPT),
        resources=_ids(bound, Kind.RESOURCE, Kind.TEMPLATE),
        created_at=timestamp(server.created_at),
        updated_at=timestamp(server.updated_at),
    )


def _ids(bound: Sequence[BindingView], *kinds: Kind) -> list[str]:
    return [one.capability for one in bound if one.kind in kinds]


ENDPOINTS = (
    endpoint("GET /servers", Action.SERVER_READ, list_servers, "List servers"),
    endpoint("POST /servers", Action.SERVER_WRITE, create_server, "Create a server"),
    endpoint("GET /servers/{id}", Action.SERVER_READ, get_server, "Show a server and its bindings"),
    endpoint("PATCH /servers/{id}", Action.SERVER_WRITE, change_server, "Change a server"),
    endpoint("DELETE /servers/{id}", Action.SERVER_WRITE, delete_server, "Delete a server; upstreams stay"),
    endpoint("GET /servers/{id}/bindings", Action.SERVER_READ, get_bindings, "List the bindings of a server"),
    endpoint("PUT /servers/{id}/bindings", Action.SERVER_WRITE, set_bindings, "Replace the bindings of a server"),
    endpoint("GET /servers/{id}/config", Action.SERVER_READ, get_config, "Show what to paste into a client"),
)
