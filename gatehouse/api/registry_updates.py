"""Newer versions of what was installed: what would change, and the change itself, after consent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct

from gatehouse.access.model import Resource
from gatehouse.api.actions import Action
from gatehouse.api.fields import one_of
from gatehouse.api.registry_installing import (
    InstallView,
    Made,
    check_command,
    cooked,
    installed,
    new_upstream,
    note_trial,
    refused,
)
from gatehouse.api.registry_views import AcceptCommand, FieldView, SaveAnyway, Values, field_view, seen_upstreams
from gatehouse.api.routing import Asked, endpoint
from gatehouse.catalog.model import Transport, Upstream
from gatehouse.catalog.registry.form import Way
from gatehouse.catalog.registry.installing import Wish
from gatehouse.catalog.registry.model import Entry, EntryStatus, Install
from gatehouse.catalog.registry.recipe import Recipe, cook, missing
from gatehouse.catalog.service import UpstreamChanges
from gatehouse.kit.errors import Conflict, GatewayError


class UpdateChange(Struct, frozen=True):
    """`field`: version, url, command_line, transport, headers or env; of the last two the names."""

    field: str
    before: str | None
    after: str | None


class UpdateView(Struct, frozen=True, kw_only=True):
    """What the newer version of an entry would change. `problem`: why it can't be taken as it is."""

    upstream: str
    upstream_name: str
    entry: str | None
    name: str
    installed: Annotated[str, Meta(description="The version that is installed")]
    version: Annotated[str | None, Meta(description="The version that there is; null: it was deleted")]
    status: Annotated[str, one_of("active", "deprecated", "deleted", "gone")]
    status_message: str
    changes: list[UpdateChange]
    fields: Annotated[list[FieldView], Meta(description="What has to be filled in, and was not before")]
    command_line: str | None
    problem: str | None


class UpdateList(Struct, frozen=True):
    items: list[UpdateView]
    next: str | None = None


class UpdateInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`version` is the one that was offered: the consent is to that one."""

    version: Annotated[str, Meta(min_length=1, max_length=255)]
    values: Values = {}
    accept_command: AcceptCommand | None = None
    save_anyway: SaveAnyway = False


@dataclass(frozen=True, slots=True)
class _Next:
    """The newer version as this upstream would take it; without a recipe where something is in the way."""

    way: Way | None
    recipe: Recipe | None
    fields: tuple[FieldView, ...]
    problem: str | None


async def list_updates(asked: Asked[None, None]) -> UpdateList:
    """Of the upstreams that the caller may see."""
    registry = asked.context.registry
    installs = await registry.installing.installs()
    upstreams = await seen_upstreams(asked.context, asked.principal, installs)
    mine = [one for one in installs if one.upstream_id in upstreams]
    entries = await registry.entries.entries_by_id([one.entry_id for one in mine])
    found = [_update(asked, one, upstreams[one.upstream_id], entries.get(one.entry_id)) for one in mine]
    return UpdateList([one for one in found if one is not None])


async def update_upstream(asked: Asked[None, UpdateInput]) -> InstallView:
    """Tried as an installation is; where it does not answer, the upstream stays as it was."""
    body, context = asked.body, asked.context
    upstream = await context.catalog.upstream(asked.ref)
    install = await context.registry.installing.install(upstream.id)
    entry = await context.registry.entries.entry(install.entry_id)
    _check_version(entry, body.version)
    way = _way(entry, install)
    filled = context.registry.installing.filled(install)
    filled = {**filled, "values": _usable(way, {**filled["values"], **body.values}) | dict(body.values)}
    recipe = cooked(way, filled["values"])
    if recipe.command is not None:
        asked.may(Action.UPSTREAM_STDIO, Resource("upstream"))
    check_command(recipe, body.accept_command)
    wish = Wish(
        entry=entry,
        way=way,
        name=upstream.name,
        filled=filled,
        placement=upstream.placement,
        requester=install.installed_by,
        requester_name="",
    )
    kept = _keeping(asked, upstream, Made(wish, recipe), bool(body.values))
    return await _take(asked, upstream, kept, body.save_anyway)


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the upstream becomes: what people changed by hand meanwhile stays."""

    wish: Wish
    changes: UpstreamChanges
    recipe: Recipe


async def _take(asked: Asked[Any, Any], upstream: Upstream, kept: _Kept, anyway: bool) -> InstallView:
    context, wish = asked.context, kept.wish
    report = await context.operations.trial(context.catalog.draft_upstream(new_upstream(Made(wish, kept.recipe))))
    if report.offer is None and not anyway:
        raise refused(wish.entry, report)
    after = await context.catalog.change_upstream(upstream.id, kept.changes)
    await note_trial(context, after, report)
    source = (await context.registry.sources.source(wish.entry.source_id)).name
    installing = context.registry.installing
    await installing.record_install(after.id, wish.entry, source, wish.filled, wish.way.name, wish.requester)
    return await installed(asked, after, report)


def _keeping(asked: Asked[Any, Any], upstream: Upstream, made: Made, fresh: bool) -> _Kept:
    """`fresh`: something was filled in just now, so that what is stored does not come first."""
    catalog, recipe = asked.context.catalog, made.recipe
    env, headers = dict(recipe.env), dict(recipe.headers)
    credential: Any = catalog.open_credential(upstream)
    own = credential is not None and credential["type"] != "headers"
    if not fresh:
        env = _stored_first(catalog.open_env(upstream), env)
        headers = _stored_first({} if own or credential is None else credential["headers"], headers)
    built = Recipe(recipe.transport, recipe.url, recipe.command, recipe.args, headers, env)
    changes = UpstreamChanges(
        transport=Transport(recipe.transport),
        url=recipe.url,
        command=recipe.command,
        args=recipe.args,
        env=env,
        credential=UNSET if own or not headers else {"type": "headers", "headers": headers},
    )
    filled = {**made.wish.filled, "credential": credential} if own else made.wish.filled
    wish = Wish(
        entry=made.wish.entry,
        way=made.wish.way,
        name=made.wish.name,
        filled=filled,
        placement=made.wish.placement,
        requester=made.wish.requester,
        requester_name="",
    )
    return _Kept(wish, changes, built)


def _stored_first(stored: Mapping[str, str], built: Mapping[str, str]) -> dict[str, str]:
    known = {name.lower(): value for name, value in stored.items()}
    return {name: known.get(name.lower(), value) for name, value in built.items()}


def _update(asked: Asked[Any, Any], install: Install, upstream: Upstream, entry: Entry | None) -> UpdateView | None:
    """None where the upstream is what the entry says."""
    if entry is None or entry.status is EntryStatus.DELETED:
        return _view(install, upstream, entry, None, [])
    if entry.version == install.version and entry.digest == install.digest:
        return None
    following = _next(asked, install, entry)
    changes = _changes(install, upstream, entry, following.recipe)
    if not changes and not following.fields and following.problem is None:
        return None
    return _view(install, upstream, entry, following, changes)


def _next(asked: Asked[Any, Any], install: Install, entry: Entry) -> _Next:
    try:
        way = _way(entry, install)
        values = _usable(way, asked.context.registry.installing.filled(install)["values"])
    except GatewayError as error:
        return _Next(None, None, (), str(error))
    needed = tuple(field_view(field) for field in missing(way, values))
    if needed:
        return _Next(way, None, needed, None)
    try:
        return _Next(way, cook(way, values), (), None)
    except GatewayError as error:
        return _Next(way, None, (), str(error))


def _changes(install: Install, upstream: Upstream, entry: Entry, recipe: Recipe | None) -> list[UpdateChange]:
    pairs: list[tuple[str, str | None, str | None]] = [("version", install.version, entry.version)]
    if recipe is not None:
        line = None
        if upstream.command is not None:
            line = Recipe("stdio", command=upstream.command, args=upstream.args).command_line
        pairs += [("url", upstream.url, recipe.url), ("command_line", line, recipe.command_line)]
        pairs.append(("env", ", ".join(upstream.env_names) or None, ", ".join(sorted(recipe.env)) or None))
    return [UpdateChange(field, before, after) for field, before, after in pairs if before != after]


def _view(
    install: Install, upstream: Upstream, entry: Entry | None, following: _Next | None, changes: list[UpdateChange]
) -> UpdateView:
    gone = "Its registry has it no more; what was installed goes on working as long as it does."
    return UpdateView(
        upstream=upstream.id,
        upstream_name=upstream.name,
        entry=None if entry is None else entry.id,
        name=install.name,
        installed=install.version,
        version=None if entry is None or following is None else entry.version,
        status="gone" if entry is None else entry.status.value,
        status_message="" if entry is None else entry.status_message,
        changes=changes,
        fields=[] if following is None else list(following.fields),
        command_line=None if following is None or following.recipe is None else following.recipe.command_line,
        problem=gone if following is None else following.problem,
    )


def _way(entry: Entry, install: Install) -> Way:
    found = next((way for way in entry.ways() if way.name == install.way), None)
    if found is None:
        raise Conflict(f"'{entry.title}' has the way '{install.way}' no more.", "Install it anew, in another way.")
    return found


def _usable(way: Way, values: Mapping[str, str]) -> dict[str, str]:
    """Without what an older form asked for, and this one does not."""
    known = {field.key for field in way.fields}
    return {key: value for key, value in values.items() if key in known}


def _check_version(entry: Entry, version: str) -> None:
    if entry.status is EntryStatus.DELETED:
        raise Conflict(f"'{entry.title}' was deleted from its registry.", "There is nothing to update to.")
    if entry.version != version:
        raise Conflict(
            f"'{entry.title}' is at version {entry.version} now, and not at {version[:100]}.",
            "Look at GET /api/v1/registry/updates again, and send that one.",
        )


UPDATES = (
    endpoint("GET /registry/updates", Action.REGISTRY_READ, list_updates, "List newer versions of what is installed"),
)
UPDATE = (
    endpoint(
        "POST /upstreams/{id}/update",
        Action.UPSTREAM_WRITE,
        update_upstream,
        "Take the newer version of its registry entry",
    ),
)
