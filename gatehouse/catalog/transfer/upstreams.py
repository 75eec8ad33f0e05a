"""Upstreams, agents among them, in documents. What is known of their state stays at home."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from msgspec import Struct, field, structs
from sqlalchemy.ext.asyncio import AsyncConnection

from gatehouse.catalog import checks, credentials, repository
from gatehouse.catalog.changing import differing
from gatehouse.catalog.happenings import Report, UpstreamTurned
from gatehouse.catalog.model import LOCAL, Share, Transport, Upstream
from gatehouse.catalog.naming import free_slug
from gatehouse.catalog.transfer.placing import placement_of, settled, words_of
from gatehouse.catalog.upstreams import Upstreams
from gatehouse.kit.errors import Conflict
from gatehouse.store.placement import Visibility
from gatehouse.store.secrets import Secrets
from gatehouse.store.tagging import clean_tags
from gatehouse.store.transfer.model import (
    Arriving,
    Change,
    Contents,
    Item,
    Names,
    Reference,
    Stored,
    Vault,
    Verdict,
    Work,
)

UPSTREAMS = "upstreams"
AS_THEY_ARE = tuple("name kind transport url command args cwd share era description tags enabled timeout".split())
"""Fields that are called and mean the same in a document and in the catalog."""


class Bearer(Struct, frozen=True, tag="bearer", tag_field="type", forbid_unknown_fields=True):
    token: Reference


class Basic(Struct, frozen=True, tag="basic", tag_field="type", forbid_unknown_fields=True):
    username: str
    password: Reference


class Headers(Struct, frozen=True, tag="headers", tag_field="type", forbid_unknown_fields=True):
    headers: dict[str, Reference]


Credential = Bearer | Basic | Headers
References = dict[str, Reference]


class UpstreamItem(Item, frozen=True, kw_only=True):
    name: str
    kind: str = "mcp"
    transport: Transport = Transport.AUTO
    url: str | None = None
    command: str | None = None
    args: tuple[str, ...] = ()
    cwd: str | None = None
    env: References = field(default_factory=dict[str, Reference])
    credential: Credential | None = None
    share: Share = Share.AUTO
    era: str = "auto"
    description: str = ""
    tags: tuple[str, ...] = ()
    enabled: bool = True
    timeout: float | None = None
    owner: str | None = None
    team: str | None = None
    visibility: Visibility = Visibility.PUBLIC

    @property
    def place(self) -> str:
        if self.url is not None:
            return "/".join(self.url.split("/", 3)[:3]).lower()
        return "\0".join([self.command or "", *self.args, self.cwd or ""])


class UpstreamSection:
    name = UPSTREAMS
    prefix = "ups"
    item = UpstreamItem
    secret = frozenset({"env", "credential"})
    personal = False

    def __init__(self, upstreams: Upstreams, secrets: Secrets, report: Report) -> None:
        self._upstreams = upstreams
        self._secrets = secrets
        self._report = report

    async def read(self, connection: AsyncConnection, names: Names) -> Contents:
        found: list[Stored] = []
        secrets: dict[str, str] = {}
        for upstream in await repository.upstreams(connection):
            names.add(self.name, upstream.id, upstream.name)
            found.append(Stored(upstream.id, self._item(upstream, names, secrets)))
        return Contents(found, secrets)

    def key(self, item: UpstreamItem) -> str:
        return item.name

    def settle(self, item: UpstreamItem, arriving: Arriving) -> UpstreamItem:
        return settled(item, arriving)

    def renamed(self, item: UpstreamItem, taken: Mapping[str, Stored]) -> UpstreamItem | None:
        if item.kind == LOCAL:
            return None
        return structs.replace(item, name=free_slug(item.name, taken))

    async def apply(self, connection: AsyncConnection, changes: Sequence[Change], work: Work) -> None:
        known = {one.id: one for one in await repository.upstreams_by_id(connection, [one.id for one in changes])}
        for change in changes:
            before = known.get(change.id)
            if before is None:
                await _check_local(connection, change.item)
                after = self._changed(Upstream(change.id, change.item.name), change, work)
                now = work.now
                after = replace(after, created_at=now, updated_at=now, status_since=now)
                await repository.add_upstream(connection, after)
                work.told.append(partial(self._report, UpstreamTurned(after, "added")))
            else:
                after = self._upstreams.noted(before, self._changed(before, change, work))
                await repository.store_upstream(connection, after)
                turned = UpstreamTurned(after, "changed", differing(before, after))
                work.told.append(partial(self._report, turned))

    def _item(self, upstream: Upstream, names: Names, secrets: dict[str, str]) -> UpstreamItem:
        root = f"{self.name}/{upstream.name}"
        return UpstreamItem(
            **{name: getattr(upstream, name) for name in AS_THEY_ARE},
            **words_of(upstream.placement, names),
            env=_referred(f"{root}/env", dict(sorted(self._upstreams.open_env(upstream).items())), secrets),
            credential=_credential_item(f"{root}/credential", self._upstreams.open_credential(upstream), secrets),
        )

    def _changed(self, before: Upstream, change: Change, work: Work) -> Upstream:
        item: UpstreamItem = change.item
        placed = placement_of(item, work.names)
        values: dict[str, Any] = {name: getattr(item, name) for name in AS_THEY_ARE}
        values |= {"owner": placed.owner, "team": placed.team, "visibility": placed.visibility}
        values["tags"] = clean_tags(item.tags)
        moved = {one.name for one in change.fields} if change.verdict is Verdict.CHANGED else self.secret
        if "env" in moved:
            env = _opened(item.env, work.secrets)
            values |= {
                "env_names": tuple(sorted(env)),
                "sealed_env": credentials.seal_env(self._secrets, before.id, env),
            }
        if "credential" in moved:
            kind, sealed = self._sealed(before.id, item.credential, work.secrets)
            values |= {"credential_type": kind, "sealed_credential": sealed}
        after = replace(before, **values)
        checks.check_upstream(after)
        return after

    def _sealed(self, upstream_id: str, item: Credential | None, secrets: Vault) -> credentials.Sealed:
        if item is None:
            return None, None
        opened = _credential(item, secrets)
        # A secret that nobody gave yet stands there empty, so that it is known which ones there are to be.
        whole = all(path in secrets for path in _paths(item))
        return credentials.seal_credential(self._secrets, upstream_id, credentials.checked(opened) if whole else opened)


async def _check_local(connection: AsyncConnection, item: UpstreamItem) -> None:
    """One upstream stands for what is Gatehouse's own."""
    here = [] if item.kind != LOCAL else [one for one in await repository.upstreams(connection) if one.kind == LOCAL]
    if here:
        raise Conflict(
            f"What is Gatehouse's own is called '{here[0].name}' here, and '{item.name}' in the document.",
            "Call it in the document as it is here.",
        )


def _referred(root: str, values: Mapping[str, str], secrets: dict[str, str]) -> dict[str, Reference]:
    """References in the place of values, which are put into `secrets`."""
    secrets.update({f"{root}/{name}": value for name, value in values.items()})
    return {name: Reference(f"{root}/{name}") for name in values}


def _credential_item(root: str, known: Mapping[str, Any] | None, secrets: dict[str, str]) -> Credential | None:
    match known:
        case {"type": "bearer", "token": str(token)}:
            return Bearer(_referred(root, {"token": token}, secrets)["token"])
        case {"type": "basic", "username": str(username), "password": str(password)}:
            return Basic(username, _referred(root, {"password": password}, secrets)["password"])
        case {"type": "headers", "headers": dict()}:
            headers: dict[str, str] = known["headers"]
            return Headers(_referred(root, headers, secrets))
        case _:
            return None


def _credential(item: Credential, secrets: Vault) -> dict[str, Any]:
    match item:
        case Bearer(token):
            return {"type": "bearer", "token": secrets.get(token.path, "")}
        case Basic(username, password):
            return {"type": "basic", "username": username, "password": secrets.get(password.path, "")}
        case Headers(headers):
            return {"type": "headers", "headers": _opened(headers, secrets)}


def _paths(item: Credential) -> list[str]:
    match item:
        case Bearer(token):
            return [token.path]
        case Basic(_, password):
            return [password.path]
        case Headers(headers):
            return [one.path for one in headers.values()]


def _opened(values: Mapping[str, Reference], secrets: Vault) -> dict[str, str]:
    return {name: secrets.get(reference.path, "") for name, reference in values.items()}
