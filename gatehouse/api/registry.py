"""The registry: what can be installed as an upstream, what that needs, and its installation."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from gatehouse.access.model import Resource
from gatehouse.api.actions import Action
from gatehouse.api.credentials import Credential, credential_input
from gatehouse.api.fields import Cursor, Limit, Name, Search, TeamRef, VisibilityWanted
from gatehouse.api.permission import placed
from gatehouse.api.registry_installing import (
    InstallView,
    Made,
    check_command,
    chosen_way,
    cooked,
    filled_in,
    may_approve,
    name_for,
    try_and_save,
)
from gatehouse.api.registry_requests import request_view
from gatehouse.api.registry_views import (
    AcceptCommand,
    Auth,
    EntryDetails,
    EntrySummary,
    InstallPreview,
    SaveAnyway,
    Values,
    WayName,
    details,
    installed_views,
    preview_of,
    seen_upstreams,
    source_names,
    summary,
)
from gatehouse.api.routing import Asked, endpoint
from gatehouse.catalog.registry.installing import Wish
from gatehouse.catalog.registry.model import Entry, EntryStatus
from gatehouse.catalog.registry.repository import EntryFilter
from gatehouse.kit.errors import Conflict
from gatehouse.kit.pages import page_request


class RegistryQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    q: Search | None = None
    category: Annotated[str, Meta(max_length=63)] | None = None
    source: Annotated[str, Meta(max_length=63, description="Id or name of a source")] | None = None
    auth: Auth | None = None
    transport: Literal["http", "sse", "stdio"] | None = None
    installed: Annotated[bool, Meta(description="Only what is, or is not, an upstream that you see")] | None = None
    deleted: Annotated[bool, Meta(description="With what its source has deleted")] = False
    cursor: Cursor | None = None
    limit: Limit | None = None


class EntryList(Struct, frozen=True):
    items: list[EntrySummary]
    next: str | None


class Category(Struct, frozen=True):
    """Empty name: entries that are in none."""

    name: str
    entries: int


class CategoryList(Struct, frozen=True):
    items: list[Category]
    next: str | None = None


class EntryPreviewInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    way: WayName | None = None
    values: Values = {}


class InstallInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is run here takes the permission `upstream.stdio`, and `accept_command`."""

    way: WayName | None = None
    name: Name | None = None
    values: Values = {}
    credential: Annotated[Credential, Meta(description="For a URL: in place of the headers of the form")] | None = None
    team: TeamRef | None = None
    visibility: VisibilityWanted | None = None
    accept_command: AcceptCommand | None = None
    save_anyway: SaveAnyway = False
    message: Annotated[str, Meta(max_length=2000, description="For who approves")] = ""


async def list_entries(asked: Asked[RegistryQuery, None]) -> EntryList:
    query, registry = asked.query, asked.context.registry
    installs = await registry.installing.installs()
    upstreams = await seen_upstreams(asked.context, asked.principal, installs)
    wanted = EntryFilter(
        q=query.q,
        category=query.category,
        source=query.source,
        auth=query.auth,
        transport=query.transport,
        installed=query.installed,
        upstreams=tuple(upstreams),
        deleted=query.deleted,
    )
    page = await registry.entries.entries(page_request(query.cursor, query.limit), wanted)
    views, names = installed_views(installs, upstreams), source_names((await registry.sources.sources())[0])
    items = [summary(one, names.get(one.source_id, ""), views.get(one.id, ())) for one in page.items]
    return EntryList(items, page.next)


async def list_categories(asked: Asked[None, None]) -> CategoryList:
    found = await asked.context.registry.entries.categories()
    return CategoryList([Category(name, entries) for name, entries in found])


async def get_entry(asked: Asked[None, None]) -> EntryDetails:
    registry = asked.context.registry
    entry = await registry.entries.entry(asked.ref)
    installs = await registry.installing.installs_of([entry.id])
    upstreams = await seen_upstreams(asked.context, asked.principal, installs)
    source = (await registry.sources.source(entry.source_id)).name
    return details(entry, source, installed_views(installs, upstreams).get(entry.id, ()))


async def preview(asked: Asked[None, EntryPreviewInput]) -> InstallPreview:
    entry = await asked.context.registry.entries.entry(asked.ref)
    way = chosen_way(entry, asked.body.way)
    return preview_of(way, cooked(way, asked.body.values))


async def install(asked: Asked[None, InstallInput]) -> InstallView:
    """Nothing is saved of what does not answer, unless that is asked for; a sign-in that is needed is an answer."""
    body, context, principal = asked.body, asked.context, asked.principal
    entry = await context.registry.entries.entry(asked.ref)
    _check_is_there(entry)
    way = chosen_way(entry, body.way)
    filled = filled_in(body.values, credential_input(body.credential))
    recipe = cooked(way, body.values)
    place = placed(context, principal, asked.at, "upstream", body.team, body.visibility)
    who = principal.user or principal.id
    wish = Wish(
        entry=entry,
        way=way,
        name=await name_for(context, entry, body.name),
        filled=filled,
        placement=place,
        requester=who,
        requester_name=principal.name,
        message=body.message,
    )
    if context.registry.approval and not may_approve(asked):
        waiting = await context.registry.installing.ask(wish)
        words = f"The request {waiting.id} waits for somebody who may approve it."
        return InstallView("waiting", words, request=request_view(waiting, recipe))
    if recipe.command is not None:
        asked.may(Action.UPSTREAM_STDIO, Resource("upstream"))
    check_command(recipe, body.accept_command)
    return await try_and_save(asked, Made(wish, recipe), body.save_anyway)


def _check_is_there(entry: Entry) -> None:
    if entry.status is EntryStatus.DELETED:
        raise Conflict(
            f"'{entry.title}' was deleted from its registry. {entry.status_message}".strip(),
            "Choose another entry, or add the upstream by hand.",
        )


ENTRIES: tuple[Any, ...] = (
    endpoint("GET /registry", Action.REGISTRY_READ, list_entries, "List what can be installed"),
    endpoint("GET /registry/categories", Action.REGISTRY_READ, list_categories, "List categories of entries"),
)
ENTRY: tuple[Any, ...] = (
    endpoint("GET /registry/{id}", Action.REGISTRY_READ, get_entry, "Show an entry, and what its installation needs"),
    endpoint(
        "POST /registry/{id}/preview",
        Action.REGISTRY_READ,
        preview,
        "Show how an entry would be reached, or what would be run",
        changes=False,
    ),
    endpoint("POST /registry/{id}/install", Action.REGISTRY_INSTALL, install, "Install an entry as an upstream"),
)
