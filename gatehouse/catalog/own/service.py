"""Own prompts and resources: made, changed, restored and removed. Each change is a version, and a capability like others.

All of them belong to one upstream of kind `local`, made when it is first needed, so that servers, policy and call
records treat them as they treat what others offer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.catalog import checks as catalog_checks
from gatehouse.catalog import repository as catalog_repository
from gatehouse.catalog.capabilities import missing_capability
from gatehouse.catalog.happenings import Report, UpstreamAnswered, nobody_asks
from gatehouse.catalog.model import LOCAL, Capability, Detected, Kind, Status, Transport, Upstream
from gatehouse.catalog.offers import Comparison
from gatehouse.catalog.own import repository
from gatehouse.catalog.own.checks import checked
from gatehouse.catalog.own.content import Own as Opened
from gatehouse.catalog.own.content import definition, opened
from gatehouse.catalog.own.model import Author, Document, Source, Version
from gatehouse.kit import json
from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import Conflict, NotFound
from gatehouse.kit.ids import new_id
from gatehouse.protocol.call import MODERN_VERSION, Era
from gatehouse.store.database import Database
from gatehouse.store.facts import settle_fact
from gatehouse.store.placement import Placement
from gatehouse.store.tagging import clean_tags

NAME = "own"
"""Of the upstream, where nobody had it before."""
_FACT = "own-upstream"
_CAPABILITIES = json.dump({"prompts": {"listChanged": True}, "resources": {"listChanged": True}, "completions": {}})
SPOKEN = Detected(Transport.HTTP, Era.MODERN, MODERN_VERSION, False, _CAPABILITIES)
"""How the upstream speaks that all of them belong to: it is known, and needs no finding out."""
_WORDS = {Kind.PROMPT: "prompt", Kind.RESOURCE: "resource", Kind.TEMPLATE: "resource template"}
_NOTHING = Comparison((), (), (), ())
_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOwn:
    """`key`: the name of a prompt, the uri or uriTemplate of the others. `blob`: of a resource whose document has no text."""

    kind: Kind
    key: str
    document: Document
    placement: Placement
    blob: bytes | None = None
    tags: Sequence[str] = ()
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Signed:
    """Who changes something, and why."""

    author: Author
    note: str = ""


Change = Callable[[Source], tuple[Document, bytes | None]]
"""From what is there (its blob too) to the document and blob that are to be; raises to leave it as it is."""


class Own:
    def __init__(self, database: Database, clock: Clock, report: Report = nobody_asks) -> None:
        self._database = database
        self._clock = clock
        self._report = report
        self.turned = asyncio.Event()
        """Set at the next turn, and replaced by another then."""

    async def create(self, new: NewOwn, signed: Signed) -> Capability:
        """Raises `Invalid`, `TooLarge`, or `Conflict` where there is one already."""
        document = checked(new.kind, new.key, new.document, new.blob)
        tags = clean_tags(new.tags)
        catalog_checks.check_placement(new.placement)
        await self._ensure_upstream()
        now = self._clock.now()
        source = Source(made_version(1, document, new.blob, signed, now), document, new.blob)
        blank = Capability(
            new_id("cap"), "", new.kind, new.key, b"{}", tags=tags, enabled=new.enabled, first_seen=now,
            placement=new.placement,
        )  # fmt: skip
        async with self._database.write(conflict=_taken(new.kind, new.key)) as connection:
            upstream = await _locked(connection)
            if await repository.by_key(connection, upstream.id, new.kind, new.key) is not None:
                raise Conflict(_taken(new.kind, new.key), "Change it, or choose another name.")
            made = renewed(replace(blank, upstream_id=upstream.id), source)
            await catalog_repository.add_capabilities(connection, (made,))
            await repository.add_version(connection, made.id, source)
            after = await _moved(connection, upstream, now)
        self._report(UpstreamAnswered(upstream, after, replace(_NOTHING, added=(made,))))
        return made

    async def change(
        self, capability_id: str, kinds: Sequence[Kind], change: Change, signed: Signed, restored: int | None = None
    ) -> Capability:
        """The capability as it is now; where `change` changes nothing, no version is made."""
        now = self._clock.now()
        async with self._database.write() as connection:
            upstream = await _locked(connection)
            before = await _known(connection, capability_id, kinds, upstream)
            old = await _source(connection, before, None)
            document, blob = change(old)
            document = checked(before.kind, before.key, document, blob)
            version = made_version(old.version.number + 1, document, blob, signed, now, restored)
            if document == old.document and version.digest == old.version.digest:
                self._database.keep_revision(connection)
                return before
            source = Source(version, document, blob)
            changed = renewed(before, source)
            await repository.add_version(connection, before.id, source)
            await catalog_repository.store_capabilities(connection, (changed,))
            after = await _moved(connection, upstream, now)
        self._report(UpstreamAnswered(upstream, after, replace(_NOTHING, changed=((before, changed),))))
        return changed

    async def restore(self, capability_id: str, kinds: Sequence[Kind], number: int, signed: Signed) -> Capability:
        """What was in that version, as the newest; raises `NotFound` for one that is no longer kept."""
        wanted = await self.source(capability_id, kinds, number, with_blob=True)
        return await self.change(capability_id, kinds, lambda _: (wanted.document, wanted.blob), signed, number)

    async def remove(self, capability_id: str, kinds: Sequence[Kind]) -> None:
        now = self._clock.now()
        async with self._database.write() as connection:
            upstream = await _locked(connection)
            gone = await _known(connection, capability_id, kinds, upstream)
            await repository.delete_capability(connection, gone.id)
            after = await _moved(connection, upstream, now)
        self._report(UpstreamAnswered(upstream, after, replace(_NOTHING, gone=(gone,))))

    async def source(
        self, capability_id: str, kinds: Sequence[Kind], number: int | None = None, with_blob: bool = False
    ) -> Source:
        """A version, or the newest; raises `NotFound`, and for what is not own too."""
        async with self._database.read() as connection:
            upstream = await repository.own_upstream(connection)
            known = await _known(connection, capability_id, kinds, upstream)
            return await _source(connection, known, number, with_blob)

    async def versions(self, capability_id: str, kinds: Sequence[Kind]) -> list[Version]:
        """Those that are kept, the newest first."""
        async with self._database.read() as connection:
            upstream = await repository.own_upstream(connection)
            known = await _known(connection, capability_id, kinds, upstream)
            return await repository.versions(connection, known.id)

    async def open(self, kind: Kind, key: str) -> tuple[Opened, int] | None:
        """What answers for it now, and how many bytes it is about; None where there is none."""
        async with self._database.read() as connection:
            upstream = await repository.own_upstream(connection)
            known = None if upstream is None else await repository.by_key(connection, upstream.id, kind, key)
            found = None if known is None else await repository.source(connection, known, with_blob=True)
        return None if found is None else (opened(key, found), found.version.size)

    async def digest(self, kind: Kind, key: str) -> str | None:
        """Of its content now; None where there is none."""
        async with self._database.read() as connection:
            upstream = await repository.own_upstream(connection)
            known = None if upstream is None else await repository.by_key(connection, upstream.id, kind, key)
            found = None if known is None else await repository.source(connection, known)
        return None if found is None else found.version.digest

    def turn(self) -> None:
        """Something in the registry is other than it was."""
        self.turned.set()
        self.turned = asyncio.Event()

    async def _ensure_upstream(self) -> None:
        for _ in range(_TRIES):
            async with self._database.read() as connection:
                if await repository.own_upstream(connection) is not None:
                    return
            try:
                await self._add_upstream()
            except Conflict:
                continue  # Another worker was faster.
        raise Conflict("The upstream of what is Gatehouse's own could not be made.", "Try again.")

    async def _add_upstream(self) -> None:
        now = self._clock.now()
        async with self._database.write() as connection:
            name, number = NAME, 1
            while await catalog_repository.upstream(connection, name) is not None:
                number += 1
                name = f"{NAME}-{number}"
            upstream = Upstream(
                new_id("ups"), name, kind=LOCAL, description="Prompts and resources of Gatehouse's own.",
                detected=SPOKEN,
                status=Status.OK, status_since=now, checked_at=now, created_at=now, updated_at=now,
            )  # fmt: skip
            await settle_fact(connection, _FACT, upstream.id.encode())
            await catalog_repository.add_upstream(connection, upstream)


def made_version(
    number: int, document: Document, blob: bytes | None, signed: Signed, now: float, restored: int | None = None
) -> Version:
    text = getattr(document, "text", None)
    content = blob if blob is not None else text.encode() if isinstance(text, str) else json.dump(document)
    return Version(
        number, len(content), sha256(content).hexdigest(), blob is not None, signed.author, signed.note, now, restored
    )


def renewed(capability: Capability, source: Source) -> Capability:
    document = source.document
    return replace(
        capability,
        definition=definition(capability.key, document, source.version),
        title=document.title,
        description=document.description,
    )


async def _locked(connection: AsyncConnection) -> Upstream:
    """Whoever changes what is own waits in line for its upstream's row."""
    upstream = await repository.own_upstream(connection, lock=True)
    if upstream is None:
        raise NotFound("Nothing here is Gatehouse's own yet.", "Make a prompt or a resource first.")
    return upstream


async def _known(
    connection: AsyncConnection, capability_id: str, kinds: Sequence[Kind], upstream: Upstream | None
) -> Capability:
    found = await catalog_repository.capabilities_by_id(connection, (capability_id,))
    for one in found:
        if upstream is not None and one.upstream_id == upstream.id and one.kind in kinds:
            return one
    raise missing_capability(capability_id, kinds)


async def _source(
    connection: AsyncConnection, capability: Capability, number: int | None, with_blob: bool = True
) -> Source:
    found = await repository.source(connection, capability, number, with_blob)
    if found is None:
        raise NotFound(
            f"There is no version {number} of '{capability.key[:100]}'.",
            "The list of versions has those that are kept.",
        )
    return found


async def _moved(connection: AsyncConnection, upstream: Upstream, now: float) -> Upstream:
    """Snapshots read its capabilities anew, and workers make a new link to it, which knows nothing old."""
    after = replace(
        upstream,
        offer_revision=upstream.offer_revision + 1,
        config_revision=upstream.config_revision + 1,
        updated_at=now,
    )
    await catalog_repository.store_upstream(connection, after)
    return after


def _taken(kind: Kind, key: str) -> str:
    return f"There is a {_WORDS[kind]} '{key[:100]}' of Gatehouse's own already."
