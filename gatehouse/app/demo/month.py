"""A month of calls: day and night, weekdays, slow tools, an outage. Made by a seed, and counted as real ones are."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass

from msgspec.structs import replace

from gatehouse.app.demo.past import TokenDays, remember
from gatehouse.app.demo.plan import CLIENTS, SERVERS
from gatehouse.app.worker import Worker
from gatehouse.catalog.model import Kind
from gatehouse.catalog.snapshot import CatalogSnapshot
from gatehouse.kit.ids import new_id
from gatehouse.kit.pages import PageRequest
from gatehouse.telemetry.record import CallRecord, Outcome

DAYS = 30
VISITS = 260
"""Of agents, on a working day; each is some calls within a minute or two."""
SEED = 20260301
_Ending = tuple[Outcome, str, str]
_FAILURES: tuple[_Ending, ...] = (
    ("tool_error", "tool_error", "There is no such id. Look it up first."),
    ("protocol_error", "upstream_failed", "The MCP server answered with an error of its own."),
    ("timed_out", "timed_out", "It gave no sign of life within 60 seconds."),
)

_OUTAGE: _Ending = ("protocol_error", "upstream_down", "It can't be reached.")
_WELL: _Ending = ("ok", "", "")


@dataclass(frozen=True, slots=True)
class _Way:
    """One tool in one virtual server, as it is called there."""

    server: str
    server_name: str
    name: str
    upstream: str
    upstream_name: str
    original: str
    weight: float
    milliseconds: float


async def live_a_month(worker: Worker) -> int:
    """How many calls there were."""
    now = worker.clock.now()
    snapshot = worker.current.snapshot
    ways = _ways(snapshot)
    callers = await _callers(worker)
    chance = random.Random(SEED)  # noqa: S311 - for looks alone
    used, calls = TokenDays(), 0
    # The newest first: the first that come are kept whole, and of the others the sums.
    for at in _visits(chance, now):
        for record in _visit(chance, at, now, ways, callers):
            worker.recorder.intake.note(record)
            used.note(record)
            calls += 1
        if calls % 4000 < 20:
            await worker.recorder.flush()
    await worker.recorder.flush()
    await worker.recorder.prune(now)
    await remember(worker, used)
    return calls


def _ways(snapshot: CatalogSnapshot) -> dict[str, list[_Way]]:
    """Tools of each virtual server, by its slug; the first ones are called most."""
    found: dict[str, list[_Way]] = {}
    for server in snapshot.servers.values():
        for at, binding in enumerate(snapshot.bindings(server.id)):
            tool = snapshot.capability(binding.capability_id)
            if tool is None or tool.kind is not Kind.TOOL or not binding.enabled:
                continue
            upstream = snapshot.upstreams[tool.upstream_id]
            usual = 900.0 if tool.key.startswith("report") else 40.0 + 15 * (at % 9)
            ids = (server.id, server.name, binding.name, upstream.id, upstream.name, tool.key)
            found.setdefault(server.slug, []).append(_Way(*ids, 1 / (at + 1), usual))
    return found


async def _callers(worker: Worker) -> dict[str, list[CallRecord]]:
    """What is the same in all calls of a token, by the slug of the server that it opens."""
    slugs = {one.id: one.slug for one in worker.current.snapshot.servers.values()}
    found: dict[str, list[CallRecord]] = {}
    for token in (await worker.tokens.list(PageRequest(None, 200))).items:
        caller = CallRecord(
            id="",
            at=0.0,
            outcome="ok",
            principal=token.id,
            principal_kind="token",
            principal_name=token.name,
            team=token.team or "",
            user=token.owner or "",
        )
        for server in token.servers or ():
            found.setdefault(slugs.get(server, ""), []).append(caller)
    return found


def _visits(chance: random.Random, now: float) -> Iterator[float]:
    """When agents begin, the newest first: by day more than by night, on working days more than at weekends."""
    moments: list[float] = []
    for day in range(DAYS):
        start = now - (day + 1) * 86_400
        weekday = int(start // 86_400 + 4) % 7
        for _ in range(int(VISITS * (0.25 if weekday >= 5 else 1.0) * (1 - day / 90))):
            hour = min(23.99, max(0.0, chance.gauss(13, 4)))
            moments.append(start - start % 86_400 + 86_400 * (start % 86_400 > hour * 3600) + hour * 3600)
    return iter(sorted((one for one in moments if one < now - 30), reverse=True))


def _visit(
    chance: random.Random, at: float, now: float, ways: dict[str, list[_Way]], callers: dict[str, list[CallRecord]]
) -> Iterator[CallRecord]:
    plans = [one for one in SERVERS if one.weight and ways.get(one.slug) and callers.get(one.slug)]
    plan = chance.choices(plans, [one.weight for one in plans])[0]
    caller = chance.choice(callers[plan.slug])
    client, version, _ = chance.choices(CLIENTS, [one[2] for one in CLIENTS])[0]
    era = "modern" if client in ("claude-code", "harbour-agent") else "legacy"
    for _ in range(chance.randint(2, 14)):
        way = chance.choices(ways[plan.slug], [one.weight for one in ways[plan.slug]])[0]
        yield _call(chance, at, way, replace(caller, client=client, client_version=version, era=era), now)
        at += chance.expovariate(1 / 6)


def _call(chance: random.Random, at: float, way: _Way, caller: CallRecord, now: float) -> CallRecord:
    outage = way.upstream_name == "warehouse" and 3 * 86_400 < now - at < 3 * 86_400 + 5400
    failed = outage or chance.random() < 0.015 + 0.05 * (way.upstream_name == "desk")
    ending = _OUTAGE if outage else chance.choice(_FAILURES) if failed else _WELL
    outcome, error_class, error = ending
    upstream_ms = way.milliseconds * math.exp(chance.gauss(0, 0.55)) * (40 if outcome == "timed_out" else 1)
    size = int(400 * math.exp(chance.gauss(1, 0.9)))
    began = min(at, now - 1)
    return replace(
        caller,
        id=new_id("cal", began),
        at=began,
        outcome=outcome,
        error_class=error_class,
        error=error,
        server=way.server,
        server_name=way.server_name,
        name=way.name,
        upstream=way.upstream,
        upstream_name=way.upstream_name,
        original=way.original,
        method="tools/call",
        total_ms=round(upstream_ms + 0.6, 3),
        upstream_ms=round(upstream_ms, 3),
        queue_ms=0.2,
        bytes_in=chance.randint(90, 900),
        bytes_out=size,
        tokens=size // 4,
    )
