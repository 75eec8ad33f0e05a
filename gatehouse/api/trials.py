"""Trying an MCP server before anything of it is saved: how far one gets, what it offers, and what of that is there already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from msgspec import Meta, Struct
from msgspec.structs import asdict

from gatehouse.access import policy
from gatehouse.access.audit.masking import safe
from gatehouse.access.audit.records import Entry, actor
from gatehouse.api.actions import Action
from gatehouse.api.credentials import credential_input
from gatehouse.api.duplicates import SimilarView, similar_views
from gatehouse.api.leaving import while_here
from gatehouse.api.permission import asdict_of, placed
from gatehouse.api.request_ids import current_id
from gatehouse.api.routing import Asked, endpoint
from gatehouse.api.upstreams import SkippedView, UpstreamInput, says_command
from gatehouse.catalog.model import Kind, Offer, Offered, Transport, Upstream
from gatehouse.catalog.service import NewUpstream
from gatehouse.catalog.similar.profile import Tool
from gatehouse.kit import json
from gatehouse.protocol.call import Era
from gatehouse.upstreams.trial import Stage, StageName, State, Trial

MOST_TOOLS, MOST_DUPLICATES, MOST_LIKE_ONE = 200, 50, 5
_SHOWN = 1000
"""Characters of a description."""


class StageView(Struct, frozen=True):
    """`address`: of the host, or the program; `connection`: or the start of the process; `handshake`: of MCP; `offer`: all lists."""

    name: StageName
    state: Annotated[State, Meta(description="`skipped`: it did not come to that")]
    milliseconds: float | None
    detail: Annotated[str, Meta(description="With the last lines of a command's stderr, where it failed")]
    hint: Annotated[str | None, Meta(description="What to do next")]


class ServerSaid(Struct, frozen=True):
    """What the MCP server calls itself."""

    name: str | None
    version: str | None
    title: str | None


class OfferCounts(Struct, frozen=True):
    tool: int
    prompt: int
    resource: int
    template: int


class TriedTool(Struct, frozen=True):
    name: str
    title: str | None
    description: Annotated[str | None, Meta(description=f"Its beginning, up to {_SHOWN} characters")]


class TriedDuplicate(Struct, frozen=True):
    """A tool that it would bring, and what is like it already."""

    tool: str
    similar: list[SimilarView]


class TrialView(Struct, frozen=True, kw_only=True):
    """How far it came. Nothing was saved."""

    ok: bool
    stages: list[StageView]
    sign_in: Annotated[bool, Meta(description="It wants to be signed in to")]
    era: Era | None
    transport: Transport | None
    server: ServerSaid | None
    instructions: str | None
    counts: OfferCounts
    tools: Annotated[list[TriedTool], Meta(description=f"The first {MOST_TOOLS}")]
    skipped: list[SkippedView]
    warnings: list[str]
    duplicates: list[TriedDuplicate]


async def try_upstream(asked: Asked[None, UpstreamInput]) -> TrialView:
    """Under the same conditions as it would be made; ended where who asked goes away."""
    body, context = asked.body, asked.context
    values: dict[str, Any] = asdict(body) | {"credential": credential_input(body.credential)}
    values |= asdict_of(placed(context, asked.principal, asked.at, "upstream", body.team, body.visibility))
    upstream = context.catalog.draft_upstream(NewUpstream(**values))
    if upstream.command:
        await _note_command(asked, upstream)
    trial = await while_here(asked.request, context.operations.rehearse(upstream))
    return _view(trial, [] if trial.offer is None else await _duplicates(asked, upstream, trial.offer))


async def _note_command(asked: Asked[None, UpstreamInput], upstream: Upstream) -> None:
    """It changes nothing of ours, but whatever is run here is known to have been run."""
    run = {"command": upstream.command, "args": list(upstream.args), "env": dict(asked.body.env), "cwd": upstream.cwd}
    entry = Entry(
        actor=actor(asked.principal),
        action="upstream.trial",
        resource_kind="upstream",
        resource_name=upstream.name,
        address=asked.at.address,
        session=asked.session,
        request_id=current_id(),
        after=safe(run),
    )
    await asked.context.audit.record(entry)


async def _duplicates(asked: Asked[Any, Any], upstream: Upstream, offer: Offer) -> list[TriedDuplicate]:
    tools = [_tool(upstream, one) for one in offer.items if one.kind is Kind.TOOL]
    found = await asked.context.similar.like(tools, policy.sight(asked.principal, Action.TOOL_READ))
    some = {tool: found[tool][:MOST_LIKE_ONE] for tool in list(found)[:MOST_DUPLICATES]}
    views = await similar_views(asked, some)
    return [TriedDuplicate(tool, items) for tool, items in views.items() if items]


def _tool(upstream: Upstream, one: Offered) -> Tool:
    """Not stored, so that it has no id but its name."""
    said = json.fields(one.definition)
    return Tool(
        id=one.key,
        name=one.key,
        upstream=upstream.id,
        upstream_name=upstream.name,
        definition=one.definition,
        title=json.text(said.get("title")) or "",
        description=json.text(said.get("description")) or "",
    )


def _view(trial: Trial, duplicates: list[TriedDuplicate]) -> TrialView:
    offer = trial.offer
    detected = None if offer is None else offer.detected
    items: Sequence[Offered] = () if offer is None else offer.items
    tools = [one for one in items if one.kind is Kind.TOOL]
    return TrialView(
        ok=offer is not None,
        stages=[_stage(one) for one in trial.stages],
        sign_in=trial.sign_in,
        era=None if detected is None else detected.era,
        transport=None if detected is None else detected.transport,
        server=None if detected is None else _server(json.fields(detected.server_info)),
        instructions=None if detected is None else detected.instructions,
        counts=_counts(items),
        tools=[_tried(one) for one in tools[:MOST_TOOLS]],
        skipped=[] if offer is None else [SkippedView(one.kind, one.key, one.reason) for one in offer.skipped],
        warnings=[f"{one.key}: {warning}" for one in items for warning in one.warnings],
        duplicates=duplicates,
    )


def _stage(one: Stage) -> StageView:
    return StageView(one.name, one.state, one.milliseconds, one.detail, one.hint)


def _server(info: Mapping[str, json.Raw]) -> ServerSaid:
    name, version, title = (json.text(info.get(field)) for field in ("name", "version", "title"))
    return ServerSaid(name, version, title)


def _counts(items: Sequence[Offered]) -> OfferCounts:
    numbers = [
        sum(one.kind is kind for one in items) for kind in (Kind.TOOL, Kind.PROMPT, Kind.RESOURCE, Kind.TEMPLATE)
    ]
    return OfferCounts(*numbers)


def _tried(one: Offered) -> TriedTool:
    said = json.fields(one.definition)
    description = json.text(said.get("description"))
    return TriedTool(one.key, json.text(said.get("title")), None if description is None else description[:_SHOWN])


ENDPOINTS = (
    endpoint(
        "POST /upstreams/trial",
        Action.UPSTREAM_WRITE,
        try_upstream,
        "Try an upstream before it is added",
        changes=False,
        status=200,
        further=says_command,
    ),
)
