"""Ten thousand calls over four workers: every sum is right, and what a killed worker took along is counted."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

import anyio
import pytest

from gatehouse.telemetry.histogram import RELATIVE_ERROR
from tests.support.databases import backend, database_url
from tests.support.gateway import Gateway, Launch
from tests.support.program import PAUSE
from tests.support.quick import QuickCall, call_all, in_turn, quick_upstream

__all__ = ["backend", "database_url"]
pytestmark = pytest.mark.anyio
CALLS = 10_000
OUTCOMES = {"fine": "ok", "other": "ok", "fails": "tool_error", "odd": "protocol_error", "nowhere": "refused"}
"""What becomes of a call of each tool."""
CHOSEN = (
    ("desk", "fine"), ("shop", "fine"), ("desk", "other"), ("desk", "fails"), ("shop", "odd"), ("shop", "nowhere"),
    ("desk", "fine"),
)  # fmt: skip
WORKERS = 4
SHORTEST = 0.01
"""Milliseconds: what is shorter, as a call that is refused can be, counts as this."""
KNOWN_WITHIN = 1.0
"""Seconds after which every worker knows what was made."""


@dataclass(frozen=True, slots=True)
class House:
    gateway: Gateway
    mix: list[QuickCall]
    names: dict[str, str]
    """Of the tokens."""


@asynccontextmanager
async def house(data: Path, url: str) -> AsyncIterator[House]:
    """Two servers, three tokens, four workers that say in their log how long each call took."""
    settings = {"GATEHOUSE_LOG__REQUESTS": "true", "GATEHOUSE_LOG__FORMAT": "json"}
    launch = Launch(workers=WORKERS, database=url, environment=settings)
    async with quick_upstream() as upstream, Gateway(data, launch) as gateway:
        await gateway.add_upstream("quick", url=upstream)
        for server in ("desk", "shop", "warm"):
            await gateway.create_server(server, ["quick"])
        names = {await gateway.create_token(name, ["desk", "shop"]): name for name in ("anna", "ben", "cleo")}
        await until_known(gateway, QuickCall("warm", "fine", await gateway.create_token("warm", ["warm"])))
        yield House(gateway, [QuickCall(*chosen, token) for chosen in CHOSEN for token in names], names)


async def until_known(gateway: Gateway, call: QuickCall) -> None:
    """Connections go to whichever worker the kernel likes: for a while, all have to be answered."""
    with anyio.fail_after(30):
        known_since = time.monotonic()
        while time.monotonic() < known_since + KNOWN_WITHIN:
            if set(await call_all(gateway.port, [call] * 16, connections=16)) != {200}:
                known_since = time.monotonic()


async def counted(gateway: Gateway, wanted: int, **query: str) -> dict[str, Any]:
    """The sums, once all is in them."""
    with anyio.fail_after(20):
        while True:
            sums = (await gateway.expect(200, "GET", "/metrics/totals", params=query))["sums"]
            if sums["calls"] >= wanted:
                return sums
            await anyio.sleep(PAUSE)


def told(gateway: Gateway) -> list[dict[str, Any]]:
    """Of the log, the lines of calls in the two servers."""
    lines = [json.loads(line) for line in gateway.log.splitlines() if line.startswith("{")]
    return [one for one in lines if one.get("server") in {"desk", "shop"}]


def assert_right(sums: dict[str, Any], lines: list[dict[str, Any]]) -> None:
    assert sums["calls"] == len(lines)
    assert sums["outcomes"] == Counter(one["outcome"] for one in lines)
    assert sums["errors"] == sum(one["outcome"] != "ok" for one in lines)
    times = sorted(one["call_ms"] for one in lines)
    assert sums["mean_ms"] == pytest.approx(sum(times) / len(times), rel=1e-6)
    for share, name in ((0.5, "p50_ms"), (0.95, "p95_ms"), (0.99, "p99_ms")):
        true = max(SHORTEST, times[ceil(share * len(times)) - 1])
        assert sums[name] == pytest.approx(true, rel=RELATIVE_ERROR + 0.001), name


async def test_every_sum_bucket_and_percentile_of_ten_thousand_calls_is_right(
    tmp_path: Path, database_url: str
) -> None:
    async with house(tmp_path / "data", database_url) as at:
        gateway, calls = at.gateway, in_turn(at.mix, CALLS)
        statuses = await call_all(gateway.port, calls)
        assert sum(statuses.values()) == CALLS and set(statuses) <= {200, 400}, statuses
        for server in ("desk", "shop"):
            await counted(gateway, sum(one.server == server for one in calls), server=server)
        lines = await all_told(gateway)
        assert Counter((one["server"], one["outcome"]) for one in lines) == Counter(
            (one.server, OUTCOMES[one.tool]) for one in calls
        )
        await assert_totals(gateway, lines)
        await assert_series(gateway, lines)
        await assert_top(gateway, lines, at.names)
    assert len({one["worker"] for one in lines}) > 1, "several workers answered"


async def all_told(gateway: Gateway) -> list[dict[str, Any]]:
    with anyio.fail_after(20):
        while len(lines := told(gateway)) < CALLS:  # noqa: ASYNC110 - it is another process
            await anyio.sleep(PAUSE)
    return lines


async def assert_totals(gateway: Gateway, lines: list[dict[str, Any]]) -> None:
    for server in ("desk", "shop"):
        of_server = [one for one in lines if one["server"] == server]
        assert_right(await counted(gateway, 0, server=server), of_server)
        for outcome in {one["outcome"] for one in of_server}:
            of_both = [one for one in of_server if one["outcome"] == outcome]
            assert_right(await counted(gateway, 0, server=server, outcome=outcome), of_both)
    for principal in {one["principal"] for one in lines}:
        assert_right(await counted(gateway, 0, principal=principal), [o for o in lines if o["principal"] == principal])


async def assert_series(gateway: Gateway, lines: list[dict[str, Any]]) -> None:
    """Each bucket holds what began in its minute, as far as the log's moments can tell it."""
    series = await gateway.expect(
        200, "GET", "/metrics/series", params={"step": "1m", "since": "10m", "server": "desk"}
    )
    points = {one["start"]: one["sums"] for one in series["points"] if one["sums"]["calls"]}
    desk = [one for one in lines if one["server"] == "desk"]
    assert sum(one["calls"] for one in points.values()) == len(desk)
    begun = Counter(one["time"][:16] for one in desk)
    near = sum(one["time"][17:19] in {"59", "00"} for one in desk)
    for start, sums in points.items():
        assert abs(sums["calls"] - begun[start[:16]]) <= near, "a line is from the moment in which its request came"


async def assert_top(gateway: Gateway, lines: list[dict[str, Any]], names: dict[str, str]) -> None:
    ways: dict[str, Callable[[dict[str, Any]], str]] = {
        "server": lambda one: one["server"], "tool": lambda one: one.get("name", ""), "outcome": lambda one: one["outcome"]
    }  # fmt: skip
    for by, of in ways.items():
        found = await gateway.expect(200, "GET", "/metrics/top", params={"by": by, "limit": "50"})
        sums = {one["name"]: one["sums"]["calls"] for one in found["items"]}
        expected = Counter(of(one) for one in lines)
        for name, count in expected.items():
            if name and by != "outcome" and name != "fine":
                assert sums[name] == count, (by, name)
    found = await gateway.expect(200, "GET", "/metrics/top", params={"by": "token", "limit": "50"})
    assert {one["name"] for one in found["items"]} >= set(names.values())


async def test_what_a_killed_worker_took_along_is_at_most_a_second_and_counted(
    tmp_path: Path, database_url: str
) -> None:
    async with house(tmp_path / "data", database_url) as at:
        gateway, statuses = at.gateway, Counter[int]()
        second = await killed_amid(at, statuses)
        answered = statuses[200] + statuses[400]
        lost = await told_as_lost(gateway)
        found = 0
        with anyio.fail_after(20):
            while found + lost < answered:
                found = sum([await calls_of(gateway, server) for server in ("desk", "shop")])
                await anyio.sleep(PAUSE)
        assert found <= answered + statuses[0], "nothing is counted twice; what was cut off may have been taken in"
        assert answered <= found + lost, "what is missing is told; what was stored in the last moment may be told, too"
        assert lost <= second
        assert (await gateway.api("GET", "/events", params={"kind": "calls.lost"})).json()["items"][0]["count"] == lost


async def killed_amid(at: House, statuses: Counter[int]) -> int:
    """One worker, amid many calls. How many were answered in the second before."""
    ticks = deque[int](maxlen=int(1 / PAUSE) + 1)

    async def tick_until(done: Callable[[], bool]) -> None:
        with anyio.fail_after(60):
            while not done():
                ticks.append(sum(statuses.values()))
                await anyio.sleep(PAUSE)

    async with anyio.create_task_group() as group:
        # A killed worker takes its connections along: others take over what is left.
        for _ in range(3):
            group.start_soon(lambda: call_all(at.gateway.port, in_turn(at.mix, CALLS), 12, statuses))
        await tick_until(lambda: bool(told(at.gateway)))
        busiest = Counter(one["worker"] for one in told(at.gateway)).most_common(1)[0][0]
        begun = sum(statuses.values())
        await tick_until(lambda: sum(statuses.values()) > begun + CALLS // 6)
        os.kill(busiest, signal.SIGKILL)
        return sum(statuses.values()) - ticks[0]


async def told_as_lost(gateway: Gateway) -> int:
    """Whoever takes the killed one's place tells of it."""
    with anyio.fail_after(30):
        while True:
            found = await gateway.expect(200, "GET", "/events", params={"kind": "calls.lost"})
            if found["items"]:
                return found["items"][0]["count"]
            await anyio.sleep(PAUSE)


async def calls_of(gateway: Gateway, server: str) -> int:
    return (await gateway.expect(200, "GET", "/metrics/totals", params={"server": server}))["sums"]["calls"]
