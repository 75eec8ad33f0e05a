"""The SQL of own prompts and resources. Transactions are its callers'."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Select, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.catalog import repository, rows
from gatehouse.catalog.model import LOCAL, Capability, Kind, Upstream
from gatehouse.catalog.own.model import DOCUMENTS, KEPT, Author, Document, Source, Version
from gatehouse.catalog.own.tables import BLOBS, VERSIONS
from gatehouse.catalog.tables import CAPABILITIES, UPSTREAMS
from gatehouse.kit import json

_FACTS = [column for column in VERSIONS.c if column.name != "document"]


async def own_upstream(connection: AsyncConnection, lock: bool = False) -> Upstream | None:
    """The one that stands for Gatehouse itself."""
    known = select(UPSTREAMS.c.id).where(UPSTREAMS.c.kind == LOCAL).order_by(UPSTREAMS.c.id).limit(1)
    id_ = (await connection.execute(known)).scalar()
    return None if id_ is None else await repository.upstream(connection, id_, lock)


async def by_key(connection: AsyncConnection, upstream_id: str, kind: Kind, key: str) -> Capability | None:
    wanted = select(CAPABILITIES.c.id).where(
        CAPABILITIES.c.upstream_id == upstream_id,
        CAPABILITIES.c.kind == kind,
        CAPABILITIES.c.key_digest == rows.key_digest(key),
    )
    id_ = (await connection.execute(wanted)).scalar()
    return None if id_ is None else next(iter(await repository.capabilities_by_id(connection, (id_,))), None)


async def delete_capability(connection: AsyncConnection, capability_id: str) -> None:
    """With it go its versions, and its bindings in every server."""
    await connection.execute(delete(CAPABILITIES).where(CAPABILITIES.c.id == capability_id))


async def add_version(connection: AsyncConnection, capability_id: str, source: Source, kept: int = KEPT) -> None:
    """And forget those before the last `kept`."""
    version = source.version
    values = {
        "capability_id": capability_id,
        "number": version.number,
        "document": json.dump(source.document),
        "size": version.size,
        "digest": version.digest,
        "is_binary": version.binary,
        "author": version.author.id,
        "author_name": version.author.name,
        "note": version.note,
        "restored_from": version.restored_from,
        "created_at": version.created_at,
    }
    await connection.execute(insert(VERSIONS).values(values))
    await _keep_blob(connection, capability_id, source)
    await _forget(connection, capability_id, version.number - kept)


async def versions(connection: AsyncConnection, capability_id: str) -> list[Version]:
    """The newest first."""
    wanted = select(*_FACTS).where(VERSIONS.c.capability_id == capability_id).order_by(VERSIONS.c.number.desc())
    return [_version(row) for row in (await connection.execute(wanted)).mappings()]


async def source(
    connection: AsyncConnection, capability: Capability, number: int | None = None, with_blob: bool = False
) -> Source | None:
    """That version, or the newest."""
    wanted = _of(capability.id).order_by(VERSIONS.c.number.desc()).limit(1)
    if number is not None:
        wanted = wanted.where(VERSIONS.c.number == number)
    row = (await connection.execute(wanted)).mappings().first()
    if row is None:
        return None
    version = _version(row)
    blob = await _blob(connection, capability.id, version.digest) if with_blob and version.binary else None
    return Source(version, _document(capability.kind, row["document"]), blob)


async def _blob(connection: AsyncConnection, capability_id: str, digest: str) -> bytes | None:
    wanted = select(BLOBS.c.data).where(BLOBS.c.capability_id == capability_id, BLOBS.c.digest == digest)
    return (await connection.execute(wanted)).scalar()


async def _keep_blob(connection: AsyncConnection, capability_id: str, source: Source) -> None:
    if source.blob is None or await _has_blob(connection, capability_id, source.version.digest):
        return
    values = {"capability_id": capability_id, "digest": source.version.digest, "data": source.blob}
    await connection.execute(insert(BLOBS).values(values))


async def _has_blob(connection: AsyncConnection, capability_id: str, digest: str) -> bool:
    wanted = select(BLOBS.c.digest).where(BLOBS.c.capability_id == capability_id, BLOBS.c.digest == digest)
    return (await connection.execute(wanted)).scalar() is not None


async def _forget(connection: AsyncConnection, capability_id: str, last: int) -> None:
    if last < 1:
        return
    await connection.execute(
        delete(VERSIONS).where(VERSIONS.c.capability_id == capability_id, VERSIONS.c.number <= last)
    )
    used = select(VERSIONS.c.digest).where(VERSIONS.c.capability_id == capability_id, VERSIONS.c.is_binary)
    await connection.execute(delete(BLOBS).where(BLOBS.c.capability_id == capability_id, BLOBS.c.digest.not_in(used)))


def _of(capability_id: str) -> Select[Any]:
    return select(VERSIONS).where(VERSIONS.c.capability_id == capability_id)


def _version(row: Mapping[Any, Any]) -> Version:
    return Version(
        number=row["number"],
        size=row["size"],
        digest=row["digest"],
        binary=row["is_binary"],
        author=Author(row["author"], row["author_name"]),
        note=row["note"],
        created_at=row["created_at"],
        restored_from=row["restored_from"],
    )


def _document(kind: Kind, data: bytes) -> Document:
    return msgspec.json.decode(data, type=DOCUMENTS[kind])
