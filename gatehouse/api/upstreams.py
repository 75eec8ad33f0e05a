"""Upstreams: what Gatehouse calls, how it is reached, how it is doing, and what it offers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Raw, Struct, UnsetType
from msgspec.structs import asdict

from gatehouse.access import policy
from gatehouse.api import duplicates
from gatehouse.api.actions import Action
from gatehouse.api.context import ApiContext
from gatehouse.api.credentials import Credential, credential_input
from gatehouse.api.duplicates import UpstreamDuplicates
from gatehouse.api.fields import (
    Cursor,
    JsonObject,
    Limit,
    Name,
    OwnerId,
    Search,
    Tag,
    TeamId,
    TeamRef,
    Text,
    Timestamp,
    VisibilityWanted,
    asked_page,
    maybe_timestamp,
    one_of,
    timestamp,
    told,
)
from gatehouse.api.health import MaintenanceView, maintenance, maintenance_until
from gatehouse.api.permission import asdict_of, placed, relocated
from gatehouse.api.problems import FieldError, InvalidFields
from gatehouse.api.routing import Asked, endpoint
from gatehouse.catalog.model import LOCAL, Capability, Kind, Share, Status, Transport, Upstream
from gatehouse.catalog.naming import qualified
from gatehouse.catalog.service import NewUpstream, UpstreamChanges, UpstreamFilter
from gatehouse.kit.errors import Conflict
from gatehouse.protocol.call import Era
from gatehouse.store.placement import Visibility

EraMode = Annotated[Literal["auto", "legacy", "modern"], Meta(description="What to speak; `auto` finds out")]
MaintenanceWanted = Annotated[
    str, Meta(description="How long, as in `2h`, or until when; null ends it. Till then it is not called")
]
Seconds = Annotated[float, Meta(gt=0, le=86_400, description="Seconds without a sign of life")]


class CredentialView(Struct, frozen=True):
    """That there is a credential; what it holds is never told."""

    type: Annotated[str, one_of("bearer", "basic", "headers")]


class DetectedView(Struct, frozen=True):
    """How it was found to speak."""

    transport: Transport
    era: Era
    protocol_version: str
    stateful: Annotated[bool, Meta(description="It hands out sessions, or is one")]


class Counts(Struct, frozen=True, kw_only=True):
    tools: int = 0
    prompts: int = 0
    resources: int = 0
    resource_templates: int = 0


class SkippedView(Struct, frozen=True):
    """Something offered that MCP forbids to pass on."""

    kind: Kind
    name: str
    reason: str


class UpstreamSummary(Struct, frozen=True, kw_only=True):
    """An upstream. Secrets are never told: of `env` the names, of the credential its type."""

    id: str
    name: str
    kind: Annotated[str, one_of("mcp", "a2a", "local")]
    transport: Transport
    url: str | None
    command: str | None
    args: list[str]
    cwd: str | None
    env: Annotated[list[str], Meta(description="Names of the variables that its process is given")]
    credential: CredentialView | None
    share: Share
    era: Annotated[Era | None, Meta(description="Found out; null until then")]
    era_mode: Annotated[str, one_of("auto", "legacy", "modern", about="What to speak")]
    protocol_version: str | None
    description: str
    tags: list[str]
    owner: OwnerId | None
    team: TeamId | None
    visibility: Visibility
    enabled: bool
    timeout: float | None
    detected: DetectedView | None
    status: Status
    error: str | None
    status_since: Timestamp | None
    checked_at: Timestamp | None
    maintenance: MaintenanceView | None
    server_info: JsonObject | None
    instructions: str | None
    counts: Counts
    skipped: list[SkippedView]
    created_at: Timestamp
    updated_at: Timestamp


class OfferedView(Struct, frozen=True, kw_only=True):
    """One capability of an upstream, in short."""

    id: str
    name: str
    handle: str
    title: str | None
    description: str | None


class UpstreamDetails(UpstreamSummary, frozen=True, kw_only=True):
    """An upstream with what it offers."""

    tools: list[OfferedView]
    prompts: list[OfferedView]
    resources: list[OfferedView]
    resource_templates: list[OfferedView]
    warnings: Annotated[list[str], Meta(description="What is odd in what it offers")]
    duplicates: Annotated[UpstreamDuplicates | None, Meta(description="null: still being looked for")]


class UpstreamList(Struct, frozen=True):
    items: list[UpstreamSummary]
    next: str | None


Environment = dict[str, str]


class UpstreamInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An upstream to add: a `url`, or a `command` with `args`, `env` and `cwd`, which takes the permission `upstream.stdio` too."""

    name: Name
    kind: Literal["mcp"] = "mcp"
    transport: Transport = Transport.AUTO
    url: str | None = None
    command: str | None = None
    args: list[str] = []
    env: Environment = {}
    cwd: str | None = None
    credential: Credential | None = None
    share: Share = Share.AUTO
    era: EraMode = "auto"
    description: Text = ""
    tags: list[Tag] = []
    team: TeamRef | None = None
    visibility: VisibilityWanted | None = None
    enabled: bool = True
    timeout: Seconds | None = None


class UpstreamChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays; null clears. `env` and `credential` are replaced as a whole.

    What says what runs here (`command`, `args`, `env`, `cwd`) takes the permission `upstream.stdio` too.
    """

    name: Name | UnsetType = UNSET
    transport: Transport | UnsetType = UNSET
    url: str | UnsetType | None = UNSET
    command: str | UnsetType | None = UNSET
    args: list[str] | UnsetType | None = UNSET
    env: Environment | UnsetType | None = UNSET
    cwd: str | UnsetType | None = UNSET
    credential: Credential | UnsetType | None = UNSET
    share: Share | UnsetType = UNSET
    era: EraMode | UnsetType = UNSET
    description: Text | UnsetType | None = UNSET
    tags: list[Tag] | UnsetType | None = UNSET
    team: TeamRef | UnsetType | None = UNSET
    visibility: Visibility | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    timeout: Seconds | UnsetType | None = UNSET
    maintenance: MaintenanceWanted | UnsetType | None = UNSET
    maintenance_note: Annotated[str, Meta(max_length=500)] | UnsetType | None = UNSET


class UpstreamQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    q: Search | None = None
    tag: Tag | None = None
    status: Status | None = None
    kind: Annotated[str, one_of("mcp", "a2a", "local", about="`a2a`: agents; `local`: Gatehouse itself")] | None = None
    cursor: Cursor | None = None
    limit: Limit | None = None


class CheckView(Struct, frozen=True):
    """Whether an upstream answers just now."""

    ok: bool
    error: str | None
    milliseconds: float
    era: Era | None
    transport: Transport | None


class LogView(Struct, frozen=True):
    """The last lines that a stdio upstream wrote to stderr, oldest first."""

    lines: list[str]


async def list_upstreams(asked: Asked[UpstreamQuery, None]) -> UpstreamList:
    query, catalog = asked.query, asked.context.catalog
    sight = policy.sight(asked.principal, Action.UPSTREAM_READ)
    wanted = UpstreamFilter(q=query.q, tag=query.tag, status=query.status, kind=query.kind, sight=sight)
    page = await catalog.upstreams(asked_page(query.cursor, query.limit), wanted)
    counts = await catalog.counts([upstream.id for upstream in page.items])
    return UpstreamList([_summary(one, counts.get(one.id, {})) for one in page.items], page.next)


async def create_upstream(asked: Asked[None, UpstreamInput]) -> UpstreamDetails:
    body, context = asked.body, asked.context
    values: dict[str, Any] = asdict(body) | {"credential": credential_input(body.credential)}
    values |= asdict_of(placed(context, asked.principal, asked.at, "upstream", body.team, body.visibility))
    upstream = await context.catalog.create_upstream(NewUpstream(**values))
    if upstream.enabled:
        await discover(context, upstream.id)
    return await _details(asked, upstream.id)


async def get_upstream(asked: Asked[None, None]) -> UpstreamDetails:
    return await _details(asked, asked.ref)


async def change_upstream(asked: Asked[None, UpstreamChange]) -> UpstreamDetails:
    context = asked.context
    changes = told(asked.body, _EMPTY)
    if "credential" in changes:
        changes["credential"] = credential_input(changes["credential"])
    before = await context.catalog.upstream(asked.ref)
    check_credential_stays(before, changes)
    _put_maintenance(before, changes, asked.at.now)
    changes |= relocated(context, asked.principal, asked.at, "upstream", before.placement, changes)
    after = await context.catalog.change_upstream(before.id, UpstreamChanges(**changes))
    changed = not before.enabled or after.config_revision != before.config_revision
    if after.enabled and changed and after.status is not Status.MAINTENANCE:
        await discover(context, after.id)
    return await _details(asked, after.id)


async def delete_upstream(asked: Asked[None, None]) -> None:
    await asked.context.catalog.delete_upstream(asked.ref)


async def refresh_upstream(asked: Asked[None, None]) -> UpstreamDetails:
    upstream = await _enabled(asked)
    await asked.context.operations.refresh(upstream.id)
    await asked.context.settle()
    return await _details(asked, upstream.id)


async def check_upstream(asked: Asked[None, None]) -> CheckView:
    upstream = await _enabled(asked)
    report = await asked.context.operations.check(upstream.id)
    return CheckView(report.ok, report.error, round(report.milliseconds, 3), report.era, report.transport)


async def get_log(asked: Asked[None, None]) -> LogView:
    upstream = await asked.context.catalog.upstream(asked.ref)
    return LogView(asked.context.operations.log(upstream.id))


def _put_maintenance(before: Upstream, changes: dict[str, Any], now: float) -> None:
    if "maintenance" in changes:
        changes["maintenance_until"] = maintenance_until(changes.pop("maintenance"), now)
    until = changes.get("maintenance_until", before.maintenance_until)
    if changes.get("maintenance_note") and until is None:
        raise InvalidFields(
            f"'{before.name}' is not in maintenance, so that there is nothing to be noted.",
            [FieldError("maintenance", "missing")],
            "Send 'maintenance' too: how long, as in 2h, or until when.",
        )


def check_credential_stays(before: Upstream, changes: Mapping[str, Any]) -> None:
    """Else whoever may change the url could have the credential, which nobody is told, sent to a place of theirs."""
    moved = changes.get("url") is not None and _origin(changes["url"]) != _origin(before.url or "")
    if moved and before.credential_type is not None and "credential" not in changes:
        raise InvalidFields(
            "The url is at another place than the credential was given for.",
            [FieldError("credential", "missing")],
            "Send 'credential' too: it again, another, or null.",
        )


def _origin(url: str) -> str:
    """Scheme, host and port, as far as they can be told apart from the rest."""
    return "/".join(re.split(r"[/?#\\]", url, maxsplit=3)[:3]).lower()


async def _enabled(asked: Asked[None, None]) -> Upstream:
    upstream = await asked.context.catalog.upstream(asked.ref)
    if not upstream.enabled:
        raise Conflict(f"Upstream '{upstream.name}' is switched off.", 'Switch it on with PATCH {"enabled": true}.')
    return upstream


async def discover(context: ApiContext, upstream_id: str) -> None:
    """The pool reaches upstreams that the snapshot knows, so the change has to be seen first."""
    await context.settle()
    await context.operations.refresh(upstream_id)
    await context.settle()


def says_command(body: UpstreamInput | UpstreamChange) -> Iterable[Action]:
    """Whoever says what runs on this machine can do what Gatehouse itself can."""
    return (Action.UPSTREAM_STDIO,) if any((body.command, body.args, body.env, body.cwd)) else ()


async def _details(asked: Asked[Any, Any], ref: str) -> UpstreamDetails:
    catalog, sight = asked.context.catalog, policy.sight(asked.principal, Action.TOOL_READ)
    upstream = await catalog.upstream(ref)
    stored = await catalog.offered(upstream.id)
    offered = [one for one in stored if one.placement is None or sight.sees(one.placement)]
    by_kind = {kind: [_offered(upstream, one) for one in offered if one.kind is kind] for kind in Kind}
    summary = _summary(upstream, {kind: len(items) for kind, items in by_kind.items()})
    return UpstreamDetails(
        **asdict(summary),
        tools=by_kind[Kind.TOOL],
        prompts=by_kind[Kind.PROMPT],
        resources=by_kind[Kind.RESOURCE],
        resource_templates=by_kind[Kind.TEMPLATE],
        warnings=[f"{one.key}: {warning}" for one in offered for warning in one.warnings],
        duplicates=await duplicates.of_upstream(asked, [one for one in offered if one.kind is Kind.TOOL]),
    )


def _summary(upstream: Upstream, counts: Mapping[Kind, int]) -> UpstreamSummary:
    detected = None if upstream.kind == LOCAL else upstream.detected
    return UpstreamSummary(
        id=upstream.id,
        name=upstream.name,
        kind=upstream.kind,
        transport=upstream.transport,
        url=upstream.url,
        command=upstream.command,
        args=list(upstream.args),
        cwd=upstream.cwd,
        env=list(upstream.env_names),
        credential=CredentialView(upstream.credential_type) if upstream.credential_type else None,
        share=upstream.share,
        era=detected.era if detected else None,
        era_mode=upstream.era,
        protocol_version=detected.version if detected else None,
        description=upstream.description,
        tags=list(upstream.tags),
        owner=upstream.owner,
        team=upstream.team,
        visibility=upstream.visibility,
        enabled=upstream.enabled,
        timeout=upstream.timeout,
        detected=DetectedView(detected.transport, detected.era, detected.version, detected.stateful)
        if detected
        else None,
        status=upstream.status,
        error=upstream.error,
        status_since=maybe_timestamp(upstream.status_since or None),
        checked_at=maybe_timestamp(upstream.checked_at),
        maintenance=maintenance(upstream),
        server_info=Raw(detected.server_info) if detected else None,
        instructions=detected.instructions if detected else None,
        counts=Counts(**{_COUNTED[kind]: number for kind, number in counts.items()}),
        skipped=[SkippedView(one.kind, one.key, one.reason) for one in upstream.skipped],
        created_at=timestamp(upstream.created_at),
        updated_at=timestamp(upstream.updated_at),
    )


def _offered(upstream: Upstream, one: Capability) -> OfferedView:
    return OfferedView(
        id=one.id, name=one.key, handle=qualified(upstream.name, one.key), title=one.title, description=one.description
    )


_EMPTY: dict[str, Any] = {"args": (), "env": {}, "description": "", "tags": ()}
_COUNTED = {Kind.TOOL: "tools", Kind.PROMPT: "prompts", Kind.RESOURCE: "resources", Kind.TEMPLATE: "resource_templates"}

ENDPOINTS = (
    endpoint("GET /upstreams", Action.UPSTREAM_READ, list_upstreams, "List upstreams"),
    endpoint(
        "POST /upstreams",
        Action.UPSTREAM_WRITE,
        create_upstream,
        "Add an upstream and see what it offers",
        further=says_command,
    ),
    endpoint("GET /upstreams/{id}", Action.UPSTREAM_READ, get_upstream, "Show an upstream and what it offers"),
    endpoint(
        "PATCH /upstreams/{id}", Action.UPSTREAM_WRITE, change_upstream, "Change an upstream", further=says_command
    ),
    endpoint(
        "DELETE /upstreams/{id}", Action.UPSTREAM_WRITE, delete_upstream, "Remove an upstream, and what it offers"
    ),
    endpoint("POST /upstreams/{id}/refresh", Action.UPSTREAM_WRITE, refresh_upstream, "Ask again what it offers"),
    endpoint(
        "POST /upstreams/{id}/check", Action.UPSTREAM_WRITE, check_upstream, "See whether it answers", changes=False
    ),
    endpoint("GET /upstreams/{id}/log", Action.UPSTREAM_READ, get_log, "Show what a command wrote to stderr"),
)
