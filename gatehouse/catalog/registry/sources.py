"""Where entries come from: the bundled list, registries on the network, files that were handed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from msgspec import UNSET, UnsetType

from gatehouse.catalog.changing import missing
from gatehouse.catalog.naming import check_slug
from gatehouse.catalog.registry import repository
from gatehouse.catalog.registry.entries import BUNDLED, put
from gatehouse.catalog.registry.model import Source, SourceKind
from gatehouse.catalog.registry.server_json import Document, Unusable, read_document
from gatehouse.kit.clock import Clock
from gatehouse.kit.errors import Conflict, Invalid
from gatehouse.kit.ids import new_id
from gatehouse.store.database import Database
from gatehouse.store.secrets import Secrets

_TOKEN = "registry.token"
MOST_IN_FILE = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSource:
    """A `url` for a registry, or `servers` for a file: each a server.json."""

    name: str
    url: str | None = None
    token: str | None = None
    enabled: bool = True
    servers: Sequence[bytes] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceChanges:
    """What is left UNSET stays. `servers` replaces all that a file brought."""

    url: str | UnsetType = UNSET
    token: str | UnsetType | None = UNSET
    enabled: bool | UnsetType = UNSET
    servers: Sequence[bytes] | UnsetType = UNSET


class Sources:
    def __init__(self, database: Database, secrets: Secrets, clock: Clock) -> None:
        self._database = database
        self._secrets = secrets
        self._clock = clock

    async def sources(self) -> tuple[list[Source], dict[str, tuple[int, int]]]:
        """All of them; and by id, how many entries each has, and how many that are flagged as deleted."""
        async with self._database.read() as connection:
            return await repository.sources(connection), await repository.entry_counts(connection)

    async def source(self, ref: str) -> Source:
        """Raises `NotFound`."""
        async with self._database.read() as connection:
            found = await repository.source(connection, ref)
        if found is None:
            raise missing("registry source", ref)
        return found

    async def create_source(self, new: NewSource) -> Source:
        """Raises `Invalid`, or `Conflict` where the name is taken."""
        check_slug("name of a source", new.name)
        if (new.url is None) == (new.servers is None):
            raise Invalid("A source has either a url or servers.", "Give exactly one of them.")
        now, id_ = self._clock.now(), new_id("src")
        taken = f"There is a source '{new.name}' already."
        if new.servers is not None:
            source = Source(id_, new.name, SourceKind.FILE, now, enabled=new.enabled)
            documents = _documents(new.servers)
            async with self._database.write(bump=False, conflict=taken) as connection:
                await repository.add_source(connection, source)
                await put(connection, source, documents, now, None)
            return source
        url, token = checked_url(new.url or ""), self._sealed(id_, new.token)
        source = Source(id_, new.name, SourceKind.REGISTRY, now, url, token, new.enabled)
        async with self._database.write(bump=False, conflict=taken) as connection:
            await repository.add_source(connection, source)
        return source

    async def change_source(self, ref: str, changes: SourceChanges) -> Source:
        """Another url begins anew: its first run reads everything. Raises `NotFound`, `Invalid` or `Conflict`."""
        now = self._clock.now()
        async with self._database.write(bump=False) as connection:
            before = await repository.source(connection, ref, lock=True)
            if before is None:
                raise missing("registry source", ref)
            after = self._changed(before, changes)
            if not isinstance(changes.servers, UnsetType):
                seen_in = new_id("rnd")
                await put(connection, after, _documents(changes.servers), now, seen_in)
                await repository.flag_unseen(connection, after.id, seen_in, now)
                after = replace(after, synced_at=now, whole_at=now)
            await repository.store_source(connection, after)
        return after

    async def delete_source(self, ref: str) -> None:
        """With its entries; what was installed of them stays."""
        source = await self.source(ref)
        if source.kind is SourceKind.BUNDLED:
            raise Conflict(f"The source '{BUNDLED}' comes with Gatehouse and can't be removed.", "Switch it off.")
        async with self._database.write(bump=False) as connection:
            await repository.delete_source(connection, source.id)

    def token(self, source: Source) -> str | None:
        """What the registry is shown."""
        if source.sealed_token is None:
            return None
        return self._secrets.open(_TOKEN, source.sealed_token, source.id.encode()).decode()

    def _changed(self, before: Source, changes: SourceChanges) -> Source:
        after = before if isinstance(changes.enabled, UnsetType) else replace(before, enabled=changes.enabled)
        kinds = {"url": SourceKind.REGISTRY, "token": SourceKind.REGISTRY, "servers": SourceKind.FILE}
        for name, kind in kinds.items():
            if getattr(changes, name) is not UNSET and before.kind is not kind:
                raise Conflict(f"'{before.name}' is a source of the kind {before.kind}, and has no {name}.")
        if not isinstance(changes.url, UnsetType) and changes.url != before.url:
            _check_token_stays(before, changes)
            after = replace(after, url=checked_url(changes.url), since=None, cursor=None, round=None, error=None)
        if not isinstance(changes.token, UnsetType):
            after = replace(after, sealed_token=self._sealed(before.id, changes.token))
        return after

    def _sealed(self, source_id: str, token: str | None) -> bytes | None:
        if not token:
            return None
        if not token.isprintable() or not token.isascii() or " " in token:
            raise Invalid("The token has characters that no header can carry.", "Copy it again, alone.")
        return self._secrets.seal(_TOKEN, token.encode(), source_id.encode())


def _check_token_stays(before: Source, changes: SourceChanges) -> None:
    """Else whoever may change the url could have the token, which nobody is told, sent to a place of theirs."""
    if before.sealed_token is not None and changes.token is UNSET:
        raise Invalid("The url is another one than the token was given for.", "Send 'token' too: it again, or null.")


def checked_url(url: str) -> str:
    """The address of a registry's API; raises `Invalid`."""
    bare = url.rstrip("/").removesuffix("/servers")
    usable = bare.startswith(("https://", "http://")) and len(bare) < 2000 and bare.isprintable()
    if not usable or any(mark in bare for mark in " ?#@") or not bare.partition("://")[2].strip("/"):
        raise Invalid(
            "The url is not that of a registry.", "Give the part before /servers, as in https://example.com/v0.1."
        )
    return bare


def _documents(servers: Sequence[bytes]) -> list[Document]:
    """Raises `Invalid` for the first that can't be used: who hands in a file can mend it."""
    if len(servers) > MOST_IN_FILE:
        raise Invalid(f"There are {len(servers)} servers.", f"One source takes up to {MOST_IN_FILE}.")
    found: list[Document] = []
    for number, one in enumerate(servers, 1):
        try:
            found.append(read_document(one))
        except Unusable as error:
            raise Invalid(f"Server {number} can't be used: {error}.", "Each is a server.json.") from None
    return found
