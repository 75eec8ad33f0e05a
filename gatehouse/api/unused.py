"""What nobody uses: tools, prompts, resources, servers, tokens and upstreams, with what depends on them.

A call of anybody is a use, whether or not the caller may see that call. What is newer than the time asked for has had
no chance yet, and is left out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, Literal, TypeVar

from msgspec import Meta, Struct

from gatehouse.access import policy
from gatehouse.access.model import Resource
from gatehouse.api.actions import Action
from gatehouse.api.call_records import figures
from gatehouse.api.fields import Timestamp, maybe_timestamp, one_of
from gatehouse.api.moments import Duration, before
from gatehouse.api.routing import Asked
from gatehouse.catalog.model import Capability, Kind
from gatehouse.catalog.naming import qualified
from gatehouse.catalog.requests import CapabilityFilter, ServerFilter, UpstreamFilter
from gatehouse.kit.pages import MAX_LIMIT, Page, PageRequest, page, page_request
from gatehouse.telemetry.questions import Use, Wanted

Of = Literal["tool", "prompt", "resource", "server", "token", "upstream"]
METHODS = {
    Kind.TOOL: "tools/call",
    Kind.PROMPT: "prompts/get",
    Kind.RESOURCE: "resources/read",
    Kind.TEMPLATE: "resources/read",
}
_SHELVES = {
    "tool": ((Kind.TOOL,), Action.TOOL_READ),
    "prompt": ((Kind.PROMPT,), Action.PROMPT_READ),
    "resource": ((Kind.RESOURCE, Kind.TEMPLATE), Action.RESOURCE_READ),
}
Item = TypeVar("Item")
Uses = dict[tuple[str, str, str], Use]


class UnusedQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    of: Annotated[Of, Meta(description="What to look through")] = "tool"
    unused_for: Duration = "30d"


class UnusedView(Struct, frozen=True, kw_only=True):
    """Something that nobody used for so long."""

    kind: Annotated[str, one_of("tool", "prompt", "resource", "resource_template", "server", "token", "upstream")]
    id: str
    name: str
    last_used_at: Annotated[Timestamp | None, Meta(description="null: not in as long as is kept")]
    servers: Annotated[list[str], Meta(description="Slugs of the servers that depend on it, and that you may see")]


class UnusedList(Struct, frozen=True):
    items: list[UnusedView]


async def list_unused(asked: Asked[UnusedQuery, None]) -> UnusedList:
    of = asked.query.of
    since = before("unused_for", asked.query.unused_for, asked.at.now)
    if of in _SHELVES:
        return UnusedList(await _capabilities(asked, of, since))
    ways = {"server": _servers, "token": _tokens, "upstream": _upstreams}
    return UnusedList(await ways[of](asked, since))


async def unused_page(
    asked: Asked[Any, Any], wanted: CapabilityFilter, request: PageRequest, unused_for: str
) -> Page[Capability]:
    """A page of those that nobody used for so long; who may not see calls may not ask for it."""
    asked.may(Action.CALL_READ, Resource("call"))
    since = before("unused_for", unused_for, asked.at.now)
    used = await figures(asked.context).capabilities_used(Wanted(since=since))
    found: list[Capability] = []
    step = PageRequest(request.after, MAX_LIMIT)
    while len(found) <= request.limit:
        some = await asked.context.catalog.capabilities(wanted, step)
        found += [one for one in some.items if one.first_seen < since and _key(one) not in used]
        if some.next is None:
            break
        step = PageRequest(some.items[-1].id, MAX_LIMIT)
    return page(found[: request.limit + 1], request, lambda one: one.id)


async def _capabilities(asked: Asked[Any, Any], of: str, since: float) -> list[UnusedView]:
    catalog = asked.context.catalog
    kinds, action = _SHELVES[of]
    asked.may(action, Resource(of))
    wanted = CapabilityFilter(kinds=kinds, gone=False, sight=policy.sight(asked.principal, action))
    used: Uses = await figures(asked.context).capabilities_used()
    found = [one for one in await _all_capabilities(asked, wanted) if _idle(one.first_seen, used.get(_key(one)), since)]
    upstreams = await catalog.upstreams_by_id({one.upstream_id for one in found})
    servers = await _bound_in(asked, found)
    return [
        UnusedView(
            kind=one.kind.value,
            id=one.id,
            name=qualified(upstreams[one.upstream_id].name, one.key),
            last_used_at=_last(used.get(_key(one))),
            servers=servers.get(one.id, []),
        )
        for one in found
        if one.upstream_id in upstreams
    ]


async def _servers(asked: Asked[Any, Any], since: float) -> list[UnusedView]:
    asked.may(Action.SERVER_READ, Resource("server"))
    used = await figures(asked.context).last_used("server")
    wanted = ServerFilter(sight=policy.sight(asked.principal, Action.SERVER_READ))
    found = [
        one
        for one in await _pages(lambda request: asked.context.catalog.servers(request, wanted))
        if _idle(one.created_at, used.get(one.id), since)
    ]
    return [_plain("server", one.id, one.slug, used.get(one.id)) for one in found]


async def _tokens(asked: Asked[Any, Any], since: float) -> list[UnusedView]:
    asked.may(Action.TOKEN_READ, Resource("token"))
    used = await figures(asked.context).last_used("principal")
    sight = policy.sight(asked.principal, Action.TOKEN_READ)
    found = [
        one
        for one in await _pages(lambda request: asked.context.tokens.list(request, sight))
        if one.revoked_at is None and _idle(one.created_at, used.get(one.id), since)
    ]
    return [_plain("token", one.id, one.name, used.get(one.id)) for one in found]


async def _upstreams(asked: Asked[Any, Any], since: float) -> list[UnusedView]:
    asked.may(Action.UPSTREAM_READ, Resource("upstream"))
    catalog, used = asked.context.catalog, await figures(asked.context).last_used("upstream")
    wanted = UpstreamFilter(sight=policy.sight(asked.principal, Action.UPSTREAM_READ))
    found = [
        one
        for one in await _pages(lambda request: catalog.upstreams(request, wanted))
        if _idle(one.created_at, used.get(one.id), since)
    ]
    views: list[UnusedView] = []
    for one in found:
        bound = await _bound_in(asked, await catalog.offered(one.id))
        slugs = sorted({slug for some in bound.values() for slug in some})
        views.append(_plain("upstream", one.id, one.name, used.get(one.id), slugs))
    return views


async def _bound_in(asked: Asked[Any, Any], found: Sequence[Capability]) -> dict[str, list[str]]:
    sight = policy.sight(asked.principal, Action.SERVER_READ)
    bound = await asked.context.catalog.bound_in([one.id for one in found])
    return {id_: [one.slug for one in servers if sight.sees(one.placement)] for id_, servers in bound.items()}


async def _all_capabilities(asked: Asked[Any, Any], wanted: CapabilityFilter) -> list[Capability]:
    return await _pages(lambda request: asked.context.catalog.capabilities(wanted, request))


async def _pages(read: Callable[[PageRequest], Awaitable[Page[Item]]]) -> list[Item]:
    """Everything in a list."""
    found: list[Item] = []
    cursor: str | None = None
    while True:
        some = await read(page_request(cursor, MAX_LIMIT))
        found += some.items
        cursor = some.next
        if cursor is None:
            return found


def _plain(kind: str, id_: str, name: str, use: Use | None, servers: Sequence[str] = ()) -> UnusedView:
    return UnusedView(kind=kind, id=id_, name=name, last_used_at=_last(use), servers=list(servers))


def _key(one: Capability) -> tuple[str, str, str]:
    return one.upstream_id, METHODS[one.kind], one.key


def _idle(made: float, use: Use | None, since: float) -> bool:
    return made < since and (use is None or use.last < since)


def _last(use: Use | None) -> Any:
    return maybe_timestamp(use.last if use is not None else None)
