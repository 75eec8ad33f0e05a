"""Leave to install: what somebody asked for is installed for them, or declined with a reason."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from gatehouse.access.model import Resource
from gatehouse.api.actions import Action
from gatehouse.api.registry_installing import (
    InstallView,
    Made,
    check_command,
    chosen_way,
    cooked,
    name_for,
    try_and_save,
)
from gatehouse.api.registry_requests import InstallRequestView, request_view
from gatehouse.api.registry_views import AcceptCommand, SaveAnyway
from gatehouse.api.routing import Asked, endpoint
from gatehouse.catalog.registry.installing import Wish, check_waits
from gatehouse.catalog.registry.model import Entry, InstallRequest, InstallRequestState
from gatehouse.kit.errors import Conflict


class ApproveInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    accept_command: AcceptCommand | None = None
    save_anyway: SaveAnyway = False


class DeclineInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: Annotated[str, Meta(min_length=1, max_length=2000)]


async def approve(asked: Asked[None, ApproveInput]) -> InstallView:
    registry = asked.context.registry
    request = await registry.installing.request(asked.params["install_request"])
    check_waits(request)
    entry = await registry.entries.entry(request.entry_id)
    _check_is_the_same(entry, request)
    way, filled = chosen_way(entry, request.way), registry.installing.filled(request)
    recipe = cooked(way, filled["values"])
    if recipe.command is not None:
        asked.may(Action.UPSTREAM_STDIO, Resource("upstream"))
    check_command(recipe, asked.body.accept_command)
    wish = Wish(
        entry=entry,
        way=way,
        name=await name_for(asked.context, entry, request.upstream_name),
        filled=filled,
        placement=request.placement,
        requester=request.requester,
        requester_name=request.requester_name,
    )
    answer = await try_and_save(asked, Made(wish, recipe), asked.body.save_anyway)
    upstream_id = answer.upstream.id if answer.upstream is not None else None
    by = asked.principal.user or asked.principal.id
    await registry.installing.decide(request.id, InstallRequestState.ACCEPTED, by, upstream_id=upstream_id)
    return answer


async def decline(asked: Asked[None, DeclineInput]) -> InstallRequestView:
    by = asked.principal.user or asked.principal.id
    installing, ref = asked.context.registry.installing, asked.params["install_request"]
    return request_view(await installing.decide(ref, InstallRequestState.DECLINED, by, asked.body.reason), None)


def _check_is_the_same(entry: Entry, request: InstallRequest) -> None:
    if entry.digest != request.digest:
        raise Conflict(
            f"'{entry.title}' has changed since it was asked for.", "Decline the request, and have it made again."
        )


ENDPOINTS = (
    endpoint(
        "POST /registry/requests/{install_request}/approve",
        Action.REGISTRY_APPROVE,
        approve,
        "Install what somebody asked for",
    ),
    endpoint(
        "POST /registry/requests/{install_request}/decline",
        Action.REGISTRY_APPROVE,
        decline,
        "Decline what somebody asked for",
    ),
)
