"""What own prompts and resources are made of, in documents: their newest version. Their capabilities stand before them."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec
from msgspec import Raw, structs
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.catalog import repository
from gatehouse.catalog.model import LOCAL, Capability, Kind, Status
from gatehouse.catalog.own import repository as own_repository
from gatehouse.catalog.own.checks import checked, open_base64
from gatehouse.catalog.own.model import DOCUMENTS, Author, Document, Source
from gatehouse.catalog.own.service import SPOKEN, Signed, made_version, renewed
from gatehouse.catalog.transfer.capabilities import CAPABILITIES, capability_name
from gatehouse.catalog.transfer.upstreams import UPSTREAMS
from gatehouse.kit import json
from gatehouse.kit.errors import Invalid
from gatehouse.store.transfer.model import Arriving, Change, Contents, Item, LeftOut, Names, Stored, Work

OWN = "own"
_SIGNED = Signed(Author("import", "import"), "Imported")


class OwnItem(Item, frozen=True, kw_only=True):
    """`document`: arguments and messages of a prompt, the content of a resource; `blob`: base64, where that is binary."""

    upstream: str
    kind: Kind
    key: str
    document: dict[str, Raw]
    blob: str | None = None


class OwnSection:
    name = OWN
    prefix = "cap"
    item = OwnItem
    secret: frozenset[str] = frozenset()
    personal = False

    async def read(self, connection: AsyncConnection, names: Names) -> Contents:
        upstream = await own_repository.own_upstream(connection)
        if upstream is None:
            return Contents(())
        found: list[Stored] = []
        for one in await repository.capabilities_of(connection, (upstream.id,)):
            source = await own_repository.source(connection, one, with_blob=True)
            if source is not None:
                found.append(Stored(one.id, _item(upstream.name, one, source)))
        return Contents(found)

    def key(self, item: OwnItem) -> str:
        return capability_name(item.upstream, item.kind, item.key)

    def settle(self, item: OwnItem, arriving: Arriving) -> OwnItem:
        name = arriving.now_called(UPSTREAMS, item.upstream)
        if arriving.names.id(CAPABILITIES, capability_name(name, item.kind, item.key)) is None:
            raise LeftOut("its capability is not in the document, nor here")
        return structs.replace(item, upstream=name)

    def renamed(self, item: OwnItem, taken: Mapping[str, Stored]) -> None:
        return None

    async def apply(self, connection: AsyncConnection, changes: Sequence[Change], work: Work) -> None:
        ids = {change.name: work.names.id(CAPABILITIES, change.name) or "" for change in changes}
        known = {one.id: one for one in await repository.capabilities_by_id(connection, list(ids.values()))}
        stored = [await _store(connection, known[ids[change.name]], change.item, work.now) for change in changes]
        await repository.store_capabilities(connection, stored)
        await _move(connection, stored, work.now)


async def _store(connection: AsyncConnection, one: Capability, item: OwnItem, now: float) -> Capability:
    before = await own_repository.source(connection, one)
    blob = None if item.blob is None else open_base64(f"content of '{item.key[:100]}'", item.blob)
    document = checked(item.kind, item.key, _document(item), blob)
    number = 1 if before is None else before.version.number + 1
    source = Source(made_version(number, document, blob, _SIGNED, now), document, blob)
    await own_repository.add_version(connection, one.id, source)
    return renewed(one, source)


async def _move(connection: AsyncConnection, stored: Sequence[Capability], now: float) -> None:
    """Workers make a new link to it, which knows nothing old."""
    for upstream in await repository.upstreams_by_id(connection, {one.upstream_id for one in stored}):
        if upstream.kind != LOCAL:
            raise Invalid(
                f"'{upstream.name}' is an upstream that Gatehouse calls.", "Leave what it offers out of `own`."
            )
        well = replace(upstream, detected=SPOKEN, status=Status.OK, error=None, checked_at=now)
        await repository.store_upstream(connection, replace(well, config_revision=upstream.config_revision + 1))


def _item(upstream: str, one: Capability, source: Source) -> OwnItem:
    return OwnItem(
        upstream=upstream,
        kind=one.kind,
        key=one.key,
        document=json.fields(json.dump(source.document)),
        blob=None if source.blob is None else base64.b64encode(source.blob).decode(),
    )


def _document(item: OwnItem) -> Document:
    try:
        return msgspec.json.decode(json.dump(item.document), type=DOCUMENTS[item.kind])
    except (KeyError, msgspec.ValidationError) as error:
        raise Invalid(f"The document of '{item.key[:100]}' can't be used: {error}.", "Correct it.") from None
