"""The MCP servers that other programs on this machine have been given, to be taken over: for who sits at it, and nobody else.

What the files hold is read here and goes no further than into the upstreams that are made of it.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any

import anyio
from anyio import to_thread
from msgspec import Meta, Struct

from gatehouse.access import policy
from gatehouse.access.audit.masking import safe
from gatehouse.access.audit.records import Entry, actor
from gatehouse.api.actions import Action
from gatehouse.api.fields import Name
from gatehouse.api.permission import asdict_of, placed
from gatehouse.api.request_ids import current_id
from gatehouse.api.routing import Asked, endpoint
from gatehouse.catalog.model import Status, Transport, Upstream
from gatehouse.catalog.service import UpstreamFilter
from gatehouse.catalog.transfer.clients import ImportedUpstream, new_upstream, read_mcp_config
from gatehouse.catalog.transfer.locations import ConfigFile, locations, look
from gatehouse.kit.errors import Forbidden, GatewayError
from gatehouse.kit.pages import MAX_LIMIT, PageRequest
from gatehouse.store.placement import Placement
from gatehouse.telemetry.logs.masking import masked

MOST = 200
_AT_ONCE = 6
"""Upstreams that are looked at at the same time."""
_PROXIED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")
# Some services give each of their users a URL of their own, which is all that one needs there.
_LONG_SEGMENT = re.compile(r"(?<=/)(?=[^/?#]*\d)[A-Za-z0-9_~.=-]{20,}(?=[/?#]|$)")
_IS_OURS = "It is this gateway itself."


class ConfiguredUpstream(Struct, frozen=True, kw_only=True):
    """An MCP server in a file. Its secrets stay there."""

    name: str
    transport: Transport
    address: Annotated[str, Meta(description="The URL or the command line, without what could be a secret")]
    known: Annotated[bool, Meta(description="There is an upstream of this URL or command already")]
    problems: list[str]


class ConfigFileView(Struct, frozen=True, kw_only=True):
    """A file of a client."""

    client: str
    title: Annotated[str, Meta(description="What people call the client")]
    path: str
    upstreams: list[ConfiguredUpstream]
    problems: list[str]


class ClientConfigs(Struct, frozen=True, kw_only=True):
    """What was found, where Gatehouse may look."""

    available: bool
    reason: Annotated[str | None, Meta(description="Why it may not")]
    files: list[ConfigFileView]


class WantedUpstream(Struct, frozen=True, forbid_unknown_fields=True):
    """`path` and `name` as they were told."""

    path: Annotated[str, Meta(max_length=2000)]
    name: Name


class TakeOver(Struct, frozen=True, forbid_unknown_fields=True):
    upstreams: Annotated[list[WantedUpstream], Meta(min_length=1, max_length=MOST)]


class TakenOver(Struct, frozen=True, kw_only=True):
    """An upstream that was made, with how it is; or why it was not."""

    name: str
    id: str | None = None
    status: Status | None = None
    error: str | None = None


class TakenOverList(Struct, frozen=True):
    items: list[TakenOver]


@dataclass(frozen=True, slots=True)
class _Found:
    """A server in a file: as it is shown, and as it is."""

    shown: ConfiguredUpstream
    meant: ImportedUpstream | None
    """None where it can't be taken over."""


async def list_client_configs(asked: Asked[None, None]) -> ClientConfigs:
    reason = _barrier(asked)
    if reason is not None:
        return ClientConfigs(available=False, reason=reason, files=[])
    known = await _known(asked)
    files: list[ConfigFileView] = []
    for file in await _files():
        found, problems = _read(file, known, asked.public_url)
        place = file.location
        shown = [one.shown for one in found]
        files.append(
            ConfigFileView(client=place.client, title=place.title, path=place.shown, upstreams=shown, problems=problems)
        )
    return ClientConfigs(available=True, reason=None, files=files)


async def take_over(asked: Asked[None, TakeOver]) -> TakenOverList:
    """Each by itself: what can't be taken over keeps none of the others out."""
    reason, context = _barrier(asked), asked.context
    if reason is not None:
        raise Forbidden(reason, "Use `gatehouse import FILE` on the machine that has the file.")
    place = placed(context, asked.principal, asked.at, "upstream", None, None)
    known, offered = await _known(asked), dict[tuple[str, str], _Found]()
    for file in await _files():
        for one in _read(file, known, asked.public_url)[0]:
            offered[file.location.shown, one.shown.name] = one
    made = [(one.name, await _make(asked, offered.get((one.path, one.name)), place)) for one in asked.body.upstreams]
    await context.settle()
    await _look_at([one.id for _, one in made if isinstance(one, Upstream)], asked)
    await context.settle()
    return TakenOverList([await _told(asked, name, one) for name, one in made])


def _barrier(asked: Asked[Any, Any]) -> str | None:
    """Why these files are none of the caller's business; None where they may be theirs."""
    if not asked.context.alone_here:
        return "Gatehouse can be reached from other machines, so it does not look into files of people on this one."
    if asked.request is None:
        return "The request does not say where it comes from."
    shown = asked.context.visitors.shown(asked.request)
    if not _is_loopback(shown.peer) or any(name in shown.headers for name in _PROXIED):
        return "The request does not come from this machine, or not straight."
    return None


def _is_loopback(peer: str | None) -> bool:
    try:
        return peer is not None and ip_address(peer).is_loopback
    except ValueError:
        return False


async def _files() -> list[ConfigFile]:
    places = locations(Path.home(), os.environ, sys.platform)
    return await to_thread.run_sync(look, places)


async def _known(asked: Asked[Any, Any]) -> set[tuple[str, ...]]:
    """How the upstreams that the caller sees are reached."""
    sight = policy.sight(asked.principal, Action.UPSTREAM_READ)
    found: set[tuple[str, ...]] = set()
    request: PageRequest | None = PageRequest(limit=MAX_LIMIT)
    while request is not None:
        page = await asked.context.catalog.upstreams(request, UpstreamFilter(sight=sight))
        found |= {_reached_by(one.url, one.command, one.args) for one in page.items}
        request = None if page.next is None else PageRequest(page.next, MAX_LIMIT)
    return found


def _reached_by(url: str | None, command: str | None, args: Iterable[str]) -> tuple[str, ...]:
    return (url.rstrip("/"),) if url else (command or "", *args)


def _read(file: ConfigFile, known: set[tuple[str, ...]], own: str) -> tuple[list[_Found], list[str]]:
    """The servers in a file, and what is wrong with it."""
    if file.problem is not None:
        return [], [file.problem]
    meant = {one.name: one for one in read_mcp_config(file.content, os.environ).upstreams}
    # What comes from the environment is shown as the reference that it is.
    references = {name: f"${{{name}}}" for name in os.environ}
    transfer = read_mcp_config(file.content, references)
    found = [_found(one, meant.get(one.name), transfer.problems, known, own) for one in transfer.upstreams]
    told = {problem for one in found for problem in one.shown.problems}
    return found, [problem for problem in transfer.problems if problem not in told]


def _found(
    one: ImportedUpstream,
    meant: ImportedUpstream | None,
    problems: Iterable[str],
    known: set[tuple[str, ...]],
    own: str,
) -> _Found:
    ours = _is_ours(one, own)
    reached = None if meant is None else _reached_by(meant.url, meant.command, meant.args)
    shown = ConfiguredUpstream(
        name=one.name,
        transport=one.transport,
        address=_address(one),
        known=ours or reached in known,
        problems=[*([_IS_OURS] if ours else []), *(text for text in problems if text.startswith(f"'{one.written}' "))],
    )
    return _Found(shown, None if ours else meant)


def _is_ours(one: ImportedUpstream, own: str) -> bool:
    """A gateway that is its own upstream would go round in circles."""
    if one.url is not None:
        return one.url.startswith(f"{own}/")
    words = [os.path.basename(word) for word in (one.command or "", *one.args)]
    return "gatehouse" in words and words[words.index("gatehouse") + 1 :][:1] == ["connect"]


def _address(one: ImportedUpstream) -> str:
    if one.url is not None:
        return _LONG_SEGMENT.sub("***", masked(one.url))
    words: list[str] = safe([one.command or "", *one.args])
    line = shlex.join(_LONG_SEGMENT.sub("***", masked(word)) for word in words)
    return " ".join([*(f"{name}=***" for name in one.env), line])


async def _make(asked: Asked[Any, Any], found: _Found | None, place: Placement) -> Upstream | str:
    """The upstream, or why there is none."""
    if found is None:
        return "It is not among what was found. Ask for the list again."
    if found.meant is None:
        return found.shown.problems[0] if found.shown.problems else "It can't be read any more."
    try:
        made = await asked.context.catalog.create_upstream(new_upstream(found.meant, asdict_of(place)))
    except GatewayError as error:
        return str(error)
    await _record(asked, made, found.shown)
    return made


async def _record(asked: Asked[Any, Any], made: Upstream, shown: ConfiguredUpstream) -> None:
    """As any other that is made; the request as a whole is no change of one thing."""
    after: Mapping[str, Any] = {"name": made.name, "transport": made.transport.value, "address": shown.address}
    entry = Entry(
        actor=actor(asked.principal),
        action="upstream.create",
        resource_kind="upstream",
        resource_id=made.id,
        resource_name=made.name,
        address=asked.at.address,
        session=asked.session,
        request_id=current_id(),
        after=after,
    )
    await asked.context.audit.record(entry)


async def _look_at(ids: Iterable[str], asked: Asked[Any, Any]) -> None:
    limiter = anyio.CapacityLimiter(_AT_ONCE)

    async def refresh(id_: str) -> None:
        async with limiter:
            await asked.context.operations.refresh(id_)

    async with anyio.create_task_group() as group:
        for id_ in ids:
            group.start_soon(refresh, id_)


async def _told(asked: Asked[Any, Any], name: str, made: Upstream | str) -> TakenOver:
    if isinstance(made, str):
        return TakenOver(name=name, error=made)
    now = (await asked.context.catalog.upstreams_by_id([made.id])).get(made.id, made)
    return TakenOver(name=now.name, id=now.id, status=now.status, error=now.error)


def _runs_commands(body: TakeOver) -> Iterable[Action]:
    """Whatever is chosen: who may look into these files may run what they say."""
    return (Action.UPSTREAM_STDIO,)


ENDPOINTS = (
    endpoint(
        "GET /client-configs", Action.UPSTREAM_STDIO, list_client_configs, "List MCP servers of clients on this machine"
    ),
    endpoint(
        "POST /client-configs/import",
        Action.UPSTREAM_WRITE,
        take_over,
        "Add MCP servers of clients on this machine",
        changes=False,
        status=200,
        further=_runs_commands,
    ),
)
