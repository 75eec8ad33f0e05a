"""Tags: which there are and how often, one name for another, and many things at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Meta, Struct, field

from gatehouse.access import policy
from gatehouse.api.actions import Action
from gatehouse.api.capabilities import PROMPTS, RESOURCES, TOOLS, Shelf
from gatehouse.api.fields import Tag
from gatehouse.api.permission import demand_at
from gatehouse.api.routing import Asked, Endpoint, endpoint
from gatehouse.catalog.model import Capability
from gatehouse.catalog.service import CapabilityChanges
from gatehouse.kit.errors import Invalid, NotFound
from gatehouse.store.placement import Sight

MOST = 500
"""Things in one request."""


class TagView(Struct, frozen=True, kw_only=True):
    """A tag, and how many of the things that the caller may see have it."""

    tag: str
    upstreams: int = 0
    agents: int = 0
    tools: int = 0
    prompts: int = 0
    resources: Annotated[int, Meta(description="Resource templates among them")] = 0
    servers: int = 0
    tokens: int = 0
    users: int = 0
    total: int = 0


class TagList(Struct, frozen=True):
    """In the order of the alphabet."""

    items: list[TagView]
    next: str | None = None


class TagRenaming(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`to` may be a tag that there is: then the two are one."""

    old: Tag = field(name="from")
    to: Tag


class Tagging(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Tags to put on several things, and to take off them."""

    ids: Annotated[list[str], Meta(min_length=1, max_length=MOST, description="Ids or handles")]
    add: list[Tag] = []
    remove: list[Tag] = []


class TaggedView(Struct, frozen=True):
    id: str
    name: str
    tags: list[str]


class TaggedList(Struct, frozen=True):
    items: list[TaggedView]
    changed: Annotated[int, Meta(description="How many have other tags than before")]


async def list_tags(asked: Asked[None, None]) -> TagList:
    counts = await asked.context.tags.counts(_sights(asked, "read"))
    views = [TagView(tag=tag, **kinds, total=kinds.total()) for tag, kinds in counts.items()]
    return TagList(sorted(views, key=lambda one: (one.tag.lower(), one.tag)))


async def rename_tag(asked: Asked[None, TagRenaming]) -> TagView:
    body = asked.body
    changed = await asked.context.tags.rename(body.old, body.to, _sights(asked, "write"))
    if not changed:
        raise NotFound(f"Nothing that you may change has the tag '{body.old}'.", "See GET /api/v1/tags.")
    return TagView(tag=body.to.strip(), **changed, total=changed.total())


def tagging(shelf: Shelf) -> Endpoint:
    async def tag_many(asked: Asked[None, Tagging]) -> TaggedList:
        body, catalog = asked.body, asked.context.catalog
        if not body.add and not body.remove:
            raise Invalid("There is nothing to add and nothing to remove.", "Name tags in 'add' or 'remove'.")
        for ref in body.ids:
            await demand_at(asked.context, asked.principal, shelf.write.value, ref, asked.at)
        known = {one.id: one for one in [await catalog.capability(ref, shelf.kinds) for ref in body.ids]}
        items = {
            id_: await catalog.change_capability(id_, (one.kind,), CapabilityChanges(tags=_tagged(one, body)))
            for id_, one in known.items()
        }
        changed = sum(items[id_].tags != one.tags for id_, one in known.items())
        return TaggedList([TaggedView(one.id, one.key, list(one.tags)) for one in items.values()], changed)

    return endpoint(f"POST /{shelf.name}/tags", shelf.write, tag_many, f"Tag several {shelf.name} at once", status=200)


def _tagged(one: Capability, body: Tagging) -> list[str]:
    kept = [tag for tag in one.tags if tag not in {each.strip() for each in body.remove}]
    return [*kept, *body.add]


def _sights(asked: Asked[None, Any], what: str) -> Mapping[str, Sight]:
    kinds = asked.context.tags.kinds
    return {kind: policy.sight(asked.principal, f"{kind.removesuffix('s')}.{what}") for kind in kinds}


ENDPOINTS = (
    endpoint("GET /tags", Action.SIGNED_IN, list_tags, "List tags, with how often each is used"),
    endpoint("POST /tags/rename", Action.SIGNED_IN, rename_tag, "Rename a tag, or make two one", status=200),
    *(tagging(shelf) for shelf in (TOOLS, PROMPTS, RESOURCES)),
)
