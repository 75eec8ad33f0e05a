"""What own prompts and own resources have in common in the API: changing, versions, the way back, removing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from msgspec import Meta, Struct

from gatehouse.api.capabilities import CapabilityView, Shelf, override, view_one
from gatehouse.api.own_views import DiffView, VersionDetails, VersionList, version_details, version_view
from gatehouse.api.routing import Asked, Endpoint, endpoint
from gatehouse.catalog.model import LOCAL, Capability
from gatehouse.catalog.own.diffs import unified
from gatehouse.catalog.own.model import Author, Document, Source
from gatehouse.catalog.own.service import Signed
from gatehouse.kit.errors import Conflict, Invalid, NotFound

OVERRIDABLE = ("title", "description", "annotations", "tags", "enabled", "team", "visibility")
"""Fields of a PATCH that everything has, own or not."""
Note = Annotated[str, Meta(max_length=2000, description="Why, for the list of versions")]
Written = Callable[[Source], tuple[Document, bytes | None]]


class Restoring(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    note: Note = ""


class DiffQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    to: Annotated[int, Meta(description="Left out: the newest")] | None = None


def signed(asked: Asked[Any, Any], note: str = "") -> Signed:
    principal = asked.principal
    return Signed(Author(principal.user or principal.id, principal.name), note)


async def own_one(asked: Asked[Any, Any], shelf: Shelf) -> Capability:
    """Raises `Conflict` for what an upstream offers."""
    found = await asked.context.catalog.capability(asked.ref, shelf.kinds)
    upstream = await asked.context.catalog.upstream(found.upstream_id)
    if upstream.kind != LOCAL:
        raise Conflict(
            f"'{found.key[:100]}' is not Gatehouse's own: upstream '{upstream.name}' offers it, and says what is in it.",
            f"Change it there. Here it can be said otherwise with PATCH: {', '.join(OVERRIDABLE)}.",
        )
    return found


async def is_own(asked: Asked[Any, Any], capability: Capability) -> bool:
    return (await asked.context.catalog.upstream(capability.upstream_id)).kind == LOCAL


async def changed(
    asked: Asked[Any, Any], shelf: Shelf, said: Mapping[str, Any], written: Written | None, note: str
) -> CapabilityView:
    """The answer to a PATCH of an own one: a new version where `written` is given; the rest as for all others."""
    if "visibility" in said and said["visibility"] is None:
        raise Invalid("What is own has no upstream to take its visibility from.", "Send private, team or public.")
    one = await own_one(asked, shelf)
    placed = {name: value for name, value in said.items() if name in ("team", "visibility")}
    if placed:
        one = await override(asked, one, placed)
    if written is not None:
        one = await asked.context.own.change(one.id, shelf.kinds, written, signed(asked, note))
    rest = {name: value for name, value in said.items() if name not in placed}
    return await view_one(asked, await override(asked, one, rest) if rest else one)


def history(shelf: Shelf) -> tuple[Endpoint, ...]:
    """The routes about versions, and the one that removes."""
    one, base = shelf.name.removesuffix("s"), f"/{shelf.name}/{{id}}"

    async def list_versions(asked: Asked[None, None]) -> VersionList:
        known = await own_one(asked, shelf)
        found = await asked.context.own.versions(known.id, shelf.kinds)
        return VersionList([version_view(version, found[0].number) for version in found])

    async def get_version(asked: Asked[None, None]) -> VersionDetails:
        known, own = await own_one(asked, shelf), asked.context.own
        newest = await own.source(known.id, shelf.kinds)
        source = await own.source(known.id, shelf.kinds, _number(asked), with_blob=True)
        return version_details(source, newest.version.number)

    async def diff(asked: Asked[DiffQuery, None]) -> DiffView:
        known, own = await own_one(asked, shelf), asked.context.own
        before = await own.source(known.id, shelf.kinds, _number(asked))
        after = await own.source(known.id, shelf.kinds, asked.query.to)
        text = unified(before, after)
        return DiffView(
            from_version=before.version.number, to_version=after.version.number, identical=not text, diff=text
        )

    async def restore(asked: Asked[None, Restoring]) -> CapabilityView:
        known = await own_one(asked, shelf)
        restored = await asked.context.own.restore(
            known.id, shelf.kinds, _number(asked), signed(asked, asked.body.note)
        )
        return await view_one(asked, restored)

    async def remove(asked: Asked[None, None]) -> None:
        known = await own_one(asked, shelf)
        await asked.context.own.remove(known.id, shelf.kinds)

    version = f"{base}/versions/{{version}}"
    return (
        endpoint(f"GET {base}/versions", shelf.read, list_versions, f"List the versions of an own {one}"),
        endpoint(f"GET {version}", shelf.read, get_version, f"Show a version of an own {one}"),
        endpoint(f"GET {version}/diff", shelf.read, diff, "Tell how two versions differ"),
        endpoint(f"POST {version}/restore", shelf.write, restore, "Make an old version the newest"),
        endpoint(f"DELETE {base}", shelf.write, remove, f"Remove an own {one}, from every server too"),
    )


def _number(asked: Asked[Any, Any]) -> int:
    text = asked.params.get("version", "")
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise NotFound(f"There is no version '{text[:50]}'.", "Versions are numbers, from 1 on.")
    return int(text)
