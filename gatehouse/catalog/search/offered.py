"""Documents of the catalog: upstreams, what they offer, and servers, as a snapshot has them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, cast

from gatehouse.catalog.model import AGENT, LOCAL, Capability, Server, Upstream
from gatehouse.catalog.search.document import Batch, Document
from gatehouse.catalog.snapshot import CatalogSnapshot
from gatehouse.kit import json
from gatehouse.kit.json import BadJson


class CatalogSource:
    """A batch for each upstream with all that it offers, and one for each server."""

    name = "catalog"

    def __init__(self, snapshot: Callable[[], CatalogSnapshot]) -> None:
        self._snapshot = snapshot

    async def prepare(self) -> None:
        """The snapshot is in memory."""

    @property
    def version(self) -> int:
        return self._snapshot().revision

    def batches(self) -> Iterator[Batch]:
        snapshot = self._snapshot()
        for upstream in snapshot.upstreams.values():
            yield _of_upstream(upstream, snapshot.offered)
        for server in snapshot.servers.values():
            yield _of_server(server)


def _of_upstream(upstream: Upstream, offered: Callable[[str], Sequence[Capability]]) -> Batch:
    # How it is doing changes often, and is not searched.
    version = (
        upstream.offer_revision, upstream.name, upstream.description, upstream.tags, upstream.placement, upstream.enabled,
    )  # fmt: skip

    def documents() -> Iterable[Document]:
        # What is our own has an upstream for the sake of order alone.
        if upstream.kind != LOCAL:
            yield _upstream(upstream)
        for capability in offered(upstream.id):
            yield _capability(capability, upstream)

    return Batch(upstream.id, version, documents)


def _of_server(server: Server) -> Batch:
    return Batch(server.id, server, lambda: (_server(server),))


def _upstream(one: Upstream) -> Document:
    return Document(
        kind="agent" if one.kind == AGENT else "upstream",
        id=one.id,
        name=one.name,
        placement=one.placement,
        description=one.description,
        tags=one.tags,
        upstream=one.id,
        upstream_name=one.name,
        since=one.created_at,
        enabled=one.enabled,
    )


def _capability(one: Capability, upstream: Upstream) -> Document:
    definition, said = _definition(one), one.overrides
    title = one.title if said.title is None else said.title
    description = one.description if said.description is None else said.description
    return Document(
        kind=one.kind.value,
        id=one.id,
        name=one.key,
        placement=one.placement or upstream.placement,
        title=title or _other_name(one, definition),
        description=description or "",
        schema=" ".join(_taken(definition)),
        tags=one.tags,
        upstream=upstream.id,
        upstream_name=upstream.name,
        since=one.first_seen,
        gone=one.gone_at is not None,
        enabled=one.enabled,
    )


def _server(one: Server) -> Document:
    return Document(
        kind="server",
        id=one.id,
        name=one.slug,
        placement=one.placement,
        title=one.name,
        description=one.description,
        tags=one.tags,
        since=one.created_at,
        enabled=one.enabled,
    )


def _definition(one: Capability) -> dict[str, Any]:
    try:
        definition = json.load(one.definition)
    except BadJson:
        return {}
    return cast("dict[str, Any]", definition) if isinstance(definition, dict) else {}


def _other_name(one: Capability, definition: dict[str, Any]) -> str:
    """Resources and templates are known by their uri here, and have a name besides."""
    name = definition.get("name")
    return name if isinstance(name, str) and name != one.key else ""


def _taken(definition: dict[str, Any]) -> Iterator[str]:
    """Names of the properties of a tool, and of the arguments of a prompt."""
    schema: Any = definition.get("inputSchema")
    properties: Any = cast("dict[str, Any]", schema).get("properties") if isinstance(schema, dict) else None
    if isinstance(properties, dict):
        yield from cast("dict[str, Any]", properties)
    arguments: Any = definition.get("arguments")
    for argument in cast("list[Any]", arguments) if isinstance(arguments, list) else ():
        name: Any = cast("dict[str, Any]", argument).get("name") if isinstance(argument, dict) else None
        if isinstance(name, str):
            yield name
