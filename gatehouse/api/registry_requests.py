"""Requests to install something: the list of those that wait, and how they look."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from gatehouse.access import policy
from gatehouse.access.model import Resource
from gatehouse.api.actions import Action
from gatehouse.api.fields import Cursor, Limit, OwnerId, TeamId, Timestamp, asked_page, maybe_timestamp, timestamp
from gatehouse.api.routing import Asked, endpoint
from gatehouse.catalog.registry.model import InstallRequest, InstallRequestState
from gatehouse.catalog.registry.recipe import Recipe, cook
from gatehouse.catalog.registry.service import Registry
from gatehouse.kit.errors import GatewayError
from gatehouse.store.placement import Visibility


class InstallRequestView(Struct, frozen=True, kw_only=True):
    """Somebody wants to install an entry. `url` or `command_line`: how it would be reached, while it waits."""

    id: str
    entry: str
    name: str
    version: str
    way: str
    upstream_name: str
    url: str | None
    command_line: str | None
    owner: OwnerId | None
    team: TeamId | None
    visibility: Visibility
    requester: str
    message: str
    state: InstallRequestState
    reason: str
    upstream: Annotated[str, Meta(description="Id of what was installed")] | None
    created_at: Timestamp
    decided_at: Timestamp | None


class RequestQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    state: InstallRequestState | None = None
    cursor: Cursor | None = None
    limit: Limit | None = None


class InstallRequestList(Struct, frozen=True):
    items: list[InstallRequestView]
    next: str | None


async def list_requests(asked: Asked[RequestQuery, None]) -> InstallRequestList:
    """Those who may approve see all, others their own."""
    query, registry = asked.query, asked.context.registry
    all_of_them = policy.allows(asked.principal, Action.REGISTRY_APPROVE, Resource("registry"), asked.at).allowed
    requester = None if all_of_them else asked.principal.user or asked.principal.id
    page = await registry.installing.requests(asked_page(query.cursor, query.limit), query.state, requester)
    return InstallRequestList([await shown_request(registry, one) for one in page.items], page.next)


async def shown_request(registry: Registry, request: InstallRequest) -> InstallRequestView:
    """With what it would do; without, where its entry is another one by now."""
    if request.state is not InstallRequestState.WAITING:
        return request_view(request, None)
    try:
        entry = await registry.entries.entry(request.entry_id)
        way = next((one for one in entry.ways() if one.name == request.way), None)
        same = way is not None and entry.digest == request.digest
        recipe = cook(way, registry.installing.filled(request)["values"]) if same and way is not None else None
    except GatewayError:
        recipe = None
    return request_view(request, recipe)


def request_view(request: InstallRequest, recipe: Recipe | None) -> InstallRequestView:
    placed = request.placement
    return InstallRequestView(
        id=request.id,
        entry=request.entry_id,
        name=request.name,
        version=request.version,
        way=request.way,
        upstream_name=request.upstream_name,
        url=recipe.url if recipe else None,
        command_line=recipe.command_line if recipe else None,
        owner=placed.owner,
        team=placed.team,
        visibility=placed.visibility,
        requester=request.requester_name,
        message=request.message,
        state=request.state,
        reason=request.reason,
        upstream=request.upstream_id,
        created_at=timestamp(request.created_at),
        decided_at=maybe_timestamp(request.decided_at),
    )


ENDPOINTS = (
    endpoint("GET /registry/requests", Action.REGISTRY_READ, list_requests, "List requests to install something"),
)
