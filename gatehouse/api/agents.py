"""A2A agents: registered by their cards, and called from here. They are upstreams, and stand in their list too."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any

from msgspec import UNSET, Meta, Raw, Struct, UnsetType
from msgspec.structs import asdict

from gatehouse.access import policy
from gatehouse.api.actions import Action
from gatehouse.api.agent_calls import (
    Reply,
    SendInput,
    cancelled_task,
    sent_message,
    streamed_message,
    task_now,
)
from gatehouse.api.context import ApiContext
from gatehouse.api.credentials import Credential, credential_input
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
    timestamp,
    told,
)
from gatehouse.api.permission import asdict_of, placed, relocated
from gatehouse.api.routing import Asked, Lines, endpoint
from gatehouse.api.upstreams import CredentialView, Seconds, check_credential_stays, discover
from gatehouse.catalog.model import AGENT, Capability, Status, Upstream
from gatehouse.catalog.naming import qualified
from gatehouse.catalog.service import NewUpstream, UpstreamChanges, UpstreamFilter
from gatehouse.kit.errors import Conflict
from gatehouse.protocol.a2a import BadCard, Card, read_card
from gatehouse.store.placement import Visibility
from gatehouse.upstreams.a2a import tool_names


class SkillView(Struct, frozen=True, kw_only=True):
    """What an agent says that it can do. It can be bound into a server as the tool `handle`."""

    id: str
    name: str
    description: str
    tags: list[str]
    examples: list[str]
    tool: Annotated[str | None, Meta(description="Id of the tool that it is")]
    handle: Annotated[str, Meta(description="`{agent}_{tool}`, the tool's name at /mcp")]


class AgentSummary(Struct, frozen=True, kw_only=True):
    """An agent. Of its credential the type alone is told."""

    id: str
    name: str
    url: str
    title: Annotated[str | None, Meta(description="Its name, as its card has it")]
    description: str
    agent_version: Annotated[str | None, Meta(description="Its own version, as its card has it")]
    protocol_versions: Annotated[list[str], Meta(description="Of A2A, the newest first; empty until its card was seen")]
    streaming: bool
    skill_count: int
    endpoint: Annotated[str, Meta(description="Where A2A clients call it, through Gatehouse")]
    card_url: Annotated[str, Meta(description="Where A2A clients find its card, through Gatehouse")]
    credential: CredentialView | None
    tags: list[str]
    owner: OwnerId | None
    team: TeamId | None
    visibility: Visibility
    enabled: bool
    timeout: float | None
    status: Status
    error: str | None
    status_since: Timestamp | None
    checked_at: Timestamp | None
    created_at: Timestamp
    updated_at: Timestamp


class AgentDetails(AgentSummary, frozen=True, kw_only=True):
    """An agent with its skills."""

    skills: list[SkillView]


class AgentList(Struct, frozen=True):
    items: list[AgentSummary]
    next: str | None


class SkillList(Struct, frozen=True):
    items: list[SkillView]
    next: str | None = None


class AgentInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An agent to add: where its card is, or the address beneath which it is in its usual place."""

    name: Name
    url: str
    credential: Credential | None = None
    description: Text = ""
    tags: list[Tag] = []
    team: TeamRef | None = None
    visibility: VisibilityWanted | None = None
    enabled: bool = True
    timeout: Seconds | None = None


class AgentChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays; null clears."""

    name: Name | UnsetType = UNSET
    url: str | UnsetType = UNSET
    credential: Credential | UnsetType | None = UNSET
    description: Text | UnsetType | None = UNSET
    tags: list[Tag] | UnsetType | None = UNSET
    team: TeamRef | UnsetType | None = UNSET
    visibility: Visibility | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    timeout: Seconds | UnsetType | None = UNSET


class AgentQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    q: Search | None = None
    tag: Tag | None = None
    status: Status | None = None
    cursor: Cursor | None = None
    limit: Limit | None = None


class AgentCheck(Struct, frozen=True):
    """Whether an agent shows its card just now, and one that can be used."""

    ok: bool
    error: str | None
    milliseconds: float


async def list_agents(asked: Asked[AgentQuery, None]) -> AgentList:
    query = asked.query
    sight = policy.sight(asked.principal, Action.AGENT_READ)
    wanted = UpstreamFilter(q=query.q, tag=query.tag, status=query.status, kind=AGENT, sight=sight)
    page = await asked.context.catalog.upstreams(asked_page(query.cursor, query.limit), wanted)
    return AgentList([_summary(asked, one) for one in page.items], page.next)


async def create_agent(asked: Asked[None, AgentInput]) -> AgentDetails:
    body, context = asked.body, asked.context
    values: dict[str, Any] = asdict(body) | {"kind": AGENT, "credential": credential_input(body.credential)}
    values |= asdict_of(placed(context, asked.principal, asked.at, "agent", body.team, body.visibility))
    agent = await context.catalog.create_upstream(NewUpstream(**values))
    if agent.enabled:
        await discover(context, agent.id)
    return await _details(asked, agent.id)


async def get_agent(asked: Asked[None, None]) -> AgentDetails:
    return await _details(asked, asked.ref)


async def change_agent(asked: Asked[None, AgentChange]) -> AgentDetails:
    context = asked.context
    changes = told(asked.body, {"description": "", "tags": ()})
    if "credential" in changes:
        changes["credential"] = credential_input(changes["credential"])
    before = await context.catalog.upstream(asked.ref)
    check_credential_stays(before, changes)
    changes |= relocated(context, asked.principal, asked.at, "agent", before.placement, changes)
    after = await context.catalog.change_upstream(before.id, UpstreamChanges(**changes))
    if after.enabled and (not before.enabled or after.config_revision != before.config_revision):
        await discover(context, after.id)
    return await _details(asked, after.id)


async def delete_agent(asked: Asked[None, None]) -> None:
    await asked.context.catalog.delete_upstream(asked.ref)


async def refresh_agent(asked: Asked[None, None]) -> AgentDetails:
    agent = await _enabled(asked)
    await asked.context.operations.refresh(agent.id)
    return await _details(asked, agent.id)


async def check_agent(asked: Asked[None, None]) -> AgentCheck:
    report = await asked.context.operations.check((await _enabled(asked)).id)
    return AgentCheck(report.ok, report.error, round(report.milliseconds, 3))


async def list_skills(asked: Asked[None, None]) -> SkillList:
    agent = await asked.context.catalog.upstream(asked.ref)
    return SkillList(await _skills(asked.context, agent))


async def get_card(asked: Asked[None, None]) -> JsonObject:
    """As the agent wrote it. What our own clients are shown is at `card_url`."""
    agent = await asked.context.catalog.upstream(asked.ref)
    if agent.detected is None:
        raise Conflict(f"The card of '{agent.name}' has not been seen yet.", "POST .../refresh fetches it.")
    return Raw(agent.detected.server_info)


async def send(asked: Asked[None, SendInput]) -> Reply:
    return await sent_message(asked, await _enabled(asked))


async def stream(asked: Asked[None, SendInput]) -> Lines:
    return Lines(_chunks(await streamed_message(asked, await _enabled(asked))))


async def get_task(asked: Asked[None, None]) -> Reply:
    return await task_now(asked, await _enabled(asked), asked.params["task"])


async def cancel_task(asked: Asked[None, None]) -> Reply:
    return await cancelled_task(asked, await _enabled(asked), asked.params["task"])


async def _chunks(replies: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for reply in replies:
        yield reply + b"\n"


async def _enabled(asked: Asked[Any, Any]) -> Upstream:
    agent = await asked.context.catalog.upstream(asked.ref)
    if not agent.enabled:
        raise Conflict(f"Agent '{agent.name}' is switched off.", 'Switch it on with PATCH {"enabled": true}.')
    return agent


async def _details(asked: Asked[Any, Any], ref: str) -> AgentDetails:
    agent = await asked.context.catalog.upstream(ref)
    return AgentDetails(**asdict(_summary(asked, agent)), skills=await _skills(asked.context, agent))


async def _skills(context: ApiContext, agent: Upstream) -> list[SkillView]:
    card = _card(agent)
    if card is None:
        return []
    names = tool_names(card)
    tools = {one.key: one for one in await context.catalog.offered(agent.id)}
    return [_skill(agent, card, id_, name, tools) for id_, name in names.items()]


def _skill(agent: Upstream, card: Card, id_: str, name: str, tools: Mapping[str, Capability]) -> SkillView:
    skill = next(one for one in card.skills if one.id == id_)
    tool = tools.get(name)
    return SkillView(
        id=skill.id,
        name=skill.name,
        description=skill.description,
        tags=list(skill.tags),
        examples=list(skill.examples),
        tool=tool.id if tool is not None else None,
        handle=qualified(agent.name, name),
    )


def _card(agent: Upstream) -> Card | None:
    try:
        return read_card(agent.detected.server_info) if agent.detected is not None else None
    except BadCard:
        return None


def _summary(asked: Asked[Any, Any], agent: Upstream) -> AgentSummary:
    card, here = _card(agent), f"{asked.public_url}/agents/{agent.name}"
    return AgentSummary(
        id=agent.id,
        name=agent.name,
        url=agent.url or "",
        title=card.name if card else None,
        description=agent.description or (card.description if card else ""),
        agent_version=card.version if card else None,
        protocol_versions=list(card.versions) if card else [],
        streaming=card is not None and card.streaming,
        skill_count=len(tool_names(card)) if card else 0,
        endpoint=f"{here}/a2a",
        card_url=f"{here}/.well-known/agent-card.json",
        credential=CredentialView(agent.credential_type) if agent.credential_type else None,
        tags=list(agent.tags),
        owner=agent.owner,
        team=agent.team,
        visibility=agent.visibility,
        enabled=agent.enabled,
        timeout=agent.timeout,
        status=agent.status,
        error=agent.error,
        status_since=maybe_timestamp(agent.status_since or None),
        checked_at=maybe_timestamp(agent.checked_at),
        created_at=timestamp(agent.created_at),
        updated_at=timestamp(agent.updated_at),
    )


_READ, _WRITE, _CALL = Action.AGENT_READ, Action.AGENT_WRITE, Action.AGENT_CALL
ENDPOINTS = (
    endpoint("GET /agents", _READ, list_agents, "List A2A agents"),
    endpoint("POST /agents", _WRITE, create_agent, "Add an A2A agent by its card"),
    endpoint("GET /agents/{id}", _READ, get_agent, "Show an agent and its skills"),
    endpoint("PATCH /agents/{id}", _WRITE, change_agent, "Change an agent"),
    endpoint("DELETE /agents/{id}", _WRITE, delete_agent, "Remove an agent, and the tools that its skills are"),
    endpoint("POST /agents/{id}/refresh", _WRITE, refresh_agent, "Fetch its card anew"),
    endpoint("POST /agents/{id}/check", _WRITE, check_agent, "See whether it shows its card", changes=False),
    endpoint("GET /agents/{id}/skills", _READ, list_skills, "List its skills"),
    endpoint("GET /agents/{id}/card", _READ, get_card, "Show its card as it came"),
    endpoint("POST /agents/{id}/send", _CALL, send, "Send it a message and wait for its answer", changes=False),
    endpoint("POST /agents/{id}/stream", _CALL, stream, "Send it a message and follow it, line by line", changes=False),
    endpoint("GET /agents/{id}/tasks/{task}", _CALL, get_task, "Show how a task of yours is"),
    endpoint("POST /agents/{id}/tasks/{task}/cancel", _CALL, cancel_task, "Cancel a task of yours", changes=False),
)
