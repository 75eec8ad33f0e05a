"""What the registry shows: entries, the ways to install them, and the form of each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Annotated, Literal

from msgspec import Meta, Raw, Struct

from gatehouse.access import policy
from gatehouse.access.model import Principal
from gatehouse.api.actions import Action
from gatehouse.api.context import ApiContext
from gatehouse.api.fields import JsonObject, Timestamp, timestamp
from gatehouse.catalog.model import Upstream
from gatehouse.catalog.registry.entries import BUNDLED
from gatehouse.catalog.registry.form import Field, Way
from gatehouse.catalog.registry.model import Entry, EntryStatus, Install, Source
from gatehouse.catalog.registry.recipe import Recipe
from gatehouse.catalog.registry.server_json import Ours, ServerJson, clean, link

WayName = Annotated[
    str, Meta(max_length=63, description="One of the entry's `ways`; left out: the first that is possible")
]
Values = Annotated[dict[str, str], Meta(max_length=200, description="What was filled in, by the keys of the form")]
AcceptCommand = Annotated[
    str, Meta(max_length=100_000, description="For what is run here: the `command_line` of the preview, word for word")
]
SaveAnyway = Annotated[bool, Meta(description="Save it although it does not answer")]
Auth = Annotated[
    Literal["none", "optional", "key", "oauth", ""],
    Meta(description="`optional`: more with a key; `oauth`: people sign in there; empty: nobody said"),
]


class InstalledView(Struct, frozen=True):
    """An upstream that comes from an entry."""

    id: str
    name: str
    version: str


class EntrySummary(Struct, frozen=True, kw_only=True):
    id: str
    name: str
    title: str
    description: str
    version: str
    status: EntryStatus
    status_message: str
    source: str
    category: str
    auth: Auth
    transports: list[str]
    icon: Annotated[str | None, Meta(description="A path of this gateway, or the https address of a picture elsewhere")]
    docs: str | None
    repository: str | None
    installed: list[InstalledView]
    changed_at: Timestamp


class FieldView(Struct, frozen=True, kw_only=True):
    """One thing to fill in. `where`: what it becomes part of."""

    key: str
    label: str
    description: str
    required: bool
    secret: bool
    where: Literal["header", "url", "env", "argument"]
    format: str
    default: str | None
    choices: list[str]
    placeholder: str
    repeated: Annotated[bool, Meta(description="It takes several values, one on a line")]


class WayView(Struct, frozen=True, kw_only=True):
    """One way to install: a URL to be called, or a package to be run here. `reason`: why it is not possible."""

    name: str
    transport: str
    summary: str
    possible: bool
    reason: str | None
    fields: list[FieldView]


class EntryDetails(EntrySummary, frozen=True, kw_only=True):
    ways: list[WayView]
    server: Annotated[JsonObject, Meta(description="The server.json, as it came")]


class InstallPreview(Struct, frozen=True, kw_only=True):
    """How the upstream would be reached. Of headers and variables the names."""

    way: str
    transport: str
    url: str | None
    command: str | None
    args: list[str]
    command_line: str | None
    headers: list[str]
    env: list[str]


def summary_fields(entry: Entry, source: str, installed: Iterable[InstalledView]) -> dict[str, object]:
    """Those of `EntrySummary`."""
    server, ours = entry.read()
    repository = server.repository.url if server.repository else None
    return {
        "id": entry.id,
        "name": entry.name,
        "title": entry.title,
        "description": clean(server.description),
        "version": entry.version,
        "status": entry.status,
        "status_message": entry.status_message,
        "source": source,
        "category": entry.category,
        "auth": entry.auth,
        "transports": list(entry.transports),
        "icon": icon_of(server, ours, source),
        "docs": link(ours.docs) or link(server.website_url),
        "repository": link(repository),
        "installed": list(installed),
        "changed_at": timestamp(entry.changed_at),
    }


def icon_of(server: ServerJson, ours: Ours, source: str) -> str | None:
    """Only the bundled list chooses among the marks that come with it, so that nobody passes for somebody else."""
    if source == BUNDLED and ours.icon:
        return f"/registry/icons/{ours.icon}.svg"
    return link(next((icon.src for icon in server.icons or ()), None))


def details(entry: Entry, source: str, installed: Iterable[InstalledView]) -> EntryDetails:
    fields = summary_fields(entry, source, installed)
    return EntryDetails(**fields, ways=[way_view(way) for way in entry.ways()], server=Raw(entry.document))  # pyright: ignore[reportArgumentType]


def summary(entry: Entry, source: str, installed: Iterable[InstalledView]) -> EntrySummary:
    return EntrySummary(**summary_fields(entry, source, installed))  # pyright: ignore[reportArgumentType]


def way_view(way: Way) -> WayView:
    return WayView(
        name=way.name,
        transport=way.transport,
        summary=way.summary,
        possible=way.impossible is None,
        reason=way.impossible,
        fields=[field_view(field) for field in way.fields],
    )


def field_view(one: Field) -> FieldView:
    return FieldView(
        key=one.key,
        label=one.label,
        description=one.description,
        required=one.required,
        secret=one.secret,
        where=one.where,
        format=one.format,
        default=one.default,
        choices=list(one.choices),
        placeholder=one.placeholder,
        repeated=one.repeated,
    )


def preview_of(way: Way, recipe: Recipe) -> InstallPreview:
    return InstallPreview(
        way=way.name,
        transport=recipe.transport,
        url=recipe.url,
        command=recipe.command,
        args=list(recipe.args),
        command_line=recipe.command_line,
        headers=sorted(recipe.headers),
        env=sorted(recipe.env),
    )


async def seen_upstreams(
    context: ApiContext, principal: Principal, installs: Collection[Install]
) -> dict[str, Upstream]:
    """Of the upstreams that were installed, those that the caller may know of, by id."""
    sight = policy.sight(principal, Action.UPSTREAM_READ)
    known = await context.catalog.upstreams_by_id([one.upstream_id for one in installs])
    return {id_: one for id_, one in known.items() if sight.sees(one.placement)}


def installed_views(installs: Iterable[Install], upstreams: Mapping[str, Upstream]) -> dict[str, list[InstalledView]]:
    """By the id of their entry."""
    found: dict[str, list[InstalledView]] = {}
    for one in installs:
        upstream = upstreams.get(one.upstream_id)
        if upstream is not None:
            found.setdefault(one.entry_id, []).append(InstalledView(upstream.id, upstream.name, one.version))
    return found


def source_names(sources: Iterable[Source]) -> dict[str, str]:
    return {one.id: one.name for one in sources}
