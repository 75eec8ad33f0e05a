"""Roots: what upstreams are told that they are meant to work on."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from gatehouse.api.actions import Action
from gatehouse.api.fields import Timestamp, timestamp
from gatehouse.api.routing import Asked, endpoint
from gatehouse.catalog.roots import EXPLAINED, Root

RootUri = Annotated[str, Meta(max_length=2000, description="As in file:///srv/projects")]
RootName = Annotated[str, Meta(max_length=255)]
Upstreams = Annotated[
    list[str], Meta(max_length=500, description="Ids or names of those that are told of it; null: all")
]


class RootView(Struct, frozen=True, kw_only=True):
    """Roots tell an upstream which folders or addresses it is meant to work on; they grant no access by themselves."""

    id: str
    uri: str
    name: str
    upstreams: Annotated[list[str], Meta(description="Ids of the upstreams that are told of it; null: all")] | None
    created_at: Timestamp
    updated_at: Timestamp


class RootList(Struct, frozen=True):
    items: list[RootView]
    next: str | None = None
    about: Annotated[str, Meta(description="What roots are, in a sentence")] = EXPLAINED


class RootInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A root. Clients that have roots of their own are asked for those instead."""

    uri: RootUri
    name: Annotated[RootName, Meta(description="Left out: the last part of the uri")] = ""
    upstreams: Upstreams | None = None


class RootChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays."""

    uri: RootUri | UnsetType = UNSET
    name: RootName | UnsetType = UNSET
    upstreams: Upstreams | UnsetType | None = UNSET


async def list_roots(asked: Asked[None, None]) -> RootList:
    return RootList([_view(one) for one in await asked.context.roots.all()])


async def create_root(asked: Asked[None, RootInput]) -> RootView:
    body = asked.body
    return _view(await asked.context.roots.create(body.uri, body.name, body.upstreams))


async def change_root(asked: Asked[None, RootChange]) -> RootView:
    body = asked.body
    changed = await asked.context.roots.change(
        asked.ref,
        uri=None if isinstance(body.uri, UnsetType) else body.uri,
        name=None if isinstance(body.name, UnsetType) else body.name,
        upstreams=None if isinstance(body.upstreams, UnsetType) else body.upstreams,
        everywhere=body.upstreams is None,
    )
    return _view(changed)


async def delete_root(asked: Asked[None, None]) -> None:
    await asked.context.roots.delete(asked.ref)


def _view(root: Root) -> RootView:
    return RootView(
        id=root.id,
        uri=root.uri,
        name=root.name,
        upstreams=None if root.upstreams is None else list(root.upstreams),
        created_at=timestamp(root.created_at),
        updated_at=timestamp(root.updated_at),
    )


ENDPOINTS = (
    endpoint("GET /roots", Action.ROOT_READ, list_roots, "List the roots that upstreams are told of"),
    endpoint("POST /roots", Action.ROOT_WRITE, create_root, "Add a root"),
    endpoint("PATCH /roots/{id}", Action.ROOT_WRITE, change_root, "Change a root, or which upstreams are told of it"),
    endpoint("DELETE /roots/{id}", Action.ROOT_WRITE, delete_root, "Remove a root"),
)
