"""/metrics and the status of the API, with several workers, over their deaths, and what the dashboard asks of them."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.gateway import Gateway, Launch
from tests.support.processes import until_every_worker, until_true
from tests.support.program import ROOT
from tests.support.talk import modern_call, text_of

pytestmark = pytest.mark.anyio
SAMPLE = ["-m", "gatehouse.samples.time"]
LOSES = 1.0
"""Seconds of counts that a killed worker may take with it."""


@pytest.fixture(scope="module")
async def pair(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    """A gateway of two workers, with an upstream."""
    launch = Launch(workers=2, environment={"GATEHOUSE_METRICS__TOOL_LABEL": "true"})
    async with Gateway(tmp_path_factory.mktemp("figures") / "data", launch) as gateway:
        await gateway.add_upstream("time", command=sys.executable, args=SAMPLE)
        await until_true(lambda: all_answer(gateway))
        yield gateway


async def all_answer(gateway: Gateway) -> bool:
    """Every worker knows the upstream: each that is asked, on a connection of its own, makes the call."""
    return all([await call(gateway) for _ in range(8)])


async def call(gateway: Gateway, tool: str = "time_current_time") -> bool:
    """On a connection of its own, which any worker may get."""
    answer = await modern_call(f"{gateway.url}/mcp", gateway.token, tool, {"timezone": "UTC"})
    return "result" in answer and bool(text_of(answer))


async def figures(gateway: Gateway) -> dict[str, list[tuple[dict[str, str], float]]]:
    """Samples by name."""
    headers = {"authorization": f"Bearer {gateway.token}"}
    async with httpx.AsyncClient(base_url=gateway.url, timeout=30, headers=headers) as http:
        text = (await http.get("/metrics")).raise_for_status().text
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


async def counted(gateway: Gateway, name: str = "gatehouse_calls_total", **labels: str) -> float:
    return sum(value for found, value in (await figures(gateway))[name] if labels.items() <= found.items())


async def counted_by_all(gateway: Gateway) -> float:
    """The calls so far, when each worker has left what it counted to the others."""
    seen = -1.0

    async def stands() -> bool:
        nonlocal seen
        before, seen = seen, await counted(gateway)
        return seen == before

    await until_every_worker(stands)
    return seen


async def status(gateway: Gateway) -> dict[str, Any]:
    return await gateway.expect(200, "GET", "/status")


async def pids(gateway: Gateway) -> set[int]:
    return {worker["pid"] for worker in (await status(gateway))["workers"]}


async def answering(gateway: Gateway) -> int:
    return next(worker["pid"] for worker in (await status(gateway))["workers"] if worker["answering"])


async def test_the_figures_need_the_permission(pair: Gateway) -> None:
    other = await pair.create_token("for something else", permissions=["upstream.read"])
    allowed = await pair.create_token("prometheus", permissions=["metrics.read"])
    async with httpx.AsyncClient(base_url=pair.url) as http:

        async def answered(token: str) -> int:
            headers = {"authorization": f"Bearer {token}"} if token else {}
            return (await http.get("/metrics", headers=headers)).status_code

        async def known() -> bool:
            return await answered(allowed) == 200

        await until_every_worker(known)
        for token in ("", other, "nonsense"):
            assert await answered(token) == 401, token
    assert (await pair.api("GET", "/status", token=other)).status_code == 403
    assert (await pair.api("GET", "/status", token=allowed)).status_code == 200


async def test_whichever_worker_is_asked_shows_the_calls_of_all(pair: Gateway) -> None:
    before = await counted_by_all(pair)
    async with anyio.create_task_group() as group:
        for _ in range(30):
            group.start_soon(call, pair)
    seen: list[float] = []
    asked = set[int]()

    async def asked_both() -> bool:
        asked.add(await answering(pair))
        seen.append(await counted(pair))
        return len(asked) == 2 and len(seen) >= 10

    await until_true(asked_both, 30)
    assert seen[-1] == before + 30
    assert seen == sorted(seen), "what one worker said, another does not take back"
    assert await counted(pair, tool="time_current_time", outcome="ok", upstream="time") >= 30
    assert (await figures(pair))["gatehouse_workers"][0][1] == 2
    assert sum(one["stdio_processes"] for one in (await status(pair))["workers"]) >= 1


async def test_refused_calls_are_counted_without_the_names_that_were_made_up(pair: Gateway) -> None:
    before = await counted(pair, outcome="refused")
    for number in range(5):
        assert not await call(pair, f"no_such_tool_{number}")

    async def all_counted() -> bool:
        return await counted(pair, outcome="refused") == before + 5

    await until_true(all_counted, 2 * LOSES)
    labels = [found for found, _ in (await figures(pair))["gatehouse_calls_total"] if found["outcome"] == "refused"]
    assert {(found["upstream"], found["tool"]) for found in labels} == {("", "")}


async def test_a_killed_worker_takes_at_most_the_last_second_with_it(pair: Gateway) -> None:
    before, workers = await counted(pair), await pids(pair)
    answered: list[float] = []
    begun = time.monotonic()
    while time.monotonic() < begun + 2.5:
        assert await call(pair)
        answered.append(time.monotonic())
    killed = sorted(workers)[0]
    os.kill(killed, signal.SIGKILL)
    at = time.monotonic()
    seen = list[float]()

    async def is_replaced() -> bool:
        try:
            seen.append(await counted(pair))
            now = await pids(pair)
        except httpx.TransportError:
            return False  # It was the connection of the one that died.
        return killed not in now and len(now) == 2

    await until_true(is_replaced, 30)
    seen.append(await counted(pair))
    old = sum(one < at - LOSES for one in answered)
    assert before + old <= seen[-1] <= before + len(answered)
    assert old > 0 and seen == sorted(seen), "no counter may shrink: it would be taken for a restart"
    assert (await figures(pair))["gatehouse_workers"][0][1] == 2


async def test_the_dashboard_asks_for_nothing_that_is_not_shown(pair: Gateway) -> None:
    shown = await figures(pair)
    # A counter that has no labels yet has no samples either: nobody used a former name.
    known = {name: {label for found, _ in samples for label in found} for name, samples in shown.items()}
    known["gatehouse_alias_calls_total"] = {"server", "name"}
    dashboard = json.loads(await anyio.Path(ROOT / "deploy" / "grafana" / "gatehouse.json").read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    asked += [variable.get("definition", "") for variable in dashboard["templating"]["list"]]
    for expression in asked:
        for name in re.findall(r"gatehouse_\w+", expression):
            assert name in known, expression
        for name, selector in re.findall(r"(gatehouse_\w+)\{([^}]*)\}", expression):
            wanted = set(re.findall(r"(\w+)[=!]", selector)) - {"instance"}
            assert wanted <= known[name], expression
    told = {name for expression in asked for name in re.findall(r"gatehouse_\w+", expression)}
    names = {name.removesuffix("_created") for name in known if name.startswith("gatehouse_")}
    assert names - told == set(), "every figure has its place"


async def test_the_dashboard_is_whole() -> None:
    dashboard = json.loads(await anyio.Path(ROOT / "deploy" / "grafana" / "gatehouse.json").read_text())
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))
    assert all(panel["datasource"]["uid"] == "${datasource}" for panel in dashboard["panels"] if panel.get("targets"))
    places = [panel["gridPos"] for panel in dashboard["panels"]]
    assert all(place["x"] + place["w"] <= 24 for place in places)


async def test_the_example_for_prometheus_has_its_token_in_a_file() -> None:
    text = await anyio.Path(ROOT / "deploy" / "prometheus.yml").read_text()
    assert "metrics_path: /metrics" in text and "metrics.read" in text
    assert "credentials_file: /" in text and "credentials: " not in text


async def test_one_worker_writes_no_files(tmp_path: Path) -> None:
    async with Gateway(tmp_path / "data") as gateway:
        assert await counted(gateway, "gatehouse_workers") == 1
        assert not (tmp_path / "data" / "workers").exists()
